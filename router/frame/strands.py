"""What runs through some of a timeline's events only: each strand looks at its own rows, and has a row for each case in it.

Each takes events in order and gives ``case`` and its columns.
"""

from collections.abc import Callable, Sequence

import polars as pl
from polars import col

from router.cases.facts import Terms
from router.cases.hedges import fold_text
from router.cases.timeline import PROOF_OF_PURCHASE
from router.frame.order import NEVER, Ordered, is_a
from router.frame.tables import Moment


def by_distinct_value(name: str, change: Callable[[str], object], kind: pl.DataType) -> pl.Expr:
    """A column with each text changed by a Python function, which is asked once for each different text."""

    def changed(texts: pl.Series) -> pl.Series:
        distinct = texts.drop_nulls().unique()
        return texts.replace_strict(distinct, [change(text) for text in distinct], default=None, return_dtype=kind)

    return col(name).map_batches(changed, kind, is_elementwise=True)


def _key(name: str) -> pl.Expr:
    """Ids and items are compared exactly; one that is not given is empty."""
    return col(name).fill_null("")


def _firsts(ordered: Ordered) -> list[pl.Expr]:
    """What the case has, of rows of one case."""
    return [col(name).first() for name in ordered.carried]


def contradictions(ordered: Ordered) -> pl.LazyFrame:
    """``contradictions``: claims that differ from the one before on their topic and are no correction."""
    topic, claim = (by_distinct_value(name, fold_text, pl.String()).fill_null("") for name in ("topic", "claim"))
    told = ordered.of("statement_made", reading=("topic", "claim", "corrects")).select(
        "case", "row", "corrects", topic=topic, claim=claim
    )
    again = (col("case") == col("case").shift()) & (col("topic") == col("topic").shift())
    conflict = again & (col("claim") != col("claim").shift()) & ~col("corrects").fill_null(value=False)
    ordered_by_topic = told.sort("case", "topic", "row").with_columns(conflict=conflict)
    return ordered_by_topic.group_by("case").agg(col("conflict").sum().alias("contradictions"))


def promises(ordered: Ordered, now: Moment) -> pl.LazyFrame:
    """``promises_broken``, ``promise_overdue`` (the longest, in microseconds), ``repeated_promises``."""
    kept_at, due_at = col("kept_at"), col("due_at")
    return (
        ordered.of("promise_made", "promise_kept", reading=("id", "due_at"))
        .select("case", "at", "due_at", *ordered.carried, _key("id"), made=_row_of("promise_made"))
        .group_by("case", "id")
        .agg(
            due_at.min_by("made"),
            pl.when(col("made").is_null()).then("at").min().alias("kept_at"),
            col("made").count().alias("times"),
            *_firsts(ordered),
        )
        .filter(col("times") > 0)
        .group_by("case")
        .agg(
            ((due_at < now) & (kept_at.is_null() | (kept_at > due_at))).sum().alias("promises_broken"),
            pl.when(kept_at.is_null()).then((now - due_at).clip(0)).max().fill_null(0).alias("promise_overdue"),
            (col("times") - 1).sum().alias("repeated_promises"),
        )
    )


def evidence(ordered: Ordered, now: Moment) -> pl.LazyFrame:
    """``evidence_repeats``; ``waits`` (begin and end of each, in order), ``waited`` (microseconds), ``waiting_since``."""
    needless = (col("item") == PROOF_OF_PURCHASE) & col("order_on_record").fill_null(value=False)
    requests = (
        ordered.of("evidence_requested", "evidence_received", reading=("item",))
        .with_columns(_key("item"))
        .with_columns(received=_row_of("evidence_received").min().over("case", "item"))
        .filter(is_a("evidence_requested"))
        .with_columns(repeat=(col("received") < col("row")).fill_null(value=False) | needless)
    )
    repeats = requests.group_by("case").agg(col("repeat").sum().alias("evidence_repeats"))
    return repeats.join(_waits(requests.filter(~col("repeat")), now, _firsts(ordered)), on="case", how="left")


def _waits(requests: pl.LazyFrame, now: Moment, firsts: Sequence[pl.Expr]) -> pl.LazyFrame:
    """Requests that one act of the customer ends are one wait, from the first of them; none counts before the opening."""
    runs, span = col("until") == NEVER, col("end") - col("start")
    return (
        requests.group_by("case", "until")
        .agg(col("at").min().alias("since"), col("opened_at").first(), *firsts)
        .with_columns(start=pl.max_horizontal("since", "opened_at"), end=pl.when(runs).then(now).otherwise("until"))
        .group_by("case")
        .agg(
            pl.struct("start", "end").filter(span > 0).sort_by(col("start").filter(span > 0)).alias("waits"),
            span.clip(0).sum().alias("waited"),
            pl.when(runs).then("since").max().alias("waiting_since"),
        )
    )


