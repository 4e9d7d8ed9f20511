"""The plan: an ordered list of named, typed columns, each an expression over facts and earlier columns.

A back end only has to translate expressions. The floor's arithmetic (ageing, caps, the level of an adverse action) stands here
as columns too, after the policy's own, so that every back end has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from router.facts import Type
from router.money import HALF
from router.policy.expression import (
    All,
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
    names,
)

WHOLE = 2.0**53
"""Largest magnitude of a score: every whole number up to it is a float64."""

BANDS = ("P4", "P3", "P2", "P1")


@dataclass(frozen=True, slots=True)
class Column:
    """One result of a plan: its name, type and expression."""

    name: str
    type: Type
    node: Node


@dataclass(frozen=True, slots=True)
class Plan:
    """Columns in an order in which each reads only facts, engine inputs and columns before it."""

    columns: tuple[Column, ...]

    def only(self, wanted: Iterable[str]) -> "Plan":
        """The columns that ``wanted`` ones need, themselves included, in order."""
        needed = set(wanted)
        kept: list[Column] = []
        for column in reversed(self.columns):
            if column.name in needed:
                needed |= names(column.node)
                kept.append(column)
        return Plan(tuple(reversed(kept)))

    def reads(self) -> frozenset[str]:
        """Every fact and input that some column reads."""
        own = {column.name for column in self.columns}
        return frozenset().union(*(names(column.node) for column in self.columns)) - own


@dataclass(frozen=True, slots=True)
class Scored:
    """A rule of one section as the plan needs it: its id, its condition, and the number it gives (``None``: none)."""

    id: str
    when: Node
    gives: Node | None = None


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of recompense: minor units, and a share of the price."""

    per_case: float
    per_customer: float
    share_of_price: float


@dataclass(frozen=True, slots=True)
class Sections:
    """A policy's rules, typed, in the order of the file."""

    tiers: Sequence[tuple[str, Node]]
    points_per_hour: float
    bands: Mapping[str, float]
    priority: Sequence[Scored]
    levels: Sequence[str]
    escalation: Sequence[tuple[Scored, int]]
    senior: int
    entitlements: Sequence[Scored]
    caps: Caps | None
    exponent: int
    recompense: Sequence[Scored]
    commitments: Sequence[Node]
    likely_reasons: Sequence[Scored]
    guidance: Sequence[Scored]


def fired(rule: str) -> str:
    """The yes/no column that says whether a rule fired."""
    return f"fired.{rule}"


def points(rule: str) -> str:
    """The column of a priority rule's points, whole; missing if they cannot be known."""
    return f"points.{rule}"


def asked(rule: str) -> str:
    """The column of the amount that a recompense rule asks for, in minor units, before caps; missing if it cannot be known."""
    return f"asked.{rule}"


def amount(rule: str) -> str:
    """The column of the amount that the caps leave of it, in minor units."""
    return f"amount.{rule}"


_ZERO = Number(0.0)


def build_plan(s: Sections) -> Plan:
    """All columns of a policy."""
    return Plan((*_tier(s), *_priority(s), *_escalation(s), *_fired(s.entitlements), *_recompense(s), *_rest(s)))


def _number(name: str, node: Node) -> Column:
    return Column(name, Type.NUMBER, node)


def _first(cases: Iterable[tuple[Node, Node]], otherwise: Node) -> Node:
    """The value of the first condition that holds."""
    node = otherwise
    for test, value in reversed(list(cases)):
        node = If(test, value, node)
    return node


def _tier(s: Sections) -> Iterable[Column]:
    last = len(s.tiers) - 1
    yield _number("tier.rank", _first([(when, Number(float(last - i))) for i, (_, when) in enumerate(s.tiers[:-1])], _ZERO))
    yield Column("tier", Type.TEXT, _name_of("tier.rank", [name for name, _ in reversed(s.tiers)]))


def _name_of(rank: str, words: Sequence[str]) -> Node:
    """The word of a rank, 0 first."""
    ref = Ref(rank, Type.NUMBER)
    return _first([(Compare("==", ref, Number(float(i))), Text(word)) for i, word in enumerate(words[:-1])], Text(words[-1]))


