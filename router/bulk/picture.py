"""What a report draws of a queue, counted a range at a time: small, however long the queue is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import polars as pl
from polars import col

from router.bulk.budget import by_rule
from router.policy.model import COMMITMENTS, Policy
from router.time import HOUR

AGES = (0, 1, 2, 4, 8, 16, 24, 48, 96, 168, 336, 672, 1344, 2688, 5376, 8784)
"""Hours since opening: where each column of age against score begins."""
SCORES = 12
"""Rows of it up to the score of the highest band; as many above, the last of them without an end."""
HORIZON = 24
"""Hours ahead in which commitments are at risk."""
TOP, MOVES = 25, 10
"""So many cases of the head of the queue are shown, and so many that rose most, and fell most."""
_ACCEPTED = "accepted"


@dataclass(slots=True)
class Picture:
    """Counts of a queue at ``now``.

    ``ages`` counts by (index of :data:`AGES`, row of the score), ``due`` by (commitment, whole hours from now), ``steps`` by
    places moved: 0, or the number of digits, positive for those that rose. ``funded`` has by rule how many suggestions were
    funded and not, and their money in minor units.
    """

    policy: Policy
    now: int
    ages: Counter[tuple[int, int]] = field(default_factory=Counter)
    due: Counter[tuple[str, int]] = field(default_factory=Counter)
    broken: int = 0
    warned: int = 0
    steps: Counter[int] = field(default_factory=Counter)
    rose: list[dict[str, Any]] = field(default_factory=list)
    fell: list[dict[str, Any]] = field(default_factory=list)
    top: list[dict[str, Any]] = field(default_factory=list)
    funded: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def score_step(self) -> int:
        """How many points a row of age against score holds."""
        return max(1, ceil(max(self.policy.bands.values()) / SCORES))

    def add(self, ranked: pl.DataFrame) -> None:
        """Count a range of the queue: the columns of a decision, ``rank``, and those of an earlier output, if any."""
        waiting = ranked.filter(col("status") != _ACCEPTED)
        hours = (self.now - col("opened_at")) / HOUR
        column = pl.sum_horizontal((hours >= least).cast(pl.Int64) for least in AGES[1:])
        row = (col("score") // self.score_step).clip(0, 2 * SCORES - 1)
        self.ages.update(_counts(waiting, column, row))
        self.broken += waiting.select(
            pl.any_horizontal(col(f"{kind}_state") == "breached" for kind in COMMITMENTS).sum()
        ).item()
        self.warned += waiting.select((col("warnings").list.len() > 0).sum()).item()
        for kind in COMMITMENTS:
            ahead = (col(f"{kind}_by") - self.now) // HOUR
            soon = waiting.filter((col(f"{kind}_state") == "open") & ahead.is_between(0, HORIZON - 1))
            self.due.update({(kind, hour): count for (hour,), count in _counts(soon, ahead).items()})
        if "previous_rank" in waiting.columns:
            self._move(waiting.with_columns(moved=col("previous_rank") - col("rank")))
        if _is_marked(waiting):
            self._fund(waiting)
        self.top += waiting.head(TOP - len(self.top)).to_dicts()

    def _move(self, waiting: pl.DataFrame) -> None:
        moved = waiting.filter(col("moved").is_not_null())
        digits = (
            pl.when(col("moved") != 0).then(col("moved").abs().cast(pl.String).str.len_bytes().cast(pl.Int64)).otherwise(0)
        )
        self.steps.update({step: count for (step,), count in _counts(moved, digits * col("moved").sign()).items()})
        wanted = moved.select(
            "case_id", "rank", "previous_rank", "moved", "band", "previous_band", "score", "previous_score", "points",
            "previous_points",
        )  # fmt: skip
        self.rose = _largest([*self.rose, *wanted.filter(col("moved") > 0).top_k(MOVES, by="moved").to_dicts()])
        self.fell = _largest([*self.fell, *wanted.filter(col("moved") < 0).bottom_k(MOVES, by="moved").to_dicts()])

    def _fund(self, waiting: pl.DataFrame) -> None:
        for rule, *counts in by_rule(waiting.lazy()).iter_rows():
            so_far = self.funded.setdefault(rule, Counter())
            so_far.update(dict(zip(("funded", "spent", "not_funded", "withheld"), counts, strict=True)))


def changes(move: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The rules that changed a case's points since the earlier output, the largest change first."""
    points = Counter[str]()
    for name, sign in (("points", 1), ("previous_points", -1)):
        for each in move[name] or []:
            points[each["rule"]] += sign * each["points"]
    return sorted(((rule, change) for rule, change in points.items() if change), key=lambda each: (-abs(each[1]), each[0]))


def _is_marked(waiting: pl.DataFrame) -> bool:
    nested = waiting.schema["suggestions"]
    inner = nested.inner if isinstance(nested, pl.List) else None
    return isinstance(inner, pl.Struct) and any(part.name == "funded" for part in inner.fields)


def _largest(moves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(moves, key=lambda move: (-abs(move["moved"]), move["rank"]))[:MOVES]


def _counts(frame: pl.DataFrame, *keys: pl.Expr) -> dict[tuple[Any, ...], int]:
    """Each combination of keys with how often it comes."""
    named = [key.alias(str(index)) for index, key in enumerate(keys)]
    return {tuple(key): count for *key, count in frame.select(named).group_by(pl.all()).len().iter_rows()}
