"""The facts of each customer, as of one instant."""

from collections.abc import Mapping
from math import isnan
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.crm.features import STORED, customer_facts, known_facts
from router.crm.manifest import extra_fact
from router.crm.tables import TABLES
from router.facts import Value
from router.time import DAY, HOUR, TWELVE_MONTHS, YEAR
from tests.crm.reference import AS_OF, IDS, Tables, expected, frames, tables

ALL = {name: frozenset(column.name for column in table.columns) for name, table in TABLES.items()}


def computed(given_tables: Tables, as_of: int = AS_OF) -> dict[str, dict[str, Value]]:
    """The facts by customer and key, a missing number as NaN."""
    numeric = {fact.name for fact in STORED if fact.type.numeric}
    found: dict[str, dict[str, Value]] = {}
    for row in customer_facts(frames(given_tables), as_of, 2).collect().iter_rows(named=True):
        found[row["customer_id"]] = {
            name.removeprefix("customer."): float("nan") if value is None and name in numeric else value
            for name, value in row.items()
            if name.startswith("customer.")
        }
    return found


def same(left: Value, right: Value) -> bool:
    return left == right or (isinstance(left, float) and isinstance(right, float) and isnan(left) and isnan(right))


def assert_same(found: Mapping[str, Mapping[str, Value]], wanted: Mapping[str, Mapping[str, Value]]) -> None:
    assert sorted(found) == sorted(wanted)
    different = {
        (customer, key): (found[customer].get(key), value)
        for customer, facts in wanted.items()
        for key, value in facts.items()
        if not same(found[customer].get(key), value)
    }
    assert not different
    assert all(set(found[customer]) == set(wanted[customer]) for customer in wanted)


def order(customer: str = "1", at: int = AS_OF - DAY, amount: int = 1000, **more: object) -> dict[str, Any]:
    row = dict.fromkeys((column.name for column in TABLES["orders"].columns), None)
    return row | {"order_id": f"{customer} {at} {more}", "customer_id": customer, "ordered_at": at, "amount": amount} | more


def customer(name: str = "1", since: int | None = None) -> dict[str, Any]:
    return {"customer_id": name, "customer_since": since, "vulnerable": None, "owner": None}


def facts_of(*orders: dict[str, Any], since: int | None = None) -> dict[str, Value]:
    return computed({"customers": [customer(since=since)], "orders": orders})["1"]


@given(tables())
def test_the_pipeline_computes_what_the_definitions_say(drawn: Tables) -> None:
    assert_same(computed(drawn), expected(drawn, AS_OF))


@given(tables(), st.data())
def test_a_row_dated_after_the_instant_changes_nothing(drawn: dict[str, list[dict[str, Any]]], data: st.DataObject) -> None:
    before = customer_facts(frames(drawn), AS_OF, 2).collect()
    name = data.draw(st.sampled_from([name for name in drawn if name != "customers"] or ["customers"]))
    rows = data.draw(tables().map(lambda other: other.get(name, [])))
    later = data.draw(st.integers(1, 10 * YEAR))
    if name == "customers":
        added = [row | {"customer_id": f"new {row['customer_id']}", "customer_since": AS_OF + later} for row in rows]
    else:
        dated = TABLES[name].dated
        added = [row | {dated: AS_OF + later, "customer_id": data.draw(st.sampled_from(IDS))} for row in rows]
    assert customer_facts(frames(drawn | {name: drawn[name] + added}), AS_OF, 2).collect().equals(before)


@given(tables())
def test_what_happens_to_a_row_after_the_instant_is_not_known_yet(drawn: Tables) -> None:
    def as_known(row: Mapping[str, Any]) -> dict[str, Any]:
        known = {
            name: None if name in {"delivered_at", "cancelled_at", "ended_at"} and (value or 0) > AS_OF else value
            for name, value in row.items()
        }
        if (row.get("returned_at") or 0) > AS_OF:
            known |= {"returned_at": None, "returned_amount": None}
        return known

    then = {name: [as_known(row) for row in rows] for name, rows in drawn.items()}
    assert_same(computed(drawn), computed(then))


