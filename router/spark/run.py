"""The cluster as an engine of a bulk run: Spark moves, joins and orders what the frame back end decides on executors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from router.bulk import run as bulk
from router.bulk.engine import Decided, Run, no_queue
from router.bulk.manifest import of_run
from router.bulk.merge import numbered
from router.bulk.previous import SCHEMA
from router.bulk.run import Result
from router.errors import Problem, TableError
from router.files.faults import MOST, together, told_again
from router.files.source import is_address
from router.spark.blocks import Of, rows_of
from router.spark.customers import Meet, Published, published
from router.spark.cut import Cut, CutReport, CutRows
from router.spark.files import Files
from router.spark.held import ROW_BITS
from router.spark.order import STRETCH, Part, Sort, bounds
from router.spark.policy import PolicyText
from router.spark.reading import Opened, open_tables
from router.spark.snapshot import Wanted, stored
from router.spark.storage import output, spark_telling
from router.spark.task import Report, Task
from router.spark.work import Workers

MEMORY = 1 << 30
"""So many bytes a group may take at once in a process of an executor, where nothing is said."""


@dataclass(slots=True)
class Seconds:
    """Where the time of executors went, added up: reading and parting rows, deciding them, and handing them over between
    Spark and Python."""

    read: float = 0.0
    decided: float = 0.0
    handed: float = 0.0


class Cluster:
    """An ``Engine``: decides a run on the cluster of a session, by the policy of ``text``, about ``known`` customers.

    Paths without a scheme are of folders that all machines share. ``Run.memory`` is for one group of cases in a process of
    an executor, ``Run.parts`` the number of groups. Decisions stay on the executors' disks until ``forget`` is called.
    ``seconds`` says where the time went.
    """

    def __init__(self, spark: SparkSession, text: PolicyText, known: Published) -> None:
        self.spark, self.text, self.known = spark, text, known
        self.seconds = Seconds()
        self._workers = Workers(spark)
        self.forget = self._workers.forget

    def __call__(self, run: Run, _: Path) -> Decided:
        """Decide a backlog. Raises ``TableError`` with everything that is wrong."""
        with spark_telling(partial(no_queue, run.name)):
            return self._decide(run)

    def _decide(self, run: Run) -> Decided:
        run.tell("reading", 0, 1)
        tables = open_tables(self.spark, run)
        run.keep_apart(file for table in tables.values() if table.frame is None for file in table.scan.source.files)
        files = Files(self._workers, tables, run.previous)
        groups = run.parts or max(files.groups(run.memory or MEMORY), int(self.spark.sparkContext.defaultParallelism))
        run.tell("cutting", 0, 1)
        cut = self._workers.keep(self._cut(run, tables, files, groups))
        rows = self._check(run, cut, tables)
        run.tell("deciding", 0, 1)
        schemas = {kind: table.schema(run.policy) for kind, table in tables.items()}
        task = Task(self.text, self.known.known, run.now, schemas | ({Of.PREVIOUS: SCHEMA} if run.previous else {}))
        decided = self._workers.keep(self._workers.over(self._grouped(cut, tables, groups), task))
        reports = sorted(self._workers.reports(decided, Report), key=lambda each: each.group)
        self.seconds.decided += sum(each.seconds for each in reports)
        self.seconds.handed += sum(each.handed for each in reports)
        _refuse_repeats(reports, tables[Of.CASES])
        inputs = of_run(files.entries(rows), files.previous, run.policy, run.customers, run.now)
        cases, gone = sum(each.cases for each in reports), sum(each.left for each in reports)
        queue = self._in_order(decided, reports, cases)

        def ranges() -> Iterator[pl.DataFrame]:
            return numbered(self._collected(queue, run, cases) if cases else [task.nothing()])

        return Decided(inputs, tuple(_remarks(tables, reports, rows)), cases, gone, ranges)

    def _cut(self, run: Run, tables: Mapping[Of, Opened], files: Files, groups: int) -> DataFrame:
        """The rows of all tables as blocks, each of one group, with the ids of customers and orders that its cases name."""
        sheets = {kind: table.sheet for kind, table in tables.items()}
        previous = None if run.previous is None else run.previous.absolute()
        parallel = int(self.spark.sparkContext.defaultParallelism)
        buckets = {kind: wanted.buckets for kind, wanted in self.known.wanted(parallel).items()}
        cut = Cut(self.text, groups, sheets, buckets, tuple(files.stretches(parallel)), previous)
        found = self._workers.each(len(cut.stretches), cut)
        for kind, table in tables.items():
            if table.frame is not None:
                theirs = CutRows(self.text, groups, sheets, buckets, table=kind)
                found = found.union(self._workers.over(table.frame, theirs))
        return found

    def _check(self, run: Run, cut: DataFrame, tables: Mapping[Of, Opened]) -> dict[Of, int]:
        """How many rows each table has. Raises ``TableError`` with all that is wrong in any of them."""
        reports = self._workers.reports(cut, CutReport)
        self.seconds.read += sum(each.seconds for each in reports)
        self.seconds.handed += sum(each.handed for each in reports)
        if len({each.probe for each in reports}) > 1:
            said = "executors on machines of different kinds hash texts differently; run on machines of one kind"
            raise TableError([Problem("other-version", said)])
        problems: list[Problem] = []
        rows = {}
        names = {} if run.previous is None else {str(run.previous.absolute()): str(run.previous)}
        for table in tables.values():
            names |= table.names
        for kind in (*tables, Of.PREVIOUS):
            found = together(each.found for each in sorted(reports, key=lambda one: one.place) if each.table is kind)
            rows[kind] = found.totals.get("rows", 0)
            told = found.problems(kind.name.lower())
            problems += [replace(each, where=names.get(each.where, each.where)) for each in told]
        if problems:
            raise TableError(problems)
        return rows

    def _grouped(self, cut: DataFrame, tables: Mapping[Of, Opened], groups: int) -> DataFrame:
        """Each group a partition: its blocks, and the customers and orders that its cases name."""
        blocks = [int(kind) for kind in (*tables, Of.PREVIOUS)]
        found = cut.where(f.col("kind").isin(blocks)).select("part", "kind", "block")
        for kind, wanted in self.known.wanted(int(self.spark.sparkContext.defaultParallelism)).items():
            found = found.union(self._met(cut, kind, wanted).select("part", "kind", "block"))
        return found.repartitionById(groups, f.col("part"))

    def _met(self, cut: DataFrame, kind: Of, wanted: Wanted) -> DataFrame:
        """What is known of the ids of one kind, each row to the group that names it."""
        assert self.known.snapshot is not None  # noqa: S101 - something of it is wanted
        rows = self.known.snapshot.rows(self._workers, wanted)
        together = cut.where(f.col("kind") == int(kind)).union(rows).repartitionById(wanted.buckets, f.col("part"))
        return self._workers.over(together, Meet(kind))

    def _in_order(self, decided: DataFrame, reports: Sequence[Report], rows: int) -> DataFrame:
        """The decisions as blocks, each partition a stretch of the queue that follows on the one before."""
        cuts = tuple(bounds([key for each in reports for key in each.sample], max(1, -(-rows // STRETCH))))
        parted = self._workers.over(decided.where(f.col("kind") == int(Of.DECISIONS)), Part(cuts))
        return self._workers.over(parted.repartitionById(len(cuts) + 1, f.col("part")), Sort())

    def _collected(self, queue: DataFrame, run: Run, rows: int) -> Iterator[pl.DataFrame]:
        """The queue, a block at a time. Raises ``TableError`` if a part of it is lost."""
        came = 0
        with spark_telling(partial(no_queue, run.name)):
            for block in self._workers.blocks(queue):
                found = rows_of(block)
                came += found.height
                yield found
        if came != rows:
            raise no_queue(run.name, f"{came} of {rows} rows came back")


def _remarks(tables: Mapping[Of, Opened], reports: Sequence[Report], rows: Mapping[Of, int]) -> Iterator[str]:
    for table in tables.values():
        yield from table.warnings
    strange = sum(each.strange for each in reports)
    if strange:
        yield f"events: {strange} of {rows[Of.EVENTS]} rows are of cases that are not in the backlog"


def _refuse_repeats(reports: Sequence[Report], cases: Opened) -> None:
    """No id may come twice, or ``TableError`` is raised."""
    again = {text: each.group for each in reports for text, _ in each.again}
    if not again:
        return
    first = set(sorted(again)[:MOST])
    places = sorted((place, text) for each in reports for text, place in each.again if text in first)
    files = cases.scan.source.files
    theirs = cases.scan.parts[0].cells["case_id"].theirs
    found = [(text, files[place >> ROW_BITS], place & ((1 << ROW_BITS) - 1)) for place, text in places]
    raise TableError(told_again("cases", theirs, found, len(again), again))


def reprioritize(run: Run, spark: SparkSession, text: PolicyText, snapshot: str = "", out: str = "") -> Result:
    """Put a backlog in order on a cluster: writes the file that ``router.bulk.run.reprioritize`` writes here.

    ``snapshot`` takes the place of ``Run.customers``: by a path that all machines share, or by an address. The queue goes to
    ``Run.out``, or to the store that ``out`` is an address of. Raises as that does, and ``SnapshotError``.
    """
    known = published(run.customers, stored(spark, snapshot) if snapshot else None, run.policy)
    cluster = Cluster(spark, text, known)
    with output(spark, out or str(run.out)) as here:
        try:
            called = out if is_address(out) else ""
            return bulk.reprioritize(replace(run, customers=known.customers, out=here, called=called), cluster)
        finally:
            cluster.forget()
