"""Two versions of a policy over the same cases, counted a part at a time: small, however many cases there are."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from polars import col

from router.bulk.impact.moves import Move, explained, largest
from router.bulk.impact.population import Population, Versions
from router.frame.commitments import commit
from router.frame.timeline import WAITS
from router.policy.model import COMMITMENTS, Policy

COLUMNS = (
    "case_id", "status", "opened_at", "tier", "score", "band", "level", "recompense_total", "suggestions", "entitlements",
    "commitments.row",
)  # fmt: skip
"""What is compared of a decision."""
AFTER = "_after"
"""The end of a column's name that has it as the version ``after`` decides it."""
CHANGES = ("tier", "band", "level", "score", "recompense", "suggestions", "entitlements", "commitments")
"""What can be another one. Suggestions are their rules, amounts, and whether they need approval; commitments the deadlines
that a case has as it is opened."""
MEASURES = ("score", "recompense", "level", "entitlements")
"""What a case can gain or lose in."""
GAINED, LOST, MIXED = "gained", "lost", "mixed"
"""Gained in something and lost in nothing; the other way round; both."""
_ACCEPTED = "accepted"
_NUMBERS = {"score": "score", "recompense": "recompense_total"}
"""The measures that are numbers, with their columns."""


@dataclass(slots=True)
class Comparison:
    """Cases that wait, counted; money in minor units of the policies' currency.

    ``tiers``, ``bands`` and ``levels`` count by (before, after). ``recompense`` is by tier, each version's own, before and
    after. ``changed`` counts cases by what is another one, ``any`` of it, ``effects`` by (tier before, measure, gained or
    lost), ``balance`` by (tier before, gained, lost or mixed). ``moves`` are the largest. ``capacity`` is how many cases of
    the band P1 can be served.
    """

    versions: Versions
    told: str = ""
    remarks: tuple[str, ...] = ()
    capacity: int | None = None
    cases: int = 0
    accepted: int = 0
    tiers: Counter[tuple[str, str]] = field(default_factory=Counter)
    bands: Counter[tuple[str, str]] = field(default_factory=Counter)
    levels: Counter[tuple[str, str]] = field(default_factory=Counter)
    recompense: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    changed: Counter[str] = field(default_factory=Counter)
    effects: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    balance: Counter[tuple[str, str]] = field(default_factory=Counter)
    moves: list[Move] = field(default_factory=list)

    def add(self, pairs: pl.DataFrame) -> None:
        """Count cases with the :data:`COLUMNS` as each version decides them, those of the second with :data:`AFTER`."""
        waiting = pairs.filter(col("status") != _ACCEPTED)
        waiting = waiting.with_columns(self._other_deadlines(waiting)).with_columns(_suggested("", AFTER))
        waiting = waiting.with_columns(_changes()).with_columns(self._effects())
        waiting = waiting.with_columns(_balance())
        self.cases += waiting.height
        self.accepted += pairs.height - waiting.height
        for counts, name in ((self.tiers, "tier"), (self.bands, "band"), (self.levels, "level")):
            counts.update({(before, after): count for before, after, count in _counts(waiting, name, name + AFTER)})
        for sums, end in zip(self.recompense, ("", AFTER), strict=True):
            grouped = waiting.group_by("tier" + end).agg(col("recompense_total" + end).sum())
            sums.update(dict(grouped.iter_rows()))
        names = [f"changed {name}" for name in (*CHANGES, "any")]
        counted = waiting.select(col(names).sum()).row(0)
        self.changed.update(dict(zip((*CHANGES, "any"), counted, strict=True)))
        for measure in MEASURES:
            for way in (GAINED, LOST):
                found = waiting.filter(col(f"{way} {measure}"))
                self.effects.update({(tier, measure, way): count for tier, count in _counts(found, "tier")})
        found = waiting.filter(col("balance").is_not_null())
        self.balance.update({(tier, balance): count for tier, balance, count in _counts(found, "tier", "balance")})
        self.moves = largest([*self.moves, *_moves(waiting)])

    def _other_deadlines(self, waiting: pl.DataFrame) -> pl.Series:
        """Whether the deadlines differ, without what happened since: a log has no events, and that is the same for both."""
        before, after = (
            _deadlines(waiting.lazy(), policy, end).collect() for policy, end in zip(self.versions, ("", AFTER), strict=True)
        )
        return (before != after).select(pl.any_horizontal(pl.all()).alias("changed commitments")).to_series()

    def _effects(self) -> Iterator[pl.Expr]:
        """Who gains and who loses in what. Levels stand where the version after has them, by their names: ranks of two
        ladders say nothing beside each other. To or from a level that it has not, nobody gains or loses.
        """
        ranks = [level.name for level in self.versions.after.levels]
        before, after = (
            col("level" + end).replace_strict(ranks, range(len(ranks)), default=None, return_dtype=pl.Int64)
            for end in ("", AFTER)
        )
        pairs = {measure: (col(name), _after(name)) for measure, name in _NUMBERS.items()} | {"level": (before, after)}
        for measure, (then, now) in pairs.items():
            yield (now > then).fill_null(value=False).alias(f"{GAINED} {measure}")
            yield (now < then).fill_null(value=False).alias(f"{LOST} {measure}")
        yield _less("entitlements" + AFTER, "entitlements").alias(f"{GAINED} entitlements")
        yield _less("entitlements", "entitlements" + AFTER).alias(f"{LOST} entitlements")
        yield pl.any_horizontal(f"changed {name}" for name in CHANGES).alias("changed any")

    def recompense_total(self) -> tuple[int, int]:
        """All suggested money, before and after."""
        before, after = self.recompense
        return before.total(), after.total()

    def band(self, name: str) -> tuple[int, int]:
        """How many cases are of a band, before and after."""
        return sides(self.bands, name)

    def tier_names(self) -> list[str]:
        """The tiers of both versions, the highest first."""
        before, after = ([tier.name for tier in reversed(policy.tiers)] for policy in self.versions)
        return list(dict.fromkeys([*after, *before]))


