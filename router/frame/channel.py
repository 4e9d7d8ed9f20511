"""The channel to reply by, for a column of cases: ``router.decide.channel`` asked once for each thing that can be."""

from itertools import product

import polars as pl
from polars import col

from router.decide import channel
from router.policy.model import Policy

ADDS = ("reply_channel", "reply_channel_open_at")
READS = ("contact_channel", "channel", "failed_channels")
"""The columns that :func:`reply_channel` adds, and those that it reads."""


def reply_channel(frame: pl.LazyFrame, policy: Policy, now: int) -> pl.LazyFrame:
    """``frame`` with ``reply_channel`` (String) and ``reply_channel_open_at`` (Int64 microseconds), null without channels.

    What decides are the customer's own channel and which channels failed: of the seven that there are, at most a thousand
    combinations, numbered from 0 and each decided once.
    """
    names = list(policy.channels)
    failures = list(product((False, True), repeat=len(names)))
    taken = [
        channel.reply_channel(
            policy.channels, policy.calendar, own, [name for name, fails in zip(names, failed, strict=True) if fails], now
        )
        for own in (None, *names)
        for failed in failures
    ]
    own = pl.coalesce("contact_channel", "channel")
    place = own.replace_strict(names, range(1, len(names) + 1), default=0, return_dtype=pl.Int64) * len(failures)
    for power, name in enumerate(reversed(names)):
        place += col("failed_channels").list.contains(name).fill_null(value=False) * 2**power
    numbers = range(len(taken))
    reply = place.replace_strict(numbers, [each and each.name for each in taken], return_dtype=pl.String)
    opens = place.replace_strict(numbers, [each and each.open_at for each in taken], return_dtype=pl.Int64)
    return frame.with_columns(reply.alias("reply_channel"), opens.alias("reply_channel_open_at"))
