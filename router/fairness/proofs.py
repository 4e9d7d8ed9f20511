"""What the analysis proves of a policy, demand by demand, and what it leaves to the search."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import inf

from router.facts import CASE_FACTS, CUSTOMER_FACTS, INPUTS, Direction, Fact, Type
from router.fairness.analysis import Ordered, Reader
from router.fairness.speed import slower
from router.fairness.trend import LARGEST, Shape, Trend
from router.policy import expression as ex
from router.policy.model import Policy
from router.policy.plan import BANDS, Plan, amount, asked, fired, points

SUGGESTION = "suggestion."
"""Before the id of a recompense rule: that it is suggested."""
OUTCOMES = ("tier.rank", "score", "level.rank", "recompense.total")
"""What loyalty and failures may not lower; and no suggestion may be lost."""
CARRIED = {"customer.plan": "customer.subscribed"}
"""A fact that no order ranks, and the loyalty fact that makes it known."""

_ZERO = ex.Number(0.0)
_RISES, _FALLS, _EITHER = Trend.RISES, Trend.FALLS, Trend.EITHER


class Demand(StrEnum):
    """What is demanded of a policy, as the code of the problem where it does not hold."""

    LOYALTY = "loyalty-lowers"
    FAILURE = "failure-lowers"
    WAITING = "case-starves"
    COMMITMENT = "commitment-slower"


@dataclass(frozen=True, slots=True)
class Open:
    """What the analysis could not prove: ``outcomes`` that might fall, and the ``columns`` for which it might be."""

    outcomes: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()


def left_open(policy: Policy) -> Mapping[Demand, Open]:
    """What the analysis leaves open of each demand on a policy; no outcomes where it is proven."""
    return {
        Demand.LOYALTY: loyalty(policy, directed(policy, Direction.LOYALTY)),
        Demand.FAILURE: failure(policy, directed(policy, Direction.FAILURE)),
        Demand.WAITING: waiting(policy),
        Demand.COMMITMENT: commitments(policy),
    }


def facts_of(policy: Policy) -> tuple[Fact, ...]:
    """All facts that a policy may read."""
    return (*CASE_FACTS, *INPUTS, *CUSTOMER_FACTS, *policy.facts)


def directed(policy: Policy, direction: Direction) -> tuple[Fact, ...]:
    """The facts of one direction that the policy reads, or that carry one; texts have no order, and so none."""
    reads = policy.plan.reads()
    reads |= {by for name, by in CARRIED.items() if name in reads}
    return tuple(f for f in facts_of(policy) if f.name in reads and f.direction is direction and f.type is not Type.TEXT)


def ordered(policy: Policy) -> Ordered:
    """The texts of a plan that name a rank."""
    return {
        "tier": ("tier.rank", tuple(tier.name for tier in policy.tiers)),
        "band": ("band.rank", BANDS),
        "level": ("level.rank", tuple(level.name for level in policy.levels)),
    }


def loyalty(policy: Policy, facts: Iterable[Fact]) -> Open:
    """What might fall while loyalty ``facts`` rise, or become known."""
    moving = {fact.name: _rising(fact, gains=bool(fact.missing)) for fact in facts}
    for name, by in CARRIED.items():
        if by in moving:
            moving[name] = Shape(known=_RISES, missing=True)
    return _outcomes(policy, _reader(policy, moving))


def failure(policy: Policy, facts: Iterable[Fact]) -> Open:
    """What might fall while failure ``facts`` rise."""
    return _outcomes(policy, _reader(policy, {fact.name: _rising(fact, gains=False) for fact in facts}))


def waiting(policy: Policy) -> Open:
    """Which points, other than ageing's, might fall without bound while a case waits."""
    moving = {}
    for fact in facts_of(policy):
        if fact.name == "case.out_of_hours":
            moving[fact.name] = Shape(_EITHER, no=_EITHER)
        elif fact.name == "case.promises_broken":
            moving[fact.name] = Shape(_RISES, low=0, high=LARGEST)
        elif fact.now_dependent:
            shrinks = fact.moves < 0
            low = -inf if shrinks else 0.0
            moving[fact.name] = Shape(_FALLS if shrinks else _RISES, low=low, high=inf, missing=bool(fact.missing))
    reader = _reader(policy, moving, endless=True)
    columns = frozenset(
        points(rule.id)
        for rule in policy.priority
        if not (shape := reader.number(ex.Default(_ref(points(rule.id)), _ZERO))).value.never_falls and not shape.bounded
    )
    return Open(frozenset({"score"}) if columns else frozenset(), columns)


