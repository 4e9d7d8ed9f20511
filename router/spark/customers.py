"""The customers of a snapshot brought to the cases that name them: executors map its files, a stretch each, and ids and rows
meet in buckets of a hash of the id."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from polars import col

from router.crm.snapshot import Snapshot
from router.decide.decider import customer_layout
from router.facts import Fact
from router.frame.customers import Customers, of_snapshot
from router.frame.tables import Moment
from router.policy.model import Policy
from router.spark.blocks import Of, handed, parted, received, rows_of

KEYS = {Of.CUSTOMER: "customer_id", Of.ORDER: "order_id"}
"""What is looked up, by which column of cases and of snapshots."""
ORDERS = pl.Schema({"order_id": pl.String()})
"""The columns of an order."""
STRETCH = 250_000
"""So many rows of a snapshot are one task of Spark."""
_BUCKET = 500_000
"""About so many rows of a snapshot meet the ids in one process."""


@dataclass(frozen=True, slots=True)
class KnownCustomers:
    """What is said of all customers of a snapshot, as ``Customers`` has it; their rows come with each group."""

    id: str
    as_of: Moment | None
    currency: str
    layout: tuple[Fact, ...]
    moves: bool
    orders: bool
    other_orders: bool | None
    schema: pl.Schema

    def of_group(self, rows: pl.LazyFrame, orders: pl.LazyFrame) -> Customers:
        """The customers of one group."""
        listed = orders.with_columns(on_record=True) if self.orders else None
        other = self.other_orders if self.orders else None
        return Customers(self.id, self.as_of, self.currency, self.layout, rows, self.moves, listed, other)


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot: what is said of all its customers, and where the rows are; none without a snapshot."""

    customers: Customers
    known: KnownCustomers
    snapshot: Snapshot | None

    def rows(self) -> dict[Of, int]:
        """How many customers and orders there are to be looked up, where any are."""
        if self.snapshot is None:
            return {}
        orders = {Of.ORDER: self.snapshot.manifest.orders or 0} if self.known.orders else {}
        return {Of.CUSTOMER: self.snapshot.rows, **orders}

    def buckets(self, least: int) -> dict[Of, int]:
        """Into how many buckets ids are parted."""
        return {kind: max(least, -(-rows // _BUCKET)) for kind, rows in self.rows().items()}


def published(customers: Customers, snapshot: Snapshot | None, policy: Policy) -> Published:
    """The customers of a snapshot whose folder the driver and all executors can read; without one, nobody."""
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


def ids_of(cases: pl.DataFrame, key: str, buckets: int) -> pl.DataFrame:
    """The ids that cases name: the bucket of each as ``part``, the ``group`` of cases that it is for, and ``id``."""
    ids = cases.lazy().select(id=col(key), group=col("part")).filter(col("id").is_not_null()).unique()
    return ids.with_columns(_bucket("id", buckets)).collect()


def _bucket(key: str, buckets: int) -> pl.Expr:
    return (col(key).hash() % buckets).cast(pl.Int32).alias("part")


@dataclass(frozen=True, slots=True)
class Stored:
    """Work: rows of a snapshot, by the numbers of their stretches, to their buckets."""

    folder: Path
    kind: Of
    schema: pl.Schema
    buckets: int

    def __call__(self, batches: Iterator[Any], _: int) -> Iterator[Any]:
        """The columns of the schema, in the engine's types."""
        customers = of_snapshot(Snapshot.open(self.folder))
        table = customers.rows if self.kind is Of.CUSTOMER else customers.orders
        assert table is not None  # noqa: S101 - there are rows of it
        for batch in batches:
            for number in batch.column(0).to_pylist():
                rows = table.select(self.schema.names()).slice(number * STRETCH, STRETCH)
                yield from handed(parted(Of.KNOWN, rows.with_columns(_bucket(KEYS[self.kind], self.buckets)).collect()))


@dataclass(frozen=True, slots=True)
class Meet:
    """Work: the ids of one bucket and the rows of a snapshot there, to the groups of cases that name them."""

    kind: Of

    def __call__(self, batches: Iterator[Any], _: int) -> Iterator[Any]:
        """What is known of each id, as often as a group names it."""
        found: dict[Of, list[pl.DataFrame]] = {self.kind: [], Of.KNOWN: []}
        for batch in batches:
            for kind, block in received(batch):
                found[kind].append(rows_of(block))
        if all(found.values()):
            key = KEYS[self.kind]
            ids = pl.concat(found[self.kind]).unique().rename({"id": key, "group": "part"})
            yield from handed(parted(self.kind, ids.join(pl.concat(found[Of.KNOWN]), on=key)))
