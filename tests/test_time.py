"""Instants: whole microseconds of UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import time as t

instants = st.integers(t.FIRST, t.LAST)


@given(instants)
def test_an_instant_survives_the_way_over_a_datetime_and_a_text(instant: int) -> None:
    assert t.from_datetime(t.to_datetime(instant)) == instant
    assert t.parse_instant(t.format_instant(instant)) == instant


@given(instants, instants)
def test_texts_of_whole_seconds_sort_as_instants_do(one: int, other: int) -> None:
    one, other = one - one % t.SECOND, other - other % t.SECOND
    assert (one < other) == (t.format_instant(one) < t.format_instant(other))


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_a_time_beyond_the_ends_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not in the years 1 to 9999 of UTC"):
        t.parse_instant(text)


def test_the_ends_are_the_years_1_and_9999() -> None:
    assert t.format_instant(t.FIRST) == "0001-01-01T00:00:00Z"
    assert t.format_instant(t.LAST) == "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00", 0),
        ("1970-01-01 01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T00:00:00.0000019Z", 1),  # finer is floored
        ("1969-12-31T23:59:59.9999999Z", -1),
        ("2016-02-29T00:00:00Z", 1_456_704_000 * t.SECOND),
    ],
)
def test_a_text_names_an_instant(text: str, instant: int) -> None:
    assert t.parse_instant(text) == instant


@pytest.mark.parametrize("text", ["", "yesterday", "2015-02-29", "2016-06-01T25:00:00Z", "10000-01-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        t.parse_instant(text)


def test_a_datetime_without_a_zone_is_utc() -> None:
    there = timezone(timedelta(hours=2))
    assert t.from_datetime(datetime(1970, 1, 1, 2, tzinfo=there)) == 0
    assert t.from_datetime(datetime(1970, 1, 1)) == 0  # noqa: DTZ001 - it is what this is about


def test_spans() -> None:
    assert t.HOUR == 3.6e9
    assert t.YEAR == 365.2425 * t.DAY
    assert t.TWELVE_MONTHS == 365 * t.DAY
    assert t.from_datetime(datetime(1970, 1, 8, tzinfo=UTC)) == t.WEEK
