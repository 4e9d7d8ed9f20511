"""A backlog decided and put in order, from files to a file: what ``case-router reprioritize`` and a server do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from errno import ENOSPC
from os import strerror
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
from polars import col
from polars.exceptions import PolarsError

from router.bulk.budget import Choice, Funding, choose
from router.bulk.manifest import digest, inputs_of, manifest, manifest_of
from router.bulk.merge import SortedPart, ranges, write_sorted
from router.bulk.output import WRITERS, readable, writer
from router.bulk.parts import Split, available_memory, parts_for, range_rows, split
from router.bulk.picture import Picture
from router.bulk.previous import left, moved, read_previous, with_previous
from router.bulk.reading import Backlog, case_frame, event_frame, read_backlog
from router.bulk.report import write_report
from router.bulk.summary import Summary
from router.errors import Problem, TableError
from router.files import whole
from router.files.faults import repeated
from router.files.source import PACKED, format_of
from router.frame.customers import Customers
from router.frame.decide import FrameDecider
from router.log.runs import record_run
from router.policy.model import Policy
from router.report import needs_extra

Progress: TypeAlias = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and how much there is."""


class Cancelled(Exception):  # noqa: N818 - what was asked for is no error
    """The run was asked to stop, and left everything as it was."""


@dataclass(frozen=True, slots=True)
class Run:
    """What to decide: names or patterns of the files of both tables, by which policy, about which customers, as of when;
    and where the queue goes. ``memory`` is a limit in bytes (0: half of what the machine has), ``budget`` is for suggestions
    of money, in minor units, ``report`` where a page for people goes, ``log`` the decision log that keeps the
    manifest under ``asked_at``, the time by the clock."""

    cases: Sequence[str]
    events: Sequence[str]
    policy: Policy
    customers: Customers
    now: int
    out: Path
    previous: Path | None = None
    with_accepted: bool = False
    budget: int | None = None
    report: Path | None = None
    log: Path | None = None
    asked_at: int = 0
    memory: int = 0
    parts: int = 0
    progress: Progress = lambda *_: None
    cancelled: Callable[[], bool] = lambda: False

    def tell(self, doing: str, done: int, of: int) -> None:
        """Report progress. Raises ``Cancelled`` if nobody waits for the end any more."""
        if self.cancelled():
            raise Cancelled
        self.progress(doing, done, of)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run: where the queue is, what it adds up to, its manifest, and what a budget came to."""

    out: Path
    summary: Summary
    manifest: dict[str, Any]
    funding: Funding | None = None


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The tables of a run, cut alike."""

    cases: Split
    events: Split | None
    previous: Split | None

    def __iter__(self) -> Iterator[tuple[pl.LazyFrame, pl.LazyFrame | None, pl.LazyFrame | None]]:
        nothing = [None] * self.cases.parts
        return zip(self.cases, self.events or nothing, self.previous or nothing, strict=True)


def reprioritize(run: Run) -> Result:
    """Decide a backlog and write the queue, most urgent first, with its manifest beside it; both appear whole or not at all.

    The output is the same to the byte however the backlog is cut. Raises ``TableError`` with everything that is wrong,
    ``Cancelled`` if the run was told to stop, ``LogError`` if the log cannot keep it; an earlier output is then as it was.
    """
    _check_out(run)
    with _telling(run.out), _alone(run.out) as scratch:
        run.tell("reading", 0, 1)
        backlog = read_backlog(run.cases, run.events, run.policy)
        _check_apart(run, backlog)
        previous = None if run.previous is None else read_previous(run.previous)
        inputs = inputs_of(backlog, run.previous, run.policy, run.customers, run.now)
        summary = Summary(run.policy, run.now)
        pieces = _cut(run, backlog, previous, scratch)
        summary.remarks = (*_warnings(backlog), *check_ids(backlog, pieces.cases, pieces.events))
        parts = list(_decide(run, pieces, scratch, summary))
        new = scratch / run.out.name
        choice, picture = _choose(run, parts, scratch), Picture(run.policy, run.now)
        counts = [summary.add] if run.report is None else [summary.add, picture.add]
        columns, rows = _write(run, parts, new, counts, choice)
        output = digest(new) | {"path": run.out.as_posix(), "rows": rows, "columns": columns}
        told = manifest(inputs, output, with_accepted=run.with_accepted, budget=run.budget)
        funding = None if choice is None else choice.funding
        if run.report is not None:
            write_report(run.report, summary, picture, told, funding)
        if run.log is not None:  # first: no queue is there of which the log knows nothing
            record_run(run.log, told, run.asked_at)
        beside = manifest_of(run.out)
        whole.write_json(scratch / beside.name, told)
        whole.put(new, run.out)
        whole.put(scratch / beside.name, beside)
    return Result(run.out, summary, told, funding)


def _cut(run: Run, backlog: Backlog, previous: pl.LazyFrame | None, scratch: Path) -> _Pieces:
    """All tables in parts that fit in memory."""
    memory = run.memory or available_memory()
    events = 0 if backlog.events is None else backlog.events.rows
    parts = run.parts or parts_for(backlog.cases.rows, events, memory)

    def piece(name: str, frame: pl.LazyFrame) -> Split:
        run.tell(f"cutting {name}", 0, 1)
        return split(frame, scratch / name, parts)

    return _Pieces(
        piece("cases", case_frame(backlog.cases, run.policy)),
        None if backlog.events is None else piece("events", event_frame(backlog.events, run.policy)),
        None if previous is None else piece("previous", previous),
    )


def _warnings(backlog: Backlog) -> Iterator[str]:
    for table in backlog.tables:
        yield from table.warnings


