"""Suggestions of money: cut by the caps in the order of the rules, approved by somebody, and never without a word."""

from collections.abc import Mapping
from typing import Any

import pytest

from router.cases import model as m
from router.decide.model import Decision
from tests.decide.deciding import at, case, codes, decide, decider, instant

NOW = "2016-05-26T10:00"


def pounds(minor: int, currency: str = "GBP") -> m.Money:
    return m.Money(minor, currency)


def offered(offer: str, minor: int | None, *, statutory: bool = False, when: str = "2016-05-25T12:00") -> m.Event:
    return at(when, m.RemedyOffered(offer, "credit", None if minor is None else pounds(minor), statutory))


def suggested(
    *amounts: float | str | None,
    timeline: tuple[m.Event, ...] = (),
    customer: Mapping[str, object] | None = None,
    value: m.Money | None = None,
    as_of: str = "2016-05-25T10:00",
    **caps: float,
) -> Decision:
    """The decision where rules ask for these amounts (``None``: for no money), in this order."""
    rules: list[dict[str, Any]] = [
        {"id": f"r{place}", "kind": "credit", "because": "So it is."} | ({} if amount is None else {"amount": amount})
        for place, amount in enumerate(amounts)
    ]
    limits = {"per_case": 1000, "per_customer_12m": 1000, "share_of_price": 1000} | caps
    found = decider(
        {"goodwill_12m": 0.0} if customer is None else customer,
        as_of=instant(as_of),
        recompense={"caps": limits, "rules": rules},
    )
    return decide(found, case(*timeline, value_at_stake=value), NOW)


def given(decision: Decision) -> list[tuple[str, int | None]]:
    """What was suggested by rules: in minor units."""
    return [(suggestion.rule.id, suggestion.amount) for suggestion in decision.suggestions if suggestion.rule is not None]


# amounts


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        (5, 500),
        (1.005, 101),
        ("0.1 + 0.2", 30),
        ("0.2 * 49.99", 1000),
        ("10 / 3", 333),
        (0.004, None),
        (-3, None),
        (0, None),
    ],
)
def test_an_amount_becomes_whole_minor_units_and_nothing_is_no_suggestion(amount: float | str, minor: int | None) -> None:
    assert given(suggested(amount)) == ([] if minor is None else [("r0", minor)])


def test_amounts_are_rounded_before_they_are_added() -> None:
    assert suggested(1.005, 1.005).total == 202


def test_the_places_are_those_of_the_currency() -> None:
    rules = [{"id": "r0", "kind": "credit", "because": "So it is.", "amount": 1234.5}]
    limits = {"per_case": 10**6, "per_customer_12m": 10**6, "share_of_price": 1}
    yen = decider({"goodwill_12m": 0.0}, currency="JPY", recompense={"caps": limits, "rules": rules})
    assert given(decide(yen, case())) == [("r0", 1235)]


def test_an_amount_that_cannot_be_known_is_left_out_with_a_warning_and_the_rule_fired_all_the_same() -> None:
    for amount in ("0.2 * case.value_at_stake", "1 / 0", "1e300 * 1e300"):
        decision = suggested(amount, 5)
        assert given(decision) == [("r1", 500)]
        assert "amount-missing" in codes(decision)
        assert decision.fired == ["r0", "r1"]


# the order of rules


def test_the_first_rules_take_what_there_is() -> None:
    decision = suggested(30, 15, 20, per_case=50)
    assert given(decision) == [("r0", 3000), ("r1", 1500), ("r2", 500)]
    assert "amount-cut" not in codes(decision)


def test_one_that_is_cut_to_nothing_is_left_out_with_a_warning_and_its_rule_fired() -> None:
    decision = suggested(50, 10, per_case=50)
    assert given(decision) == [("r0", 5000)]
    assert [notice.message for notice in decision.warnings if notice.code == "amount-cut"] == [
        "the caps leave nothing for r1; it is left out"
    ]
    assert decision.fired == ["r0", "r1"]


def test_what_is_no_money_is_not_touched_by_caps() -> None:
    decision = suggested(50, None, 10, None, per_case=0)
    assert given(decision) == [("r1", None), ("r3", None)]
    assert decision.total == 0
    assert [suggestion.rule for suggestion in decision.suggestions if suggestion.rule is None] == []


def test_a_switch_turns_all_money_off() -> None:
    rules = [{"id": "r0", "kind": "credit", "because": "So.", "amount": 5}, {"id": "r1", "kind": "call", "because": "So."}]
    caps = {"per_case": 10, "per_customer_12m": 10, "share_of_price": 1}
    found = decider({"goodwill_12m": 0.0}, recompense={"caps": caps, "rules": rules}, switches={"money": False})
    assert given(decide(found, case())) == [("r1", None)]


# per case


