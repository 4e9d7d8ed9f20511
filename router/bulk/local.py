"""The local engine: a backlog cut into parts that fit in memory, each decided and put in order, merged to one queue."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
from polars import col

from router.bulk.engine import Decided, Run
from router.bulk.manifest import inputs_of
from router.bulk.merge import SortedPart, ranges, write_sorted
from router.bulk.parts import Split, available_memory, parts_for, range_rows, split
from router.bulk.previous import left, read_previous, with_previous
from router.bulk.reading import Backlog, case_frame, event_frame, read_backlog
from router.errors import TableError
from router.files.faults import repeated
from router.frame.decide import FrameDecider


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The tables of a run, cut alike."""

    cases: Split
    events: Split | None
    previous: Split | None

    def __iter__(self) -> Iterator[tuple[pl.LazyFrame, pl.LazyFrame | None, pl.LazyFrame | None]]:
        nothing = [None] * len(self.cases)
        return zip(self.cases, self.events or nothing, self.previous or nothing, strict=True)


def decide(run: Run, scratch: Path) -> Decided:
    """A backlog decided on this machine; ``scratch`` takes some three times as much as it and the queue. An ``Engine``."""
    run.tell("reading", 0, 1)
    backlog = read_backlog(run.cases, run.events, run.policy)
    run.keep_apart(file for table in backlog.tables for file in table.files)
    previous = None if run.previous is None else read_previous(run.previous)
    inputs = inputs_of(backlog, run.previous, run.policy, run.customers, run.now)
    pieces = _cut(run, backlog, previous, scratch)
    told = (said for table in backlog.tables for said in table.warnings)
    remarks = (*told, *check_ids(backlog, pieces.cases, pieces.events))
    decided = list(_decide(run, pieces, scratch))
    parts, gone = [part for part, _ in decided], sum(each for _, each in decided)
    rows = range_rows(run.memory or available_memory())
    return Decided(inputs, remarks, sum(part.rows for part in parts), gone, partial(ranges, parts, rows))


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


def _decide(run: Run, pieces: _Pieces, scratch: Path) -> Iterator[tuple[SortedPart, int]]:
    """Each part decided and in order, and how many of its cases have left the earlier queue."""
    decider = FrameDecider(run.policy, run.customers)
    for number, (cases, events, previous) in enumerate(pieces):
        run.tell("deciding", number, len(pieces.cases))
        happened = None if events is None else _held(events)
        decisions = decider.decide(_held(cases), happened, run.now, enums=True)
        if previous is not None:
            decisions = with_previous(decisions, previous)
        part = write_sorted(decisions, scratch / f"decided-{number}.arrow")
        yield part, 0 if previous is None else left(previous, part.scan())
    run.tell("deciding", len(pieces.cases), len(pieces.cases))


def _held(table: pl.LazyFrame) -> pl.LazyFrame:
    """A table in memory: it is read several times."""
    return table.collect(engine="streaming").lazy()
