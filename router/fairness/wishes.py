"""Facts that make a condition hold, or fail: found from the condition itself, for the search to start at.

A wish is only that: whether a consistent case can grant it, and whether the condition then holds, the policy itself says.
"""

from collections.abc import Mapping
from random import Random

from router.facts import Type, Value
from router.fairness.customers import absent
from router.fairness.values import EVEN, MOSTLY, Values, function
from router.policy import expression as ex
from router.policy.row import Row

CLOSE = 0.7
"""The share of wishes that are granted as narrowly as can be, where several facts are compared."""
ALONE = 0.5
"""The share of such wishes in which one fact does it all, and the others are nothing."""
RANKS = {"tier": "tier.rank", "level": "level.rank", "band": "band.rank"}


class Wishes:
    """Wished facts by name; the first wish for a fact stands."""

    def __init__(self, values: Values, rng: Random) -> None:
        self.values = values
        self.rng = rng
        self.facts: dict[str, Value] = {}
        self._functions: dict[ex.Node, Row] = {}

    def start(self) -> "Wishes":
        """Forget what was wished."""
        self.facts = {}
        return self

    def wish(self, node: ex.Node, *, want: bool = True) -> None:
        """Wish that a condition is known to be true, or that it is not."""
        match node:
            case ex.Ref(name) | ex.No(ex.Ref(name)):
                self._fact(name, isinstance(node, ex.Ref) is want)
            case ex.All(parts) | ex.Either(parts):
                if isinstance(node, ex.All) is want:
                    for part in self.rng.sample(parts, len(parts)):
                        self.wish(part, want=want)
                elif parts:
                    self.wish(self.rng.choice(parts), want=want)
            case ex.Compare():
                self._compare(node, want=want)
            case ex.OneOf(ex.Ref(name), options, negated):
                self._one_of(name, options, want=want is not negated)
            case ex.SameText(ex.Ref(name), ex.Text(word), negated) | ex.SameText(ex.Text(word), ex.Ref(name), negated):
                self._one_of(name, (word,), want=want is not negated)
            case ex.Missing(part, negated):
                self._missing(part, want=want is not negated)
            case ex.Default(part, fallback):
                self.wish(part if self.rng.random() < MOSTLY else fallback, want=want)
            case ex.If(test, then, otherwise):
                chosen = self.rng.random() < EVEN
                self.wish(test, want=chosen)
                self.wish(then if chosen else otherwise, want=want)
            case _:
                for name in sorted(ex.names(node)):
                    self.any(name)

    def tier(self, rank: int) -> None:
        """Wish a tier: its condition, and none of a higher one."""
        tiers = self.values.world.policy.tiers
        self.wish(tiers[rank].when)
        for higher in tiers[rank + 1 :]:
            self.wish(higher.when, want=False)

    def level(self, rank: int) -> None:
        """Wish a level: one of the rules that ask for it."""
        asking = [rule for rule in self.values.world.policy.escalation if rule.rank == rank]
        if asking:
            self.wish(self.rng.choice(asking).when)

    def _fact(self, name: str, value: Value) -> None:
        if name in self.values.world.facts:
            self.facts.setdefault(name, value)

    def any(self, name: str, *, gone: float = 0.15) -> None:
        """Wish any value of a fact, and with the chance ``gone`` that it is missing."""
        if name in self.values.world.facts:
            self.facts.setdefault(name, self.values.any(name, self.rng, gone=gone))

    def _one_of(self, name: str, options: tuple[float, ...] | tuple[str, ...], *, want: bool) -> None:
        fitting = [value for value in self.values.of(name) if (value in options) is want]
        if not fitting:
            return
        value = self.rng.choice(fitting)
        policy = self.values.world.policy
        if name == "tier":
            self.tier(next(tier.rank for tier in policy.tiers if tier.name == value))
        elif name == "level":
            self.level(next(level.rank for level in policy.levels if level.name == value))
        elif name == "band":
            self._score(policy.bands[str(value)])
        else:
            self._fact(name, value)

    def _score(self, score: float) -> None:
        """A score is had by waiting for it."""
        self._fact("case.age_hours", max(0.0, score / self.values.world.policy.points_per_hour))

    def _missing(self, part: ex.Node, *, want: bool) -> None:
        for name in sorted(ex.names(part)):
            fact = self.values.world.facts.get(name)
            if fact is not None:
                self._fact(name, absent(fact) if want and fact.missing else self.values.any(name, self.rng, gone=0))

    def _compare(self, node: ex.Compare, *, want: bool) -> None:
        """One of the facts that are compared takes a value for which it comes out as wished, the others any."""
        read = sorted(ex.names(node))
        if not read:
            return
        free = [name for name in read if name not in self.facts] or read
        chosen = self.rng.choice([name for name in free if self._type(name).numeric] or free)
        around: dict[str, Value] = {}
        alone = self.rng.random() < ALONE
        for name in read:
            if alone and name != chosen and 0 in self.values.of(name):
                self._fact(name, 0.0)
            self.any(name)
            around[name] = self.facts[name] if name in self.facts else self.rng.choice(self.values.of(name))
        test = self._functions.get(node) or self._functions.setdefault(node, function(self.values.world, node, Type.YES_NO))
        near = self.values.roots(chosen, around, self.rng) if chosen in self.values.world.facts else []
        for options in (near, self.values.of(chosen)) if self.rng.random() < CLOSE else (self.values.of(chosen),):
            fitting = [v for v in options if bool(test([v if n == chosen else around[n] for n in read], ())[0]) is want]
            if fitting:
                self._take(chosen, self.rng.choice(fitting))
                return

    def _take(self, name: str, value: Value) -> None:
        if name in self.values.world.facts:
            self.facts[name] = value
        elif isinstance(value, float | int):
            if name == "tier.rank":
                self.tier(min(max(round(value), 0), len(self.values.world.policy.tiers) - 1))
            elif name == "level.rank":
                self.level(round(value))
            elif name == "score":
                self._score(value)

    def _type(self, name: str) -> Type:
        fact = self.values.world.facts.get(name)
        return fact.type if fact else Type.TEXT if name in RANKS else Type.NUMBER


def split(facts: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
    """The wishes for the customer, and those for the case."""
    of_customer = {name: value for name, value in facts.items() if name.startswith("customer.")}
    return of_customer, {name: value for name, value in facts.items() if name not in of_customer}
