"""``case-router policy schema`` and ``case-router policy facts``."""

from typing import Annotated

import typer

from router.cli.common import AsJson, console, print_json


def schema() -> None:
    """Print the JSON Schema of a policy file, for editors."""
    from router.policy.document import json_schema

    typer.echo(json_schema(), nl=False)


def facts(
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page of the documentation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the vocabulary: every fact that a policy may read."""
    from router.cli.vocabulary import facts_data, facts_page, facts_table

    if markdown:
        typer.echo(facts_page(), nl=False)
    elif as_json:
        print_json(facts_data())
    else:
        console().print(facts_table())
