"""The customers of a snapshot as rows that Spark joins to cases: executors map the snapshot's own files, a stretch each."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from router.crm.snapshot import Snapshot
from router.decide.decider import customer_layout
from router.decide.records import FactRecords, facts_layout
from router.frame.customers import Customers, of_records, of_snapshot
from router.policy.model import Policy
from router.spark.task import KnownCustomers

STRETCH = 250_000
"""So many rows of a snapshot are one task of Spark."""
_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot: what is said of all its customers, and where the rows are; none without a snapshot."""

    customers: Customers
    known: KnownCustomers
    snapshot: Snapshot | None

    def rows(self, spark: SparkSession) -> DataFrame:
        """``customer_id`` and each fact that the policy can read."""
        assert self.snapshot is not None  # noqa: S101 - whoever asks has looked
        return _scan(spark, str(self.snapshot.path.resolve()), self.snapshot.rows, self.known.schema, orders=False)

    def orders(self, spark: SparkSession) -> DataFrame:
        """The ids of all orders on record."""
        assert self.snapshot is not None  # noqa: S101 - as above
        rows = self.snapshot.manifest.orders or 0
        return _scan(spark, str(self.snapshot.path.resolve()), rows, pl.Schema({"order_id": pl.String()}), orders=True)


def published(path: Path | None, policy: Policy) -> Published:
    """The current snapshot of a folder that the driver and all executors can read; without one, nobody."""
    snapshot = None if path is None else Snapshot.open(path)
    if snapshot is None:
        customers = of_records(FactRecords(facts_layout(policy), policy.currency, None, {}))
    else:
        customers = of_snapshot(snapshot)
    stored = customers.rows.collect_schema()
    layout = customer_layout(policy, customers.layout, customers.currency)
    facts = [fact.name for fact in layout if fact is not None and fact.name in stored]
    known = KnownCustomers(
        id=customers.id,
        as_of=customers.as_of,
        currency=customers.currency,
        layout=customers.layout,
        moves=customers.moves,
        orders=customers.orders is not None,
        other_orders=customers.other_orders,
        schema=pl.Schema({name: stored[name] for name in ("customer_id", *facts)}),
    )
    return Published(customers, known, snapshot)


def _scan(spark: SparkSession, folder: str, rows: int, schema: pl.Schema, *, orders: bool) -> DataFrame:
    tasks = max(1, -(-rows // STRETCH))
    arrow = pl.DataFrame(schema=schema).to_arrow().schema

    def read(batches: Iterable[Any]) -> Iterable[Any]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from _stretch(folder, number * STRETCH, schema, orders=orders)

    return spark.range(0, tasks, 1, tasks).mapInArrow(read, from_arrow_schema(arrow))


def _stretch(folder: str, start: int, schema: pl.Schema, *, orders: bool) -> Iterable[Any]:
    """Some rows of a snapshot as Arrow batches, in the engine's types. Runs on an executor."""
    customers = of_snapshot(Snapshot.open(Path(folder)))
    table = customers.orders if orders else customers.rows
    rows = pl.LazyFrame(schema=schema) if table is None else table.select(schema.names()).slice(start, STRETCH)
    yield from rows.collect().to_arrow().to_batches(max_chunksize=_BATCH)
