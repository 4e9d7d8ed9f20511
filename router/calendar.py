"""Business hours: a table of open intervals with cumulative open time, searched alike for one case and for a column."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from warnings import catch_warnings
from zoneinfo import ZoneInfo

from router.time import DAY, FIRST, HOUR, LAST, MINUTE, WEEK, from_datetime

FIRST_YEAR, LAST_YEAR = 2000, 2059
"""The years that a calendar's table covers. Outside them the clock runs as if always open, so that every instant has an
answer and time never stands still for good."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

WeeklyHours = tuple[tuple[tuple[int, int], ...], ...]
"""Seven days from Monday, each the (start, end) minutes of its open intervals."""

_CLOCK = re.compile(r"(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Open intervals ``[starts[i], ends[i])`` in microseconds of UTC, in order and apart; ``opened[i]`` is the open time
    before ``starts[i]``. ``business_day`` is the open time of the longest open day of the weekly hours."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    opened: tuple[int, ...]
    business_day: int

    def __reduce__(self) -> tuple[type["Calendar"], tuple[object, ...]]:
        """As it goes to another process: compiled, it has no other way."""
        return Calendar, (self.starts, self.ends, self.opened, self.business_day)

    def open_time(self, instant: int) -> int:
        """C(t): open microseconds from the start of the table to ``instant``."""
        i = bisect_right(self.starts, instant) - 1
        return self.opened[i] + min(instant, self.ends[i]) - self.starts[i]

    def instant(self, open_time: int) -> int:
        """The earliest instant t with C(t) = ``open_time``."""
        i = max(bisect_left(self.opened, open_time) - 1, 0)
        return self.starts[i] + open_time - self.opened[i]

    def after(self, anchor: int, span: int) -> int:
        """The earliest instant with ``span`` more open time than ``anchor``: inverse(C(anchor) + span)."""
        starts, opened = self.starts, self.opened
        i = bisect_right(starts, anchor) - 1
        end = self.ends[i]
        target = opened[i] + min(anchor, end) - starts[i] + span
        i = bisect_left(opened, target) - 1
        return starts[i] + target - opened[i] if i > 0 else starts[0] + target

    def elapsed(self, since: int, until: int, *, business: bool) -> int:
        """Microseconds between two instants, open ones only if ``business``."""
        return self.open_time(until) - self.open_time(since) if business else until - since

    def is_open(self, instant: int) -> bool:
        """Whether ``instant`` lies in an open interval; the end of one is closed."""
        return instant < self.ends[bisect_right(self.starts, instant) - 1]

    def next_open(self, instant: int) -> int:
        """``instant`` itself while open, else the start of the next open interval."""
        i = bisect_right(self.starts, instant)
        return instant if instant < self.ends[i - 1] else self.starts[i]


ALWAYS = Calendar(starts=(FIRST,), ends=(LAST + 1,), opened=(0,), business_day=DAY)
"""Open at all times: C is elapsed time."""


class Duration(NamedTuple):
    """A span of a commitment: elapsed microseconds, or open microseconds of the policy's calendar."""

    microseconds: int
    business: bool


_UNITS = {"m": MINUTE, "h": HOUR, "day": DAY, "days": DAY, "week": WEEK, "weeks": WEEK}
_DURATION = re.compile(r"(\d+)\s*(m|h|days?|weeks?|business hours?|business days?)")
DURATION_FORMS = "15m, 4h, 3 days, 8 weeks, 4 business hours, 1 business day"


def parse_duration(text: str, calendar: Calendar) -> Duration:
    """A duration as policies write it. Raises ``ValueError``.

    >>> parse_duration("4 business hours", ALWAYS)
    Duration(microseconds=14400000000, business=True)
    >>> parse_duration("8 weeks", ALWAYS).business
    False
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no duration; write one as {DURATION_FORMS}"
        raise ValueError(message)
    amount, unit = int(match[1]), match[2]
    if unit.startswith("business hour"):
        return Duration(amount * HOUR, business=True)
    if unit.startswith("business day"):
        return Duration(amount * calendar.business_day, business=True)
    return Duration(amount * _UNITS[unit], business=False)


def parse_days(text: str) -> tuple[int, ...]:
    """The weekdays (0 is Monday) of ``mon-fri``, ``sat`` or ``mon,wed``. Raises ``ValueError``.

    >>> parse_days("mon-wed,sun")
    (0, 1, 2, 6)
    """
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.strip().partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            message = f"{text!r} names no weekdays; write them as mon-fri, sat or mon,wed"
            raise ValueError(message)
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        if end < start:
            message = f"{text!r} runs backwards; the week starts on mon"
            raise ValueError(message)
        days.update(range(start, end + 1))
    return tuple(sorted(days))


def _parse_clock(text: str) -> int:
    match = _CLOCK.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if match is None or int(match[2]) > 59 or minutes > 24 * 60:  # noqa: PLR2004 - minutes of an hour
        message = f"{text!r} is no time of day; write it as 08:00, at most 24:00"
        raise ValueError(message)
    return minutes


def parse_hours(hours: Mapping[str, Sequence[str]]) -> WeeklyHours:
    """Weekly hours such as ``{"mon-fri": ["08:00-20:00"]}``. Raises ``ValueError``."""
    week: list[tuple[tuple[int, int], ...] | None] = [None] * 7
    for days, spans in hours.items():
        intervals = []
        for span in spans:
            start_text, dash, end_text = span.partition("-")
            start, end = _parse_clock(start_text.strip()), _parse_clock(end_text.strip() if dash else span)
            if end <= start:
                message = f"{span!r} ends before it starts; an interval over midnight is written as two"
                raise ValueError(message)
            intervals.append((start, end))
        intervals.sort()
        if any(a[1] > b[0] for a, b in pairwise(intervals)):
            message = f"the intervals of {days} overlap"
            raise ValueError(message)
        for day in parse_days(days):
            if week[day] is not None:
                message = f"{WEEKDAYS[day]} is given twice"
                raise ValueError(message)
            week[day] = tuple(intervals)
    if not any(week):
        message = "no hour of the week is open"
        raise ValueError(message)
    return tuple(day or () for day in week)


def holiday_dates(region: str) -> Mapping[date, str]:
    """Public holidays of ``GB-ENG`` or ``DE`` in the years of the table, with their names. Raises ``ValueError``."""
    return _holidays(region)[0]


def unknown_holidays(region: str) -> Iterable[str]:
    """What the library says of years whose holidays it does not know all, each sentence once. Raises ``ValueError``."""
    return _holidays(region)[1]


@lru_cache(maxsize=8)
def _holidays(region: str) -> tuple[Mapping[date, str], tuple[str, ...]]:
    import holidays as public_holidays  # noqa: PLC0415 - a big library, and a released policy has its days on record

    country, _, subdivision = region.partition("-")
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    try:
        with catch_warnings(record=True, action="always") as warned:
            found = public_holidays.country_holidays(country, subdiv=subdivision or None, years=years, language="en_US")
    except NotImplementedError as error:
        message = f"no public holidays are known for {region!r}; write a country, or country-subdivision, as GB-ENG"
        raise ValueError(message) from error
    return dict(sorted(found.items())), tuple(dict.fromkeys(str(each.message) for each in warned))


@lru_cache(maxsize=64)
def build_calendar(time_zone: str, week: WeeklyHours, closed: frozenset[date]) -> Calendar:
    """The table of open intervals of a zone's weekly hours without the ``closed`` days.

    Local times become UTC by the zone's rules: of a time that the clock shows twice the first is taken, and one that it
    skips is read with the offset before the change. Raises ``ZoneInfoNotFoundError`` for an unknown zone.
    """
    zone = ZoneInfo(time_zone)

    def utc(local: datetime) -> int:
        return from_datetime(local.replace(tzinfo=zone).astimezone(UTC))

    intervals: list[tuple[int, int]] = []
    day = datetime(FIRST_YEAR, 1, 1)  # noqa: DTZ001 - a local time
    starts, offset = utc(day), zone.utcoffset(day)
    while day.year <= LAST_YEAR:
        tomorrow = day + timedelta(days=1)
        later = zone.utcoffset(tomorrow)
        for start, end in week[day.weekday()] if day.date() not in closed else ():
            if later == offset:  # no change of the clock: minutes are minutes
                intervals.append((starts + start * MINUTE, starts + end * MINUTE))
            else:
                intervals.append((utc(day + timedelta(minutes=start)), utc(day + timedelta(minutes=end))))
        starts = starts + DAY if later == offset else utc(tomorrow)
        day, offset = tomorrow, later
    longest = max(sum(end - start for start, end in spans) for spans in week) * MINUTE
    return _table(intervals, longest)


def _table(intervals: Iterable[tuple[int, int]], business_day: int) -> Calendar:
    starts, ends, opened = [FIRST], [from_datetime(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)) - DAY], [0]
    tail = (from_datetime(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)) + DAY, LAST + 1)
    for start, end in (*intervals, tail):
        first = max(start, ends[-1])
        if first >= end:
            continue
        if first == ends[-1]:
            ends[-1] = end
            continue
        opened.append(opened[-1] + ends[-1] - starts[-1])
        starts.append(first)
        ends.append(end)
    return Calendar(tuple(starts), tuple(ends), tuple(opened), business_day)
