"""Instants and spans: whole microseconds of UTC since 1970, and nothing else.

Every time inside the package is such an ``int``. Text, ``datetime`` and protobuf timestamps are turned into one at the
borders, once; finer input is floored.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
YEAR: Final = 31_556_952 * SECOND
"""365.2425 days, the mean Gregorian year."""
TWELVE_MONTHS: Final = 365 * DAY
"""The window of every ``…_12m`` fact: ``(as_of - TWELVE_MONTHS, as_of]``."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST: Final = -62_135_596_800 * SECOND
"""0001-01-01, the first instant that a ``Timestamp`` and a ``datetime`` can hold."""
LAST: Final = 253_402_300_800 * SECOND - 1
"""The last microsecond of 9999."""


def from_datetime(value: datetime) -> int:
    """The instant of a ``datetime``; one without a zone is UTC.

    >>> from_datetime(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return (aware - EPOCH) // timedelta(microseconds=1)


def to_datetime(instant: int) -> datetime:
    """The UTC ``datetime`` of an instant.

    >>> to_datetime(1_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return EPOCH + timedelta(microseconds=instant)


def parse_instant(text: str) -> int:
    """The instant that an ISO 8601 text names, from :data:`FIRST` to :data:`LAST`; without an offset it is UTC.

    Raises ``ValueError``.

    >>> parse_instant("2016-06-01T10:00:00Z") == parse_instant("2016-06-01T11:00:00+01:00")
    True
    """
    instant = from_datetime(datetime.fromisoformat(text))
    if not FIRST <= instant <= LAST:
        raise ValueError(f"{text} is not in the years 1 to 9999 of UTC")
    return instant


def format_instant(instant: int) -> str:
    """An instant as ISO 8601 with a ``Z``, microseconds only where there are any.

    >>> format_instant(0)
    '1970-01-01T00:00:00Z'
    """
    return to_datetime(instant).isoformat().replace("+00:00", "Z")
