"""``case-router policy diff``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import AsJson, Root, Time, instant, policies_root, print_json

if TYPE_CHECKING:
    from router.policy.compile import Written

Version = Annotated[
    str, typer.Argument(help="A policy file, NAME@VERSION, or NAME: its version in force.", show_default=False)
]
_ON = "Cases to decide by both: the folder of a decision log, a folder with cases.* and events.*, or files of cases."


def diff(  # noqa: PLR0913 - an option each
    before: Version,
    after: Version,
    *,
    on: Annotated[list[str] | None, typer.Option("--on", "--cases", metavar="PATH", help=_ON)] = None,
    events: Annotated[list[str] | None, typer.Option(metavar="FILE", help="What happened to the cases of files.")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="Folder of the snapshot; without it all are strangers.")] = None,
    now: Time = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Of a log: decided at this time or later.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Of a log: decided before this time.")] = "",
    p1_capacity: Annotated[
        int | None, typer.Option(min=0, metavar="CASES", help="So many cases of the band P1 can be served.")
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Exit code 1 where it holds, as 'recompense_total > 1.1 * before'."),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots too, as diff.html.")] = None,
    policies: Root = None,
    as_json: AsJson = False,
) -> None:
    """Tell in words what one version of a policy says otherwise than another; with --on also who is treated differently.

    Exit code 1 where a condition of --fail-if holds.
    """
    from router.policy.difference import difference

    for_cases = {
        "--events": events,
        "--snapshot": snapshot,
        "--since": since,
        "--until": until,
        "--p1-capacity": p1_capacity is not None,
        "--fail-if": fail_if,
        "--report": report,
    }
    needless = [option for option, given in for_cases.items() if given]
    if needless and not on:
        raise typer.BadParameter("it needs cases to decide; give --on", param_hint=", ".join(needless))
    root = policies_root(policies)
    old, new = read_version(before, root), read_version(after, root)
    changes = difference(old, new)
    names = [f"{written.policy.name} {written.policy.version}" for written in (old, new)]
    words = {"before": names[0], "after": names[1], "changes": [asdict(change) for change in changes]}
    if not as_json:
        for change in changes:
            typer.echo(str(change))
        told = f"{len(changes)} difference{'s' * (len(changes) != 1)}" if changes else "no difference"
        typer.echo(f"{names[0]} against {names[1]}: {told}")
    elif not on:
        print_json(words)
    if on:
        from router.cli.policy.impact import Asked, impact

        window = tuple(instant(text, option) if text else None for text, option in ((since, "--since"), (until, "--until")))
        asked = Asked(on, events or [], snapshot, instant(now, "--now"), window, p1_capacity, fail_if or [], report)
        impact(old.policy, new.policy, changes, asked, words if as_json else None)


def read_version(said: str, root: Path, now: int | None = None) -> "Written":
    """The policy that was asked for: a file, ``name@version``, or ``name`` (in force at ``now``). Raises ``RouterError``."""
    from router.policy.store import named_shelf, read_written

    if Path(said).is_file():
        return read_written(Path(said))
    name, _, version = said.partition("@")
    policy = named_shelf(root, name).get(version, instant("", "") if now is None else now)
    return read_written(root / name / f"{policy.version}.yaml")
