"""A comparison as plain data for machines."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from router.bulk.impact.comparison import GAINED, LOST, MEASURES, MIXED, Comparison
from router.bulk.impact.figures import Verdict, figures
from router.bulk.impact.moves import Move
from router.money import to_major


def data(found: Comparison, verdicts: Sequence[Verdict] = ()) -> dict[str, Any]:
    """Everything that was counted, for JSON: money in major units, pairs as ``before`` and ``after``."""
    return {
        "on": found.told,
        "remarks": list(found.remarks),
        "accepted": found.accepted,
        "p1_capacity": found.capacity,
        "figures": {name: {"before": each.before, "after": each.after} for name, each in figures(found).items()},
        "tiers": _pairs(found.tiers),
        "bands": _pairs(found.bands),
        "levels": _pairs(found.levels),
        "effects": [
            {
                "tier": tier,
                **{way: found.balance[tier, way] for way in (GAINED, LOST, MIXED)},
                **{measure: {way: found.effects[tier, measure, way] for way in (GAINED, LOST)} for measure in MEASURES},
            }
            for tier in found.tier_names()
        ],
        "moves": [_move(move, found.versions.after.exponent) for move in found.moves],
        "conditions": [
            {
                "condition": each.condition,
                "holds": each.holds,
                "figures": {figure.name: {"before": figure.before, "after": figure.after} for figure in each.read},
            }
            for each in verdicts
        ],
    }


def _pairs(counts: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"before": before, "after": after, "cases": count} for (before, after), count in sorted(counts.items())]


def _move(move: Move, exponent: int) -> dict[str, Any]:
    found: dict[str, Any] = {"case_id": move.case_id}
    for name in ("tier", "band", "level", "score"):
        before, after = getattr(move, name)
        found[name] = {"before": before, "after": after}
    before, after = (to_major(minor, exponent) for minor in move.recompense)
    found["recompense"] = {"before": before, "after": after}
    found["rules"] = [
        {"rule": r.rule, "fires": r.fires, "points": r.points, "amount": to_major(r.amount, exponent)} for r in move.reasons
    ]
    return found