def check_ids(backlog: Backlog, cases: Split, events: Split | None) -> Iterator[str]:
    """No id may come twice, or ``TableError`` is raised; events of other cases are told. Both tables are cut alike."""
    again = [
        part.group_by("case_id").len().filter(col("len") > 1).select("case_id").collect(engine="streaming") for part in cases
    ]
    twice = pl.concat(again).get_column("case_id").sort()
    if twice.len():
        raise TableError(repeated(backlog.cases.scan, "case_id", twice))
    if events is not None and backlog.events is not None:
        strange = sum(
            int(theirs.join(ours, on="case_id", how="anti").select(pl.len()).collect(engine="streaming").item())
            for ours, theirs in zip(cases, events, strict=True)
        )
        if strange:
            yield f"events: {strange} of {backlog.events.rows} rows are of cases that are not in the backlog"


def _decide(run: Run, pieces: _Pieces, scratch: Path, summary: Summary) -> Iterator[SortedPart]:
    """Each part decided and in order."""
    decider = FrameDecider(run.policy, run.customers)
    for number, (cases, events, previous) in enumerate(pieces):
        run.tell("deciding", number, pieces.cases.parts)
        decisions = decider.decide(cases, events, run.now)
        if previous is not None:
            decisions = with_previous(decisions, previous)
        part = write_sorted(decisions, scratch / f"decided-{number}.parquet")
        if previous is not None:
            summary.moves["left"] += left(previous, pl.scan_parquet(part.file, glob=False))
        yield part
    run.tell("deciding", pieces.cases.parts, pieces.cases.parts)


def _ranges(run: Run, parts: Sequence[SortedPart]) -> Iterator[pl.DataFrame]:
    return ranges(parts, range_rows(run.memory or available_memory()))


def _choose(run: Run, parts: Sequence[SortedPart], scratch: Path) -> Choice | None:
    """What the budget funds, if there is one. Whose turn it is first is known when the whole queue is in order."""
    if run.budget is None:
        return None
    run.tell("spending the budget", 0, 1)
    files = []
    for number, found in enumerate(_ranges(run, parts)):
        files.append(scratch / f"suggested-{number}.parquet")
        found.select("rank", "suggestions").write_parquet(files[-1], compression="lz4")
    return choose(pl.scan_parquet(files, glob=False), run.budget, run.policy)


def _write(
    run: Run,
    parts: Sequence[SortedPart],
    new: Path,
    counts: Sequence[Callable[[pl.DataFrame], None]],
    choice: Choice | None,
) -> tuple[list[str], int]:
    """The queue in order, a range at a time, which is counted; gives back the columns and the number of rows."""
    total = sum(part.rows for part in parts)
    columns: list[str] = []
    done = rows = 0
    with new.open("wb") as file, closing(writer(run.out.name, file)) as output:
        for in_order in _ranges(run, parts):
            run.tell("writing", done, total)
            found = in_order if choice is None else choice.mark(in_order.lazy()).collect()
            for count in counts:
                count(found)
            kept = found if run.with_accepted else found.filter(col("rank").is_not_null())
            shown = readable(kept if run.previous is None else moved(kept), run.policy.exponent)
            output.write(shown)
            columns, rows, done = shown.columns, rows + shown.height, done + found.height
        run.tell("writing", total, total)
    return columns, rows


def _check_out(run: Run) -> None:
    out, report = run.out, run.report
    problems = [] if report is None else [*_not_writable(report)]
    if format_of(out) not in WRITERS or out.suffix == PACKED:
        problems.append(Problem("no-format", "the name of the output tells its format: .parquet, .csv or .ndjson", str(out)))
    problems += _not_writable(out)
    if report is not None and report.resolve() in {out.resolve(), manifest_of(out).resolve()}:
        problems.append(Problem("bad-file", "is the output and the report at once; write to another file", str(report)))
    if problems:
        raise TableError(problems)
    if report is not None:
        needs_extra()


def _not_writable(file: Path) -> Iterator[Problem]:
    if not file.parent.is_dir():
        yield Problem("bad-file", f"there is no folder {file.parent} to write to", str(file))
    if file.is_dir():
        yield Problem("bad-file", "is a folder; the output is a file", str(file))


def _check_apart(run: Run, backlog: Backlog) -> None:
    """A pattern may mean the output of an earlier run, which is no input."""
    outputs = {file.resolve() for file in (run.out, run.report) if file is not None}
    same = [file for table in backlog.tables for file in table.files if file.resolve() in outputs]
    if same:
        raise TableError([Problem("bad-file", "is an input and the output at once; write to another file", str(same[0]))])


def disk_full(error: BaseException | None) -> bool:
    """Whether an error, as the cause of a ``TableError``, says that there is no room."""
    return getattr(error, "errno", 0) == ENOSPC or strerror(ENOSPC) in str(error)


@contextmanager
def _telling(out: Path) -> Iterator[None]:
    """What the machine refuses, in words."""
    try:
        yield
    except (OSError, PolarsError) as error:
        full = disk_full(error)
        if not full and isinstance(error, PolarsError):
            raise
        said = "the disk is full" if full else str(error)
        message = f"the queue could not be written: {said}; what was there before stays as it was"
        raise TableError([Problem("queue-not-written", message, str(out))]) from error


@contextmanager
def _alone(out: Path) -> Iterator[Path]:
    """A folder beside the output to work in, gone afterwards; nobody else writes that output meanwhile."""
    folder = whole.workshop(out)
    folder.mkdir(exist_ok=True)
    try:
        with whole.locked(folder), whole.scratch(folder / "parts") as scratch:
            yield scratch
    except BlockingIOError as error:
        said = "another run is writing this output; wait for it, or write to another file"
        raise TableError([Problem("queue-busy", said, str(out))]) from error
    finally:
        with suppress(OSError):
            folder.rmdir()
