"""The seeded search for a case that starves: one whose points, ageing's apart, fall without end as it waits (demand 10)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

from router.facts import Fact, Value
from router.fairness.customers import Facts, missing
from router.fairness.proofs import Demand
from router.fairness.scenes import scene
from router.fairness.search import Pair
from router.fairness.values import MOSTLY, Values
from router.fairness.wishes import Wishes
from router.fairness.world import World
from router.policy import expression as ex
from router.policy.model import Rule
from router.policy.plan import points
from router.time import HOUR

LONGEST = 1e12
"""No number of a policy is about a case that is larger."""
LONG = 1e6
"""Times the largest number of a policy: hours after which nothing in it changes any more."""
GROWS = 1.5
"""A fall that grows by so much while the time doubles has no end; one that has an end does not grow at all."""
CLOSE = (1e-6, 1e-7, 1e-8)
"""Hours from a moment at which a division by zero stands."""
STEEP = 1000.0
STEEPLY = "steeply"
"""The kind of a pair whose points have no bound close to some moment."""


class Waiting:
    """One run over one policy. ``columns`` are the points that are not proven to have a bound or never to fall."""

    def __init__(self, values: Values, rng: Random, columns: frozenset[str]) -> None:
        self.values, self.world, self.rng = values, values.world, rng
        policy = self.world.policy
        numbers = {abs(x) for found in values.numbers.values() for x in found}
        self.long = LONG * max([x for x in numbers if x < LONGEST], default=100.0)
        self.clocks = [fact for fact in self.world.facts.values() if fact.now_dependent and fact.name in self.world.reads]
        self.doubted = [rule for rule in policy.priority if points(rule.id) in columns]
        self.divided = [rule for rule in self.doubted if _divides(rule.when) or (rule.gives and _divides(rule.gives))]
        self._doubted_row = self.world.row([points(rule.id) for rule in self.doubted])
        self._all_row = self.world.row([points(rule.id) for rule in policy.priority])

    def pairs(self, cases: int) -> Iterator[Pair]:
        """Cases that starve: the same one as it comes, and waiting."""
        wishes = Wishes(self.values, self.rng)
        for number in range(cases if self.doubted else 0):
            wishes.start().wish(self.doubted[number % len(self.doubted)].when)
            for fact in self.clocks:
                if self.rng.random() < MOSTLY:
                    wishes.any(fact.name, gone=0.0)
            shown = scene(self.values, wishes.facts, self.rng)
            found = self.judged(self.world, Pair(Demand.WAITING, shown, shown))
            if found.lowered:
                yield found

    def judged(self, _world: World, pair: Pair) -> Pair:
        """The pair with the rules by which the case starves as what is lowered."""
        shown = pair.after
        case = self.world.case(shown.story)
        if pair.before != shown:
            return replace(pair, lowered=())
        falling = self._falling(shown.customer, case)
        return replace(pair, lowered=falling or self._steep(shown.customer, case), kind="" if falling else STEEPLY)

    def _falling(self, customer: Facts, case: Facts) -> tuple[str, ...]:
        """The rules whose points fall further and further, where those of all rules together do; open or closed."""
        for closed in (False, True):
            at = [later(self.world, customer, case, self.long * n, closed=closed) for n in (1, 2, 4)]
            fall = self._those(_no_end, [self._doubted(*facts) for facts in at], self.doubted)
            if fall and _no_end([sum(self._all(*facts)) for facts in at]):
                return fall
        return ()

    def _steep(self, customer: Facts, case: Facts) -> tuple[str, ...]:
        """The rules whose points have no bound close to some moment; to rise out of the deep at the start is no fall."""
        for fact in self.clocks if self.divided else ():
            facts = customer if fact.of_customer else case
            if missing(facts[fact.name]) or not fact.type.numeric:
                continue
            for moment in sorted(self._moments(fact, customer, case)):
                near = [{**facts, fact.name: moment + distance} for distance in CLOSE]
                at = [self._doubted(f, case) if fact.of_customer else self._doubted(customer, f) for f in near]
                steep = self._those(_no_bound if moment else _no_bound_above, at, self.divided)
                if steep:
                    return steep
        return ()

    def _those(self, test: Callable[[list[float]], bool], at: list[list[float]], rules: Sequence[Rule]) -> tuple[str, ...]:
        """The rules whose points at three moments pass a test."""
        found = zip(self.doubted, zip(*at, strict=True), strict=True)
        return tuple(rule.id for rule, points in found if rule in rules and test(list(points)))

    def _moments(self, fact: Fact, customer: Facts, case: Facts) -> set[float]:
        roots = self.values.roots(fact.name, {**customer, **case}, self.rng)
        return {0.0, *roots, *(x for x in self.values.numbers.get(fact.name, ()) if x >= 0)}

    def _doubted(self, customer: Facts, case: Facts) -> list[float]:
        return [_known(value) for value in self._doubted_row(*self.world.vectors(customer, case))]

    def _all(self, customer: Facts, case: Facts) -> list[float]:
        return [_known(value) for value in self._all_row(*self.world.vectors(customer, case))]


def _known(value: Value) -> float:
    return 0.0 if missing(value) or not isinstance(value, float | int) else float(value)


def _divides(node: ex.Node) -> bool:
    return (isinstance(node, ex.Arithmetic) and node.op == "/") or any(map(_divides, ex.children(node)))


def _no_end(points: list[float]) -> bool:
    """Whether points at a long time, twice and four times that long, fall without end."""
    first, second = points[0] - points[1], points[1] - points[2]
    return first > 1 and second > GROWS * first


def _no_bound(points: list[float]) -> bool:
    """Whether points ever closer to a moment grow without bound, up or down."""
    sizes = [abs(p) for p in points]
    return sizes[0] > STEEP and all(b > GROWS * a for a, b in pairwise(sizes))


def _no_bound_above(points: list[float]) -> bool:
    return points[-1] > 0 and _no_bound(points)


def later(world: World, customer: Facts, case: Facts, hours: float, *, closed: bool | None = None) -> tuple[Facts, Facts]:
    """The facts after so many hours in which nothing happens."""
    case, customer = dict(case), dict(customer)
    case["case.age_hours"] = _plus(case["case.age_hours"], hours)
    case["case.hours_since_reply"] = _plus(case["case.hours_since_reply"], hours)
    for name in ("case.hours_unanswered", "case.promise_overdue_hours"):
        case[name] = _plus(case[name], hours if case[name] else 0)
    if case["case.status"] == "waiting":
        case["engine.waiting_hours"] = _plus(case["engine.waiting_hours"], hours)
    if closed is not None:
        case["case.out_of_hours"] = closed
    for name, fact in world.history.facts.items():
        overdue = name == "customer.open_order_overdue_hours"
        if fact.moves and not (overdue and not customer[name]):
            customer[name] = _plus(customer[name], HOUR * hours / fact.moves)
    return customer, case


def _plus(value: object, more: float) -> float:
    return float(value) + more if isinstance(value, int | float) else float("nan")
