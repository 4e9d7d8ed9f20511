"""``case-router reprioritize``: decide a whole backlog and put it in order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import AsJson, Root, Time, console, instant, policies_root, print_json

if TYPE_CHECKING:
    from router.bulk.engine import Progress
    from router.bulk.run import Result
    from router.frame.customers import Customers
    from router.policy.model import Policy

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_STOPPED = 128
"""What a shell adds to the number of the signal that ended a command."""


class Engine(StrEnum):
    """Where a backlog is decided."""

    LOCAL = "local"
    SPARK = "spark"


Tables = Annotated[list[str], typer.Option(metavar="FILE", help="Files, or a pattern in quotes; may be given again.")]


def reprioritize(  # noqa: PLR0913 - an option each
    *,
    cases: Tables,
    events: Annotated[list[str] | None, typer.Option(metavar="FILE", help="What happened to them, likewise.")] = None,
    snapshot: Annotated[str, typer.Option(metavar="DIR", help="Folder of the snapshot; without it all are strangers.")] = "",
    policy: Annotated[str, typer.Option(help="Name of a policy, or a policy file.")] = "retail",
    policy_version: Annotated[str, typer.Option(help="Version; by default the one in force.")] = "",
    policies: Root = None,
    now: Time = "",
    out: Annotated[str, typer.Option(metavar="FILE", help="Where the queue goes: .parquet, .csv or .ndjson.")],
    previous: Annotated[Path | None, typer.Option(help="An earlier output: how far each case moved since.")] = None,
    with_accepted: Annotated[
        bool, typer.Option("--with-accepted", help="Keep accepted cases, last, without a rank.")
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(metavar="AMOUNT", help="Fund suggestions of money up to so much, in the policy's currency."),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots too, as queue.html.")] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the manifest in this decision log, below runs.")
    ] = None,
    memory: Annotated[str, typer.Option(metavar="SIZE", help="As 4G; by default half of the machine's.")] = "",
    engine: Annotated[Engine, typer.Option(help="This machine, or a Spark cluster.")] = Engine.LOCAL,
    master: Annotated[str, typer.Option(help="Spark's name of the cluster; by default its own settings say.")] = "",
    as_json: AsJson = False,
) -> None:
    """Decide every case of a backlog and write the queue, most urgent first; a manifest goes beside it.

    The tables are CSV, Parquet or NDJSON, by the names of the files.
    """
    from router.bulk.budget import budget_minor
    from router.bulk.engine import Run
    from router.bulk.run import reprioritize
    from router.cli.question import named_policy

    if engine is Engine.LOCAL:
        _refuse_addresses({"--cases": cases, "--events": events or [], "--snapshot": [snapshot], "--out": [out]})
    at = instant(now, "--now")
    chosen = named_policy(policy, policy_version, policies_root(policies), at)
    with _terminable(), _progress() as progress:
        run = Run(
            cases,
            events or [],
            chosen,
            customers_of(Path(snapshot) if snapshot and engine is Engine.LOCAL else None, chosen),
            at,
            Path(out),
            previous=previous,
            with_accepted=with_accepted,
            budget=None if budget is None else budget_minor(budget, chosen),
            report=report,
            log=log,
            asked_at=instant("", ""),
            memory=_bytes(memory),
            progress=progress,
        )
        if engine is Engine.SPARK:
            from router.cli.cluster import policy_text, reprioritize_on

            result = reprioritize_on(master, run, policy_text(policy, policies_root(policies), chosen), snapshot, out)
        else:
            result = reprioritize(run)
    _tell(result, report, as_json=as_json)


def _tell(result: "Result", report: Path | None, *, as_json: bool) -> None:
    if as_json:
        funding = result.funding and result.funding.data()
        print_json(result.summary.data() | {"budget": funding, "manifest": result.manifest})
    else:
        from router.cli.queue import tell_queue

        tell_queue(result, console())
        if result.funding is not None:
            console().print(result.funding.told())
        if report is not None:
            console().print(f"The report is in {report}.", markup=False)


def customers_of(snapshot: Path | None, policy: "Policy") -> "Customers":
    """The customers of a snapshot; without one, nobody, in the layout that ``policy`` reads."""
    from router.crm.snapshot import Snapshot
    from router.decide.records import FactRecords, facts_layout
    from router.frame.customers import of_records, of_snapshot

    if snapshot is not None:
        return of_snapshot(Snapshot.open(snapshot))
    return of_records(FactRecords(facts_layout(policy), policy.currency, None, {}))


def _refuse_addresses(paths: Mapping[str, Sequence[str]]) -> None:
    from router.files.source import is_address

    for option, given in paths.items():
        for path in filter(is_address, given):
            raise typer.BadParameter(f"{path} is an address; a cluster reads those: --engine spark", param_hint=option)


def _bytes(text: str) -> int:
    """A size as people write it; 0 if it is empty."""
    found = re.fullmatch(r"(\d+)\s*([kmgt]?)(i?b)?", text.strip().lower())
    if text and not (found and int(found[1])):
        raise typer.BadParameter(f"{text!r} is no size; write it as 500M or 4G", param_hint="--memory")
    return int(found[1]) * _UNITS[found[2]] if found else 0


@contextmanager
def _terminable() -> Iterator[None]:
    """A request to end is heard as an exception, so that nothing half done stays behind."""
    import signal

    def stop(number: int, _: object) -> None:
        raise SystemExit(_STOPPED + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt as error:
        raise SystemExit(_STOPPED + signal.SIGINT) from error
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress() -> Iterator["Progress"]:
    """A bar on a terminal, silence elsewhere. It goes to the error output, so that the summary can be piped."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    to = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=to,
        transient=True,
        disable=not to.is_terminal,
    )
    with bar:
        task = bar.add_task("reading", total=None)
        yield lambda doing, done, of: bar.update(task, description=doing, completed=done, total=of or None)
