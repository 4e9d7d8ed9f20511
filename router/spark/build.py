"""A snapshot built on a cluster: Spark moves rows of customers, of which executors make facts and files as is done here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shutil import rmtree

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from router.crm.build import Tally, open_tables, sources_of, tallied, warnings_of
from router.crm.features import PERCENTILE, RANKED
from router.crm.lookup import layout_of
from router.crm.manifest import Manifest, Shard
from router.crm.mapping import Mapping as MappingFile
from router.crm.mapping import load_mapping
from router.crm.publish import not_written, put
from router.crm.shards import BUCKETS
from router.errors import MappingError, Problem
from router.files.faults import MOST, Found, together, told_again
from router.files.scan import Scan
from router.spark.blocks import Of, rows_of
from router.spark.facts import ATTEMPTS, RANKS, SPENDS, AddUp, Group, GroupReport, Write
from router.spark.files import Files
from router.spark.gather import IDS, KINDS, Gather, GatherReport
from router.spark.held import ROW_BITS
from router.spark.reading import Opened
from router.spark.storage import spark_telling
from router.spark.work import Workers

_GROUP = 1_000_000
"""About so many rows of all tables are one group of customers, which one process takes at once."""


@dataclass(frozen=True, slots=True)
class Build:
    """What to build: a mapping whose files, and a folder that, all machines reach by one path; as of an instant."""

    mapping: Path
    directory: Path
    as_of: int
    shards: int = 1
    keep: int = 2


def build(run: Build, spark: SparkSession) -> Manifest:
    """Build a snapshot, the same as ``router.crm.build.build`` makes here, and make it the current one of its folder.

    Raises as that does.
    """
    mapping = load_mapping(run.mapping)
    cluster = _Cluster(run, mapping, open_tables(mapping), Workers(spark))
    try:
        with spark_telling(partial(not_written, run.directory)):
            return cluster.build()
    finally:
        cluster.workers.forget()


@dataclass(slots=True)
class _Cluster:
    """One build: its tables, and who works on it."""

    run: Build
    mapping: MappingFile
    scans: Mapping[str, Scan]
    workers: Workers

    def build(self) -> Manifest:
        """In the steps of a local build: check the cells, check the ids, make facts, write, publish."""
        opened = {KINDS[name]: Opened(KINDS[name], scan) for name, scan in self.scans.items()}
        files = Files(self.workers, opened, None)
        parallel = int(self.workers.spark.sparkContext.defaultParallelism)
        groups = min(BUCKETS, max(parallel, -(-sum(map(files.rows, opened)) // _GROUP)))
        tables = {kind: table.scan.frame().collect_schema() for kind, table in opened.items()}
        sheets = {kind: table.sheet for kind, table in opened.items()}
        gather = Gather(sheets, tables, tuple(files.stretches(parallel)), groups, self.run.as_of)
        rows = self.workers.keep(self.workers.each(len(gather.stretches), gather))
        tallies = self._tallies(rows, opened)

        group = Group(tables, self.run.as_of, self.mapping.exponent, self.mapping.extras, groups, self.run.shards)
        facts = self.workers.keep(self.workers.over(_blocks(rows).repartitionById(groups, f.col("part")), group))
        reports = self.workers.reports(facts, GroupReport)
        self._refuse_repeats(reports, opened)
        customers = sum(each.customers for each in reports)
        joined = {name: sum(each.joined.get(name, 0) for each in reports) for name in self.scans}
        entries = files.entries({KINDS[name]: tally.rows for name, tally in tallies.items()})
        digests = ((each["bytes"], each["sha256"]) for name in self.scans for each in entries[name]["files"])
        about = Manifest(
            as_of=self.run.as_of,
            currency=self.mapping.currency,
            facts=tuple(fact.name for fact in layout_of(self.mapping.extras) if fact.name in _named(group.facts)),
            extras=tuple(sorted(self.mapping.extras, key=lambda fact: fact.name)),
            sources=tuple(sources_of(self.mapping, digests)),
            warnings=tuple(warnings_of(tallies, joined, customers)),
        )

        def write(folder: Path) -> Manifest:
            task = Write(folder.absolute(), group.facts, layout_of(self.mapping.extras), self.run.shards, customers)
            return about.of(self._written(facts, task, groups))

        return put(write, self.run.directory, self.run.keep)

    def _tallies(self, rows: DataFrame, opened: Mapping[Of, Opened]) -> dict[str, Tally]:
        """What a first pass counted. Raises ``MappingError`` with all that is wrong with the cells."""
        reports = sorted(self.workers.reports(rows, GatherReport), key=lambda each: each.place)
        found = {}
        for name in self.scans:
            theirs = [each.found for each in reports if each.table is KINDS[name]]
            whole = together([Found({"rows": 0}), *theirs])
            names = opened[KINDS[name]].names
            problems = [replace(each, where=names.get(each.where, each.where)) for each in whole.problems(name)]
            found[name] = whole.totals, problems
        return tallied(self.scans, found)

    def _refuse_repeats(self, reports: Sequence[GroupReport], opened: Mapping[Of, Opened]) -> None:
        """No id may come twice, or ``MappingError`` is raised."""
        problems: list[Problem] = []
        for kind, column in {Of.CUSTOMERS: "customer_id", **{table: column for table, (_, column) in IDS.items()}}.items():
            again = [each for report in reports for each in report.again.get(column, ())]
            ids = {text for text, _ in again}
            first = set(sorted(ids)[:MOST])
            if first:
                scan = opened[kind].scan
                places = sorted((place, text) for text, place in again if text in first)
                found = [
                    (text, scan.source.files[place >> ROW_BITS], place & ((1 << ROW_BITS) - 1)) for place, text in places
                ]
                problems += told_again(scan.source.name, scan.parts[0].cells[column].theirs, found, len(ids))
        if problems:
            raise MappingError(problems)

    def _written(self, facts: DataFrame, task: Write, groups: int) -> list[Shard]:
        """All shards, customers first."""
        (task.folder / ATTEMPTS).mkdir()
        if RANKED in task.facts:
            self._rank(facts, groups).write_ipc(task.folder / RANKS)
        kinds = [int(Of.FACTS), *([int(Of.ORDER_IDS)] if "orders" in self.scans else [])]
        parted = facts.where(f.col("kind").isin(kinds)).repartitionById(len(kinds) * task.shards, f.col("part"))
        written = self.workers.reports(self.workers.over(parted, task), Shard)
        rmtree(task.folder / ATTEMPTS)
        return sorted(written, key=lambda each: each.file.name)

    def _rank(self, facts: DataFrame, groups: int) -> pl.DataFrame:
        """How many customers have a ``lower`` spend than each that there is. There are far fewer than customers."""
        parted = facts.where(f.col("kind") == int(Of.SPENDS)).repartitionById(groups, f.col("part"))
        blocks = map(rows_of, self.workers.blocks(self.workers.over(parted, AddUp())))
        spends = pl.concat([pl.DataFrame(schema=SPENDS), *blocks]).sort(RANKED)
        customers = pl.col("customers").cast(pl.Int64)
        return spends.select(RANKED, lower=customers.cum_sum() - customers)


def _blocks(rows: DataFrame) -> DataFrame:
    return rows.where(f.col("kind") != int(Of.REPORT))


def _named(facts: pl.Schema) -> set[str]:
    return {PERCENTILE if name == RANKED else name for name in facts}
