"""Business hours: open time and its inverse, over nights when the clocks change, holidays and breaks."""

from collections.abc import Callable
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.calendar import (
    ALWAYS,
    FIRST_YEAR,
    LAST_YEAR,
    Calendar,
    Duration,
    build_calendar,
    holiday_dates,
    parse_days,
    parse_duration,
    parse_hours,
)
from router.time import DAY, FIRST, HOUR, LAST, MINUTE, WEEK, parse_instant, to_datetime

SHOP = {"mon-fri": ["08:00-20:00"], "sat": ["09:00-13:00", "14:00-17:00"]}
BANK_HOLIDAY = date(2016, 5, 30)


@cache
def london(**hours: tuple[str, ...]) -> Calendar:
    week = parse_hours({days.replace("_", "-"): spans for days, spans in hours.items()} or SHOP)
    return build_calendar("Europe/London", week, frozenset({BANK_HOLIDAY}))


def utc(text: str) -> int:
    return parse_instant(f"{text}Z")


def opened(calendar: Calendar, start: str, end: str) -> float:
    """Open hours between two instants."""
    return (calendar.open_time(utc(end)) - calendar.open_time(utc(start))) / HOUR


# open time


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2016-05-25T00:00", "2016-05-26T00:00", 12),  # a Wednesday
        ("2016-05-25T09:00", "2016-05-25T09:45", 0.75),  # within
        ("2016-05-25T19:00", "2016-05-26T07:00", 0),  # a night
        ("2016-05-28T00:00", "2016-05-29T00:00", 7),  # a Saturday with a break
        ("2016-05-28T11:30", "2016-05-28T13:30", 1),  # over the break, 12:00 to 13:00 UTC
        ("2016-05-29T00:00", "2016-05-30T00:00", 0),  # a Sunday
        ("2016-05-30T00:00", "2016-05-31T00:00", 0),  # a holiday
        ("2016-05-23T00:00", "2016-05-30T00:00", 67),  # a whole week
        ("2016-12-21T08:00", "2016-12-21T20:00", 12),  # in winter London is on UTC
        ("2016-06-22T07:00", "2016-06-22T19:00", 12),
    ],
)
def test_open_time_between(start: str, end: str, hours: float) -> None:
    assert opened(london(), start, end) == hours


def test_a_night_in_which_the_clocks_go_forward_is_an_hour_shorter() -> None:
    nights = london(mon_sun=("00:00-04:00",))
    assert opened(nights, "2016-03-26T23:00", "2016-03-27T23:00") == 3
    assert opened(nights, "2016-03-26T00:00", "2016-03-26T23:00") == 4
    assert opened(nights, "2016-03-27T23:00", "2016-03-28T23:00") == 4


def test_a_night_in_which_they_go_back_is_an_hour_longer() -> None:
    nights = london(mon_sun=("00:00-04:00",))
    assert opened(nights, "2016-10-29T23:00", "2016-10-30T23:00") == 5


def test_a_time_that_the_clock_skips_is_read_with_the_offset_before() -> None:
    gap = london(sun=("01:30-03:00",))  # 01:30 is not there; it would be 01:30 UTC, and 03:00 is 02:00 UTC
    assert opened(gap, "2016-03-27T00:00", "2016-03-28T00:00") == 0.5
    assert gap.is_open(utc("2016-03-27T01:30"))


def test_of_a_time_that_it_shows_twice_the_first_counts() -> None:
    twice = london(sun=("00:00-01:30",))
    assert opened(twice, "2016-10-29T22:00", "2016-10-30T12:00") == 1.5
    assert not twice.is_open(utc("2016-10-30T01:15"))  # 01:15 for the second time


def test_midnight_ends_a_day_and_two_intervals_that_meet_are_one() -> None:
    round_the_clock = london(mon_sun=("00:00-12:00", "12:00-24:00"))
    assert opened(round_the_clock, "2016-06-01T00:00", "2016-06-08T00:00") == 7 * 24
    assert round_the_clock.is_open(utc("2016-06-01T23:00"))
    assert len(london(mon_fri=("00:00-24:00",)).starts) < len(london().starts)


def test_a_day_out_of_the_middle_is_closed_in_the_zone_not_in_utc() -> None:
    tokyo = build_calendar("Asia/Tokyo", parse_hours({"mon-sun": ["00:00-24:00"]}), frozenset({date(2016, 6, 2)}))
    assert opened(tokyo, "2016-06-01T15:00", "2016-06-02T15:00") == 0
    assert tokyo.is_open(utc("2016-06-01T14:59"))
    assert tokyo.is_open(utc("2016-06-02T15:00"))


