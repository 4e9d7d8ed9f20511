"""The cases that two versions decide most differently, and the rules behind it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import polars as pl

from router.bulk.impact.population import Population
from router.money import format_money

_COLUMNS = ("case_id", "fired", "points", "suggestions")


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule behind a move: whether it ``fires`` ("only before", "only after", or in both: empty), and what it gives more:
    points, and minor units of money."""

    rule: str
    fires: str
    points: int
    amount: int

    def told(self, currency: str) -> str:
        """In words.

        >>> Reason("chased", "only after", 20, 0).told("GBP")
        'chased fires now: +20 points'
        """
        gives = [f"{self.points:+,} points"] if self.points else []
        if self.amount:
            gives.append(f"{'+' if self.amount > 0 else '−'}{format_money(abs(self.amount), currency, grouped=True)}")
        fires = {"only before": " fires no more", "only after": " fires now"}.get(self.fires, "")
        return f"{self.rule}{fires}{': ' if gives else ''}{', '.join(gives)}"


@dataclass(frozen=True, slots=True)
class Move:
    """One case, before and after; recompense in minor units."""

    case_id: str
    tier: tuple[str, str]
    band: tuple[str, str]
    level: tuple[str, str]
    score: tuple[int, int]
    recompense: tuple[int, int]
    reasons: tuple[Reason, ...] = ()

    MOST: ClassVar[int] = 10
    """So many are kept."""

    @property
    def size(self) -> tuple[int, int]:
        """How far the score moves, and the recompense."""
        return abs(self.score[1] - self.score[0]), abs(self.recompense[1] - self.recompense[0])


def largest(moves: Iterable[Move]) -> list[Move]:
    """The largest by score, then by money."""
    return sorted(moves, key=lambda move: (-move.size[0], -move.size[1], move.case_id))[: Move.MOST]


def explained(moves: Sequence[Move], population: Population) -> Iterator[Move]:
    """The moves with the rules behind them: these few cases are decided once more, with all that rules gave."""
    found: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    if moves:
        for sides in population.sides(_COLUMNS, [move.case_id for move in moves]):
            for rows, side in zip(found, pl.collect_all(sides), strict=True):
                rows.update({row["case_id"]: row for row in side.iter_rows(named=True)})
    before, after = found
    for move in moves:
        yield replace(move, reasons=tuple(reasons(before[move.case_id], after[move.case_id])))


def reasons(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Reason]:
    """The rules by which two rows of decisions differ, those with most points first."""
    points, amounts = Counter[str](), Counter[str]()
    for row, sign in ((before, -1), (after, 1)):
        for each in row["points"]:
            points[each["rule"]] += sign * each["points"]
        for each in row["suggestions"]:
            amounts[each["rule"]] += sign * (each["amount"] or 0)
    then, now = (set(row["fired"]) for row in (before, after))
    rules = [*after["fired"], *before["fired"], *points, *amounts]
    found = [
        Reason(
            rule,
            "only after" if rule in now - then else "only before" if rule in then - now else "",
            points[rule],
            amounts[rule],
        )
        for rule in dict.fromkeys(rules)
    ]
    changed = [each for each in found if each.fires or each.points or each.amount]
    return sorted(changed, key=lambda each: (-abs(each.points), -abs(each.amount), each.rule))
