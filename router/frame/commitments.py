"""Deadlines of a column of cases and their states, as ``router.decide.commitments`` has them for one."""

from collections.abc import Sequence

import polars as pl
from polars import col

from router.calendar import Duration
from router.frame.calendar import OpenHours
from router.frame.tables import Moment
from router.policy.model import COMMITMENTS, Policy
from router.time import FIRST, LAST

_LONGEST = LAST - FIRST + 1
"""A span that ends after the last instant, wherever it begins: longer ones end there too, and would overflow."""

ADDS = tuple(f"{kind}_{part}" for kind in COMMITMENTS for part in ("by", "state"))
READS = ("commitments.row", "opened_at", "replied_at", "acknowledged_at", "accepted_at", "waits", "waiting_since")
"""The columns that :func:`commit` adds, and those that it reads: of the plan, the case and its timeline."""


def commit(frame: pl.LazyFrame, policy: Policy, now: Moment) -> pl.LazyFrame:
    """``frame`` with ``<kind>_by`` (Int64 microseconds) and ``<kind>_state`` (String) of each of :data:`COMMITMENTS`."""
    hours = OpenHours(policy.calendar)
    acknowledge, next_update, resolve, final_response = (
        _Span(hours, [row.durations[place] for row in policy.commitments]) for place in range(len(COMMITMENTS))
    )
    opened, accepted = col("opened_at"), col("accepted_at")
    replied = pl.max_horizontal("opened_at", "replied_at")
    due = {
        "acknowledge": (acknowledge.end(opened), col("acknowledged_at")),
        "next_update": (next_update.end(replied), None),
        "resolve": (resolve.end(opened, resolve.paused()), accepted),
        "final_response": (final_response.end(opened), accepted),
    }
    states = {kind: _state(col(f"{kind}_by"), act, now) for kind, (_, act) in due.items()}
    waiting = (states["resolve"] == "open") & col("waiting_since").is_not_null()
    states["resolve"] = pl.when(waiting).then(pl.lit("paused")).otherwise(states["resolve"])
    return frame.with_columns(by.alias(f"{kind}_by") for kind, (by, _) in due.items()).with_columns(
        state.alias(f"{kind}_state") for kind, state in states.items()
    )


def _state(due: pl.Expr, act: pl.Expr | None, now: Moment) -> pl.Expr:
    without = pl.when(due < now).then(pl.lit("breached")).otherwise(pl.lit("open"))
    if act is None:
        return without
    acted = pl.when(act <= due).then(pl.lit("met")).otherwise(pl.lit("breached"))
    return pl.when(act.is_null()).then(without).otherwise(acted)


class _Span:
    """The durations of one kind of commitment, one for each row of a policy's commitments."""

    def __init__(self, hours: OpenHours, durations: Sequence[Duration]) -> None:
        self.hours = hours
        self.some_business = any(duration.business for duration in durations)
        self.microseconds = _by_row([min(duration.microseconds, _LONGEST) for duration in durations], pl.Int64())
        self.business = _by_row([duration.business for duration in durations], pl.Boolean())

    def end(self, anchor: pl.Expr, paused: pl.Expr | None = None) -> pl.Expr:
        """The instant when it ends, counted from ``anchor``; a span of zero is the anchor."""
        span = self.microseconds if paused is None else self.microseconds + paused
        elapsed = anchor + span
        if not self.some_business:
            return elapsed.clip(upper_bound=LAST)
        in_hours = self.hours.instant(self.hours.open_time(anchor) + span)
        return pl.when(self.business & (span != 0)).then(in_hours).otherwise(elapsed).clip(upper_bound=LAST)

    def paused(self) -> pl.Expr:
        """The waits for the customer that move the deadline, in microseconds of its kind of time."""
        reads = pl.struct("opened_at", "commitments.row", "waits")
        return reads.map_batches(lambda cases: self._paused(cases.struct.unnest()), pl.Int64, is_elementwise=True)

    def _paused(self, cases: pl.DataFrame) -> pl.Series:
        """Each wait counts only if it began by the deadline as the earlier ones left it. Waits are in order: once one does
        not count, none after it does, so that those before the first such are all that count."""
        pauses = pl.zeros(cases.height, pl.Int64, eager=True)
        waiting = cases.with_row_index("case").filter(col("waits").list.len() > 0)
        if waiting.is_empty():
            return pauses
        start, end = col("start"), col("end")
        in_hours = self.hours.open_time(end) - self.hours.open_time(start)
        pause = pl.when(self.business).then(in_hours).otherwise(end - start)
        counted = (
            waiting.explode("waits")
            .unnest("waits")
            .with_columns(pause.alias("pause"))
            .with_columns((col("pause").cum_sum().over("case") - col("pause")).alias("before"))
            .with_columns((start > self.end(col("opened_at"), col("before"))).alias("late"))
            .filter(col("late").cum_sum().over("case") == 0)
            .group_by("case")
            .agg(col("pause").sum())
        )
        return pauses.scatter(counted["case"], counted["pause"])


def _by_row(values: Sequence[int], kind: pl.DataType) -> pl.Expr:
    """The value of the row of commitments that each case has."""
    if len(set(values)) == 1:
        return pl.lit(values[0], kind)
    return col("commitments.row").replace_strict(range(len(values)), values, return_dtype=kind)
