"""What an executor does with some rows of a CRM: read each cell, count, tell what is wrong, part them by their customer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
from polars import col

from router.crm.build import counts_of
from router.crm.data import shards_of
from router.crm.tables import TABLES
from router.files.faults import Found, look
from router.files.scan import Scan
from router.spark.blocks import Of, blocks_of, handed, reported
from router.spark.cut import CHUNK, Sheet, Stretch
from router.spark.held import PLACE

KINDS = {
    "customers": Of.CUSTOMERS,
    "orders": Of.ORDERS,
    "subscriptions": Of.SUBSCRIPTIONS,
    "cases": Of.EARLIER_CASES,
    "goodwill": Of.GOODWILL,
    "bills": Of.BILLS,
    "offers": Of.OFFERS,
}
"""The tables of a CRM by their names."""
IDS = {Of.ORDERS: (Of.ORDER_IDS, "order_id"), Of.EARLIER_CASES: (Of.CASE_IDS, "case_id")}
"""The tables whose rows have ids of their own that must not repeat, beside customers: these are parted by themselves."""
SEEN = "by the as-of time"
"""Whether an order had been placed."""


@dataclass(slots=True)
class GatherReport:
    """What came of some rows of a table."""

    table: Of
    place: int
    found: Found


@dataclass(frozen=True, slots=True)
class Gather:
    """Reads stretches of files into ``groups`` of customers: the numbers of some come in each partition.

    ``tables`` has the columns of each table.
    """

    sheets: Mapping[Of, Sheet]
    tables: Mapping[Of, pl.Schema]
    stretches: tuple[Stretch, ...]
    groups: int
    as_of: int

    def __call__(self, batches: Iterator[Any], _: int) -> Iterator[Any]:
        """Blocks of rows for each group of customers, and of ids for each group of these, and a report of each stretch."""
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from self._stretch(self.stretches[number])

    def _stretch(self, stretch: Stretch) -> Iterator[Any]:
        some = self.sheets[stretch.table].some(stretch.file, stretch.start, stretch.rows)
        scan = Scan(some.source, (some,))
        found = look(scan, partial(counts_of, some.source.name, self.as_of))
        if not found.bad and not found.unreadable:
            for rows in self._rows(stretch, scan).collect_batches(chunk_size=CHUNK):
                yield from handed(self._blocks(stretch.table, rows))
        yield from handed([reported(-1, GatherReport(stretch.table, stretch.place, found))])

    def _rows(self, stretch: Stretch, scan: Scan) -> pl.LazyFrame:
        schema = self.tables[stretch.table]
        values = [col(name) if name in scan.columns else pl.lit(None).alias(name) for name in schema]
        place = col(PLACE).cast(pl.Int64) + stretch.place
        return (
            scan.frame()
            .with_row_index(PLACE)
            .select(place, *(each.cast(schema[each.meta.output_name()]) for each in values))
        )

    def _blocks(self, table: Of, rows: pl.DataFrame) -> Iterator[tuple[int, Of, bytes]]:
        named = rows.filter(col("customer_id").is_not_null())
        yield from self._parted(table, named if table is Of.CUSTOMERS else named.drop(PLACE), "customer_id")
        kind, column = IDS.get(table, (table, ""))
        if column in rows.columns:
            seen = (col(TABLES["orders"].dated) <= self.as_of if table is Of.ORDERS else pl.lit(value=False)).alias(SEEN)
            yield from self._parted(kind, rows.select(column, PLACE, seen), column)

    def _parted(self, kind: Of, rows: pl.DataFrame, key: str) -> Iterator[tuple[int, Of, bytes]]:
        parted = rows.with_columns(shards_of(rows.get_column(key), self.groups))
        for (part,), piece in parted.partition_by("part", as_dict=True, maintain_order=False).items():
            yield from blocks_of(part, kind, piece.drop("part"))
