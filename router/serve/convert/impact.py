"""From a comparison to its messages; apart, so that a server has no need of Polars."""

from collections import Counter
from collections.abc import Iterable, Iterator

from router.bulk.impact.comparison import GAINED, LOST, MEASURES, Comparison
from router.bulk.impact.figures import Verdict, figures
from router.bulk.impact.moves import Move
from router.v1 import policy_service_pb2 as pb


def impact_to_wire(found: Comparison, verdicts: Iterable[Verdict]) -> pb.PolicyImpact:
    """Who would be treated differently."""
    return pb.PolicyImpact(
        on=found.told,
        remarks=found.remarks,
        accepted=found.accepted,
        figures=[pb.ImpactFigure(name=name, before=each.before, after=each.after) for name, each in figures(found).items()],
        tiers=_pairs(found.tiers),
        bands=_pairs(found.bands),
        levels=_pairs(found.levels),
        effects=_effects(found),
        moves=map(_move, found.moves),
        verdicts=[pb.ImpactVerdict(condition=each.condition, holds=each.holds, told=each.told()) for each in verdicts],
    )


def _pairs(counts: Counter[tuple[str, str]]) -> list[pb.ImpactPair]:
    return [pb.ImpactPair(before=before, after=after, cases=count) for (before, after), count in sorted(counts.items())]


def _effects(found: Comparison) -> Iterator[pb.ImpactEffect]:
    for tier in found.tier_names():
        for measure in MEASURES:
            gained, lost = (found.effects[tier, measure, way] for way in (GAINED, LOST))
            if gained or lost:
                yield pb.ImpactEffect(tier=tier, measure=measure, gained=gained, lost=lost)


def _move(move: Move) -> pb.ImpactMove:
    found = pb.ImpactMove(case_id=move.case_id)
    for name in ("tier", "band", "level", "score", "recompense"):
        for when, value in zip(("before", "after"), getattr(move, name), strict=True):
            setattr(found, f"{name}_{when}", value)
    for each in move.reasons:
        found.rules.add(
            rule=each.rule,
            fired_before=each.fires != "only after",
            fires_after=each.fires != "only before",
            points=each.points,
            amount=each.amount,
        )
    return found
