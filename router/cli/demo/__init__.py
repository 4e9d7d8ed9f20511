"""``case-router demo``: real history in, real decisions out, over gRPC."""

from typing import Annotated

import typer

from router.cli.common import AsJson, console, print_json


def demo(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Show every case, and every moment of the stories.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build a snapshot from real data, serve it, route real cases over gRPC and show the decisions."""
    from rich.console import Console

    from router.cli.demo.run import run

    with Console(stderr=True).status("") as status:  # shows nothing where there is no terminal
        outcome = run(lambda doing: status.update(f"{doing} …"))
    if as_json:
        from router.cli.demo.data import outcome_data

        print_json(outcome_data(outcome))
    else:
        from router.cli.demo.show import Show

        Show(outcome, console(), everything=everything).all()
