"""The facts of many cases at once: what :func:`router.cases.facts.read_case` reads off one, as columns."""

from collections.abc import Iterable

import polars as pl
from polars import col

from router.cases.facts import Terms
from router.crm.features import quotient
from router.frame.calendar import OpenHours
from router.frame.lists import Item, again, code, listed
from router.frame.tables import ATTRIBUTE_NOTICES, CASES, Moment, kind_of
from router.frame.timeline import FOLD
from router.money import POWERS
from router.time import HOUR

_EXACT = 2**53
"""Whole numbers up to here are floats."""


def case_facts(cases: pl.LazyFrame, fold: pl.LazyFrame | None, terms: Terms, now: Moment) -> pl.LazyFrame:
    """``cases`` with what their timelines add up to and a column for each of their facts, inputs and declared attributes.

    Facts have their full names (``case.chases``, ``engine.waiting_hours``); missing is null. The columns of ``fold`` that
    there are follow, never null where :data:`FOLD` says what a case without events has; a fact that reads another one is
    not there. ``notices`` are the codes of the warnings of reading a case, in the order in which they come. Without a
    ``fold`` no case has events.

    ``case_facts(cases, fold(events, cases, terms, now), terms, now).select("case_id", "case.chases")``
    """
    frame = _with_all_columns(cases, terms)
    if fold is None:
        folded = [_default(name) for name in FOLD]
    else:
        present = fold.collect_schema().names()
        frame = frame.join(fold, on="case_id", how="left")
        folded = [_or_default(name) for name in FOLD if name in present]
    frame = frame.with_columns(folded)
    given = frame.collect_schema()
    return frame.with_columns(
        fact.alias(name)
        for name, fact in _facts(terms, now).items()
        if all(read in given for read in fact.meta.root_names())
    )


def fold_columns(names: Iterable[str], terms: Terms) -> frozenset[str]:
    """The columns of :data:`FOLD` that some columns of :func:`case_facts` are read off.

    >>> from router.calendar import ALWAYS
    >>> terms = Terms("GBP", 2, {}, lambda text: "but" in text, ALWAYS)
    >>> sorted(fold_columns(["case.status", "case.issue", "waits"], terms))
    ['accepted_at', 'waiting_since', 'waits']
    """
    facts = _facts(terms, 0)
    reads = ([*facts[name].meta.root_names()] if name in facts else [name] for name in names)
    return frozenset(name for read in reads for name in read) & FOLD.keys()


def head_facts(terms: Terms) -> dict[str, pl.Expr]:
    """The facts that are read off the head of a case as a policy has it, whatever its timeline: by name."""
    facts = _facts(terms, 0)
    return {name: facts[name] for name in ("case.issue", "case.touchpoint", "case.value_at_stake")}