# its inverse


def test_at_a_boundary_the_earlier_instant_is_taken() -> None:
    evening, morning = utc("2016-05-25T19:00"), utc("2016-05-26T07:00")
    calendar = london()
    assert calendar.open_time(evening) == calendar.open_time(morning)
    assert calendar.instant(calendar.open_time(morning)) == evening
    assert calendar.instant(calendar.open_time(morning) + 1) == morning + 1


@given(st.integers(utc("2016-01-01T00:00"), utc("2018-01-01T00:00")))
def test_the_inverse_goes_back_to_the_instant_or_to_the_closing_before_it(instant: int) -> None:
    calendar = london()
    back = calendar.instant(calendar.open_time(instant))
    assert back <= instant
    assert calendar.open_time(back) == calendar.open_time(instant)
    assert calendar.open_time(back - 1) == calendar.open_time(instant) - 1
    if calendar.is_open(instant) and calendar.is_open(instant - 1):
        assert back == instant


@given(st.integers(0, 10 * WEEK))
def test_from_an_opening_so_much_open_time_goes_by_until_the_instant(span: int) -> None:
    calendar, start = london(), utc("2016-05-25T12:00")
    end = calendar.instant(calendar.open_time(start) + span)
    assert calendar.open_time(end) - calendar.open_time(start) == span
    assert end >= start + span


@pytest.mark.parametrize("of", [london, lambda: ALWAYS], ids=["london", "always"])
@given(
    anchor=st.integers(FIRST, LAST)
    | st.integers(utc("2016-05-25T00:00"), utc("2016-06-05T00:00"))
    | st.sampled_from([FIRST, LAST, utc("2016-05-25T07:00"), utc("2016-05-25T19:00"), utc("2016-05-28T12:00")]),
    span=st.integers(0, 10 * WEEK) | st.sampled_from([0, 1, 12 * HOUR]),
)
def test_after_so_much_open_time_is_the_inverse_of_its_sum(of: Callable[[], Calendar], anchor: int, span: int) -> None:
    calendar = of()
    assert calendar.after(anchor, span) == calendar.instant(calendar.open_time(anchor) + span)


@pytest.mark.parametrize("hours", [SHOP, {"mon-sun": ["00:00-04:00", "22:00-24:00"]}], ids=["shop", "nights"])
@given(
    day=st.dates(date(2016, 3, 20), date(2016, 11, 5)) | st.sampled_from([date(2016, 3, 27), date(2016, 10, 30)]),
    minute=st.integers(0, 24 * 60),
    minutes=st.integers(0, 26 * 60),
)
def test_open_time_is_that_of_a_clock_on_the_wall_read_every_minute(
    hours: dict[str, list[str]], day: date, minute: int, minutes: int
) -> None:
    week, zone = parse_hours(hours), ZoneInfo("Europe/London")
    calendar = build_calendar("Europe/London", week, frozenset({BANK_HOLIDAY}))
    start = utc(f"{day.isoformat()}T00:00") + minute * MINUTE

    def is_open(instant: int) -> bool:
        local = to_datetime(instant).astimezone(zone)
        shown = local.hour * 60 + local.minute
        return local.date() != BANK_HOLIDAY and any(a <= shown < b for a, b in week[local.weekday()])

    found = [instant for instant in range(start, start + minutes * MINUTE, MINUTE) if is_open(instant)]
    assert calendar.open_time(start + minutes * MINUTE) - calendar.open_time(start) == len(found) * MINUTE
    assert all(map(calendar.is_open, found))
    assert calendar.is_open(start) is is_open(start)


# open now, open next


def test_the_start_of_an_interval_is_open_and_its_end_is_closed() -> None:
    calendar = london()
    start, end = utc("2016-05-25T07:00"), utc("2016-05-25T19:00")
    assert [calendar.is_open(t) for t in (start - 1, start, end - 1, end)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("instant", "opens"),
    [
        ("2016-05-25T10:00", "2016-05-25T10:00"),
        ("2016-05-25T07:00", "2016-05-25T07:00"),
        ("2016-05-25T19:00", "2016-05-26T07:00"),
        ("2016-05-28T12:15", "2016-05-28T13:00"),
        ("2016-05-28T16:00", "2016-05-31T07:00"),  # a Sunday and a holiday between
    ],
)
def test_it_opens_next(instant: str, opens: str) -> None:
    assert london().next_open(utc(instant)) == utc(opens)


