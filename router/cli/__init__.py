"""The command ``case-router``: the only place that reads settings and the clock, and wires the parts together."""

import os
import sys
from typing import Annotated

import typer

from router.cli.demo import demo
from router.cli.log import app as log
from router.cli.outcomes import outcomes
from router.cli.policy import app as policy
from router.cli.replay import replay
from router.cli.reprioritize import reprioritize
from router.cli.route import route
from router.cli.serve import serve
from router.cli.snapshot import app as snapshot
from router.errors import RouterError, SettingsError

app = typer.Typer(
    name="case-router",
    help="Decides how a customer-service case is handled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(policy, name="policy")
app.add_typer(snapshot, name="snapshot")
app.add_typer(log, name="log")
app.command()(route)
app.command()(reprioritize)
app.command()(serve)
app.command()(replay)
app.command()(outcomes)
app.command()(demo)


def _version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        from importlib.metadata import version

        typer.echo(f"case-router {version('case-router')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    del version


def main() -> None:
    """Run the command; what people did wrong is told without a traceback. Exit code 1 for wrong files, 2 for wrong usage."""
    try:
        app()
    except RouterError as error:
        typer.echo(str(error), err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except OSError as error:
        if error.filename is None:
            raise
        file = os.fsdecode(error.filename2 or error.filename)
        typer.echo(f"{file}: cannot be read or written: {error.strerror}", err=True)
        sys.exit(1)
