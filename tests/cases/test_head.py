"""What a case says beside its timeline, and the warnings of reading it."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from router.calendar import build_calendar, parse_hours
from router.cases import model as m
from router.cases.facts import read_case
from router.facts import CHANNELS, TOUCHPOINTS, Fact, Type, Value
from router.time import parse_instant
from tests.cases.reading import OPENED, TERMS, at, both, case_of, named, over_the_wire

NOW = OPENED + 48 * 3_600_000_000


def read(name: str, **given: Any) -> Value:  # noqa: ANN401 - attributes of a case
    return named(both(case_of(**given), NOW))[name]


def codes(*timeline: m.Event, **given: Any) -> list[str]:  # noqa: ANN401 - attributes of a case
    return [notice.code for notice in both(case_of(*timeline, **({"issue": "question"} | given)), NOW).notices]


def test_an_issue_of_the_policy_is_read_and_any_other_is_missing_with_a_warning() -> None:
    assert read("case.issue", issue="question") == "question"
    assert codes() == []
    for issue in ("Question", "", "nonsense"):
        assert read("case.issue", issue=issue) is None
        assert codes(issue=issue) == ["unknown-issue"]


@pytest.mark.parametrize("channel", [None, *CHANNELS])
def test_the_channel_is_as_given(channel: str | None) -> None:
    assert read("case.channel", channel=channel) == channel


@pytest.mark.parametrize("touchpoint", TOUCHPOINTS)
def test_the_case_s_own_touchpoint_goes_before_its_issue_s(touchpoint: str) -> None:
    assert read("case.touchpoint", issue="delivery_failed", touchpoint=touchpoint) == touchpoint


def test_without_one_the_issue_says_it_or_it_is_missing() -> None:
    assert read("case.touchpoint", issue="delivery_failed") == "gone_wrong"
    assert read("case.touchpoint", issue="question") is None
    assert read("case.touchpoint", issue="nonsense") is None


def test_a_brand_that_is_not_given_is_missing() -> None:
    assert read("case.brand", brand="Hill") == "Hill"
    assert read("case.brand") is None


def test_the_value_at_stake_is_in_major_units_of_the_policy_s_currency() -> None:
    assert read("case.value_at_stake", value_at_stake=m.Money(4999, "GBP")) == 49.99
    assert read("case.value_at_stake", value_at_stake=m.Money(0, "GBP")) == 0
    assert str(read("case.value_at_stake")) == "nan"


@pytest.mark.parametrize("currency", ["EUR", "JPY", "gbp", "", "XXX"])
def test_in_another_currency_it_is_missing_with_a_warning(currency: str) -> None:
    money = m.Money(4999, currency)
    assert str(read("case.value_at_stake", value_at_stake=money)) == "nan"
    assert codes(value_at_stake=money) == ["other-currency"]


def test_the_warning_names_what_is_in_which_currency() -> None:
    offer = at(1, m.RemedyOffered("r", "credit", m.Money(1, "EUR")))
    state = both(case_of(offer, issue="question", value_at_stake=m.Money(1, "")), NOW)
    assert [(notice.code, notice.message) for notice in state.notices] == [
        ("other-currency", "value at stake is in no currency, the policy in GBP"),
        ("other-currency", "remedy r is in EUR, the policy in GBP"),
    ]


def test_age_is_counted_from_the_opening_and_one_in_the_future_warns() -> None:
    assert read("case.age_hours", opened_at=NOW - 1) == 1 / 3_600_000_000
    assert read("case.age_hours", opened_at=NOW) == 0
    assert read("case.age_hours", opened_at=NOW + 3_600_000_000) == -1
    assert codes(opened_at=NOW) == []
    assert codes(opened_at=NOW + 1) == ["opened-in-future"]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2016-05-27T06:59:59.999999Z", True),
        ("2016-05-27T07:00:00Z", False),  # 08:00 in London
        ("2016-05-27T18:59:59.999999Z", False),
        ("2016-05-27T19:00:00Z", True),
        ("2016-05-28T12:30:00Z", True),  # the break of a Saturday
        ("2016-05-30T12:00:00Z", False),  # a Monday that is a holiday elsewhere
    ],
)
def test_out_of_hours_is_when_the_calendar_is_closed(when: str, expected: bool) -> None:  # noqa: FBT001 - the expectation
    week = parse_hours({"mon-fri": ["08:00-20:00"], "sat": ["09:00-13:00", "14:00-17:00"]})
    terms = replace(TERMS, calendar=build_calendar("Europe/London", week, frozenset()))
    assert named(both(case_of(), parse_instant(when), terms=terms))["case.out_of_hours"] is expected


# warnings


def test_an_event_of_the_future_warns() -> None:
    assert codes(at(99, m.Reopened()), at(1, m.Reopened())) == ["future-event"]


def test_a_repeated_event_warns_each_time() -> None:
    assert codes(*(at(n, m.Reopened(), event_id="e") for n in range(3))) == ["repeated-event", "repeated-event"]


def test_a_repeated_promise_warns() -> None:
    assert codes(at(1, m.PromiseMade("p", NOW)), at(2, m.PromiseMade("p", NOW))) == ["repeated-promise"]


# attributes that a policy declares

TEAM = Fact("case.team", Type.TEXT, "")
LOSS = Fact("case.loss", Type.MONEY, "")
DAYS = Fact("case.days", Type.NUMBER, "")
TIMES = Fact("case.times", Type.INTEGER, "")
SURE = Fact("case.sure", Type.YES_NO, "")
DECLARED = replace(TERMS, attributes=(TEAM, LOSS, DAYS, TIMES, SURE))


def attributes(**given: Value | m.Money) -> tuple[list[Value], list[str]]:
    state = both(case_of(issue="question", attributes=given), NOW, terms=DECLARED)
    return list(state.facts[-5:]), [notice.code for notice in state.notices]


def attributes_read(**given: Value | m.Money) -> tuple[list[Value], list[str]]:
    """The same of a case that comes from a file: no wire holds such numbers."""
    state = read_case(case_of(issue="question", attributes=given), DECLARED, NOW)
    return list(state.facts[-5:]), [notice.code for notice in state.notices]


def test_declared_attributes_follow_the_facts_in_their_order() -> None:
    given: dict[str, Value | m.Money] = {"sure": False, "times": 2.0, "days": 1.5, "loss": m.Money(1999, "GBP"), "team": "a"}
    assert attributes(**given) == (["a", 19.99, 1.5, 2.0, False], [])


def test_one_that_is_not_given_is_missing_without_a_warning() -> None:
    found, warned = attributes()
    assert (list(map(str, found)), warned) == (["None", "nan", "nan", "nan", "None"], [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("team", 1.0),
        ("team", True),
        ("team", m.Money(1, "GBP")),
        ("loss", "much"),
        ("loss", True),
        ("days", "two"),
        ("days", True),
        ("days", m.Money(1, "GBP")),
        ("times", 2.5),
        ("sure", "yes"),
        ("sure", 1.0),
    ],
)
def test_one_of_another_type_is_missing_with_a_warning(name: str, value: Value | m.Money) -> None:
    found, warned = attributes(**{name: value})
    assert (list(map(str, found)), warned) == (["None", "nan", "nan", "nan", "None"], ["unknown-attribute"])


def test_a_number_from_a_file_is_a_float_and_one_too_large_is_missing() -> None:
    found, warned = attributes_read(days=2**53 + 1, times=10**400, loss=m.Money(100, "GBP"))
    assert (list(map(repr, found)), warned) == (["None", "1.0", "9007199254740992.0", "nan", "None"], [])


def test_one_that_is_not_declared_warns_and_is_not_read() -> None:
    assert attributes(colour="red")[1] == ["unknown-attribute"]


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_number_that_is_not_finite_is_missing(value: float) -> None:
    assert list(map(str, attributes(days=value)[0])) == ["None", "nan", "nan", "nan", "None"]


def test_declared_money_in_another_currency_is_missing_with_a_warning() -> None:
    found, warned = attributes(loss=m.Money(1999, "EUR"))
    assert (str(found[1]), warned) == ("nan", ["other-currency"])


def test_texts_come_off_the_wire_in_one_form() -> None:
    written = "cafe\u0301"
    case = over_the_wire(case_of(issue=written, brand=written, attributes={"team": written}), NOW).case
    assert (case.issue, case.brand, case.attributes) == ("caf\u00e9", "caf\u00e9", {"team": "caf\u00e9"})
