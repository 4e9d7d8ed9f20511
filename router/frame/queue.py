"""The order of a queue, as ``Decision.queue_key`` has it: total, so that the same cases always stand in the same order."""

import polars as pl
from polars import col

from router.policy.model import COMMITMENTS

_NEVER = 2**63 - 1
"""After every deadline."""


def keys() -> tuple[pl.Expr, ...]:
    """What sorts a queue, most urgent first: higher score, then the earliest commitment that is not met, then the oldest
    opening, then case id by code point. None is ever null."""
    unmet = (pl.when(col(f"{kind}_state") != "met").then(col(f"{kind}_by")) for kind in COMMITMENTS)
    return -col("score"), pl.min_horizontal(*unmet).fill_null(_NEVER), col("opened_at"), col("case_id")


def in_order(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Decisions, most urgent first."""
    return frame.sort(*keys())


def ranked(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The queue: decisions in order, first their ``rank`` (Int64, 1 is the most urgent). Accepted cases have left it."""
    waiting = frame.filter(col("status") != "accepted")
    return in_order(waiting).with_row_index("rank", offset=1).with_columns(col("rank").cast(pl.Int64))
