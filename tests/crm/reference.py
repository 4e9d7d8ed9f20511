"""Customer facts the slow way, row by row: what the pipeline is compared with; and the tables that it is tried on."""

from collections.abc import Mapping, Sequence
from math import inf, nan
from typing import Any, TypeAlias

import polars as pl
from hypothesis import strategies as st

from router.crm.tables import TABLES
from router.facts import Value
from router.files.columns import Kind
from router.time import DAY, HOUR, TWELVE_MONTHS, YEAR, parse_instant

AS_OF = parse_instant("2016-06-01T10:00:00Z")
Rows: TypeAlias = Sequence[Mapping[str, Any]]
Tables: TypeAlias = Mapping[str, Rows]

DTYPES = {Kind.TEXT: pl.String, Kind.TIME: pl.Int64, Kind.MONEY: pl.Int64, Kind.YES_NO: pl.Boolean}
IDS = ["1", "12", "2", "C-9", "é", "漢字", " "]
MOMENTS = [
    moment + step for moment in (AS_OF, AS_OF - TWELVE_MONTHS, AS_OF - 3 * YEAR, AS_OF + DAY) for step in (-1, 0, 1, HOUR)
]


def frames(tables: Tables) -> dict[str, pl.LazyFrame]:
    """Tables as the pipeline takes them."""
    return {
        name: pl.LazyFrame(list(rows), schema={column.name: DTYPES[column.kind] for column in TABLES[name].columns})
        for name, rows in tables.items()
    }


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """A few customers and what happened to them, around the instants where the definitions turn; some tables are absent."""
    moments = st.sampled_from(MOMENTS)
    values: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.TEXT: st.sampled_from(["premier", "basic"]),
        Kind.TIME: moments,
        Kind.MONEY: st.integers(0, 300_000),
        Kind.YES_NO: st.booleans(),
    }
    drawn: dict[str, list[dict[str, Any]]] = {}
    ids = draw(st.lists(st.sampled_from(IDS), unique=True, max_size=4))
    whose = st.sampled_from([*ids, *ids, *ids, IDS[-1], "nobody's", None])
    for table in TABLES.values():
        if table.name != "customers" and draw(st.integers(0, 9)) == 0:
            continue
        row = st.fixed_dictionaries(
            {
                column.name: values[column.kind] if column.filled else st.none() | values[column.kind]
                for column in table.columns
                if not (column.unique or column.name == "customer_id")
            }
        )
        if table.name == "customers":
            drawn[table.name] = [{"customer_id": each, **draw(row)} for each in ids]
        else:
            rows = draw(st.lists(st.tuples(whose, row), max_size=12))
            key = next((column.name for column in table.columns if column.unique), None)
            drawn[table.name] = [
                {"customer_id": each, **rest, **({key: f"{key} {number}"} if key else {})}
                for number, (each, rest) in enumerate(rows)
            ]
    return drawn


def expected(tables: Tables, as_of: int, exponent: int = 2) -> dict[str, dict[str, Value]]:
    """The facts of each known customer, by key; NaN is a missing number."""
    known = {}
    for customer in tables["customers"]:
        own = {
            name: [row for row in rows if row["customer_id"] == customer["customer_id"] and row[TABLES[name].dated] <= as_of]
            for name, rows in tables.items()
            if name != "customers"
        }
        since = customer["customer_since"]
        if since is not None and since > as_of and not own.get("orders"):
            continue
        known[customer["customer_id"]] = _of_customer(customer, own, as_of, exponent)
    if "orders" in tables:
        spent = [facts["spend_12m"] for facts in known.values()]
        for facts in known.values():
            facts["spend_percentile"] = 100 * sum(other < facts["spend_12m"] for other in spent) / len(spent)
    return known


def _of_customer(customer: Mapping[str, Any], own: Tables, as_of: int, exponent: int) -> dict[str, Any]:
    since = customer["customer_since"] if (customer["customer_since"] or 0) <= as_of else None
    orders = own.get("orders")
    if since is None and orders:
        since = min(order["ordered_at"] for order in orders)
    facts: dict[str, Any] = {
        "tenure_years": nan if since is None else (as_of - since) / YEAR,
        "vulnerable": customer["vulnerable"],
        "owner": customer["owner"],
    }
    if orders is not None:
        facts |= _of_orders(orders, as_of, 10**exponent)
    if "subscriptions" in own:
        facts |= _of_subscriptions(own["subscriptions"], as_of)
    if "cases" in own:
        facts |= {"cases": len(own["cases"]), "cases_12m": len(_recent(own["cases"], "opened_at", as_of))}
    if "goodwill" in own:
        recent = _recent(own["goodwill"], "granted_at", as_of)
        facts["goodwill_12m"] = sum(row["amount"] for row in recent) / 10**exponent
        facts["goodwill_grants_12m"] = len(recent)
    for name in ("bills", "offers"):
        if name in own:
            latest = max((row[TABLES[name].dated] for row in own[name]), default=None)
            facts[f"days_since_last_{name.removesuffix('s')}"] = nan if latest is None else (as_of - latest) / DAY
    return facts


def _recent(rows: Rows, dated: str, as_of: int) -> Rows:
    return [row for row in rows if as_of - TWELVE_MONTHS < row[dated] <= as_of]


def _of_orders(orders: Rows, as_of: int, factor: int) -> dict[str, float]:
    def returned(order: Mapping[str, Any]) -> int:
        known_at = order["ordered_at"] if order["returned_at"] is None else order["returned_at"]
        return order["returned_amount"] or 0 if known_at <= as_of else 0

    def happened(order: Mapping[str, Any], what: str) -> bool:
        return order[what] is not None and order[what] <= as_of

    ordered = sum(order["amount"] for order in orders)
    recent = _recent(orders, "ordered_at", as_of)
    is_open = [order for order in orders if not happened(order, "delivered_at") and not happened(order, "cancelled_at")]
    promised = [order["promised_at"] for order in is_open if order["promised_at"] is not None]
    late = [
        order
        for order in orders
        if order["delivered_at"] is not None
        and order["promised_at"] is not None
        and as_of - TWELVE_MONTHS < order["delivered_at"] <= as_of
        and order["delivered_at"] > order["promised_at"]
    ]
    return {
        "orders": len(orders),
        "orders_12m": len(recent),
        "spend": (ordered - sum(map(returned, orders))) / factor,
        "spend_12m": sum(order["amount"] - returned(order) for order in recent) / factor,
        "average_order": ordered / (len(orders) * factor) if orders else nan,
        "return_rate": sum(map(returned, orders)) / ordered if ordered else nan,
        "late_deliveries_12m": len(late),
        "open_order_overdue_hours": (as_of - min(promised)) / HOUR if promised else -inf,
        "days_since_last_order": (as_of - max(order["ordered_at"] for order in orders)) / DAY if orders else nan,
    }


def _of_subscriptions(subscriptions: Rows, as_of: int) -> dict[str, Any]:
    active = [row for row in subscriptions if row["ended_at"] is None or row["ended_at"] > as_of]
    if not active:
        return {"subscribed": False, "plan": None, "subscription_years": nan, "days_to_renewal": nan}
    best = max(active, key=lambda row: (row["started_at"], row["renews_at"] or -inf, row["plan"] or ""))
    return {
        "subscribed": True,
        "plan": best["plan"],
        "subscription_years": (as_of - best["started_at"]) / YEAR,
        "days_to_renewal": nan if best["renews_at"] is None else (best["renews_at"] - as_of) / DAY,
    }
