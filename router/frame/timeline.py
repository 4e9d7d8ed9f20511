"""What timelines add up to at a moment, as columns: :class:`router.cases.timeline.Timeline` for many cases at once."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

import polars as pl
from polars import col

from router.cases.facts import Terms
from router.frame import strands
from router.frame.order import REPLIES, Ordered, in_order, is_a, latest, row_before, still_to_come
from router.frame.tables import Moment

Default: TypeAlias = bool | int | str | list[str] | None

WAITS = pl.List(pl.Struct({"start": pl.Int64(), "end": pl.Int64()}))
PROPOSED = pl.List(pl.Struct({"kind": pl.String(), "approvals": pl.List(pl.String())}))
_COUNT, _INSTANT, _YES_NO, _TEXT = pl.UInt32(), pl.Int64(), pl.Boolean(), pl.String()


def fold(
    events: pl.LazyFrame,
    cases: pl.LazyFrame,
    terms: Terms,
    now: Moment,
    *,
    as_of: Moment | None = None,
    wanted: Collection[str] | None = None,
) -> pl.LazyFrame:
    """One row for each of ``cases`` that has an event: ``case_id`` and the columns of :data:`FOLD` (or those ``wanted``).

    ``events`` are as :data:`router.frame.tables.EVENTS`; of ``cases`` it reads ``case_id``, ``opened_at`` and, where there
    is one, ``order_on_record``. ``as_of`` is the moment of the customer's history, as for :func:`router.cases.facts.settle`.
    Both moments may be columns of ``cases``. Null is what :data:`FOLD` says for a case without events.
    """
    ordered = in_order(events, cases, now, as_of)
    names = [name for name in FOLD if wanted is None or name in wanted]
    folded = ordered.cases.join(_whole(ordered.rows), on="case")
    for columns, strand in _strands(terms, now, as_of).items():
        if not set(columns).isdisjoint(names):
            folded = folded.join(strand(ordered), on="case", how="left")
    return folded.select("case_id", *names)


def _strands(terms: Terms, now: Moment, as_of: Moment | None) -> dict[tuple[str, ...], Callable[[Ordered], pl.LazyFrame]]:
    """What looks at some of the events only, by the columns that it gives."""
    return {
        ("contradictions",): strands.contradictions,
        ("promises_broken", "promise_overdue", "repeated_promises"): lambda ordered: strands.promises(ordered, now),
        ("evidence_repeats", "waits", "waited", "waiting_since"): lambda ordered: strands.evidence(ordered, now),
        ("goodwill", "goodwill_since", "refund", "foreign_offers", "only_statutory"): lambda ordered: strands.offers(
            ordered, terms, as_of
        ),
        ("hedged_apologies",): lambda ordered: strands.apologies(ordered, terms),
        ("handoffs", "owner"): strands.owners,
        ("failed_channels",): strands.failed_channels,
        ("proposed",): strands.proposals,
        ("taken",): strands.actions_taken,
    }


def _whole(rows: pl.LazyFrame) -> pl.LazyFrame:
    """What every event may change: one pass over the rows, then one row for each case."""
    contact, written, public = is_a("customer_contacted"), is_a("company_replied"), col("public").fill_null(value=False)
    person = written & ~col("automatic").fill_null(value=False)
    marks = {
        "contact": contact,
        "written": written,
        "reply": is_a(*REPLIES) | person,
        "answers_post": person & public,
        "post": is_a("posted_publicly"),
        "accepted": is_a("resolution_accepted"),
        "reopening": is_a("reopened"),
    }
    chase = col("contact") & row_before(latest(col("contact"), col("reply")))
    open_contact = col("contact") & ~still_to_come(col("reply"))
    open_post = col("post") & ~still_to_come(col("answers_post"))
    final = col("accepted") & ~still_to_come(col("reopening"))
    closed = is_a("closed_by_company") & ~latest(col("accepted"), col("reopening"))
    asks = latest(is_a("escalation_requested"), is_a("escalation_granted"))
    acknowledges = (col("reply") | col("written")) & (col("at") >= col("opened_at"))

    def at(mark: str) -> pl.Expr:
        return pl.when(mark).then("at")

    return (
        rows.with_columns(**marks)
        .with_columns(
            chase=chase,
            open=open_contact,
            open_post=open_post,
            final=final,
            closed=closed,
            asks=asks,
            acknowledges=acknowledges,
        )
        .group_by("case")
        .agg(
            *(is_a(kind).sum().alias(name) for name, kind in _COUNTED.items()),
            col("chase").sum().alias("chases"),
            col("open").sum().alias("unanswered"),
            at("open").min().alias("unanswered_since"),
            at("reply").max().alias("replied_at"),
            at("acknowledges").min().alias("acknowledged_at"),
            at("final").min().alias("accepted_at"),
            col("channel").filter(col("contact") & col("channel").is_not_null()).last().alias("contact_channel"),
            col("open_post").sum().alias("public_posts_unanswered"),
            col("asks").last().alias("escalation_requested"),
            is_a("leaving_signalled").any().alias("leaving_signalled"),
            col("closed").any().alias("closed_without_acceptance"),
            col("repeated").sum().alias("repeated_events"),
            col("future").sum().alias("future_events"),
        )
    )


_COUNTED: Mapping[str, str] = {
    "contacts": "customer_contacted",
    "failed_contacts": "contact_failed",
    "redirects": "redirected",
    "apologies": "apology_given",
    "remedies_rejected": "remedy_rejected",
    "escalations_refused": "escalation_refused",
    "public_posts": "posted_publicly",
    "public_posts_removed": "public_post_removed",
    "reopened": "reopened",
}
"""How often something happened, by its event."""

FOLD: Mapping[str, tuple[pl.DataType, Default]] = {
    **dict.fromkeys(_COUNTED, (_COUNT, 0)),
    **dict.fromkeys(("chases", "unanswered", "public_posts_unanswered", "contradictions"), (_COUNT, 0)),
    **dict.fromkeys(("promises_broken", "evidence_repeats", "hedged_apologies", "handoffs"), (_COUNT, 0)),
    **dict.fromkeys(("repeated_events", "future_events", "repeated_promises", "foreign_offers"), (_COUNT, 0)),
    **dict.fromkeys(("promise_overdue", "waited"), (_INSTANT, 0)),
    **dict.fromkeys(("unanswered_since", "replied_at", "acknowledged_at", "accepted_at", "waiting_since"), (_INSTANT, None)),
    **dict.fromkeys(("goodwill", "goodwill_since", "refund"), (pl.Float64(), 0)),
    **dict.fromkeys(("only_statutory", "escalation_requested", "taken"), (_YES_NO, False)),
    **dict.fromkeys(("leaving_signalled", "closed_without_acceptance"), (_YES_NO, False)),
    **dict.fromkeys(("contact_channel", "owner"), (_TEXT, None)),
    "failed_channels": (pl.List(_TEXT), []),
    "waits": (WAITS, []),
    "proposed": (PROPOSED, []),
}
"""The columns of :func:`fold`: what each holds, and what it is of a case without events.

Names are those of :class:`router.cases.timeline.Timeline`. Beside them, ``promise_overdue`` and ``waited`` are in
microseconds, ``waits`` has the one that still runs until now, money is in minor units, and ``repeated_events``,
``future_events``, ``repeated_promises`` and ``foreign_offers`` count what the reading warns of."""
