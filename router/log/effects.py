"""What rules and suggestions cost, and what came of them: decisions beside their outcomes."""

from pathlib import Path

import polars as pl
from polars import col

from router.log.decisions import DECISIONS, OUTCOMES
from router.log.files import Torn, frames
from router.log.schema import OUTCOME

_READ = ("decision_id", "decided_at", "policy", "currency", "fired", "suggestions", "recompense_total")


def effects(log: Path, torn: Torn | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two tables: a row for each suggestion (policy, rule, kind), and one for each rule that fired.

    A decision counts once, however often it was asked for; of its outcomes the one told last. ``known`` counts outcomes, the
    shares and the mean are of those that say. Money is in minor units of ``currency``, and only in that.
    """
    decisions = pl.concat([frame.select(_READ) for frame in frames(log, DECISIONS, torn)] or [_nothing()])
    decisions = decisions.sort("decided_at").unique("decision_id", keep="last", maintain_order=True)
    told = _told(log, torn)
    joined = decisions.join(told, on="decision_id", how="left", maintain_order="left")
    return _suggestions(joined), _rules(joined)


def _nothing() -> pl.DataFrame:
    from router.log.schema import DECISION  # noqa: PLC0415 - where there is no file at all

    return pl.DataFrame(schema={name: DECISION[name] for name in _READ})


def _told(log: Path, torn: Torn | None) -> pl.DataFrame:
    """The last outcome of each decision."""
    found = list(frames(log, OUTCOMES, torn)) if (log / OUTCOMES).is_dir() else []
    outcomes = pl.concat(found or [pl.DataFrame(schema=dict(OUTCOME))])
    last = outcomes.sort("recorded_at", "n").unique("decision_id", keep="last", maintain_order=True)
    return last.select("decision_id", "accepted", "satisfaction", "stayed", uses="suggestions", known=pl.lit(value=True))


def _came() -> list[pl.Expr]:
    return [
        col("known").sum().alias("known"),
        col("accepted").mean().alias("accepted"),
        col("satisfaction").mean().alias("satisfaction"),
        col("stayed").mean().alias("stayed"),
    ]


def _suggestions(joined: pl.DataFrame) -> pl.DataFrame:
    each = joined.explode("suggestions").filter(col("suggestions").is_not_null()).unnest("suggestions")
    uses = (
        joined.select("decision_id", col("uses"))
        .explode("uses")
        .filter(col("uses").is_not_null())
        .select("decision_id", col("uses").struct.unnest())
        .select("decision_id", "rule", "use", given="amount", given_in="currency")
    )
    beside = each.join(uses, on=["decision_id", "rule"], how="left", maintain_order="left")
    used = col("use").is_in(["used", "changed"])
    given = pl.when(col("given").is_null()).then("amount").when(col("given_in") == col("currency")).then("given")
    counts = [(col("use") == use).sum().alias(use) for use in ("used", "changed", "declined")]
    return (
        beside.group_by("policy", "rule", "kind", "currency")
        .agg(
            pl.len().alias("suggested"),
            col("amount").sum().alias("amount"),
            *counts,
            given.filter(used).sum().alias("given"),
            *_came(),
        )
        .sort("policy", "rule", "kind")
    )


def _rules(joined: pl.DataFrame) -> pl.DataFrame:
    each = joined.explode("fired").filter(col("fired").is_not_null())
    return (
        each.group_by("policy", "currency", rule="fired")
        .agg(pl.len().alias("fired"), col("recompense_total").sum().alias("recompense"), *_came())
        .sort("policy", "rule")
    )
