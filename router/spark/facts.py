"""What an executor does with a group of customers, and with a shard: the facts of the one, the file of the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
from polars import col

from router.crm.data import canonical, in_order, shards_of, write_shard
from router.crm.features import RANKED, own_facts, with_percentile
from router.crm.shards import CUSTOMERS, ORDERS, file_name
from router.facts import Fact
from router.spark.blocks import Of, blocks_of, handed, received, reported, rows_of
from router.spark.gather import IDS, KINDS, SEEN
from router.spark.held import PLACE

ATTEMPTS = ".attempts"
"""The folder beside the files of a snapshot in which they are made; each attempt of a task has one of its own there."""
RANKS = f"{ATTEMPTS}/ranks.arrow"
"""The file, likewise, that says how many customers have a lower spend than each that there is."""
_UNIQUE = {Of.CUSTOMERS: "customer_id", **dict(IDS.values())}
"""The ids that must not repeat, by where they stand."""
_IDS = {column: pl.Schema({column: pl.String(), PLACE: pl.Int64(), SEEN: pl.Boolean()}) for _, column in IDS.values()}


@dataclass(slots=True)
class GroupReport:
    """What came of a group: its customers, how many rows of each table are theirs, and the ids that come twice with each of
    their places."""

    group: int
    customers: int = 0
    joined: dict[str, int] = field(default_factory=dict)
    again: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Makes facts of the rows of customers; ``tables`` has the columns of each."""

    tables: Mapping[Of, pl.Schema]
    as_of: int
    exponent: int
    extras: tuple[Fact, ...]
    groups: int
    shards: int

    def __call__(self, batches: Iterator[Any], partition: int) -> Iterator[Any]:
        """Takes the blocks of one group; gives facts and ids of orders, parted by shard, and what customers are ranked by,
        parted by that."""
        report = GroupReport(partition)
        rows = together(batches, self._schemas)
        for kind, column in _UNIQUE.items():
            if kind in rows:
                twice = rows[kind].filter(col(column).is_duplicated())
                report.again[column] = twice.select(column, PLACE).sort(column, PLACE).rows()
        if not any(report.again.values()):
            facts = self._facts(rows).collect()
            report.customers = facts.height
            report.joined = {name: int(facts.get_column(f"rows.{name}").sum()) for name in self._others}
            yield from handed(self._parted(rows, facts))
        yield from handed([reported(partition, report)])

    @cached_property
    def facts(self) -> pl.Schema:
        """The columns of what it makes."""
        nobody = {kind: pl.DataFrame(schema=schema) for kind, schema in self._schemas.items()}
        return self._facts(nobody).drop(f"rows.{name}" for name in self._others).collect_schema()

    @property
    def _schemas(self) -> dict[Of, pl.Schema]:
        ids = {kind: _IDS[column] for table, (kind, column) in IDS.items() if column in self.tables.get(table, ())}
        customers = pl.Schema({PLACE: pl.Int64(), **self.tables[Of.CUSTOMERS]})
        return {**self.tables, Of.CUSTOMERS: customers, **ids}

    @property
    def _others(self) -> list[str]:
        return [name for name, kind in KINDS.items() if kind in self.tables and kind is not Of.CUSTOMERS]

    def _facts(self, rows: Mapping[Of, pl.DataFrame]) -> pl.LazyFrame:
        tables = {name: rows[kind].lazy().select(self.tables[kind].names()) for name, kind in KINDS.items() if kind in rows}
        return own_facts(tables, self.as_of, self.exponent, self.extras)

    def _parted(self, rows: Mapping[Of, pl.DataFrame], facts: pl.DataFrame) -> Iterator[tuple[int, Of, bytes]]:
        kept = facts.select(self.facts.names())
        yield from _cut(Of.FACTS, kept.with_columns(shards_of(kept.get_column("customer_id"), self.shards)))
        if RANKED in facts.columns:
            counts = facts.group_by(RANKED).len("customers").with_columns(part=col(RANKED) % self.groups)
            yield from _cut(Of.SPENDS, counts)
        if Of.ORDER_IDS in rows:
            seen = rows[Of.ORDER_IDS].filter(SEEN).select("order_id")
            parts = shards_of(seen.get_column("order_id"), self.shards) + self.shards
            yield from _cut(Of.ORDER_IDS, seen.with_columns(parts))


def together(batches: Iterator[Any], schemas: Mapping[Of, pl.Schema]) -> dict[Of, pl.DataFrame]:
    """All rows of a partition, by what they are."""
    blocks = {kind: [pl.DataFrame(schema=schema)] for kind, schema in schemas.items()}
    for batch in batches:
        for kind, block in received(batch):
            blocks[kind].append(rows_of(block))
    return {kind: pl.concat(each) for kind, each in blocks.items()}


def _cut(kind: Of, rows: pl.DataFrame) -> Iterator[tuple[int, Of, bytes]]:
    for (part,), piece in rows.partition_by("part", as_dict=True, maintain_order=False).items():
        yield from blocks_of(part, kind, piece.drop("part"))


SPENDS = pl.Schema({RANKED: pl.Int64(), "customers": pl.get_index_type()})


@dataclass(frozen=True, slots=True)
class AddUp:
    """Adds up how many customers have each spend, of those that came into one partition."""

    def __call__(self, batches: Iterator[Any], partition: int) -> Iterator[Any]:
        """Each spend once."""
        rows = together(batches, {Of.SPENDS: SPENDS})[Of.SPENDS]
        yield from handed(blocks_of(partition, Of.SPENDS, rows.group_by(RANKED).agg(col("customers").sum())))


@dataclass(frozen=True, slots=True)
class Write:
    """Writes shards of a snapshot, a partition each: those of customers, whose own ``facts`` have these columns, then those
    of orders."""

    folder: Path
    facts: pl.Schema
    layout: tuple[Fact, ...]
    shards: int
    customers: int

    def __call__(self, batches: Iterator[Any], partition: int) -> Iterator[Any]:
        """Reports the :class:`router.crm.manifest.Shard`."""
        which, shard = divmod(partition, self.shards)
        kind = (Of.FACTS, Of.ORDER_IDS)[which]
        rows = together(batches, {kind: self.facts if kind is Of.FACTS else pl.Schema({"order_id": pl.String()})})[kind]
        whole = self._whole(rows.lazy()).collect() if kind is Of.FACTS else rows
        table = (CUSTOMERS, ORDERS)[which]
        attempt = self.folder / ATTEMPTS / uuid4().hex
        attempt.mkdir(parents=True)
        path = attempt / file_name(table, shard, self.shards)
        written = write_shard(in_order(whole), table, path)
        path.replace(self.folder / path.name)
        yield from handed([reported(partition, written)])

    def _whole(self, facts: pl.LazyFrame) -> pl.LazyFrame:
        if RANKED in self.facts:
            ranked = facts.join(pl.scan_ipc(self.folder / RANKS), on=RANKED, how="left")
            facts = with_percentile(ranked, col("lower"), pl.lit(self.customers)).drop("lower")
        return canonical(facts, self.layout)