@pytest.mark.parametrize(
    ("timeline", "left"),
    [
        ((offered("a", 3000),), 2000),
        ((offered("a", 3000), offered("b", 1000)), 1000),
        ((offered("a", 3000), at("2016-05-25T13:00", m.RemedyRejected("a"))), 5000),
        ((offered("a", 3000), at("2016-05-25T13:00", m.RemedyRejected("b"))), 2000),
        ((offered("a", 3000, statutory=True),), 5000),  # a refund is no goodwill
        ((offered("a", None),), 5000),
        ((offered("a", 3000, when="2016-05-27T10:00"),), 5000),  # in the future
        ((offered("a", 9000),), None),  # more than there was: nothing, not less
    ],
)
def test_goodwill_offered_in_the_case_counts(timeline: tuple[m.Event, ...], left: int | None) -> None:
    assert given(suggested(100, timeline=timeline, per_case=50)) == ([] if left is None else [("r0", left)])


# per customer and twelve months


@pytest.mark.parametrize(
    ("goodwill", "timeline", "left"),
    [
        (0.0, (), 6000),
        (45.5, (), 1450),
        (60.0, (), None),
        (99.0, (), None),
        (40.0, (offered("a", 1500),), 500),  # offered after the snapshot
        (40.0, (offered("a", 1500, when="2016-05-25T10:00"),), 2000),  # at its time: the history has it
        (40.0, (offered("a", 1500, when="2016-05-25T10:00:00.000001"),), 500),
        (40.0, (offered("a", 1500), at("2016-05-25T13:00", m.RemedyRejected("a"))), 2000),
        (40.0, (offered("a", 1500, statutory=True),), 2000),
    ],
)
def test_goodwill_of_the_history_counts_and_what_was_offered_since(
    goodwill: float, timeline: tuple[m.Event, ...], left: int | None
) -> None:
    found = suggested(100, timeline=timeline, customer={"goodwill_12m": goodwill}, per_customer_12m=60)
    assert given(found) == ([] if left is None else [("r0", left)])


def test_a_history_that_is_missing_counts_as_none_asks_for_approval_and_warns() -> None:
    known, unknown = (suggested(5, customer=customer) for customer in ({"goodwill_12m": 0.0}, {}))
    assert given(known) == given(unknown) == [("r0", 500)]
    assert [s.needs_approval for s in known.suggestions if s.amount] == [False]
    assert [(s.needs_approval, s.approver.name) for s in unknown.suggestions if s.amount] == [(True, "senior")]
    assert "goodwill-unknown" not in codes(known)
    assert "goodwill-unknown" in codes(unknown)


# share of the price


@pytest.mark.parametrize(
    ("value", "timeline", "left"),
    [
        (pounds(2000), (), 3000),  # one and a half times the price
        (pounds(1), (), 2),  # 1.5 pence
        (pounds(0), (), None),
        (pounds(2000), (offered("a", 1000), offered("b", 1500, statutory=True)), 500),  # goodwill and refund
        (pounds(2000), (offered("b", 5000, statutory=True),), None),
        (None, (), 10_000),  # off when the value is missing
        (pounds(2000, "EUR"), (), 10_000),  # or in another currency
    ],
)
def test_goodwill_and_refund_are_held_against_the_price(
    value: m.Money | None, timeline: tuple[m.Event, ...], left: int | None
) -> None:
    assert given(suggested(100, value=value, timeline=timeline, share_of_price=1.5)) == (
        [] if left is None else [("r0", left)]
    )


def test_the_tightest_cap_holds() -> None:
    price = pounds(1000)
    assert given(suggested(100, value=price, per_case=3)) == [("r0", 300)]
    assert given(suggested(100, value=price, per_customer_12m=3)) == [("r0", 300)]
    assert given(suggested(100, value=price, share_of_price=0.3)) == [("r0", 300)]


# who approves


@pytest.mark.parametrize(
    ("amount", "approver", "needs"),
    [
        (10, "frontline", False),
        (10.01, "senior", True),
        (40, "senior", True),
        (200, "executive", True),
        (900, "executive", True),
    ],
)
def test_the_lowest_level_that_may_approves(amount: float, approver: str, needs: bool) -> None:  # noqa: FBT001 - the expectation
    (found,) = [suggestion for suggestion in suggested(amount).suggestions if suggestion.amount]
    assert (found.approver.name, found.needs_approval) == (approver, needs)


def test_a_case_at_that_level_needs_no_approval() -> None:
    rules = [{"id": "r0", "kind": "credit", "because": "So.", "amount": 40}]
    caps = {"per_case": 100, "per_customer_12m": 100, "share_of_price": 1}
    found = decider({"goodwill_12m": 0.0}, recompense={"caps": caps, "rules": rules})
    taken = case(at("2016-05-25T12:00", m.AdverseActionTaken("charge")))
    (money,) = [suggestion for suggestion in decide(found, taken, NOW).suggestions if suggestion.amount]
    assert (money.approver.name, money.needs_approval) == ("senior", False)
