"""The columns of a policy's plan.

The floor's arithmetic (a stranger's tier, ageing, caps, the level of an adverse action) stands here as columns too, so that
every back end has it.
"""

from collections.abc import Iterable, Sequence

from router.facts import Type
from router.money import HALF
from router.policy.expression import (
    Arithmetic,
    Compare,
    Default,
    Either,
    Extreme,
    Floor,
    If,
    Node,
    Number,
    Ref,
    Sum,
    Text,
    YesNo,
)
from router.policy.model import Caps, Policy, Rule
from router.policy.plan import BANDS, Column, Plan, amount, asked, fired, left_after, points

WHOLE = 2.0**53
"""Largest magnitude of a score: every whole number up to it is a float64."""

_ZERO = Number(0.0)


def build_plan(policy: Policy) -> Plan:
    """All columns of a policy."""
    return Plan(
        (
            *_tier(policy),
            *_priority(policy),
            *_escalation(policy),
            *_fired(policy.entitlements),
            *_recompense(policy),
            *_rest(policy),
        )
    )


def _number(name: str, node: Node) -> Column:
    return Column(name, Type.NUMBER, node)


def _first(cases: Iterable[tuple[Node, Node]], otherwise: Node) -> Node:
    """The value of the first condition that holds."""
    node = otherwise
    for test, value in reversed(list(cases)):
        node = If(test, value, node)
    return node


def _tier(policy: Policy) -> Iterable[Column]:
    ranks = [(tier.when, Number(float(tier.rank))) for tier in reversed(policy.tiers) if tier.rank]
    known = Ref("customer.known", Type.YES_NO)
    yield _number("tier.rank", If(known, _first(ranks, _ZERO), _ZERO))
    yield Column("tier", Type.TEXT, _name_of("tier.rank", [tier.name for tier in policy.tiers]))


def _name_of(rank: str, words: Sequence[str]) -> Node:
    """The word of a rank, 0 first."""
    ref = Ref(rank, Type.NUMBER)
    return _first([(Compare("==", ref, Number(float(i))), Text(word)) for i, word in enumerate(words[:-1])], Text(words[-1]))


def _fired(rules: Iterable[Rule]) -> Iterable[Column]:
    for rule in rules:
        yield Column(fired(rule.id), Type.YES_NO, If(rule.when, YesNo(value=True), YesNo(value=False)))


def _flag(rule: Rule) -> Ref:
    return Ref(fired(rule.id), Type.YES_NO)


def _priority(policy: Policy) -> Iterable[Column]:
    yield from _fired(policy.priority)
    for rule in policy.priority:
        assert rule.gives is not None  # noqa: S101 - a priority rule has points
        yield _number(points(rule.id), If(_flag(rule), Floor(rule.gives, 0.5), _ZERO))
    waited = Arithmetic("-", Ref("case.age_hours", Type.NUMBER), Ref("engine.waiting_hours", Type.NUMBER))
    earned = Floor(Arithmetic("*", Number(policy.points_per_hour), waited), 0.5)
    yield _number("points.ageing", Extreme("max", (earned, _ZERO)))
    fixed: list[Node] = []
    varying: list[Node] = [Ref("points.ageing", Type.NUMBER)]
    for rule in policy.priority:
        (fixed if isinstance(rule.gives, Number) else varying).append(Default(Ref(points(rule.id), Type.NUMBER), _ZERO))
    # Fixed points add up apart: their sum has a bound, which lets a back end add in a narrow type.
    total = Sum((*((Sum(tuple(fixed)),) if fixed else ()), *varying))
    yield _number("score", Extreme("min", (Extreme("max", (total, Number(-WHOLE))), Number(WHOLE))))
    score = Ref("score", Type.NUMBER)
    ranks = [
        (Compare(">=", score, Number(policy.bands[band])), Number(float(BANDS.index(band)))) for band in ("P1", "P2", "P3")
    ]
    yield _number("band.rank", _first(ranks, _ZERO))
    yield Column("band", Type.TEXT, _name_of("band.rank", BANDS))


def _escalation(policy: Policy) -> Iterable[Column]:
    yield from _fired(policy.escalation)
    demands: dict[int, list[Node]] = {}
    for rule in policy.escalation:
        demands.setdefault(rule.rank, []).append(_flag(rule))
    demands.setdefault(policy.senior, []).append(Ref("case.adverse_action", Type.YES_NO))
    ranks = [(Either(tuple(flags)), Number(float(rank))) for rank, flags in sorted(demands.items(), reverse=True) if rank]
    yield _number("level.rank", _first(ranks, _ZERO))
    yield Column("level", Type.TEXT, _name_of("level.rank", [level.name for level in policy.levels]))


def _minor(node: Node, exponent: int) -> Node:
    """Minor units of an amount in major units."""
    return Floor(Arithmetic("*", node, Number(float(10**exponent))), HALF)


def _recompense(policy: Policy) -> Iterable[Column]:
    yield from _fired(policy.recompense)
    money = [rule for rule in policy.recompense if rule.gives is not None]
    for rule in money:
        assert rule.gives is not None  # noqa: S101 - chosen so
        yield _number(asked(rule.id), If(_flag(rule), _minor(rule.gives, policy.exponent), _ZERO))
    yield _number("caps.room", _room(policy.caps, policy.exponent) if policy.caps else _ZERO)
    left: Node = Ref("caps.room", Type.NUMBER)
    for rule in money:
        given = Ref(amount(rule.id), Type.NUMBER)
        wanted = Default(Ref(asked(rule.id), Type.NUMBER), _ZERO)
        yield _number(given.name, Extreme("max", (Extreme("min", (wanted, left)), _ZERO)))
        yield _number(left_after(rule.id), Arithmetic("-", left, given))
        left = Ref(left_after(rule.id), Type.NUMBER)
    yield _number("recompense.total", Sum(tuple(Ref(amount(rule.id), Type.NUMBER) for rule in money)) if money else _ZERO)


def _room(caps: Caps, exponent: int) -> Node:
    """What the caps leave for this case before any suggestion, in minor units; may be below 0."""
    offered = Ref("engine.goodwill_offered", Type.INTEGER)
    history = Default(_minor(Ref("customer.goodwill_12m", Type.MONEY), exponent), _ZERO)
    given = Arithmetic("+", history, Ref("engine.goodwill_since", Type.INTEGER))
    price = _minor(Arithmetic("*", Number(caps.share_of_price), Ref("case.value_at_stake", Type.MONEY)), exponent)
    paid = Arithmetic("+", offered, Ref("engine.refund_offered", Type.INTEGER))
    return Extreme(
        "min",
        (
            Arithmetic("-", Number(float(caps.per_case)), offered),
            Default(Arithmetic("-", Number(float(caps.per_customer)), given), Number(-WHOLE)),
            Default(Arithmetic("-", price, paid), Number(WHOLE)),
        ),
    )


def _rest(policy: Policy) -> Iterable[Column]:
    rows = [(when, Number(float(i))) for i, when in enumerate(row.when for row in policy.commitments[:-1])]
    yield _number("commitments.row", _first(rows, Number(float(len(policy.commitments) - 1))))
    yield from _fired(policy.likely_reasons)
    yield from _fired(policy.guidance)
