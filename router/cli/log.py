"""``case-router log``: look at the decision log, keep it tidy, and erase a customer from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.common import AsJson, console, instant, print_json

if TYPE_CHECKING:
    import polars as pl

    from router.errors import Problem
    from router.log.key import Key

app = typer.Typer(help="Look at the decision log, keep it tidy, and erase a customer from it.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="LOG", help="Folder of the log.", show_default=False)]
KeyFile = Annotated[
    Path | None,
    typer.Option(envvar="CASE_ROUTER_LOG_KEY_FILE", help="File of the log's key; without one CASE_ROUTER_LOG_KEY holds it."),
]
_LINE = ("decided_at", "policy", "policy_version", "case_id", "tier", "band", "score", "level", "recompense_total", "fired")

_LEFT_OUT = "was left out; no reply went out for it"


def key_of(file: Path | None) -> "Key":
    """The key in a file, else the one in the environment."""
    import os

    from router.log.key import read_key

    return read_key(file, os.environ.get("CASE_ROUTER_LOG_KEY", ""))


def _key_if_any(file: Path | None) -> "Key | None":
    import os

    return key_of(file) if file or os.environ.get("CASE_ROUTER_LOG_KEY") else None


def _shown(row: dict[str, Any]) -> list[str]:
    from router.time import format_instant

    total = row["recompense_total"]
    texts = [str(row[name]) for name in _LINE[1:8]]
    return [format_instant(row["decided_at"]), *texts, "" if total is None else str(total), ", ".join(row["fired"])]


@app.command()
def tail(
    folder: Folder,
    *,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many of the last decisions to begin with.")] = 10,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with those that come, until stopped.")] = False,
) -> None:
    """Show the last decisions, one in a line, oldest first."""
    import time

    from router.log.tail import Tail

    found = Tail(folder)
    for row in found.last(lines):
        typer.echo("  ".join(_shown(row)))
    tell_torn(found.torn.files)
    while follow:
        for row in found.new():
            typer.echo("  ".join(_shown(row)))
        time.sleep(0.5)


@app.command("filter")
def filter_(  # noqa: PLR0913 - an argument for each option
    folder: Folder,
    *,
    policy: Annotated[str, typer.Option(help="Name of the policy.")] = "",
    policy_version: Annotated[str, typer.Option(help="Its version.")] = "",
    tier: Annotated[str, typer.Option(help="Loyalty tier.")] = "",
    band: Annotated[str, typer.Option(help="Priority band, P1 to P4.")] = "",
    rule: Annotated[str, typer.Option(help="Id of a rule that fired.")] = "",
    case: Annotated[str, typer.Option(help="Id of the case.")] = "",
    customer: Annotated[str, typer.Option(help="Id of the customer; where ids are hashed, the key is needed.")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Decided at this time or later.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Decided before this time.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the records to this Parquet file.")] = None,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the decisions that fit, as a table, as JSON, or as a Parquet file with all they hold."""
    import polars as pl
    from rich.table import Table

    from router.errors import nearby
    from router.log.choose import Wanted, chosen
    from router.log.files import Torn
    from router.policy.plan import BANDS

    if band and band not in BANDS:
        raise typer.BadParameter(f"no band {band}; {nearby(band, BANDS)}", param_hint="--band")
    wanted = Wanted(
        policy,
        policy_version,
        tier,
        band,
        rule,
        case,
        customer,
        instant(since, "--since") if since else None,
        instant(until, "--until") if until else None,
        _key_if_any(key_file),
    )
    torn = Torn()
    found = chosen(folder, wanted, torn, () if out or as_json else _LINE)
    if out is not None:
        from router.log.schema import DECISION

        frame = pl.concat([pl.DataFrame(schema=dict(DECISION)), *found])
        with out.open("wb") as file:
            frame.write_parquet(file)
        typer.echo(f"{frame.height:,} decision(s) in {out}")
    elif as_json:
        print_json([row for frame in found for row in frame.to_dicts()])
    else:
        table = Table("decided at", *(name.replace("_", " ") for name in _LINE[1:]))
        for frame in found:
            for row in frame.sort("decided_at").to_dicts():
                table.add_row(*_shown(row))
        console().print(table)
    tell_torn(torn.files)


