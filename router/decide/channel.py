"""The channel to reply by: one that works for this customer now, never slower than the customer's own."""

from collections.abc import Collection, Mapping

from router.calendar import Calendar
from router.decide.model import ReplyChannel
from router.policy.model import Channel


def reply_channel(
    channels: Mapping[str, Channel], calendar: Calendar, own: str | None, failed: Collection[str], now: int
) -> ReplyChannel | None:
    """The customer's own channel while it works and is open; else the fastest one that does; else the one that opens first.

    ``own`` is the channel of the last contact, else the case's; a channel in ``failed`` does not work, as the customer could
    not get through on it and has not since. Channels slower than the customer's own are never taken. ``None`` if the policy
    names no channels.
    """
    if not channels:
        return None
    usual = channels.get(own or "")
    slowest = usual.speed if usual else max(channel.speed for channel in channels.values())
    fitting = [channel for channel in channels.values() if channel.speed <= slowest]
    working = [channel for channel in fitting if channel.name not in failed] or fitting
    opening = calendar.next_open(now)

    def order(channel: Channel) -> tuple[int, bool, int]:
        return now if channel.always else opening, channel is not usual, channel.speed

    best = min(working, key=order)
    return ReplyChannel(best.name, now if best.always else opening, best.always)
