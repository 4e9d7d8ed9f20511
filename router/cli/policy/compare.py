"""``case-router policy diff``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import AsJson, Root, instant, policies_root, print_json

if TYPE_CHECKING:
    from router.policy.compile import Written

Version = Annotated[
    str, typer.Argument(help="A policy file, NAME@VERSION, or NAME: its version in force.", show_default=False)
]


def diff(before: Version, after: Version, *, policies: Root = None, as_json: AsJson = False) -> None:
    """Tell in words what one version of a policy says otherwise than another."""
    from router.policy.difference import difference

    root = policies_root(policies)
    old, new = read_version(before, root), read_version(after, root)
    changes = difference(old, new)
    names = [f"{written.policy.name} {written.policy.version}" for written in (old, new)]
    if as_json:
        print_json({"before": names[0], "after": names[1], "changes": [asdict(change) for change in changes]})
        return
    for change in changes:
        typer.echo(str(change))
    told = f"{len(changes)} difference{'s' * (len(changes) != 1)}" if changes else "no difference"
    typer.echo(f"{names[0]} against {names[1]}: {told}")


def read_version(said: str, root: Path, now: int | None = None) -> "Written":
    """The policy that was asked for: a file, ``name@version``, or ``name`` (in force at ``now``). Raises ``RouterError``."""
    from router.policy.store import named_shelf, read_written

    if Path(said).is_file():
        return read_written(Path(said))
    name, _, version = said.partition("@")
    policy = named_shelf(root, name).get(version, instant("", "") if now is None else now)
    return read_written(root / name / f"{policy.version}.yaml")
