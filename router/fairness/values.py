"""The values worth trying for a fact: where the policy's own expressions change, just below, at, and just above."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import combinations
from math import ceil, floor, isfinite
from random import Random

from router.facts import CHANNELS, STATUSES, TOUCHPOINTS, Fact, Type, Value
from router.fairness.customers import absent, missing
from router.fairness.trend import LARGEST
from router.fairness.world import World
from router.policy import expression as ex
from router.policy.bounds import type_of
from router.policy.plan import BANDS, Column, Plan
from router.policy.row import Row, compile_row

BELOW = {"customer.days_to_renewal"}
"""Facts that can well be below 0."""
STEP = 0.01
"""How far just below and just above is, for what is no count."""
USUAL: Mapping[str, tuple[float, ...]] = {
    "count": (0, 1, 2, 3, 8, 40),
    "policy currency, major units": (0, 20, 150, 1200, 20_000),
    "years": (0, 0.5, 2, 8, 30),
    "percent": (0, 40, 85, 99.5),
    "share": (0, 0.1, 0.9),
    "hours": (0, 1, 20, 200, 2000),
    "days": (0, 2, 40, 500),
}
"""Values of a unit that are tried whatever the policy says."""
MOSTLY, EVEN = 0.8, 0.5
"""How often a choice at random falls one way: more often than not, or as often as not."""
ELSE = (0, 1, 5, 60, 1000)


class Gap:
    """The difference of two numbers that a policy compares: where it is zero, something changes."""

    def __init__(self, world: World, left: ex.Node, right: ex.Node) -> None:
        node = ex.Arithmetic("-", left, right)
        self.names = tuple(sorted(ex.names(node)))
        self.function = function(world, node, Type.NUMBER)

    def root(self, facts: Mapping[str, Value], name: str) -> float | None:
        """The value of one fact at which the difference is zero, the others as given, if it runs straight."""
        at: list[float] = []
        for x in (0.0, 1.0):
            y = self.function([x if n == name else facts[n] for n in self.names], ())[0]
            if not isinstance(y, int | float) or missing(y):
                return None
            at.append(y)
        slope = at[1] - at[0]
        found = -at[0] / slope if slope else float("nan")
        return found if isfinite(found) else None


def function(world: World, node: ex.Node, kind: Type) -> Row:
    """A function of the names that an expression reads, in their order."""
    layout = tuple(world.facts.get(name) or Fact(name, _type(name), "") for name in sorted(ex.names(node)))
    return compile_row(Plan((Column("value", kind, node),)), ("value",), layout, ())


def _type(name: str) -> Type:
    return Type.TEXT if name in {"tier", "band", "level"} else Type.NUMBER


class Values:
    """What is worth trying in one policy."""

    def __init__(self, world: World) -> None:
        self.world = world
        policy = world.policy
        self.numbers: dict[str, set[float]] = {}
        self.texts: dict[str, set[str]] = {}
        self._pairs: dict[tuple[ex.Node, ex.Node], None] = {}
        for column in policy.plan.columns:
            self._walk(column.node)
        self.numbers.setdefault("score", set()).update(policy.bands.values())
        self.numbers["tier.rank"] = {float(tier.rank) for tier in policy.tiers}
        self.numbers["level.rank"] = {float(level.rank) for level in policy.levels}
        words = {
            "case.issue": policy.issues,
            "case.channel": CHANNELS,
            "case.touchpoint": TOUCHPOINTS,
            "case.status": STATUSES,
            "tier": [tier.name for tier in policy.tiers],
            "band": BANDS,
            "level": [level.name for level in policy.levels],
        }
        self.words = {name: tuple(sorted(options | {"another"})) for name, options in self.texts.items()}
        self.words |= {name: tuple(options) for name, options in words.items()}
        self._of: dict[str, tuple[Value, ...]] = {}

    def _walk(self, node: ex.Node) -> None:
        match node:
            case ex.Compare(_, left, right) | ex.Default(left, right) | ex.Arithmetic(_, left, right):
                self._meet(left, right)
            case ex.Extreme(_, parts):
                for left, right in combinations(parts, 2):
                    self._meet(left, right)
            case ex.OneOf(part, options):
                for name in ex.names(part):
                    self._note(name, *options)
            case ex.SameText(ex.Ref(name), ex.Text(word)) | ex.SameText(ex.Text(word), ex.Ref(name)):
                self._note(name, word)
        for child in ex.children(node):
            self._walk(child)

    def _note(self, name: str, *found: float | str) -> None:
        for value in found:
            if isinstance(value, str):
                self.texts.setdefault(name, set()).add(value)
            else:
                self.numbers.setdefault(name, set()).add(value)

    def _meet(self, left: ex.Node, right: ex.Node) -> None:
        for ref, number in ((left, right), (right, left)):
            if isinstance(ref, ex.Ref) and isinstance(number, ex.Number):
                self._note(ref.name, number.value)
                return
        read = ex.names(left) | ex.names(right)
        if read and type_of(left).numeric and type_of(right).numeric:
            for name in read:
                self._note(name, *_literals(left, right))
            self._pairs[left, right] = None

    @cached_property
    def gaps(self) -> Mapping[str, tuple[Gap, ...]]:
        """By fact, the comparisons that it stands in, other than with a number alone."""
        found: dict[str, list[Gap]] = {}
        for left, right in self._pairs:
            gap = Gap(self.world, left, right)
            for name in gap.names:
                found.setdefault(name, []).append(gap)
        return {name: tuple(gaps) for name, gaps in found.items()}

    def of(self, name: str) -> tuple[Value, ...]:
        """The values of a fact, lowest first, missing left out."""
        if name not in self._of:
            self._of[name] = self._candidates(name)
        return self._of[name]

    def _candidates(self, name: str) -> tuple[Value, ...]:
        fact = self.world.facts.get(name)
        if name in self.words:
            return self.words[name]
        if fact is None:
            return tuple(sorted(self.numbers.get(name, {0.0})))
        if fact.type is Type.YES_NO:
            return (False, True)
        if fact.type is Type.TEXT:
            return ("another",)
        usual = USUAL.get(fact.unit, ELSE)
        found = set(usual if fact.of_customer or fact.unit != "count" else usual[:-1])
        for constant in self.numbers.get(name, ()):
            found.update(around(fact, constant))
        return tuple(sorted(x for x in found if _within(fact, x)))

    def roots(self, name: str, facts: Mapping[str, Value], rng: Random, most: int = 6) -> list[float]:
        """Further values of a fact: where a comparison with the other facts, as they are here, changes."""
        gaps = self.gaps.get(name, ())
        fact = self.world.facts[name]
        found: list[float] = []
        for gap in rng.sample(gaps, min(most, len(gaps))):
            if all(other in facts for other in gap.names):
                root = gap.root(facts, name)
                found += around(fact, root) if root is not None else ()
        return [x for x in found if _within(fact, x)]

    def any(self, name: str, rng: Random, *, gone: float = 0.15) -> Value:
        """A value of a fact at random; missing now and then, if it can be."""
        fact = self.world.facts[name]
        options = self.of(name)
        if fact.missing and rng.random() < gone:
            return absent(fact)
        return rng.choice(options) if options else absent(fact)


def around(fact: Fact, constant: float) -> Iterator[float]:
    """Just below, at, and just above."""
    if not isfinite(constant):
        return
    if fact.type is Type.INTEGER:
        yield from (floor(constant) - 1.0, float(floor(constant)), float(ceil(constant)), ceil(constant) + 1.0)
    else:
        yield from (round(constant - STEP, 6), constant, round(constant + STEP, 6))


def _within(fact: Fact, value: float) -> bool:
    """Within the range of the fact; what a policy declares is not below 0."""
    low = max(fact.low, -LARGEST if fact.name in BELOW else 0.0)
    return low <= value <= min(fact.high, LARGEST)


def _literals(*nodes: ex.Node) -> Iterable[float]:
    for node in nodes:
        if isinstance(node, ex.Number):
            yield node.value
        yield from _literals(*ex.children(node))