def offers(ordered: Ordered, terms: Terms, as_of: Moment | None) -> pl.LazyFrame:
    """``goodwill``, ``goodwill_since`` and ``refund`` (minor units), ``foreign_offers``, ``only_statutory``."""
    ours, statutory = col("stands") & (col("currency") == terms.currency), col("statutory")
    since = pl.lit(value=True) if as_of is None else col("at") > as_of

    def total(which: pl.Expr) -> pl.Expr:
        # A sum of 64 bits wraps; the row engine's does not.
        return pl.when(which).then(col("amount").cast(pl.Int128)).sum().cast(pl.Float64)

    return (
        ordered.of("remedy_offered", "remedy_accepted", "remedy_rejected", reading=("id", "amount", "currency", "statutory"))
        .sort("row")
        .with_columns(_key("id"), _key("currency"), col("statutory").fill_null(value=False))
        .with_columns(offer=is_a("remedy_offered").cum_sum().over("case", "id"))
        .with_columns(stands=~is_a("remedy_rejected").last().over("case", "id", "offer"))
        .filter(is_a("remedy_offered"))
        .group_by("case")
        .agg(
            total(ours & ~statutory).alias("goodwill"),
            total(ours & ~statutory & since).alias("goodwill_since"),
            total(ours & statutory).alias("refund"),
            (col("stands") & ~ours & col("amount").is_not_null()).sum().alias("foreign_offers"),
            statutory.all().alias("only_statutory"),
        )
    )


def apologies(ordered: Ordered, terms: Terms) -> pl.LazyFrame:
    """``hedged_apologies``: flagged as such, or in words that take it back."""
    by_words = by_distinct_value("text", terms.hedged, pl.Boolean())
    hedged = col("hedged").fill_null(value=False) | by_words.fill_null(value=False)
    return (
        ordered.of("apology_given", reading=("text", "hedged")).group_by("case").agg(hedged.sum().alias("hedged_apologies"))
    )


def owners(ordered: Ordered) -> pl.LazyFrame:
    """``handoffs`` from one owner to a different one, and the ``owner`` now."""
    changed = (col("case") == col("case").shift()) & (col("owner_id") != col("owner_id").shift())
    assigned = ordered.of("owner_assigned", reading=("owner_id",)).select("case", "row", _key("owner_id")).sort("row")
    owner = col("owner_id").last()
    return (
        assigned.with_columns(changed=changed)
        .group_by("case")
        .agg(col("changed").sum().alias("handoffs"), pl.when(owner != "").then(owner).alias("owner"))
    )


def failed_channels(ordered: Ordered) -> pl.LazyFrame:
    """``failed_channels``: where the customer could not get through and has not since, in order."""
    failed = ordered.rows.filter(is_a("contact_failed"), col("channel").is_not_null())
    through = (
        ordered.rows.filter(is_a("customer_contacted")).group_by("case", "channel").agg(col("row").max().alias("through"))
    )
    return (
        failed.select("case", "channel", "row")
        .join(through, on=["case", "channel"], how="left")
        .filter(col("through").is_null() | (col("row") > col("through")))
        .group_by("case", "channel")
        .agg(col("row").min())
        .group_by("case")
        .agg(col("channel").sort_by("row").alias("failed_channels"))
    )


def proposals(ordered: Ordered) -> pl.LazyFrame:
    """``proposed``: kinds of adverse actions proposed and neither taken nor withdrawn, in order, with the levels that
    approved each since."""
    ended = _row_of("adverse_action_taken", "adverse_action_withdrawn").max().over(_ACTION)
    begun = _row_of("adverse_action_proposed").min().over(_ACTION)
    approved = is_a("adverse_action_approved")
    return (
        ordered.of(*_PROPOSAL, reading=("kind_of_action", "level"))
        .with_columns(_key("kind_of_action"), _key("level"))
        .with_columns(ended=ended)
        .filter(col("ended").is_null() | (col("row") > col("ended")))
        .with_columns(begun=begun)
        .filter(col("row") >= col("begun"))
        .group_by(_ACTION)
        .agg(col("begun").first(), approvals=col("level").filter(approved).sort_by(col("row").filter(approved)))
        .group_by("case")
        .agg(pl.struct(col("kind_of_action").alias("kind"), "approvals").sort_by("begun").alias("proposed"))
    )


def actions_taken(ordered: Ordered) -> pl.LazyFrame:
    """``taken``: whether an adverse action was taken and not reversed."""
    taken, reversed_ = _row_of("adverse_action_taken").max(), _row_of("adverse_action_reversed").max()
    return (
        ordered.of("adverse_action_taken", "adverse_action_reversed", reading=("kind_of_action",))
        .with_columns(_key("kind_of_action"))
        .group_by(_ACTION)
        .agg(stands=taken.is_not_null() & (reversed_.is_null() | (taken > reversed_)))
        .group_by("case")
        .agg(col("stands").any().alias("taken"))
    )


_ACTION = ("case", "kind_of_action")
_PROPOSAL = ("adverse_action_proposed", "adverse_action_approved", "adverse_action_taken", "adverse_action_withdrawn")


def _row_of(*kinds: str) -> pl.Expr:
    return pl.when(is_a(*kinds)).then("row")
