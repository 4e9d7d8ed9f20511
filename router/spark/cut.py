"""What an executor does with some rows of a table: read each cell, tell what is wrong, part them by a hash of their case."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl
import pyarrow as pa
from polars import col

from router.bulk.parts import part_of_case
from router.bulk.previous import reading_previous, scan_previous
from router.bulk.reading import Table, absent, case_frame, event_frame
from router.errors import Problem, TableError
from router.files.faults import Found, look
from router.files.scan import Part, Scan, part_of
from router.files.source import TableSource
from router.spark.blocks import Of, handed, parted, reported
from router.spark.customers import KEYS, ids_of
from router.spark.held import PLACE, ROW_BITS, held
from router.spark.policy import PolicyText, compiled

CHUNK = 1 << 18
"""So many rows are read at once."""
_PROBE = "the same on every machine"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of the backlog: its files by paths that all machines know, the columns of each, and what is ``given`` of each
    for columns that do not stand in it."""

    source: TableSource
    schemas: tuple[pl.Schema, ...]
    of_file: tuple[int, ...]
    given: tuple[Mapping[str, Any], ...]

    def some(self, file: int, start: int, rows: int | None) -> "Some":
        """How to read some rows of one of the files."""
        schema = self.schemas[self.of_file[file]]
        found, _ = part_of(self.source, self.source.files[file], schema, absent)
        given = tuple(pl.lit(value, schema[name]).alias(name) for name, value in self.given[file].items())
        return Some(self.source, found.files, schema, found.cells, start, rows, given)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of a file of a table, all of them where ``rows`` is ``None``; the ``file`` is told by its number."""

    table: Of
    file: int
    start: int = 0
    rows: int | None = None

    @property
    def place(self) -> int:
        """The place of the first row in the whole table."""
        return (self.file << ROW_BITS) + self.start


@dataclass(frozen=True, slots=True)
class Some(Part):
    """Some rows of a file, which keep the numbers that they have there."""

    start: int
    rows: int | None
    given: tuple[pl.Expr, ...]

    def raw(self, *files: Path, index: str | None = None) -> pl.LazyFrame:
        """As of the whole file."""
        return Part.raw(self, *files, index=index).slice(self.start, self.rows).with_columns(self.given)


@dataclass(slots=True)
class CutReport:
    """What came of some rows of a table; ``probe`` is one text's hash, ``seconds`` went into the work,
    ``handed`` into giving its blocks to Spark."""

    table: Of
    place: int
    found: Found
    probe: int = 0
    seconds: float = 0.0
    handed: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Reads stretches of files into ``groups``, and the ids of customers and orders into so many ``buckets`` of each: the
    numbers of some stretches come in each partition."""

    policy: PolicyText
    groups: int
    sheets: Mapping[Of, Sheet]
    buckets: Mapping[Of, int]
    stretches: tuple[Stretch, ...] = ()
    previous: Path | None = None

    def __call__(self, batches: Iterator[Any], partition: int) -> Iterator[Any]:
        """Blocks for each group, the ids that its cases name, and a report of each stretch."""
        for batch in batches:
            for number in batch.column(0).to_pylist():
                stretch = self.stretches[number]
                report = CutReport(stretch.table, stretch.place, Found({"rows": 0}))
                yield from self._told(self._stretch(stretch, report), report, partition)

    def _stretch(self, stretch: Stretch, report: CutReport) -> Iterator[pl.DataFrame]:
        if stretch.table is Of.PREVIOUS:
            return self._previous(stretch, report)
        some = self.sheets[stretch.table].some(stretch.file, stretch.start, stretch.rows)
        return self.read(stretch.table, Scan(some.source, (some,)), report, lambda place: place + stretch.place)

    def read(self, table: Of, scan: Scan, report: CutReport, placed: Callable[[pl.Expr], pl.Expr]) -> Iterator[pl.DataFrame]:
        """The rows of a scan as the engine takes them, with their places; nothing where something is wrong."""
        report.found = look(scan)
        if report.found.bad or report.found.unreadable:
            return
        policy = compiled(self.policy)
        read = Table(scan, 0, ())
        frame = event_frame(read, policy) if table is Of.EVENTS else case_frame(read, policy).with_row_index("position")
        for rows in frame.collect_batches(chunk_size=CHUNK):
            yield rows.with_columns(placed(col("position").cast(pl.Int64)).alias("position"))

    def _previous(self, stretch: Stretch, report: CutReport) -> Iterator[pl.DataFrame]:
        assert self.previous is not None  # noqa: S101 - there is a stretch of it
        try:
            with reading_previous(self.previous):
                yield from scan_previous(self.previous).slice(stretch.start, stretch.rows).collect_batches(chunk_size=CHUNK)
        except TableError as error:
            report.found.unreadable += error.problems

    def _told(self, read: Iterator[pl.DataFrame], report: CutReport, partition: int) -> Iterator[Any]:
        """What was read, and then the report."""
        begun = perf_counter()
        for rows in read:
            cut = rows.with_columns(part_of_case(self.groups).alias("part"))
            blocks = list(parted(report.table, cut))
            for kind, buckets in self.buckets.items() if report.table is Of.CASES else ():
                blocks += parted(kind, ids_of(cut, KEYS[kind], buckets))
            made = perf_counter()
            report.seconds += made - begun
            yield from handed(blocks)
            begun = perf_counter()
            report.handed += begun - made
        report.seconds += perf_counter() - begun
        report.probe = pl.Series([_PROBE]).hash().item()
        report.found = _with_partition(report.found, partition)
        yield from handed([reported(-1, report)])


def _with_partition(found: Found, partition: int) -> Found:
    def placed(problem: Problem) -> Problem:
        return replace(problem, message=f"{problem.message} (partition {partition})")

    first = [[placed(problem) for problem in row] for row in found.first]
    return replace(found, unreadable=[placed(problem) for problem in found.unreadable], first=first)


@dataclass(frozen=True, slots=True)
class CutRows(Cut):
    """Does the same with the rows of one table that Spark read."""

    table: Of = Of.CASES

    def __call__(self, batches: Iterator[Any], partition: int) -> Iterator[Any]:
        """The batches have the columns of the files and the place of each row."""
        held_back: list[Any] = []
        for batch in batches:
            held_back.append(batch)
            if sum(each.num_rows for each in held_back) >= CHUNK:
                yield from self._rows(held_back, partition)
                held_back = []
        if held_back:
            yield from self._rows(held_back, partition)

    def _rows(self, batches: list[Any], partition: int) -> Iterator[Any]:
        sheet = self.sheets[self.table]
        rows = pl.from_arrow(pa.Table.from_batches(batches))
        assert isinstance(rows, pl.DataFrame)  # noqa: S101 - a table is none other
        rows = rows.sort(PLACE)
        places = rows.get_column(PLACE)
        report = CutReport(self.table, places.item(0), Found({"rows": 0}))
        read = self.read(
            self.table,
            held(sheet.source, sheet.schemas[0], rows.lazy()).scan,
            report,
            lambda place: pl.lit(places).gather(place),
        )
        yield from self._told(read, report, partition)
