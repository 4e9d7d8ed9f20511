"""Deadlines of a case and their states: anchored in its timeline, never in now."""

from collections.abc import Iterable

from router.calendar import Calendar, Duration
from router.cases.timeline import Timeline
from router.decide.model import Commitment
from router.policy.model import CommitmentRow
from router.time import LAST


def deadline(calendar: Calendar, anchor: int, duration: Duration, paused: int = 0) -> int:
    """The instant ``duration + paused`` after ``anchor``, in open time for a business one; a span of zero is the anchor.

    >>> from router.calendar import ALWAYS
    >>> deadline(ALWAYS, 100, Duration(50, business=True), 7)
    157
    """
    span = duration.microseconds + paused
    if not duration.business or not span:
        return min(anchor + span, LAST)
    return min(calendar.after(anchor, span), LAST)


def paused_deadline(calendar: Calendar, anchor: int, duration: Duration, waits: Iterable[tuple[int, int]]) -> int:
    """A deadline moved by the waits for the customer.

    Each counts only if it began by the deadline as the earlier ones left it.
    """
    due = deadline(calendar, anchor, duration)
    paused = 0
    for start, end in waits:
        if start <= due:
            paused += calendar.open_time(end) - calendar.open_time(start) if duration.business else end - start
            due = deadline(calendar, anchor, duration, paused)
    return due


def commit(calendar: Calendar, row: CommitmentRow, timeline: Timeline, now: int) -> tuple[Commitment, ...]:
    """The four commitments of a case at ``now``."""
    opened, replied, accepted = timeline.opened_at, timeline.replied_at, timeline.accepted_at
    acknowledge, next_update, resolve, final_response = row.durations
    answered = timeline.acknowledged_at
    due_first = deadline(calendar, opened, acknowledge)
    due_update = deadline(calendar, opened if replied is None or replied < opened else replied, next_update)
    waits = timeline.waits
    due_resolve = paused_deadline(calendar, opened, resolve, waits) if waits else deadline(calendar, opened, resolve)
    due_final = deadline(calendar, opened, final_response)
    resolved = _state(due_resolve, accepted, now)
    if resolved == "open" and timeline.waiting_since is not None:
        resolved = "paused"
    return (
        ("acknowledge", due_first, _state(due_first, answered, now)),
        ("next_update", due_update, "breached" if due_update < now else "open"),
        ("resolve", due_resolve, resolved),
        ("final_response", due_final, _state(due_final, accepted, now)),
    )


def _state(due: int, act: int | None, now: int) -> str:
    if act is not None:
        return "met" if act <= due else "breached"
    return "breached" if due < now else "open"
