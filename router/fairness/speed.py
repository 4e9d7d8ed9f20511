"""Whether one duration is ever slower than another, elapsed or business, through the policy's calendar."""

from collections.abc import Iterator
from functools import lru_cache

from router.calendar import ALWAYS, Calendar, Duration
from router.decide.commitments import deadline
from router.policy.model import COMMITMENTS, Policy


def slower(policy: Policy, first: int, second: int) -> tuple[str, ...]:
    """The commitments that row ``first`` makes later than row ``second`` does, from some moment."""
    pairs = zip(COMMITMENTS, policy.commitments[first].durations, policy.commitments[second].durations, strict=True)
    return tuple(kind for kind, a, b in pairs if later(a, b, policy.calendar) is not None)


@lru_cache(maxsize=1024)
def later(a: Duration, b: Duration, calendar: Calendar) -> int | None:
    """A moment from which ``a`` ends after ``b`` (microseconds), ``None`` if there is none.

    Of two durations of one kind the longer one is later, at any moment (a business one, during business hours). An elapsed
    one and a business one are compared from every moment at which either can be at its worst: where an interval begins or
    ends, at the start or at the end.
    """
    if a.business == b.business or calendar is ALWAYS:
        return (
            (calendar.starts[0] if calendar is ALWAYS else calendar.starts[1]) if a.microseconds > b.microseconds else None
        )
    for moment in _moments(calendar, a.microseconds if b.business else b.microseconds):
        if deadline(calendar, moment, a) > deadline(calendar, moment, b):
            return moment
    return None


def _moments(calendar: Calendar, elapsed: int) -> Iterator[int]:
    """Moments at which the open time of a window of that length can be at an extreme; the ends of the table are left out."""
    edges = sorted({*calendar.starts[1:-1], *calendar.ends[1:-1]})
    for edge in edges:
        for moment in (edge, edge - elapsed):
            if edges[0] <= moment and moment + elapsed <= edges[-1]:
                yield moment
