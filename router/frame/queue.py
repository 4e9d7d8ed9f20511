"""The order of a queue, as ``Decision.queue_key`` has it: total, so that the same cases always stand in the same order."""

import polars as pl
from polars import col

from router.policy.model import COMMITMENTS


def in_order(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Decisions, most urgent first: higher score, then the earliest commitment that is not met, then the oldest opening,
    then case id by code point."""
    unmet = (pl.when(col(f"{kind}_state") != "met").then(col(f"{kind}_by")) for kind in COMMITMENTS)
    earliest = pl.min_horizontal(*unmet)
    return frame.sort(-col("score"), earliest, "opened_at", "case_id", nulls_last=True)


def ranked(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The queue: decisions in order, first their ``rank`` (Int64, 1 is the most urgent). Accepted cases have left it."""
    waiting = frame.filter(col("status") != "accepted")
    return in_order(waiting).with_row_index("rank", offset=1).with_columns(col("rank").cast(pl.Int64))