def _fired(rules: Iterable[Scored]) -> Iterable[Column]:
    for rule in rules:
        yield Column(fired(rule.id), Type.YES_NO, If(rule.when, YesNo(value=True), YesNo(value=False)))


def _flag(rule: Scored) -> Ref:
    return Ref(fired(rule.id), Type.YES_NO)


def _priority(s: Sections) -> Iterable[Column]:
    yield from _fired(s.priority)
    for rule in s.priority:
        assert rule.gives is not None  # noqa: S101 - a priority rule has points
        yield _number(points(rule.id), If(_flag(rule), Floor(rule.gives, 0.5), _ZERO))
    waited = Arithmetic("-", Ref("case.age_hours", Type.NUMBER), Ref("engine.waiting_hours", Type.NUMBER))
    earned = Floor(Arithmetic("*", Number(s.points_per_hour), waited), 0.5)
    yield _number("points.ageing", Extreme("max", (earned, _ZERO)))
    earned_by = (Default(Ref(points(rule.id), Type.NUMBER), _ZERO) for rule in s.priority)
    total = Sum((Ref("points.ageing", Type.NUMBER), *earned_by))
    yield _number("score", Extreme("min", (Extreme("max", (total, Number(-WHOLE))), Number(WHOLE))))
    score = Ref("score", Type.NUMBER)
    ranks = [(Compare(">=", score, Number(s.bands[band])), Number(float(BANDS.index(band)))) for band in ("P1", "P2", "P3")]
    yield _number("band.rank", _first(ranks, _ZERO))
    yield Column("band", Type.TEXT, _name_of("band.rank", BANDS))


def _escalation(s: Sections) -> Iterable[Column]:
    yield from _fired(rule for rule, _ in s.escalation)
    demands: dict[int, list[Node]] = {}
    for rule, rank in s.escalation:
        demands.setdefault(rank, []).append(_flag(rule))
    demands.setdefault(s.senior, []).append(Ref("case.adverse_action", Type.YES_NO))
    ranks = [(Either(tuple(flags)), Number(float(rank))) for rank, flags in sorted(demands.items(), reverse=True) if rank]
    yield _number("level.rank", _first(ranks, _ZERO))
    yield Column("level", Type.TEXT, _name_of("level.rank", s.levels))


def _minor(node: Node, exponent: int) -> Node:
    """Minor units of an amount in major units."""
    return Floor(Arithmetic("*", node, Number(float(10**exponent))), HALF)


def _recompense(s: Sections) -> Iterable[Column]:
    yield from _fired(s.recompense)
    money = [rule for rule in s.recompense if rule.gives is not None]
    for rule in money:
        assert rule.gives is not None  # noqa: S101 - chosen so
        yield _number(asked(rule.id), If(_flag(rule), _minor(rule.gives, s.exponent), _ZERO))
    yield _number("caps.room", _room(s.caps, s.exponent) if s.caps else _ZERO)
    spent: tuple[Node, ...] = ()
    for rule in money:
        room: Node = Ref("caps.room", Type.NUMBER)
        left = Arithmetic("-", room, Sum(spent)) if spent else room
        wanted = Default(Ref(asked(rule.id), Type.NUMBER), _ZERO)
        yield _number(amount(rule.id), Extreme("max", (Extreme("min", (wanted, left)), _ZERO)))
        spent = (*spent, Ref(amount(rule.id), Type.NUMBER))
    yield _number("recompense.total", Sum(spent) if spent else _ZERO)


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
            Arithmetic("-", Number(caps.per_case), offered),
            Default(Arithmetic("-", Number(caps.per_customer), given), Number(-WHOLE)),
            Default(Arithmetic("-", price, paid), Number(WHOLE)),
        ),
    )


def _rest(s: Sections) -> Iterable[Column]:
    rows = [(when, Number(float(i))) for i, when in enumerate(s.commitments[:-1])]
    yield _number("commitments.row", _first(rows, Number(float(len(s.commitments) - 1))))
    yield from _fired(s.likely_reasons)
    yield from _fired(s.guidance)


ALWAYS: Node = All(())
"""The condition of a rule without one: no part that could fail."""
