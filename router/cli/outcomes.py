"""``case-router outcomes``: what rules and suggestions cost, and what came of them."""

import typer

from router.cli.common import AsJson, console, print_json
from router.cli.log import Folder, tell_torn


def outcomes(log: Folder, *, as_json: AsJson = False) -> None:
    """Show for each suggestion and each rule how often it came, what it cost, and what came of it.

    Money is in minor units; what came of a case is told by RecordOutcome, and `known` says of how many it was.
    """
    from rich.table import Table

    from router.log.effects import effects
    from router.log.files import Torn

    torn = Torn()
    suggestions, rules = effects(log, torn)
    tell_torn(torn.files)
    if as_json:
        print_json({"suggestions": suggestions.to_dicts(), "rules": rules.to_dicts()})
        return
    for title, frame in (("suggestions", suggestions), ("rules", rules)):
        table = Table(*(name for name in frame.columns), title=title)
        for row in frame.iter_rows():
            table.add_row(*(_shown(value) for value in row))
        console().print(table)
    if not suggestions.height and not rules.height:
        typer.echo("the log holds no decision yet")


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
