"""What is known of customers, as columns: a snapshot's files or facts given by hand, joined to cases by id."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from polars import col

from router.crm.features import quotient
from router.crm.lookup import KNOWN, OVERDUE, ROUND, layout_of
from router.crm.manifest import Manifest
from router.crm.shards import CUSTOMERS, ORDERS
from router.crm.snapshot import Snapshot
from router.decide.decider import customer_layout
from router.decide.records import FactRecords, facts_layout
from router.facts import Fact, Type
from router.frame.tables import Moment, kind_of
from router.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers as of one instant (or of a column of the cases): a row each, with ``customer_id`` and a column for each fact
    that is known of anybody.

    The facts are as stored: with ``moves``, those that move with the clock are as of ``as_of``. ``orders`` has ``order_id``
    and ``on_record``; of an order that it has not, ``other_orders`` is said. ``orders`` is ``None`` where none are known.
    """

    id: str
    as_of: Moment | None
    currency: str
    layout: tuple[Fact, ...]
    rows: pl.LazyFrame
    moves: bool
    orders: pl.LazyFrame | None = None
    other_orders: bool | None = None


def of_snapshot(snapshot: Snapshot) -> Customers:
    """A published snapshot, all its shards. Its files are mapped: what nobody reads is never touched."""
    orders = snapshot.files(ORDERS)
    return of_tables(snapshot.manifest, pl.scan_ipc(snapshot.files(CUSTOMERS)), pl.scan_ipc(orders) if orders else None)


def of_tables(manifest: Manifest, customers: pl.LazyFrame, orders: pl.LazyFrame | None) -> Customers:
    """What the files of a snapshot hold, or some rows of them."""
    layout = layout_of(manifest.extras)
    stored = {fact.name: fact for fact in layout}
    present = [stored[name] for name in manifest.facts]
    return Customers(
        manifest.id,
        manifest.as_of,
        manifest.currency,
        layout,
        customers.select("customer_id", pl.lit(value=True).alias(KNOWN), *map(_stored, present)),
        moves=True,
        orders=None if orders is None else orders.with_columns(on_record=True),
        other_orders=False,
    )


def without_rows(manifest: Manifest) -> Customers:
    """What the manifest alone says of a snapshot."""
    stored = {fact.name: pl.Int8() if fact.type is Type.YES_NO else kind_of(fact) for fact in layout_of(manifest.extras)}
    customers = pl.LazyFrame(schema={"customer_id": pl.String(), **{name: stored[name] for name in manifest.facts}})
    return of_tables(
        manifest, customers, None if manifest.orders is None else pl.LazyFrame(schema={"order_id": pl.String()})
    )


def of_records(records: FactRecords) -> Customers:
    """Facts given by hand: the clock moves none of them."""
    rows = [(customer_id, *values) for customer_id, values in records.customers.items()]
    schema = {"customer_id": pl.String(), **{fact.name: kind_of(fact) for fact in records.layout}}
    given = pl.LazyFrame(rows, schema, orient="row")
    numbers = [fact.name for fact in records.layout if fact.type.numeric]
    orders = records.orders
    return Customers(
        records.id,
        records.as_of,
        records.currency,
        records.layout,
        given.with_columns(col(numbers).fill_nan(None)),
        moves=False,
        orders=None if orders is None else _listed(orders),
    )


def join(cases: pl.LazyFrame, customers: Customers, policy: Policy, now: Moment) -> pl.LazyFrame:
    """``cases`` with the customer facts that ``policy`` can read, as of ``now``; a stranger is not known and has no others.

    A fact that is not stored, or that the policy cannot read, is missing for all.
    """
    stored = customers.rows.collect_schema().names()
    readable = customer_layout(policy, customers.layout, customers.currency)
    facts = [fact for fact in readable if fact is not None and fact.name in stored]
    rows = customers.rows.select("customer_id", *(fact.name for fact in facts))
    joined = cases.join(rows, on="customer_id", how="left")
    if customers.moves and customers.as_of is not None:
        joined = joined.with_columns(_moved(fact, now - customers.as_of) for fact in facts if fact.moves)
    present = {fact.name for fact in facts}
    absent = (pl.lit(None, kind_of(fact)).alias(fact.name) for fact in facts_layout(policy) if fact.name not in present)
    return joined.with_columns(col(KNOWN).fill_null(value=False), *absent)


def with_orders(cases: pl.LazyFrame, customers: Customers) -> pl.LazyFrame:
    """``cases`` with ``order_on_record``: null without an order id, and where it is not known."""
    if customers.orders is None:
        return cases.with_columns(pl.lit(None, pl.Boolean).alias("order_on_record"))
    joined = cases.join(customers.orders.rename({"on_record": "order_on_record"}), on="order_id", how="left")
    if customers.other_orders is None:
        return joined
    given = pl.when(col("order_id").is_not_null())
    return joined.with_columns(given.then(col("order_on_record").fill_null(customers.other_orders)))


def _stored(fact: Fact) -> pl.Expr:
    """The column of a fact in a snapshot's file, null where it is missing."""
    value = col(fact.name)
    if fact.type is Type.YES_NO:
        return pl.when(value >= 0).then(value == 1).alias(fact.name)
    return value.fill_nan(None) if fact.type.numeric else value


def _listed(orders: Mapping[str, bool]) -> pl.LazyFrame:
    schema = {"order_id": pl.String(), "on_record": pl.Boolean()}
    return pl.LazyFrame({"order_id": list(orders), "on_record": list(orders.values())}, schema)


def _moved(fact: Fact, elapsed: Moment) -> pl.Expr:
    """A fact that moves with the clock, so many microseconds later."""
    value, passed = col(fact.name), elapsed if isinstance(elapsed, pl.Expr) else pl.lit(elapsed)
    later = quotient(value * fact.moves + ROUND - ROUND + passed, fact.moves) + 0.0
    moved = pl.when(passed != 0).then(later).otherwise(value)
    if fact.name != OVERDUE:
        return moved.alias(fact.name)
    return pl.when(value.is_infinite() | (moved < 0.0)).then(0.0).otherwise(moved).alias(fact.name)
