"""``case-router replay``: decide logged facts again."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.common import AsJson, Root, console, policies_root, print_json
from router.cli.log import Folder, frames_of

if TYPE_CHECKING:
    from rich.table import Table

    from router.log.compare import Compared
    from router.log.replay import Replayed
    from router.policy.model import Policy


class Engine(StrEnum):
    """What decides again: whole columns at once, or record by record as a server does."""

    FRAME = "frame"
    ROW = "row"


def replay(
    log: Folder,
    *,
    policy: Annotated[str, typer.Option(help="With --policy-version: name of the policy.")] = "retail",
    policy_version: Annotated[str, typer.Option(help="Show what this version would have said.")] = "",
    engine: Annotated[Engine, typer.Option(help="Columns, or record by record: slower.")] = Engine.FRAME,
    policies: Root = None,
    as_json: AsJson = False,
) -> None:
    """Decide logged facts again, by the version that each record names, and tell any difference.

    Exit code 1 if something comes out otherwise, or a version is not there. With --policy-version nothing is wrong about a
    difference: it is what that version would have said.
    """
    from router.log import replay as again
    from router.log.compare import compare
    from router.policy.store import PolicyStore, open_shelf, policy_folders

    root: Path = policies_root(policies)
    store = PolicyStore({shelf.name: shelf for shelf in map(open_shelf, policy_folders(root))})
    if policy_version:
        compared = compare(frames_of(log), store.get(policy, policy_version, 0))
        _show_comparison(compared, as_json=as_json)
        return

    def named(name: str, version: str) -> "Policy":
        return store.get(name, version, 0)

    if engine is Engine.FRAME:
        found = again.replay(frames_of(log), named)
    else:
        found = again.replay_rows(again.rows(frames_of(log)), named)
    _show(found, as_json=as_json)
    if found.differing or found.unknown:
        raise typer.Exit(1)


def _show(found: "Replayed", *, as_json: bool) -> None:
    from rich.table import Table

    if as_json:
        data: dict[str, Any] = {"records": found.records, "differing": found.differing, "unknown": dict(found.unknown)}
        print_json(data | {"differences": [difference._asdict() for difference in found.differences]})
        return
    typer.echo(f"{found.records:,} decision(s) made again, {found.differing:,} differ")
    for what, count in found.unknown.items():
        typer.echo(f"{count:,} could not be made again: {what}")
    if found.differences:
        table = Table("decision", "case", "what", "logged", "now")
        for decision_id, case_id, column, logged, now in found.differences:
            table.add_row(decision_id[:12], case_id, column, str(logged), str(now))
        console().print(table)


def _show_comparison(found: "Compared", *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "records": found.records,
                "before": {name: dict(counts) for name, counts in found.before.items()},
                "after": {name: dict(counts) for name, counts in found.after.items()},
                "changed": dict(found.changed),
                "recompense": {"before": found.recompense[0], "after": found.recompense[1]},
                "moves": [move._asdict() for move in found.moves],
            }
        )
        return
    changed = ", ".join(f"{name} {count:,}" for name, count in found.changed.items())
    typer.echo(f"{found.records:,} decision(s); would be another: {changed}")
    typer.echo(f"recompense in minor units: {found.recompense[0]:,} before, {found.recompense[1]:,} after")
    for table in (_counts(found), _moves(found)):
        console().print(table)


def _counts(found: "Compared") -> "Table":
    from rich.table import Table

    table = Table("what", "", "before", "after")
    for name, before in found.before.items():
        after = found.after[name]
        for value in sorted(before.keys() | after.keys()):
            table.add_row(name, value, f"{before[value]:,}", f"{after[value]:,}")
    return table


def _moves(found: "Compared") -> "Table":
    from rich.table import Table

    table = Table("case", "score", "recompense", "tier", "band", "level", "rules", title="largest moves")
    for move in found.moves:
        pairs = (
            before if before == after else f"{before} → {after}" for before, after in (move.tier, move.band, move.level)
        )
        table.add_row(move.case_id, f"{move.score:+,}", f"{move.recompense:+,}", *pairs, " ".join(move.rules))
    return table
