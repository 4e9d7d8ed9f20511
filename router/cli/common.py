"""What the commands share: their options, the clock, and how they print."""

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

Paths = Annotated[list[Path], typer.Argument(metavar="PATH…", show_default=False)]
Name = Annotated[str, typer.Argument(help="Name of the policy.", show_default=False)]
Fairness = Annotated[bool, typer.Option(help="Whether to prove, or to search for, unfair decisions too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Root = Annotated[Path | None, typer.Option("--policies", help="Folder of the policies; by default those shipped.")]
Time = Annotated[str, typer.Option(metavar="TIME", help="As 2016-06-01T10:00:00Z; by default the clock's.")]
CaseFile = Annotated[
    Path, typer.Argument(help="The case (YAML, JSON), as in a scenario; - reads it from the input.", allow_dash=True)
]
SnapshotFolder = Annotated[
    Path | None, typer.Option("--snapshot", help="Folder of the snapshot to look the customer up in.")
]
PolicyName = Annotated[str, typer.Option("--policy", help="Name of a policy, or a policy file; by default retail.")]
PolicyVersion = Annotated[str, typer.Option("--policy-version", help="Version; by default the one in force.")]

WIDTH = 120
"""Columns where the output is no terminal."""


def policies_root(given: Path | None) -> Path:
    """The folder of policies that was asked for, else the shipped one. Raises ``PolicyError`` if it is not there."""
    from router.errors import PolicyError, Problem
    from router.policy.store import shipped_policies

    if given is not None and not given.is_dir():
        raise PolicyError([Problem("bad-file", "there is no such folder of policies", str(given))])
    return given or shipped_policies()


def instant(text: str, option: str) -> int:
    """The time that an option names; the clock's if it is empty."""
    from datetime import UTC, datetime

    from router.time import from_datetime, parse_instant

    if not text:
        return from_datetime(datetime.now(UTC))
    try:
        return parse_instant(text)
    except ValueError as error:
        message = f"{text!r} is no time; write it as 2016-06-01T10:00:00Z"
        raise typer.BadParameter(message, param_hint=option) from error


def is_missing(value: object) -> bool:
    """Whether a fact is missing: nothing, or not a number."""
    return value is None or (isinstance(value, float) and isnan(value))


def print_json(data: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Print data for machines."""
    import json

    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def console() -> "Console":
    """Where tables and colours go."""
    from rich.console import Console

    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=WIDTH)
