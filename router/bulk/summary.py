"""What a queue adds up to, counted a range at a time, so that the queue itself need not be in memory."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from polars import col

from router.bulk.previous import causes
from router.money import to_major
from router.policy.model import COMMITMENTS, Policy
from router.time import HOUR, format_instant

SOON = (1, 4, 24)
"""Within so many hours a commitment is about to be broken."""
FIRST_ROWS = 10
"""So many cases from the head of the queue are shown."""
MOVES = ("rose", "fell", "stayed", "new", "left")
"""What cases can have done since an earlier output."""
_ACCEPTED = "accepted"


@dataclass(slots=True)
class Summary:
    """Counts of a queue at ``now``; money in minor units of the policy's currency.

    ``tiers`` counts by (tier, band), ``states`` by (commitment, state), ``due`` by (commitment, hours from now) those that
    are open and due by then. ``causes`` are, by (``rose`` or ``fell``, rule), cases and points.
    """

    policy: Policy
    now: int
    cases: int = 0
    accepted: int = 0
    tiers: Counter[tuple[str, str]] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    recompense: int = 0
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    due: Counter[tuple[str, int]] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    remarks: tuple[str, ...] = ()
    moves: Counter[str] = field(default_factory=Counter)
    causes: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    first: list[dict[str, Any]] = field(default_factory=list)

    def add(self, ranked: pl.DataFrame) -> None:
        """Count a range of the queue: the columns of a decision, its ``rank``, and those of an earlier output, if any."""
        self.cases += ranked.height
        waiting = ranked.filter(col("status") != _ACCEPTED)
        self.accepted += ranked.height - waiting.height
        self.tiers.update({(tier, band): count for tier, band, count in _counts(waiting, "tier", "band")})
        self.levels.update(dict(_counts(waiting, "level")))
        self.recompense += int(waiting.get_column("recompense_total").sum())
        for kind in COMMITMENTS:
            self._commit(waiting, kind)
        told = ranked.select(col("warnings").explode(empty_as_null=False, keep_nulls=False))
        self.warnings.update(dict(_counts(told, "warnings")))
        if "previous_rank" in waiting.columns:
            self._move(waiting)
        self.show(waiting)

    def merge(self, other: "Summary") -> None:
        """Count what another part of the same backlog adds up to; its head and an earlier output are left out."""
        self.cases += other.cases
        self.accepted += other.accepted
        self.recompense += other.recompense
        self.tiers.update(other.tiers)
        self.levels.update(other.levels)
        self.states.update(other.states)
        self.due.update(other.due)
        self.warnings.update(other.warnings)

    def _commit(self, waiting: pl.DataFrame, kind: str) -> None:
        state, by = col(f"{kind}_state"), col(f"{kind}_by")
        self.states.update({(kind, name): count for name, count in _counts(waiting, f"{kind}_state")})
        soon = [((state == "open") & (by <= self.now + hours * HOUR)).sum().alias(str(hours)) for hours in SOON]
        counts = waiting.select(soon).row(0)
        self.due.update({(kind, hours): count for hours, count in zip(SOON, counts, strict=True)})

    def _move(self, waiting: pl.DataFrame) -> None:
        rank, before = col("rank"), col("previous_rank")
        tests = {"rose": rank < before, "fell": rank > before, "stayed": rank == before, "new": before.is_null()}
        self.moves.update(waiting.select(test.sum().alias(name) for name, test in tests.items()).row(0, named=True))
        for direction, rule, cases, points in causes(waiting).iter_rows():
            so_far = self.causes.get((direction, rule), (0, 0))
            self.causes[direction, rule] = (so_far[0] + cases, so_far[1] + points)

    def show(self, waiting: pl.DataFrame) -> None:
        """Keep what is shown of the head of the queue: rows in order, those that come first first."""
        wanted = ["rank", "case_id", "tier", "band", "score", "level", "owner", "points"]
        if "previous_rank" in waiting.columns:
            wanted.append("previous_rank")
        unmet = [pl.when(col(f"{kind}_state") != "met").then(col(f"{kind}_by")) for kind in COMMITMENTS]
        head = waiting.head(FIRST_ROWS - len(self.first)).select(*wanted, pl.min_horizontal(unmet).alias("next_due"))
        self.first += head.to_dicts()

    @property
    def queue(self) -> int:
        """How many cases wait."""
        return self.cases - self.accepted

    def data(self) -> dict[str, Any]:
        """Plain data for JSON: money in major units, times as ISO 8601."""
        policy = self.policy
        return {
            "now": format_instant(self.now),
            "cases": self.cases,
            "queue": self.queue,
            "accepted": self.accepted,
            "tiers": {
                tier.name: {band: self.tiers[tier.name, band] for band in policy.bands} for tier in reversed(policy.tiers)
            },
            "levels": {level.name: self.levels[level.name] for level in policy.levels},
            "recompense": {"total": to_major(self.recompense, policy.exponent), "currency": policy.currency},
            "commitments": {
                kind: {
                    **{state: self.states[kind, state] for state in ("open", "met", "breached", "paused")},
                    "due_within_hours": {str(hours): self.due[kind, hours] for hours in SOON},
                }
                for kind in COMMITMENTS
            },
            "warnings": dict(sorted(self.warnings.items())),
            "remarks": list(self.remarks),
            "movement": self._movement() if self.moves else None,
            "first": [_row(row) for row in self.first],
        }

    def listed_causes(self) -> list[tuple[str, str, int, int]]:
        """Direction, rule, cases and points, those of most cases first."""
        listed = sorted(self.causes.items(), key=lambda each: (-each[1][0], each[0]))
        return [(*key, *counts) for key, counts in listed]

    def _movement(self) -> dict[str, Any]:
        return {
            **{name: self.moves[name] for name in MOVES},
            "causes": [
                dict(zip(("direction", "rule", "cases", "points"), each, strict=True)) for each in self.listed_causes()
            ],
        }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    due = row["next_due"]
    return row | {"next_due": None if due is None else format_instant(due)}


def _counts(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Each combination of values with how often it comes."""
    return frame.group_by(columns).len().sort(columns).rows()