def commitments(policy: Policy) -> Open:
    """Whether a higher band or tier, or a case's age, might choose a slower row of commitments."""
    sorted_by_speed = not any(
        slower(policy, first, second) for first, second in combinations(range(len(policy.commitments)), 2)
    )
    top = {"score": LARGEST, "tier.rank": len(policy.tiers) - 1, "band.rank": len(BANDS) - 1}
    free = {name: Shape(_RISES, low=-LARGEST if name == "score" else 0, high=high) for name, high in top.items()}
    free["level.rank"] = Shape(low=0, high=len(policy.levels) - 1)
    chosen = _reader(policy, free, plan=Plan(tuple(c for c in policy.plan.columns if c.name == "commitments.row")))
    age = next(fact for fact in CASE_FACTS if fact.name == "case.age_hours")
    aged = _reader(policy, {age.name: _rising(age, gains=False)}, plan=policy.plan.only(["commitments.row"]))
    proven = sorted_by_speed and not any(r.names["commitments.row"].value & _RISES for r in (chosen, aged))
    return Open() if proven else Open(frozenset({"commitments.row"}), frozenset({"commitments.row"}))


def _ref(name: str) -> ex.Node:
    return ex.Ref(name, Type.NUMBER)


def _rising(fact: Fact, *, gains: bool) -> Shape:
    still = _still(fact)
    known = _RISES if gains else Trend.STILL
    return Shape(_RISES, known, still.low, still.high, still.missing, no=_EITHER if gains else _FALLS)


def _still(fact: Fact) -> Shape:
    return Shape(low=max(fact.low, -LARGEST), high=min(fact.high, LARGEST), missing=bool(fact.missing))


def _reader(policy: Policy, moving: Mapping[str, Shape], *, plan: Plan | None = None, endless: bool = False) -> Reader:
    names = {fact.name: _still(fact) for fact in facts_of(policy)} | dict(moving)
    reader = Reader(names, ordered(policy), endless=endless)
    reader.columns((plan or policy.plan).columns)
    return reader


def _outcomes(policy: Policy, reader: Reader) -> Open:
    outcomes: set[str] = set()
    columns: set[str] = set()
    for name in ("tier.rank", "level.rank", "score"):
        if not reader.names[name].value.never_falls:
            outcomes.add(name)
    for rule in policy.priority:
        if not reader.number(ex.Default(_ref(points(rule.id)), _ZERO)).value.never_falls:
            columns.add(points(rule.id))
    for step in policy.escalation:
        if not reader.names[fired(step.id)].value.never_falls:
            columns.add(fired(step.id))
    _suggestions(policy, reader, outcomes, columns)
    return Open(frozenset(outcomes), frozenset(columns))


def _suggestions(policy: Policy, reader: Reader, outcomes: set[str], columns: set[str]) -> None:
    """Money is ``min(sum of what is asked, room)``, cut from the end: what is asked earlier can push out what is later."""
    steady = not reader.names["caps.room"].value and not reader.names["caps.room"].known
    pushed = False
    for rule in policy.recompense:
        if rule.gives is None:
            if not reader.names[fired(rule.id)].value.never_falls:
                outcomes.add(SUGGESTION + rule.id)
                columns.add(fired(rule.id))
            continue
        wanted = ex.Extreme("max", (ex.Default(_ref(asked(rule.id)), _ZERO), _ZERO))
        value = reader.number(wanted).value
        if not value.never_falls:
            outcomes |= {SUGGESTION + rule.id, "recompense.total"}
            columns.add(asked(rule.id))
        if pushed:
            outcomes.add(SUGGESTION + rule.id)
            columns.add(amount(rule.id))
        if not steady:
            outcomes |= {SUGGESTION + rule.id, "recompense.total"}
        pushed = pushed or bool(value & _RISES)