@pytest.mark.parametrize(
    ("at", "orders", "recent"),
    [
        (AS_OF + 1, 0, 0),
        (AS_OF, 1, 1),
        (AS_OF - TWELVE_MONTHS + 1, 1, 1),
        (AS_OF - TWELVE_MONTHS, 1, 0),
    ],
)
def test_twelve_months_are_open_at_their_beginning_and_closed_at_their_end(at: int, orders: int, recent: int) -> None:
    facts = facts_of(order(at=at, amount=1234), since=AS_OF)
    assert (facts["orders"], facts["orders_12m"]) == (orders, recent)
    assert (facts["spend"], facts["spend_12m"]) == (12.34 * orders, 12.34 * recent)


def test_sums_of_money_are_exact() -> None:
    assert facts_of(*(order(at=AS_OF - n, amount=10) for n in range(1, 4)))["spend"] == 0.3


def test_a_quotient_is_the_nearest_number() -> None:
    """Polars multiplies by the reciprocal of a constant, which is off by one digit in one case out of seven."""
    rows = [customer(str(n)) for n in range(1, 3000)]
    orders = [order(row["customer_id"], AS_OF - 977 * n, amount=n) for n, row in enumerate(rows, start=1)]
    found = computed({"customers": rows, "orders": orders})
    assert all(found[str(n)]["spend"] == n / 100 for n in range(1, 3000))
    assert all(found[str(n)]["days_since_last_order"] == 977 * n / DAY for n in range(1, 3000))
    assert all(found[str(n)]["spend_percentile"] == 100 * (n - 1) / 2999 for n in range(1, 3000))


def test_a_return_counts_from_when_it_was_known() -> None:
    early = facts_of(order(returned_amount=400, returned_at=AS_OF))
    late = facts_of(order(returned_amount=400, returned_at=AS_OF + 1))
    at_once = facts_of(order(returned_amount=400))
    assert (early["spend"], late["spend"], at_once["spend"]) == (6.0, 10.0, 6.0)
    assert (early["return_rate"], late["return_rate"], at_once["return_rate"]) == (0.4, 0.0, 0.4)


def test_nothing_ordered_has_no_return_rate() -> None:
    assert isnan(float(str(facts_of(order(amount=0))["return_rate"])))


@pytest.mark.parametrize(
    ("promised", "delivered", "late"),
    [
        (AS_OF - DAY, AS_OF, 1),
        (AS_OF - DAY, AS_OF + 1, 0),
        (AS_OF, AS_OF, 0),
        (AS_OF - 1, AS_OF, 1),
        (AS_OF - 2 * TWELVE_MONTHS, AS_OF - TWELVE_MONTHS, 0),
        (AS_OF - 2 * TWELVE_MONTHS, AS_OF - TWELVE_MONTHS + 1, 1),
        (None, AS_OF, 0),
        (AS_OF, None, 0),
    ],
)
def test_a_late_delivery_came_after_the_promise_and_in_twelve_months(
    promised: int | None, delivered: int | None, late: int
) -> None:
    row = order(at=AS_OF - 3 * YEAR, promised_at=promised, delivered_at=delivered)
    assert facts_of(row)["late_deliveries_12m"] == late


def test_an_open_order_is_stored_signed_so_that_it_can_become_overdue() -> None:
    assert facts_of(order(promised_at=AS_OF + 5 * HOUR))["open_order_overdue_hours"] == -5.0
    assert facts_of(order(promised_at=AS_OF - 5 * HOUR), order(promised_at=AS_OF))["open_order_overdue_hours"] == 5.0
    assert facts_of(order(promised_at=AS_OF, delivered_at=AS_OF))["open_order_overdue_hours"] == -float("inf")
    assert facts_of(order(promised_at=AS_OF, cancelled_at=AS_OF))["open_order_overdue_hours"] == -float("inf")
    assert facts_of(order(promised_at=AS_OF, delivered_at=AS_OF + 1))["open_order_overdue_hours"] == 0.0
    assert facts_of(order(promised_at=AS_OF, cancelled_at=AS_OF + 1))["open_order_overdue_hours"] == 0.0


