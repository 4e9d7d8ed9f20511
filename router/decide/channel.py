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
    opening = calendar.next_open(now)
    best = fitting_channel(channels, own, failed, is_open=opening == now)
    return ReplyChannel(best.name, now if best.always else opening, best.always)


def fitting_channel(channels: Mapping[str, Channel], own: str | None, failed: Collection[str], *, is_open: bool) -> Channel:
    """The channel of :func:`reply_channel`, inside and outside of business hours."""
    usual = channels.get(own or "")
    slowest = usual.speed if usual else max(channel.speed for channel in channels.values())
    fitting = [channel for channel in channels.values() if channel.speed <= slowest]
    working = [channel for channel in fitting if channel.name not in failed] or fitting

    def order(channel: Channel) -> tuple[bool, bool, int]:
        return not (is_open or channel.always), channel is not usual, channel.speed

    return min(working, key=order)