def whole_quotient(whole: pl.Expr, divisor: int) -> pl.Expr:
    """``whole / divisor`` as Python has it: the float that is nearest to a quotient of two whole numbers, itself below 2⁵³.

    Up to 2⁵³ a whole number is a float. Beyond, the whole part of the quotient leaves the fraction so few bits that
    rounding it twice changes nothing.
    """
    far = (whole // divisor).cast(pl.Float64) + quotient(whole % divisor, divisor)
    return pl.when(whole.is_between(-_EXACT, _EXACT)).then(quotient(whole, divisor)).otherwise(far)


def _with_all_columns(cases: pl.LazyFrame, terms: Terms) -> pl.LazyFrame:
    """``cases`` with null where a column, or one that may be there, is not."""
    may_be = {
        **CASES,
        "order_on_record": pl.Boolean(),
        ATTRIBUTE_NOTICES: pl.List(pl.String()),
        **{fact.name: kind_of(fact) for fact in terms.attributes},
    }
    present = cases.collect_schema()
    return cases.with_columns(pl.lit(None, kind).alias(name) for name, kind in may_be.items() if name not in present)


def _default(name: str) -> pl.Expr:
    kind, default = FOLD[name]
    return pl.lit(default, kind).alias(name)


def _or_default(name: str) -> pl.Expr:
    return col(name) if FOLD[name][1] is None else col(name).fill_null(_default(name))


def _facts(terms: Terms, now: Moment) -> dict[str, pl.Expr]:
    """Each fact and input by its name, from the columns of a case and of what its timeline adds up to; ``notices``."""
    known = col("issue").is_in(list(terms.touchpoints)).fill_null(value=False)
    usual = col("issue").replace_strict(list(terms.touchpoints), list(terms.touchpoints.values()), default=None)
    ours = col("value_currency") == terms.currency
    accepted, waiting = col("accepted_at").is_not_null(), col("waiting_since").is_not_null()
    status = pl.when(accepted).then(pl.lit("accepted")).when(waiting).then(pl.lit("waiting")).otherwise(pl.lit("open"))

    def hours(microseconds: pl.Expr) -> pl.Expr:
        return whole_quotient(microseconds, HOUR)

    def number(name: str) -> pl.Expr:
        return col(name).cast(pl.Float64)

    facts = {
        "issue": pl.when(known).then("issue"),
        "channel": col("channel"),
        "touchpoint": pl.coalesce("touchpoint", usual),
        "brand": col("brand"),
        "status": status,
        "value_at_stake": pl.when(ours).then(whole_quotient(col("value_minor"), POWERS[terms.exponent])),
        "age_hours": hours(now - col("opened_at")),
        "hours_unanswered": hours(pl.when(col("unanswered") > 0).then(now - col("unanswered_since")).otherwise(0)),
        "hours_since_reply": hours(now - col("replied_at")),
        "promise_overdue_hours": hours(col("promise_overdue")),
        "order_on_record": col("order_on_record"),
        "only_statutory_offered": col("only_statutory"),
        "adverse_action_proposed": col("proposed").list.len() > 0,
        "adverse_action": col("taken"),
        "out_of_hours": _out_of_hours(terms, now),
        **{name: col(name) for name in ("escalation_requested", "leaving_signalled", "closed_without_acceptance")},
        **{name: number(name) for name in _COUNTS},
    }
    inputs = {
        "waiting_hours": hours(col("waited")),
        "goodwill_offered": col("goodwill"),
        "goodwill_since": col("goodwill_since"),
        "refund_offered": col("refund"),
    }
    return {
        **{f"case.{key}": fact for key, fact in facts.items()},
        **{f"engine.{key}": fact for key, fact in inputs.items()},
        "notices": _notices(known, ours, now),
    }


def _out_of_hours(terms: Terms, now: Moment) -> pl.Expr:
    if isinstance(now, pl.Expr):
        return OpenHours(terms.calendar).next_open(now) != now
    return pl.lit(not terms.calendar.is_open(now))


_COUNTS = (
    "contacts",
    "failed_contacts",
    "chases",
    "unanswered",
    "promises_broken",
    "contradictions",
    "evidence_repeats",
    "handoffs",
    "redirects",
    "apologies",
    "hedged_apologies",
    "remedies_rejected",
    "escalations_refused",
    "public_posts",
    "public_posts_unanswered",
    "public_posts_removed",
    "reopened",
)


def _notices(known_issue: pl.Expr, our_currency: pl.Expr, now: Moment) -> pl.Expr:
    """A code as often as the row engine warns, in its order."""
    foreign = col("value_minor").is_not_null() & ~our_currency.fill_null(value=False)
    said = (
        again("repeated-event", col("repeated_events")),
        again("future-event", col("future_events")),
        code(~known_issue, "unknown-issue"),
        code(foreign, "other-currency"),
        code(col("opened_at") > now, "opened-in-future"),
        again("repeated-promise", col("repeated_promises")),
        again("other-currency", col("foreign_offers")),
        Item(col(ATTRIBUTE_NOTICES).is_not_null(), col(ATTRIBUTE_NOTICES), many=True),
    )
    return listed(said, pl.String())