def test_who_becomes_a_customer_later_is_not_known_yet() -> None:
    tables = {"customers": [customer("later", AS_OF + 1), customer("now", AS_OF), customer("undated")], "orders": []}
    assert sorted(computed(tables)) == ["now", "undated"]


def test_an_earlier_order_makes_a_customer_known_and_begins_the_tenure() -> None:
    facts = computed({"customers": [customer("1", AS_OF + DAY)], "orders": [order(at=AS_OF - YEAR)]})["1"]
    assert facts["tenure_years"] == 1.0


def test_percentiles_are_shares_of_the_customers_in_the_snapshot() -> None:
    rows = [customer("poor"), customer("middle"), customer("middle too"), customer("rich"), customer("later", AS_OF + 1)]
    orders = [order("middle"), order("middle too"), order("rich", amount=5000), order("unknown", amount=9000)]
    found = {name: facts["spend_percentile"] for name, facts in computed({"customers": rows, "orders": orders}).items()}
    assert found == {"poor": 0.0, "middle": 25.0, "middle too": 25.0, "rich": 75.0}


def test_a_table_that_is_absent_has_no_facts() -> None:
    found = customer_facts(frames({"customers": [customer()]}), AS_OF, 2).collect()
    assert found.columns == ["customer_id", "customer.tenure_years", "customer.vulnerable", "customer.owner"]


def test_an_empty_table_counts_nothing() -> None:
    facts = computed({name: [customer()] if name == "customers" else [] for name in TABLES})["1"]
    zero = ("orders", "orders_12m", "spend", "spend_12m", "spend_percentile", "late_deliveries_12m", "cases", "cases_12m")
    assert {key: facts[key] for key in (*zero, "goodwill_12m", "goodwill_grants_12m")} == dict.fromkeys(
        (*zero, "goodwill_12m", "goodwill_grants_12m"), 0.0
    )
    assert facts["subscribed"] is False
    assert facts["plan"] is None
    assert isnan(float(str(facts["days_since_last_order"])))


def test_no_customers_is_an_empty_snapshot() -> None:
    assert computed({name: [] for name in TABLES}) == {}


@pytest.mark.parametrize(
    ("table", "column", "missing"),
    [
        ("orders", "promised_at", {"late_deliveries_12m", "open_order_overdue_hours"}),
        ("orders", "delivered_at", {"late_deliveries_12m", "open_order_overdue_hours"}),
        ("orders", "returned_amount", {"return_rate"}),
        ("orders", "cancelled_at", set()),
        ("subscriptions", "plan", {"plan"}),
        ("subscriptions", "renews_at", {"days_to_renewal"}),
        ("subscriptions", "ended_at", set()),
        ("customers", "owner", {"owner"}),
        ("customers", "vulnerable", {"vulnerable"}),
        ("customers", "customer_since", set()),
    ],
)
def test_an_absent_column_takes_the_facts_that_need_it(table: str, column: str, missing: set[str]) -> None:
    columns = ALL | {table: ALL[table] - {column}}
    assert {fact.key for fact in STORED} - {fact.key for fact in known_facts(columns)} == missing
    full = frames({name: [customer()] if name == "customers" else [] for name in TABLES})
    found = customer_facts(full | {table: full[table].drop(column)}, AS_OF, 2).collect()
    assert [name for name in found.columns if name.startswith("customer.")] == [fact.name for fact in known_facts(columns)]


def test_the_streaming_engine_gives_the_same_rows() -> None:
    rows = [customer(str(n)) for n in range(500)]
    orders = [order(str(n % 700), AS_OF - n * HOUR, amount=n) for n in range(5000)]
    lazy = customer_facts(frames({"customers": rows, "orders": orders}), AS_OF, 2)
    assert lazy.collect(engine="streaming").equals(lazy.collect(engine="in-memory"))


def test_money_of_further_columns_is_in_major_units() -> None:
    frame = frames({"customers": [customer()]})["customers"].with_columns(pl.lit(1050).alias("customer.balance"))
    found = customer_facts({"customers": frame}, AS_OF, 2, [extra_fact("customer.balance", "money")]).collect()
    assert found["customer.balance"].to_list() == [10.5]
