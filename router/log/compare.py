"""Decides logged facts by another version than the one that did, to see what it would have said."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl
from polars import col

from router.log.replay import AT_ONCE
from router.log.tables import Alike, alike, decide_again
from router.policy.model import Policy

MOVES = 10
"""The largest moves that are kept."""
_COUNTED = ("tier", "band", "level")
_MOVED = ("score", "recompense")


class Move(NamedTuple):
    """How far a record's score and recompense would move, and what else would change."""

    decision_id: str
    case_id: str
    score: int
    recompense: int
    tier: tuple[str, str]
    band: tuple[str, str]
    level: tuple[str, str]
    rules: tuple[str, ...]
    """Rules that would fire and did not (``+rule``), or did and would not (``-rule``)."""


@dataclass(slots=True)
class Compared:
    """What another version would have said: counts before and after, and who would move most.

    ``changed`` counts records by what would be another: tier, band, level, recompense.
    """

    records: int = 0
    before: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in _COUNTED})
    after: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in _COUNTED})
    changed: Counter[str] = field(default_factory=Counter)
    recompense: tuple[int, int] = (0, 0)
    moves: list[Move] = field(default_factory=list)


def compare(frames: Iterable[pl.DataFrame], policy: Policy) -> Compared:
    """What ``policy`` would have said about the records of its name, decided as columns."""
    done = Compared()
    for part in (part for frame in frames for part in frame.iter_slices(AT_ONCE)):
        for group in alike(part):
            if group.policy == policy.name:
                _add(done, _both(group, policy))
    return done


def _both(group: Alike, policy: Policy) -> pl.DataFrame:
    """Each record with what was and, ``new``, what would be; how far score and recompense move."""
    names = (*_COUNTED, "fired", "score", "recompense_total")
    again = decide_again(group, policy).select(col(name).alias(f"new {name}") for name in names)
    both = pl.concat([group.records.select("decision_id", "case_id", *names), again], how="horizontal")
    given, would = (col(name).fill_null(0) for name in ("recompense_total", "new recompense_total"))
    return both.with_columns(given=given, would=would).with_columns(
        moved_score=col("new score") - col("score"), moved_recompense=col("would") - col("given")
    )


def _add(done: Compared, both: pl.DataFrame) -> None:
    done.records += both.height
    other = {name: col(name) != col(f"new {name}") for name in _COUNTED} | {"recompense": col("moved_recompense") != 0}
    for name in _COUNTED:
        done.before[name].update(_counts(both[name]))
        done.after[name].update(_counts(both[f"new {name}"]))
    done.changed.update(both.select(test.sum().alias(name) for name, test in other.items()).row(0, named=True))
    given, would = both.select(col("given").sum(), col("would").sum()).row(0)
    done.recompense = (done.recompense[0] + given, done.recompense[1] + would)
    moved = both.filter(pl.any_horizontal(col("moved_score") != 0, *other.values()))
    size = [-col(f"moved_{name}").abs() for name in _MOVED]
    found = [_move(row) for row in moved.sort(*size, "decision_id").head(MOVES).iter_rows(named=True)]
    order = sorted([*done.moves, *found], key=lambda move: (-abs(move.score), -abs(move.recompense), move.decision_id))
    done.moves = order[:MOVES]


def _counts(values: pl.Series) -> dict[str, int]:
    return dict(values.value_counts().iter_rows())


def _move(row: Mapping[str, Any]) -> Move:
    before, after = set(row["fired"]), set(row["new fired"])
    rules = (*(f"+{rule}" for rule in sorted(after - before)), *(f"-{rule}" for rule in sorted(before - after)))
    tier, band, level = ((row[name], row[f"new {name}"]) for name in _COUNTED)
    moved = row["moved_score"], row["moved_recompense"]
    return Move(row["decision_id"], row["case_id"], *moved, tier, band, level, rules)
