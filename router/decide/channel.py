"""The channel to reply by: one that works for this customer now, never slower than the customer's own."""

from collections.abc import Collection, Mapping

from router.calendar import Calendar
from router.decide.model import ReplyChannel
from router.policy.model import Channel


class ReplyChannels:
    """Chooses among a policy's channels: the customer's own while it works and is open; else the fastest one that does; else
    the one that opens first. Channels slower than the customer's own are never taken.

    What is taken while every channel works is known from the start.
    """

    def __init__(self, channels: Mapping[str, Channel], calendar: Calendar) -> None:
        self._channels = channels
        self._calendar = calendar
        self._usual = {
            (own, is_open): fitting_channel(channels, own, (), is_open=is_open)
            for own in ((None, *channels) if channels else ())
            for is_open in (True, False)
        }

    def to(self, own: str | None, failed: Collection[str], now: int) -> ReplyChannel | None:
        """The channel to a customer.

        ``own`` is the channel of the last contact, else the case's; a channel in ``failed`` does not work, as the customer
        could not get through on it and has not since. ``None`` if the policy names no channels.
        """
        if not self._channels:
            return None
        opening = self._calendar.next_open(now)
        if failed:
            best = fitting_channel(self._channels, own, failed, is_open=opening == now)
        else:
            best = self._usual[own if own in self._channels else None, opening == now]
        return ReplyChannel(best.name, now if best.always else opening, best.always)


def fitting_channel(channels: Mapping[str, Channel], own: str | None, failed: Collection[str], *, is_open: bool) -> Channel:
    """The channel of :class:`ReplyChannels`, inside and outside of business hours."""
    usual = channels.get(own or "")
    slowest = usual.speed if usual else max(channel.speed for channel in channels.values())
    fitting = [channel for channel in channels.values() if channel.speed <= slowest]
    working = [channel for channel in fitting if channel.name not in failed] or fitting

    def order(channel: Channel) -> tuple[bool, bool, int]:
        return not (is_open or channel.always), channel is not usual, channel.speed

    return min(working, key=order)