def tell_torn(files: list[Path], said: str = "is skipped; `log verify --repair` cuts it away") -> None:
    """Tell of lines that a kill cut off."""
    for path in files:
        typer.echo(f"warning: {path}: the last line was cut off and {said}", err=True)


@app.command()
def compact(folder: Folder, *, key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """Turn files that no process writes any more into Parquet, sealed by the key. Run it every hour."""
    from router.log.compact import compact as put_together
    from router.log.erase import clear_damaged, keepers

    key = key_of(key_file)
    done = put_together(folder, key, keepers(folder, key))
    clear_damaged(folder, key)
    if as_json:
        print_json({"files": done.files, "records": done.records, "erased": done.erased, "growing": len(done.growing)})
    else:
        left = f"; {len(done.growing)} file(s) still grow" if done.growing else ""
        gone = f", {done.erased:,} of them erased" if done.erased else ""
        typer.echo(f"{done.records:,} record(s) of {done.files} file(s) are in Parquet{gone}{left}")
    tell_torn(done.torn.files, _LEFT_OUT)
    _end_with(done.problems)


@app.command()
def verify(
    folder: Folder,
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Cut off torn lines, and set lines apart that cannot be read.")
    ] = False,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Check that the log is what was written. Exit code 1 if it is not."""
    from router.log.verify import verify as look

    found = look(folder, key_of(key_file), repair=repair)
    counts = {"sealed": found.sealed, "open": found.open, "growing": found.growing, "records": found.records}
    counts |= {"torn": len(found.torn), "repaired": found.repaired, "wrong": len(found.problems)}
    if as_json:
        print_json(counts)
    else:
        typer.echo(", ".join(f"{name} {count:,}" for name, count in counts.items()))
        if not repair:
            tell_torn(found.torn)
    _end_with(found.problems)


def _end_with(problems: "list[Problem]") -> None:
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(1)


@app.command()
def erase(
    folder: Folder,
    *,
    customer: Annotated[str, typer.Option(help="Id of the customer.")],
    by: Annotated[str, typer.Option(help="Who erases; kept in the tombstone.")],
    snapshots: Annotated[
        list[Path] | None, typer.Option(help="A folder of snapshots to erase the customer from too; may come again.")
    ] = None,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Erase a customer: every record that names them, and what came of it. A tombstone stays: a keyed hash, when, by whom.

    Exit code 1 if a running server still writes to a file that names them; it goes with a later `log compact`.
    """
    from router.log.erase import erase as remove
    from router.log.snapshots import erase_from

    if not by.strip():
        raise typer.BadParameter("say who erases", param_hint="--by")
    if not customer:
        raise typer.BadParameter("say who is erased; decisions without a customer name nobody", param_hint="--customer")
    key = key_of(key_file)
    done = remove(folder, customer, key, at=instant("", ""), by=by)
    changed = [change for path in snapshots or [] for change in erase_from(path, customer)]
    growing = {str(path): records for path, records in done.growing.items()}
    if as_json:
        data = {"decisions": done.decisions, "outcomes": done.outcomes, "growing": growing, "snapshots": changed}
        print_json(data | {"tombstone": done.tombstone.customer})
    else:
        typer.echo(
            f"erased {done.decisions:,} decision(s), {done.outcomes:,} outcome(s); tombstone {done.tombstone.customer}"
        )
        for change in changed:
            typer.echo(change)
    tell_torn(done.torn.files, _LEFT_OUT)
    if not as_json:
        for path, records in growing.items():
            typer.echo(
                f"{path} still grows and holds {records:,} record(s); run `log compact` once its file is ended", err=True
            )
    if growing:
        raise typer.Exit(1)


def frames_of(folder: Path) -> Iterator["pl.DataFrame"]:
    """Every record of a log, file by file."""
    from router.log.decisions import DECISIONS
    from router.log.files import Torn, frames

    torn = Torn()
    yield from frames(folder, DECISIONS, torn)
    tell_torn(torn.files)
