"""The channel to reply by: one that works for this customer now, never slower than the customer's own."""

from collections.abc import Mapping

from router.calendar import Calendar
from router.cases.facts import CaseState
from router.decide.model import ReplyChannel
from router.policy.model import Channel


def reply_channel(channels: Mapping[str, Channel], calendar: Calendar, state: CaseState) -> ReplyChannel | None:
    """The customer's own channel while it works and is open; else the fastest one that does; else the one that opens first.

    A channel does not work if the customer could not get through on it and has not since. Channels slower than the
    customer's own are never taken. ``None`` if the policy names no channels.
    """
    if not channels:
        return None
    now, timeline = state.now, state.timeline
    own = channels.get(timeline.contact_channel or state.case.channel or "")
    slowest = own.speed if own else max(channel.speed for channel in channels.values())
    fitting = [channel for channel in channels.values() if channel.speed <= slowest]
    working = [channel for channel in fitting if channel.name not in timeline.failed_channels] or fitting

    def order(channel: Channel) -> tuple[int, bool, int]:
        return _opens(channel, calendar, now), channel is not own, channel.speed

    best = min(working, key=order)
    return ReplyChannel(best.name, _opens(best, calendar, now), best.always)


def _opens(channel: Channel, calendar: Calendar, now: int) -> int:
    return now if channel.always else calendar.next_open(now)
