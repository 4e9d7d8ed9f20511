"""A column of instants has the open time that each has alone, at every edge of the table and where clocks change."""

from itertools import chain
from random import Random

import polars as pl
import pytest
from polars import col

from router.calendar import ALWAYS, Calendar, build_calendar, holiday_dates, parse_hours
from router.frame.calendar import OpenHours
from router.time import DAY, FIRST, HOUR, LAST, parse_instant

SHOP = build_calendar(
    "Europe/London",
    parse_hours({"mon-fri": ["08:00-20:00"], "sat": ["09:00-13:00", "14:00-17:00"]}),
    frozenset(holiday_dates("GB-ENG")),
)
NIGHTS = build_calendar("America/New_York", parse_hours({"mon-sun": ["00:00-03:00", "22:00-24:00"]}), frozenset())
CALENDARS = {"always": ALWAYS, "shop": SHOP, "nights": NIGHTS}
CHANGES = [parse_instant(day) for day in ("2016-03-13", "2016-03-27", "2016-10-30", "2016-11-06")]
"""Days on which the clocks change, in New York and in London."""


def instants(calendar: Calendar) -> list[int]:
    """Edges of the table, of time and of intervals, a microsecond off them, and thousands of instants between."""
    drawn = Random(7)
    places = {0, len(calendar.starts) - 1, *(drawn.randrange(len(calendar.starts)) for _ in range(300))}
    edges = [FIRST, LAST, *CHANGES, *(edge for i in sorted(places) for edge in (calendar.starts[i], calendar.ends[i]))]
    around = chain.from_iterable((edge - 1, edge, edge + 1) for edge in edges)
    near = (change + drawn.randrange(-DAY, 2 * DAY) for change in CHANGES for _ in range(500))
    anywhere = (drawn.randrange(FIRST, LAST) for _ in range(2000))
    return [each for each in (*around, *near, *anywhere) if FIRST <= each <= LAST]


@pytest.mark.parametrize("calendar", CALENDARS.values(), ids=CALENDARS)
def test_open_time_and_its_inverse_are_those_of_each_instant_alone(calendar: Calendar) -> None:
    hours, at = OpenHours(calendar), instants(calendar)
    found = pl.DataFrame({"at": at}).select(
        hours.open_time(col("at")), hours.instant(hours.open_time(col("at"))).alias("back")
    )
    assert found["at"].to_list() == [calendar.open_time(each) for each in at]
    assert found["back"].to_list() == [calendar.instant(calendar.open_time(each)) for each in at]


@pytest.mark.parametrize("calendar", CALENDARS.values(), ids=CALENDARS)
def test_a_span_ends_where_it_ends_for_each_instant_alone(calendar: Calendar) -> None:
    drawn, hours = Random(8), OpenHours(calendar)
    at = instants(calendar)
    spans = [drawn.choice([0, 1, 30 * 60_000_000, HOUR, 12 * HOUR, 7 * DAY, drawn.randrange(400 * DAY)]) for _ in at]
    ends = hours.instant(hours.open_time(col("at")) + col("span"))
    found = pl.DataFrame({"at": at, "span": spans}).select(ends).to_series().to_list()
    assert found == [calendar.after(each, span) for each, span in zip(at, spans, strict=True)]


def test_no_instant_has_no_open_time() -> None:
    hours = OpenHours(SHOP)
    nothing = pl.DataFrame({"at": [None, CHANGES[0]]}, {"at": pl.Int64})
    found = nothing.select(hours.open_time(col("at")).alias("open"), hours.instant(col("at")).alias("at"))
    assert found.null_count().row(0) == (1, 1)
