"""The customers of a snapshot brought to the cases that name them: ids and rows meet in buckets of a hash of the id."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
from polars import col

from router.decide.decider import customer_layout
from router.facts import Fact
from router.frame.customers import Customers, without_rows
from router.frame.tables import Moment
from router.policy.model import Policy
from router.spark.blocks import Of, handed, parted, received, rows_of
from router.spark.snapshot import Stored, Wanted, bucket

KEYS = {Of.CUSTOMER: "customer_id", Of.ORDER: "order_id"}
"""What is looked up, by which column of cases and of snapshots."""
ORDERS = pl.Schema({"order_id": pl.String()})
"""The columns of an order."""
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
    snapshot: Stored | None

    def wanted(self, least: int) -> dict[Of, Wanted]:
        """What is to be looked up, in ``least`` buckets or more."""
        if self.snapshot is None:
            return {}
        manifest, schemas = self.snapshot.manifest, {Of.CUSTOMER: self.known.schema, Of.ORDER: ORDERS}
        rows = {Of.CUSTOMER: manifest.rows} | ({Of.ORDER: manifest.orders or 0} if self.known.orders else {})
        return {
            kind: Wanted(kind, KEYS[kind], schemas[kind], many, max(least, -(-many // _BUCKET)))
            for kind, many in rows.items()
        }


def published(customers: Customers, snapshot: Stored | None, policy: Policy) -> Published:
    """The customers of a snapshot; without one, those given, whose rows nobody sees: strangers."""
    customers = customers if snapshot is None else without_rows(snapshot.manifest)
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
    return ids.with_columns(bucket("id", buckets)).collect()


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
