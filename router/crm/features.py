"""What is known of each customer as of one instant: tables → one row per customer, as one lazy pipeline.

The tables come as :mod:`router.files.scan` reads them: times in microseconds, money in minor units, texts in NFC.
Only what had happened by ``as_of`` counts; what happens to a row later (a return, a delivery, an end) is not known yet.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import polars as pl
from polars import col

from router.crm.tables import TABLES
from router.facts import CUSTOMER_FACTS, Fact, Type
from router.time import DAY, HOUR, TWELVE_MONTHS, YEAR

Tables: TypeAlias = Mapping[str, pl.LazyFrame]

NEEDS: Mapping[str, tuple[str, ...]] = {
    "tenure_years": ("customers",),
    "vulnerable": ("customers", "vulnerable"),
    "owner": ("customers", "owner"),
    "return_rate": ("orders", "returned_amount"),
    "late_deliveries_12m": ("orders", "promised_at", "delivered_at"),
    "open_order_overdue_hours": ("orders", "promised_at", "delivered_at"),
    "days_since_last_bill": ("bills",),
    "days_since_last_offer": ("offers",),
    "plan": ("subscriptions", "plan"),
    "subscribed": ("subscriptions",),
    "subscription_years": ("subscriptions",),
    "days_to_renewal": ("subscriptions", "renews_at"),
    "cases": ("cases",),
    "cases_12m": ("cases",),
    "goodwill_12m": ("goodwill",),
    "goodwill_grants_12m": ("goodwill",),
}
"""The table of each fact, and the optional columns that it cannot do without; where none is named, ``("orders",)``."""
RANKED, PERCENTILE = "spend to rank", "customer.spend_percentile"
"""What customers are ranked by, in minor units, and the one fact that depends on all of them."""
STORED = CUSTOMER_FACTS[1:]
"""The facts that a snapshot holds: all but ``customer.known``, which says that there is a row."""


def known_facts(columns: Mapping[str, frozenset[str]]) -> tuple[Fact, ...]:
    """The facts that tables with these columns can give; all others are missing for everybody."""

    def given(fact: Fact) -> bool:
        table, *needed = NEEDS.get(fact.key, ("orders",))
        return table in columns and columns[table].issuperset(needed)

    return tuple(fact for fact in STORED if given(fact))


def customer_facts(tables: Tables, as_of: int, exponent: int, extras: Sequence[Fact] = ()) -> pl.LazyFrame:
    """One row for each customer known at ``as_of``, sorted by id: ``customer_id``, the facts by name, ``rows.<table>``.

    A fact that the tables cannot give has no column. Numbers that are missing may be null; ``rows.<table>`` is how many
    rows of a table were the customer's. ``exponent`` is that of the currency. The clock facts are as of ``as_of``, and
    ``open_order_overdue_hours`` is signed: below 0 before the promised time, -inf without an open order.
    """
    facts = own_facts(tables, as_of, exponent, extras).sort("customer_id")
    return with_percentile(facts, col(RANKED).rank("min") - 1, pl.len()) if "orders" in tables else facts


def with_percentile(facts: pl.LazyFrame, lower: pl.Expr, customers: pl.Expr) -> pl.LazyFrame:
    """``own_facts`` with ``PERCENTILE`` for ``RANKED``: how many customers have ``lower`` spend, of how many there are."""
    return facts.with_columns(quotient(100.0 * lower, customers).alias(RANKED)).rename({RANKED: PERCENTILE})


def own_facts(tables: Tables, as_of: int, exponent: int, extras: Sequence[Fact] = ()) -> pl.LazyFrame:
    """``customer_facts`` of some customers, in any order, from all rows that are theirs; with orders there is ``RANKED`` for
    ``PERCENTILE``, which needs all customers."""
    columns = {name: frozenset(table.collect_schema().names()) for name, table in tables.items()}
    frame = tables["customers"]
    for name, summarise in _SUMMARIES.items():
        if name in tables:
            seen = tables[name].filter(col(TABLES[name].dated) <= as_of, col("customer_id").is_not_null())
            summary = summarise(seen, as_of, columns[name]).with_columns(col(f"rows.{name}").cast(pl.Int64))
            frame = frame.join(summary, on="customer_id", how="left")
    since = col("customer_since") if "customer_since" in columns["customers"] else pl.lit(None, pl.Int64)
    first = col("first_order") if "orders" in tables else pl.lit(None, pl.Int64)
    # A customer who comes after as_of is not known yet, unless an order says otherwise; then that order is the beginning.
    frame = frame.filter(since.fill_null(as_of).le(as_of) | first.is_not_null())
    frame = frame.with_columns(since=pl.coalesce(pl.when(since <= as_of).then(since), first))
    given = {fact.key: fact.name for fact in known_facts(columns)}
    made = _facts(as_of, exponent)
    return frame.select(
        "customer_id",
        *(made[key].alias(RANKED if name == PERCENTILE else name) for key, name in given.items()),
        *(_extra(fact, exponent) for fact in extras),
        *(col(f"rows.{name}").fill_null(0) for name in tables if name != "customers"),
    )


def quotient(number: pl.Expr, divisor: pl.Expr | float) -> pl.Expr:
    """The nearest number to a quotient: Polars divides by a constant through its reciprocal, so the divisor is none.

    >>> pl.DataFrame({"n": [49, None]}).select(quotient(pl.col("n"), 49)).to_series().to_list()
    [1.0, None]
    """
    value = number.cast(pl.Float64)
    return value / (value * 0.0 + divisor)


def _facts(as_of: int, exponent: int) -> dict[str, pl.Expr]:
    """Each fact by its key, from the joined summaries."""

    def count(name: str) -> pl.Expr:
        return col(name).fill_null(0).cast(pl.Float64)

    def money(minor: pl.Expr) -> pl.Expr:
        return quotient(minor.fill_null(0), 10**exponent)

    def since(name: str, unit: int) -> pl.Expr:
        return quotient(as_of - col(name), unit)

    ordered, returned, spend_12m = (col(name).fill_null(0) for name in ("ordered", "returned", "spent_12m"))
    return {
        "tenure_years": since("since", YEAR),
        "orders": count("rows.orders"),
        "orders_12m": count("orders_12m"),
        "spend": money(ordered - returned),
        "spend_12m": money(spend_12m),
        "spend_percentile": spend_12m,
        "average_order": ordered / (col("rows.orders") * 10**exponent),
        "return_rate": pl.when(ordered != 0).then(returned / ordered),
        "late_deliveries_12m": count("late_12m"),
        "open_order_overdue_hours": since("oldest_open", HOUR).fill_null(-float("inf")),
        "days_since_last_order": since("last_order", DAY),
        "days_since_last_bill": since("last_bill", DAY),
        "days_since_last_offer": since("last_offer", DAY),
        "plan": col("active_plan"),
        "subscribed": col("active_from").is_not_null(),
        "subscription_years": since("active_from", YEAR),
        "days_to_renewal": -since("active_renews", DAY),
        "cases": count("rows.cases"),
        "cases_12m": count("cases_12m"),
        "goodwill_12m": money(col("goodwill_12m")),
        "goodwill_grants_12m": count("grants_12m"),
        "vulnerable": col("vulnerable"),
        "owner": col("owner"),
    }


def _extra(fact: Fact, exponent: int) -> pl.Expr:
    value = col(fact.name)
    return quotient(value, 10**exponent).alias(fact.name) if fact.type is Type.MONEY else value


def _in_12m(name: str, as_of: int) -> pl.Expr:
    return col(name).is_between(as_of - TWELVE_MONTHS, as_of, closed="right").fill_null(value=False)


def _optional(name: str, columns: frozenset[str], dtype: type[pl.DataType] = pl.Int64) -> pl.Expr:
    return col(name) if name in columns else pl.lit(None, dtype)


def _orders(seen: pl.LazyFrame, as_of: int, columns: frozenset[str]) -> pl.LazyFrame:
    returned_at, promised, delivered, cancelled = (
        _optional(name, columns) for name in ("returned_at", "promised_at", "delivered_at", "cancelled_at")
    )
    known_at = pl.coalesce(returned_at, col("ordered_at"))
    is_open = delivered.fill_null(as_of + 1).gt(as_of) & cancelled.fill_null(as_of + 1).gt(as_of)
    recent = _in_12m("ordered_at", as_of)
    return (
        seen.with_columns(
            returned=pl.when(known_at <= as_of).then(_optional("returned_amount", columns)).fill_null(0),
            late=delivered.is_between(as_of - TWELVE_MONTHS, as_of, closed="right") & (delivered > promised),
            promise=pl.when(is_open).then(promised),
        )
        .group_by("customer_id")
        .agg(
            pl.len().alias("rows.orders"),
            recent.sum().alias("orders_12m"),
            col("amount").sum().alias("ordered"),
            col("returned").sum(),
            pl.when(recent).then(col("amount") - col("returned")).sum().alias("spent_12m"),
            col("late").sum().alias("late_12m"),
            col("promise").min().alias("oldest_open"),
            col("ordered_at").min().alias("first_order"),
            col("ordered_at").max().alias("last_order"),
        )
    )


def _subscriptions(seen: pl.LazyFrame, as_of: int, columns: frozenset[str]) -> pl.LazyFrame:
    """The active subscription that began last; of two that began together the one that renews later, then the later name."""
    order = ("active_from", "active_renews", "active_plan")
    active = _optional("ended_at", columns).fill_null(as_of + 1).gt(as_of)
    return (
        seen.with_columns(
            active_from=pl.when(active).then("started_at"),
            active_renews=pl.when(active).then(_optional("renews_at", columns)),
            active_plan=pl.when(active).then(_optional("plan", columns, pl.String)),
        )
        .group_by("customer_id")
        .agg(pl.len().alias("rows.subscriptions"), *(col(name).sort_by(*order).last() for name in order))
    )


def _cases(seen: pl.LazyFrame, as_of: int, _: frozenset[str]) -> pl.LazyFrame:
    return seen.group_by("customer_id").agg(
        pl.len().alias("rows.cases"), _in_12m("opened_at", as_of).sum().alias("cases_12m")
    )


def _goodwill(seen: pl.LazyFrame, as_of: int, _: frozenset[str]) -> pl.LazyFrame:
    recent = _in_12m("granted_at", as_of)
    return seen.group_by("customer_id").agg(
        pl.len().alias("rows.goodwill"),
        pl.when(recent).then("amount").sum().alias("goodwill_12m"),
        recent.sum().alias("grants_12m"),
    )


def _bills(seen: pl.LazyFrame, _: int, __: frozenset[str]) -> pl.LazyFrame:
    return seen.group_by("customer_id").agg(pl.len().alias("rows.bills"), col("billed_at").max().alias("last_bill"))


def _offers(seen: pl.LazyFrame, _: int, __: frozenset[str]) -> pl.LazyFrame:
    return seen.group_by("customer_id").agg(pl.len().alias("rows.offers"), col("offered_at").max().alias("last_offer"))


_SUMMARIES: Mapping[str, Callable[[pl.LazyFrame, int, frozenset[str]], pl.LazyFrame]] = {
    "orders": _orders,
    "subscriptions": _subscriptions,
    "cases": _cases,
    "goodwill": _goodwill,
    "bills": _bills,
    "offers": _offers,
}