def compare(population: Population, capacity: int | None = None) -> Comparison:
    """Decide all cases by both versions and count; the largest moves are explained by the rules behind them."""
    found = Comparison(population.versions, population.told, population.remarks, capacity)
    for sides_of_part in population.sides(COLUMNS):
        before, after = pl.collect_all(sides_of_part, engine="streaming")  # what both have in common is done once
        found.add(before.join(after, on="case_id", suffix=AFTER))
    found.moves = list(explained(found.moves, population))
    return found


def sides(counts: Counter[tuple[str, str]], name: str) -> tuple[int, int]:
    """How many cases have a value, before and after."""
    before = sum(count for (then, _), count in counts.items() if then == name)
    return before, sum(count for (_, now), count in counts.items() if now == name)


def _after(name: str) -> pl.Expr:
    return col(name + AFTER)


def _changes() -> list[pl.Expr]:
    found = [(col(name) != _after(name)).alias(f"changed {name}") for name in ("tier", "band", "level", "score")]
    found.append((col("recompense_total") != _after("recompense_total")).alias("changed recompense"))
    for name in ("entitlements", "suggestions"):
        missing = _less(name, name + AFTER), _less(name + AFTER, name)
        found.append(pl.any_horizontal(missing).alias(f"changed {name}"))
    return found


def _suggested(*ends: str) -> Iterator[pl.Expr]:
    """Suggestions as texts that are alike where the suggestions are."""
    each = pl.element().struct
    told = [each.field(name) for name in ("rule", "amount", "needs_approval")]
    for end in ends:
        yield col("suggestions" + end).list.eval(pl.concat_str(told, separator=" ", ignore_nulls=True))


def _deadlines(waiting: pl.LazyFrame, policy: Policy, end: str) -> pl.LazyFrame:
    """The deadlines that a policy gives to cases as they are opened."""
    opened = waiting.select(
        "opened_at",
        col("commitments.row" + end).alias("commitments.row"),
        *(pl.lit(None, pl.Int64).alias(name) for name in ("replied_at", "acknowledged_at", "accepted_at", "waiting_since")),
        pl.lit([], WAITS).alias("waits"),
    )
    return commit(opened, policy, 0).select(f"{kind}_by" for kind in COMMITMENTS)


def _less(one: str, other: str) -> pl.Expr:
    """Whether a list has something that the other has not."""
    return col(one).list.set_difference(other).list.len() > 0


def _balance() -> pl.Expr:
    gained, lost = (pl.any_horizontal(f"{way} {measure}" for measure in MEASURES) for way in (GAINED, LOST))
    both = pl.when(gained & lost).then(pl.lit(MIXED))
    return both.when(gained).then(pl.lit(GAINED)).when(lost).then(pl.lit(LOST)).alias("balance")


def _counts(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Each combination of values with how often it comes."""
    return frame.group_by(columns).len().sort(columns).rows()


def _moves(waiting: pl.DataFrame) -> Iterator[Move]:
    """The largest moves of a part."""
    further = (_after("score") - col("score")).abs(), (_after("recompense_total") - col("recompense_total")).abs()
    moved = waiting.lazy().filter("changed any").sort(*further, "case_id", descending=[True, True, False])
    for row in moved.head(Move.MOST).collect().iter_rows(named=True):
        pairs = {name: (row[name], row[name + AFTER]) for name in ("tier", "band", "level", "score")}
        yield Move(row["case_id"], **pairs, recompense=(row["recompense_total"], row["recompense_total" + AFTER]))
