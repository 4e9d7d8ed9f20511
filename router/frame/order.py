"""Events in the order in which they count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from polars import col

from router.cases.model import EVENTS as EVENT_TYPES
from router.frame.tables import EVENTS, Moment

KIND = pl.Enum(list(EVENT_TYPES))
NEVER = 2**63 - 1
"""Later than every instant."""

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


@dataclass(frozen=True, slots=True)
class Ordered:
    """Events in the order in which they count.

    ``rows`` are those of known cases by (case, at, sequence, position), with what most of the reading needs: ``case`` and
    ``row``, which number both; ``first`` and ``last`` of the case; ``future``, and ``repeated``, an id that came before in
    the case; ``until``, when the customer acts next, ``NEVER`` if not; of the case ``opened_at`` and ``order_on_record``.
    An event that does not count, being of the future or repeated, has no ``kind``. ``cases`` has ``case`` and ``case_id``.
    ``carried`` are columns of the case that ``rows`` have too, since the time that it is read for stands in them.
    """

    rows: pl.LazyFrame
    cases: pl.LazyFrame
    events: pl.LazyFrame
    carried: tuple[str, ...] = ()

    def of(self, *kinds: str, reading: Sequence[str] = ()) -> pl.LazyFrame:
        """The rows of some kinds, in no order, with some of their attributes: so what few events have is never sorted."""
        rows = self.rows.filter(is_a(*kinds))
        attributes = self.events.filter(col("kind").is_in(kinds)).select("position", *reading)
        return rows.join(attributes, on="position")


def in_order(events: pl.LazyFrame, cases: pl.LazyFrame, now: Moment, as_of: Moment | None = None) -> Ordered:
    """The events of ``cases`` in order, as of ``now``. Sequence and attributes that the table has not are null."""
    moments = [moment for moment in (now, as_of) if isinstance(moment, pl.Expr)]
    carried = tuple(dict.fromkeys(name for moment in moments for name in moment.meta.root_names()))
    heads = cases.select(*_complete(cases, _HEAD), *carried, case=col("case_id").rank("dense"))
    if "position" not in events.collect_schema():
        events = events.with_row_index("position")
    given = events.select(*_complete(events, EVENTS))
    first = col("case").ne_missing(col("case").shift())
    # Two events of one case and id have one hash. So only rows that share theirs are compared in full, which are few.
    alike = (col("case").hash() ^ col("event_id").hash()).is_duplicated() & col("event_id").is_not_null()
    repeats = ~pl.when("alike").then(pl.struct("case", "event_id")).is_first_distinct()
    rows = (
        given.select("case_id", "at", "sequence", "position", "event_id", "kind", "channel", "public", "automatic")
        .join(heads, on="case_id")
        .sort("case", "at", col("sequence").fill_null(0), "position")
        .with_row_index("row")
        .with_columns(first=first, last=first.shift(-1, fill_value=True), future=col("at") > now, alike=alike)
        .with_columns(repeated=col("alike") & repeats & ~col("future"))
        .with_columns(kind=pl.when(~col("future") & ~col("repeated")).then(col("kind").cast(KIND, strict=False)))
        .with_columns(until=pl.when(is_a(*ACTS)).then("at").when("last").then(NEVER).backward_fill())
    )
    return Ordered(rows.cache(), heads.select("case", "case_id"), given, carried)


_HEAD = {"case_id": pl.String(), "opened_at": pl.Int64(), "order_on_record": pl.Boolean()}


def _complete(frame: pl.LazyFrame, columns: Mapping[str, pl.DataType]) -> Iterable[pl.Expr]:
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
