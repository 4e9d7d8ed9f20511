"""Durations of both kinds are compared through the calendar, from every moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.calendar import ALWAYS, Calendar, Duration, build_calendar, holiday_dates, parse_duration, parse_hours
from router.decide.commitments import deadline
from router.fairness.speed import later
from router.time import DAY, HOUR, MINUTE, parse_instant

SHOP = build_calendar(
    "Europe/London",
    parse_hours({"mon-fri": ["08:00-12:00", "13:00-20:00"], "sat": ["09:00-13:00"]}),
    frozenset(holiday_dates("GB-ENG")),
)
START, END = parse_instant("2001-01-01"), parse_instant("2058-01-01")


def durations(calendar: Calendar) -> st.SearchStrategy[Duration]:
    spans = st.integers(0, 200 * 60).map(lambda minutes: minutes * MINUTE)
    whole = st.sampled_from([MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, calendar.business_day])
    return st.builds(Duration, spans | whole, st.booleans())


@given(a=durations(SHOP), b=durations(SHOP), anchor=st.integers(START, END))
def test_what_is_never_later_is_not_later_at_any_moment(a: Duration, b: Duration, anchor: int) -> None:
    if later(a, b, SHOP) is None:
        assert deadline(SHOP, anchor, a) <= deadline(SHOP, anchor, b)


@given(a=durations(SHOP), b=durations(SHOP))
def test_the_moment_given_is_one_from_which_it_is_later(a: Duration, b: Duration) -> None:
    moment = later(a, b, SHOP)
    assert moment is None or deadline(SHOP, moment, a) > deadline(SHOP, moment, b)


@given(a=durations(ALWAYS), b=durations(ALWAYS))
def test_without_business_hours_the_longer_one_is_later(a: Duration, b: Duration) -> None:
    assert (later(a, b, ALWAYS) is not None) == (a.microseconds > b.microseconds)


@pytest.mark.parametrize(
    ("a", "b", "is_later"),
    [
        ("15m", "1 business hour", False),
        ("2h", "1 business hour", True),  # during business hours
        ("4 business hours", "6h", True),  # at night
        ("4 business hours", "8 weeks", False),
        ("1 business day", "3 days", True),  # at Easter
        ("1 business day", "7 days", False),
        ("24h", "1 business day", True),  # from the morning of a weekday
        ("1 business day", "1 business day", False),
        ("3 days", "72h", False),
    ],
)
def test_one_is_later_than_the_other(a: str, b: str, is_later: bool) -> None:  # noqa: FBT001 - the expectation
    assert (later(parse_duration(a, SHOP), parse_duration(b, SHOP), SHOP) is not None) is is_later