# outside the table


@pytest.mark.parametrize("calendar", [ALWAYS, london()], ids=["always", "london"])
@pytest.mark.parametrize("instant", [FIRST, FIRST + 1, utc("1999-01-01T00:00"), utc("2070-01-01T00:00"), LAST - 1, LAST])
def test_outside_its_years_a_calendar_is_open_to_the_ends_of_time(calendar: Calendar, instant: int) -> None:
    assert calendar.is_open(instant)
    assert calendar.next_open(instant) == instant
    assert calendar.instant(calendar.open_time(instant)) == instant
    assert calendar.instant(calendar.open_time(instant) + HOUR) == instant + HOUR


def test_time_never_stands_still_for_good() -> None:
    start = utc(f"{LAST_YEAR}-12-31T23:59")
    calendar = london()
    assert calendar.instant(calendar.open_time(start) + WEEK) <= start + WEEK + 2 * DAY
    assert calendar.instant(calendar.open_time(utc(f"{FIRST_YEAR - 1}-06-01T00:00")) + DAY) == utc(
        f"{FIRST_YEAR - 1}-06-02T00:00"
    )


# as policies write it


@pytest.mark.parametrize(
    ("text", "microseconds", "business"),
    [
        ("15m", 15 * MINUTE, False),
        ("4h", 4 * HOUR, False),
        ("1 day", DAY, False),
        ("3 days", 3 * DAY, False),
        ("1 week", WEEK, False),
        ("8 weeks", 8 * WEEK, False),
        ("0m", 0, False),
        ("1 business hour", HOUR, True),
        ("4 business hours", 4 * HOUR, True),
        ("1 business day", 12 * HOUR, True),  # the longest open day
        ("3 business days", 36 * HOUR, True),
    ],
)
def test_a_duration_is_elapsed_or_open_time(text: str, microseconds: int, business: bool) -> None:  # noqa: FBT001 - the expectation
    assert parse_duration(text, london()) == Duration(microseconds, business)


def test_a_business_day_is_the_longest_open_day_of_the_week_breaks_left_out() -> None:
    assert london(mon=("09:00-12:00",), sat=("09:00-13:00", "14:00-17:00")).business_day == 7 * HOUR


@pytest.mark.parametrize("text", ["", "soon", "1.5h", "-1h", "4 hours", "2 months", "1 businessday", "h"])
def test_what_is_no_duration_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no duration; write one as 15m, 4h, 3 days, 8 weeks, 4 business hours, 1 business day"
    ):
        parse_duration(text, ALWAYS)


@pytest.mark.parametrize("text", ["", "monday", "fri-mon", "mon-", "-", "mon-xyz"])
def test_what_names_no_weekdays_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"names no weekdays|runs backwards"):
        parse_days(text)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"mon": ["8:00-20:00"]}, "is no time of day"),
        ({"mon": ["08:00-24:01"]}, "is no time of day"),
        ({"mon": ["08:60-09:00"]}, "is no time of day"),
        ({"mon": ["08:00"]}, "ends before it starts"),
        ({"mon": ["20:00-08:00"]}, "an interval over midnight is written as two"),
        ({"mon": ["08:00-12:00", "11:00-14:00"]}, "overlap"),
        ({"mon-fri": ["08:00-12:00"], "wed": ["13:00-14:00"]}, "wed is given twice"),
        ({}, "no hour of the week is open"),
        ({"mon": []}, "no hour of the week is open"),
    ],
)
def test_hours_that_cannot_be_are_refused(hours: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_hours(hours)


def test_public_holidays_have_names_and_cover_the_table() -> None:
    found = holiday_dates("GB-ENG")
    assert found[date(2016, 5, 30)] == "Spring Bank Holiday"
    assert {day.year for day in found} == set(range(FIRST_YEAR, LAST_YEAR + 1))
    assert date(2016, 8, 1) not in found  # Scotland's


@pytest.mark.parametrize("region", ["XX", "", "GB-XYZ", "England"])
def test_a_region_that_is_not_known_is_refused(region: str) -> None:
    with pytest.raises(ValueError, match="no public holidays are known"):
        holiday_dates(region)


def test_a_zone_that_is_not_known_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        build_calendar("Europe/Lundon", parse_hours(SHOP), frozenset())
