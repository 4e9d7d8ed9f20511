"""Rows of facts: in memory and as a snapshot they answer alike, and exactly what was given."""

from math import isnan, nan
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.crm.lookup import Customers, Row
from router.crm.manifest import extra_fact
from router.crm.rows import in_memory, publish_facts
from router.crm.snapshot import Snapshot
from router.errors import SnapshotError
from router.facts import CUSTOMER_FACTS, Fact, Type, Value
from router.time import DAY, HOUR, YEAR
from tests.crm.shop import AS_OF

SEGMENT = extra_fact("customer.segment", "text")
ROW: dict[str, Value] = {"customer_id": "C1", "tenure_years": 3.1, "spend_12m": 820, "subscribed": True, "plan": "premier"}


def rows() -> st.SearchStrategy[list[dict[str, Value]]]:
    numbers = st.floats(-1e9, 1e9)
    kinds: dict[bool, st.SearchStrategy[Value]] = {True: st.booleans(), False: st.text(max_size=3)}
    row = st.fixed_dictionaries(
        {"customer_id": st.text("ab", min_size=1, max_size=2)},
        optional={
            fact.key: numbers if fact.type.numeric else kinds[fact.type is Type.YES_NO] for fact in CUSTOMER_FACTS[1:]
        },
    )
    return st.lists(row, unique_by=lambda row: str(row["customer_id"]))


def alike(left: Row | None, right: Row | None) -> bool:
    return repr(left) == repr(right)


@settings(max_examples=60)
@given(rows(), st.integers(-DAY, DAY))
def test_a_snapshot_of_rows_answers_as_the_rows_in_memory(given_rows: list[dict[str, Value]], later: int) -> None:
    memory = in_memory(given_rows, as_of=AS_OF, currency="GBP", order_ids=["O1"])
    with TemporaryDirectory() as folder:
        publish_facts(given_rows, Path(folder), as_of=AS_OF, currency="GBP", order_ids=["O1"])
        snapshot = Snapshot.open(Path(folder))
        for customers in (memory, snapshot):
            kept: Customers = customers
            assert (kept.as_of, kept.currency, kept.has_order("O1"), kept.has_order("O2")) == (AS_OF, "GBP", True, False)
        assert snapshot.layout == memory.layout
        assert alike(snapshot.stranger, memory.stranger)
        for customer in ("a", "b", "aa", "ab", "ba", "bb", "c"):
            assert alike(snapshot.customer(customer, AS_OF + later), memory.customer(customer, AS_OF + later))


def test_values_are_kept_exactly_and_the_rest_is_missing(tmp_path: Path) -> None:
    publish_facts([ROW | {"segment": ""}], tmp_path, as_of=AS_OF, currency="GBP", extras=[SEGMENT])
    snapshot = Snapshot.open(tmp_path)
    row = snapshot.customer("C1", AS_OF)
    assert row is not None
    values = {fact.key: value for fact, value in zip(snapshot.layout, row, strict=True)}
    named = {key: values.pop(key) for key in ("tenure_years", "spend_12m", "subscribed", "plan", "segment", "known")}
    assert named == {
        "tenure_years": 3.1, "spend_12m": 820.0, "subscribed": True, "plan": "premier", "segment": "", "known": True
    }  # fmt: skip
    assert all(value is None or (isinstance(value, float) and isnan(value)) for value in values.values())
    assert snapshot.has_order("O1") is None


def test_no_overdue_order_is_no_open_order(tmp_path: Path) -> None:
    given_rows: list[dict[str, Value]] = [{"customer_id": "C1", "open_order_overdue_hours": 0}]
    publish_facts(given_rows, tmp_path, as_of=AS_OF, currency="GBP")
    memory = in_memory(given_rows, as_of=AS_OF, currency="GBP")
    for customers in (memory, Snapshot.open(tmp_path)):
        row = customers.customer("C1", AS_OF + HOUR)
        assert row is not None
        assert dict(zip((fact.key for fact in customers.layout), row, strict=True))["open_order_overdue_hours"] == 0.0


def test_a_stranger_is_not_published(tmp_path: Path) -> None:
    assert publish_facts([{"customer_id": "C1", "known": False}], tmp_path, as_of=AS_OF, currency="GBP").rows == 0
    assert in_memory([{"customer_id": "C1", "known": False}], as_of=AS_OF, currency="GBP").customer("C1", AS_OF) is None


def test_missing_may_be_said(tmp_path: Path) -> None:
    given_rows: list[dict[str, Value]] = [{"customer_id": "C1", "orders": nan, "plan": None, "spend": float("inf")}]
    publish_facts(given_rows, tmp_path, as_of=AS_OF, currency="GBP")
    row = Snapshot.open(tmp_path).customer("C1", AS_OF)
    assert row is not None
    assert repr(row[1:]) == repr(Snapshot.open(tmp_path).stranger[1:])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tenur_years": 1}, "no fact customer.tenur_years; did you mean tenure_years? [unknown-fact]"),
        ({"orders": "3"}, "customer.orders is integer, not '3' [bad-fact]"),
        ({"orders": True}, "customer.orders is integer, not True [bad-fact]"),
        ({"subscribed": 1}, "customer.subscribed is yes/no, not 1 [bad-fact]"),
        ({"plan": False}, "customer.plan is text, not False [bad-fact]"),
        ({"customer_id": 7}, "customer_id is text, not 7 [bad-fact]"),
    ],
)
def test_a_value_of_another_type_is_an_error(values: dict[str, Value], message: str) -> None:
    with pytest.raises(SnapshotError) as caught:
        in_memory([ROW | values], as_of=AS_OF, currency="GBP")
    assert str(caught.value) == message


@pytest.mark.parametrize("fact", [fact for fact in CUSTOMER_FACTS if fact.moves], ids=lambda fact: fact.key)
def test_what_moves_with_the_clock_is_the_quotient_of_whole_microseconds(fact: Fact, tmp_path: Path) -> None:
    """Of a snapshot some hours old it is what a new one would say, to the last digit."""
    drawn, unit = Random(5), abs(fact.moves)
    ends = [whole * unit for whole in range(1, 61)] + [drawn.randrange(40 * YEAR) for _ in range(200)]
    passed = drawn.randrange(48 * HOUR) // 60_000_000 * 60_000_000 + 60_000_000
    sign = 1 if fact.moves > 0 else -1
    ends = [end for end in ends if end > passed]  # an order that was not overdue then does not begin to be
    values = [(end - sign * passed) / unit for end in ends]
    stored: list[dict[str, Value]] = [{"customer_id": f"c{place}", fact.key: value} for place, value in enumerate(values)]
    publish_facts(stored, tmp_path, as_of=AS_OF, currency="GBP")
    for customers in (Snapshot.open(tmp_path), in_memory(stored, as_of=AS_OF, currency="GBP")):
        place = [each.name for each in customers.layout].index(fact.name)
        rows = [customers.customer(f"c{number}", AS_OF + passed) for number in range(len(ends))]
        assert [row[place] for row in rows if row is not None] == [end / unit for end in ends]
