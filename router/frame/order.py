"""Events in the order in which they count."""

from collections.abc import Iterable

import polars as pl
from polars import col

from router.cases.model import EVENTS as EVENT_TYPES
from router.frame.tables import EVENTS

KIND = pl.Enum(list(EVENT_TYPES))

REPLIES = (
    "statement_made",
    "promise_made",
    "evidence_requested",
    "apology_given",
    "remedy_offered",
    "escalation_granted",
    "escalation_refused",
)
"""What the company says to the customer, beside ``company_replied`` that is not automatic."""
ACTS = (
    "customer_contacted",
    "contact_failed",
    "evidence_received",
    "remedy_accepted",
    "remedy_rejected",
    "escalation_requested",
    "posted_publicly",
    "leaving_signalled",
    "resolution_accepted",
    "reopened",
)
"""What the customer does: it ends the waiting for them."""


def is_a(*kinds: str) -> pl.Expr:
    """Whether an event counts and is of one of these kinds; never null."""
    of = col("kind") == kinds[0] if len(kinds) == 1 else col("kind").is_in(kinds)
    return of.fill_null(value=False)


def in_order(events: pl.LazyFrame, cases: pl.LazyFrame, now: int) -> pl.LazyFrame:
    """The events of ``cases`` by (case, at, sequence, position), with ``opened_at`` and ``order_on_record`` of the case.

    Added are: ``row``, the number of a row; ``case``, that of its case; ``first`` and ``last`` of its case; ``future``, and
    ``repeated``, an id that came before in the case. An event that does not count, being either, has no ``kind``.
    """
    heads = cases.select(
        *_complete(cases, {"case_id": pl.String(), "opened_at": pl.Int64(), "order_on_record": pl.Boolean()})
    )
    given = events if "position" in events.collect_schema() else events.with_row_index("position")
    key = pl.struct("case", "event_id")
    # Two events of one case and id have one hash. So only rows that share theirs are compared in full, which are few.
    alike = (col("case").hash() ^ col("event_id").hash()).is_duplicated() & col("event_id").is_not_null()
    return (
        given.select(*_complete(given, EVENTS))
        .join(heads, on="case_id")
        .sort("case_id", "at", col("sequence").fill_null(0), "position")
        .with_row_index("row")
        .with_columns(first=col("case_id").ne_missing(col("case_id").shift()))
        .with_columns(
            last=col("first").shift(-1, fill_value=True),
            case=col("first").cum_sum().set_sorted(),
            future=col("at") > now,
        )
        .with_columns(alike=alike)
        .with_columns(repeated=col("alike") & ~pl.when("alike").then(key).is_first_distinct() & ~col("future"))
        .with_columns(kind=pl.when(~col("future") & ~col("repeated")).then(col("kind").cast(KIND, strict=False)))
    )


def _complete(frame: pl.LazyFrame, columns: dict[str, pl.DataType]) -> Iterable[pl.Expr]:
    """All the columns; one that the frame has not is null."""
    present = frame.collect_schema()
    return (col(name) if name in present else pl.lit(None, kind).alias(name) for name, kind in columns.items())


def latest(yes: pl.Expr, no: pl.Expr) -> pl.Expr:
    """Whether of the rows of the case so far, this one included, the last that is either ``yes`` or ``no`` is ``yes``."""
    return pl.when(yes).then(statement=True).when(no | col("first")).then(statement=False).forward_fill()


def still_to_come(mark: pl.Expr) -> pl.Expr:
    """Whether this row of the case or a later one is marked."""
    return pl.when(mark).then(statement=True).when("last").then(statement=False).backward_fill()


def row_before(value: pl.Expr) -> pl.Expr:
    """A yes/no of the row before; no at the first of a case."""
    return value.shift() & ~col("first")
