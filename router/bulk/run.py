"""A backlog decided and put in order, from files to a file: what ``case-router reprioritize`` and a server do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from errno import ENOSPC
from os import strerror
from pathlib import Path
from typing import Any

import polars as pl
from polars import col
from polars.exceptions import PolarsError

from router.bulk.budget import Choice, Funding, choose
from router.bulk.engine import Decided, Engine, Run, no_queue
from router.bulk.local import decide
from router.bulk.manifest import digest, manifest, manifest_of
from router.bulk.output import WRITERS, readable, writer
from router.bulk.picture import Picture
from router.bulk.previous import moved
from router.bulk.report import write_report
from router.bulk.summary import Summary
from router.errors import Problem, TableError
from router.files import whole
from router.files.source import PACKED, format_of
from router.log.runs import record_run
from router.report import needs_extra


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run: where the queue is, what it adds up to, its manifest, and what a budget came to."""

    out: Path
    summary: Summary
    manifest: dict[str, Any]
    funding: Funding | None = None


def reprioritize(run: Run, engine: Engine = decide) -> Result:
    """Decide a backlog and write the queue, most urgent first, with its manifest beside it; both appear whole or not at all.

    The output is the same to the byte however the backlog is cut and whichever engine decides it. Raises ``TableError`` with
    everything that is wrong, ``Cancelled`` if the run was told to stop, ``LogError`` if the log cannot keep it; an earlier
    output is then as it was.
    """
    _check_out(run)
    with _telling(run.name), _alone(run.out) as scratch:
        decided = engine(run, scratch)
        summary = Summary(run.policy, run.now, remarks=decided.remarks)
        if run.previous is not None:
            summary.moves["left"] += decided.left
        new = scratch / run.out.name
        choice, picture = _choose(run, decided, scratch), Picture(run.policy, run.now)
        counts = [summary.add] if run.report is None else [summary.add, picture.add]
        columns, rows = _write(run, decided, new, counts, choice)
        output = digest(new) | {"path": run.name, "rows": rows, "columns": columns}
        told = manifest(decided.inputs, output, with_accepted=run.with_accepted, budget=run.budget)
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


def _choose(run: Run, decided: Decided, scratch: Path) -> Choice | None:
    """What the budget funds, if there is one. Whose turn it is first is known when the whole queue is in order."""
    if run.budget is None:
        return None
    run.tell("spending the budget", 0, 1)
    files = []
    for number, found in enumerate(decided.ranges()):
        files.append(scratch / f"suggested-{number}.parquet")
        found.select("rank", "suggestions").write_parquet(files[-1], compression="lz4")
    return choose(pl.scan_parquet(files, glob=False), run.budget, run.policy)


def _write(
    run: Run,
    decided: Decided,
    new: Path,
    counts: Sequence[Callable[[pl.DataFrame], None]],
    choice: Choice | None,
) -> tuple[list[str], int]:
    """The queue in order, a range at a time, which is counted; gives back the columns and the number of rows."""
    columns: list[str] = []
    done = rows = 0
    with new.open("wb") as file, closing(writer(run.out.name, file)) as output:
        for in_order in decided.ranges():
            run.tell("writing", done, decided.rows)
            found = in_order if choice is None else choice.mark(in_order.lazy()).collect()
            for count in counts:
                count(found)
            kept = found if run.with_accepted else found.filter(col("rank").is_not_null())
            shown = readable(kept if run.previous is None else moved(kept), run.policy.exponent)
            output.write(shown)
            columns, rows, done = shown.columns, rows + shown.height, done + found.height
        run.tell("writing", decided.rows, decided.rows)
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


def disk_full(error: BaseException | None) -> bool:
    """Whether an error, as the cause of a ``TableError``, says that there is no room."""
    return getattr(error, "errno", 0) == ENOSPC or strerror(ENOSPC) in str(error)


@contextmanager
def _telling(out: str) -> Iterator[None]:
    """What the machine refuses, in words."""
    try:
        yield
    except (OSError, PolarsError) as error:
        full = disk_full(error)
        if not full and isinstance(error, PolarsError):
            raise
        raise no_queue(out, "the disk is full" if full else str(error)) from error


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
