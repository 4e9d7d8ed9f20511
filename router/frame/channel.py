"""The channel to reply by, for a column of cases: ``router.decide.channel`` asked once for each thing that can be."""

from itertools import product

import polars as pl
from polars import col

from router.decide.channel import fitting_channel
from router.frame.calendar import OpenHours
from router.frame.tables import Moment
from router.policy.model import Policy

ADDS = ("reply_channel", "reply_channel_open_at")
READS = ("contact_channel", "channel", "failed_channels")
"""The columns that :func:`reply_channel` adds, and those that it reads."""


def reply_channel(frame: pl.LazyFrame, policy: Policy, now: Moment) -> pl.LazyFrame:
    """``frame`` with ``reply_channel`` (String) and ``reply_channel_open_at`` (Int64 microseconds), null without channels.

    What decides are the customer's own channel and which channels failed: of the seven that there are, at most a thousand
    combinations, numbered from 0 and each decided once, inside and outside of business hours.
    """
    names = list(policy.channels)
    failures = list(product((False, True), repeat=len(names)))
    if not names:
        return frame.with_columns(pl.lit(None, pl.String).alias(ADDS[0]), pl.lit(None, pl.Int64).alias(ADDS[1]))
    opening = OpenHours(policy.calendar).next_open(now)
    taken = [
        fitting_channel(
            policy.channels, own, [name for name, fails in zip(names, failed, strict=True) if fails], is_open=is_open
        )
        for own in (None, *names)
        for failed in failures
        for is_open in (False, True)
    ]
    own = pl.coalesce("contact_channel", "channel")
    place = own.replace_strict(names, range(1, len(names) + 1), default=0, return_dtype=pl.Int64) * len(failures)
    for power, name in enumerate(reversed(names)):
        place += col("failed_channels").list.contains(name).fill_null(value=False) * 2**power
    place = place * 2 + (opening == now)
    numbers = range(len(taken))
    reply = place.replace_strict(numbers, [each.name for each in taken], return_dtype=pl.String)
    always = place.replace_strict(numbers, [each.always for each in taken], return_dtype=pl.Boolean)
    opens = pl.when(always).then(now).otherwise(opening)
    return frame.with_columns(reply.alias("reply_channel"), opens.alias("reply_channel_open_at"))
