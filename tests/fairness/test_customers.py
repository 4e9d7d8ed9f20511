"""The customers of the search are such as one history can have, and a rise lowers nothing."""

from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from router.facts import CUSTOMER_FACTS, Direction
from router.fairness.customers import Facts, History, missing, no_lower, same
from router.fairness.scenes import scene
from router.fairness.values import Values
from router.fairness.world import World
from tests.fairness.small import policy

READ_ALL = policy(
    rules=[
        f"{{id: r{number}, when: {fact.name} is missing, points: 1, because: x}}"
        for number, fact in enumerate(CUSTOMER_FACTS)
    ]
)
VALUES = Values(World(READ_ALL))
HISTORY: History = VALUES.world.history
LOYAL = [fact.name for fact in CUSTOMER_FACTS if fact.direction is Direction.LOYALTY]


def customer(seed: int) -> Facts:
    rng = Random(seed)
    wishes = {fact.name: VALUES.any(fact.name, rng) for fact in rng.sample(CUSTOMER_FACTS, 4)}
    return scene(VALUES, wishes, rng).customer


def known(facts: Facts, name: str) -> bool:
    return not missing(facts[f"customer.{name}"])


def amount(facts: Facts, name: str) -> float:
    """A number, 0 where it is missing."""
    value = facts[f"customer.{name}"]
    return float(value) if isinstance(value, float | int) and known(facts, name) else 0.0


def check(facts: Facts) -> None:
    """What holds of every history."""
    if not facts["customer.known"]:
        assert all(missing(value) for name, value in facts.items() if name != "customer.known")
    table = ("orders", "orders_12m", "spend", "spend_12m", "spend_percentile")
    assert len({known(facts, name) for name in table}) == 1
    for part, whole in (("orders_12m", "orders"), ("spend_12m", "spend"), ("cases_12m", "cases")):
        assert amount(facts, part) <= amount(facts, whole)
    if known(facts, "tenure_years"):
        assert amount(facts, "subscription_years") <= amount(facts, "tenure_years")
    assert known(facts, "average_order") == (amount(facts, "orders") > 0)
    for of_orders in ("return_rate", "days_since_last_order", "late_deliveries_12m", "open_order_overdue_hours"):
        assert amount(facts, of_orders) == 0 or amount(facts, "orders") > 0
    assert known(facts, "plan") == known(facts, "subscription_years") == (facts["customer.subscribed"] is True)
    assert not known(facts, "days_to_renewal") or facts["customer.subscribed"] is True
    assert amount(facts, "spend_12m") == 0 or amount(facts, "orders_12m") > 0
    assert amount(facts, "spend_percentile") == 0 or amount(facts, "spend_12m") > 0
    assert known(facts, "cases") == known(facts, "cases_12m")
    assert known(facts, "goodwill_12m") == known(facts, "goodwill_grants_12m")
    assert (amount(facts, "goodwill_12m") > 0) == (amount(facts, "goodwill_grants_12m") > 0)


@given(st.integers(0, 2**32))
def test_a_customer_is_consistent(seed: int) -> None:
    check(customer(seed))


@given(seed=st.integers(0, 2**32), name=st.sampled_from(LOYAL), data=st.data())
def test_a_rise_of_one_loyalty_fact_lowers_none_and_stays_consistent(seed: int, name: str, data: st.DataObject) -> None:
    before = customer(seed)
    higher = [value for value in VALUES.of(name) if no_lower(before[name], value)]
    if name == "customer.tenure_years":  # where it was missing, the subscription says how long at least
        higher = [
            value for value in higher if isinstance(value, float | int) and value >= amount(before, "subscription_years")
        ]
    assume(higher)
    after = HISTORY.raised(before, name, data.draw(st.sampled_from(higher)))
    check(after)
    assert all(no_lower(before[key], after[key]) for key in LOYAL)
    others = {key for key in before if key not in LOYAL and not same(before[key], after[key])}
    assert others <= {"customer.plan"}
    assert not others or missing(before["customer.plan"])
    assert HISTORY.lifts(before, after)


@pytest.mark.parametrize("name", [fact.name for fact in CUSTOMER_FACTS])
def test_every_fact_is_known_of_some_customer_and_missing_of_another(name: str) -> None:
    fact = HISTORY.facts[name]
    found = {missing(customer(seed)[name]) for seed in range(60)}
    assert found == ({True, False} if fact.missing else {False})


def test_less_is_no_lift() -> None:
    before = HISTORY.raised(HISTORY.acquaintance(), "customer.orders", 3.0)
    assert HISTORY.lifts(before, HISTORY.raised(before, "customer.orders", 4.0))
    assert not HISTORY.lifts(before, HISTORY.raised(before, "customer.orders", 2.0))
    assert not HISTORY.lifts(before, HISTORY.stranger())
    assert not HISTORY.lifts(before, HISTORY.raised(before, "customer.return_rate", 0.5))
