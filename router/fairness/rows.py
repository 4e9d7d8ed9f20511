"""The seeded search for a row of commitments that is slower for a higher band or tier, or once a case has aged."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, pairwise, permutations
from random import Random

from router.facts import Direction
from router.fairness.customers import Facts, same
from router.fairness.proofs import Demand, directed
from router.fairness.scenes import Scene, scene
from router.fairness.search import Pair, all_facts
from router.fairness.speed import slower
from router.fairness.values import EVEN, Values
from router.fairness.wishes import Wishes, split
from router.fairness.world import Outcome, World
from router.policy import expression as ex
from router.policy.plan import BANDS

LIFTED = 3
"""Loyalty facts that are raised from one start."""
AGES = (0.0, 24.0, 10_000.0, 100_000.0)


class Rows:
    """One run over one policy."""

    def __init__(self, values: Values, rng: Random) -> None:
        self.values, self.world, self.rng = values, values.world, rng
        policy = self.world.policy
        places = range(len(policy.commitments))
        self.slower = {(a, b): kinds for a, b in permutations(places, 2) if (kinds := slower(policy, a, b))}
        column = next(column for column in policy.plan.columns if column.name == "commitments.row")
        self.read = ex.names(column.node)
        self.direct = sorted(self.read & set(self.world.facts))

    def pairs(self, cases: int) -> Iterator[Pair]:
        """Pairs of which the second has the higher band or tier, or is the first aged, and the slower row."""
        rows = self.world.policy.commitments
        chances = sorted(self.slower)
        wishes = Wishes(self.values, self.rng)
        for number in range(cases if chances else 0):
            worse, better = chances[number % len(chances)]
            wishes.start().wish(rows[worse].when)
            if self.rng.random() < EVEN:
                wishes.wish(rows[better].when)
            for before, after in self._candidates(scene(self.values, wishes.facts, self.rng)):
                found = self.judged(self.world, Pair(Demand.COMMITMENT, before, after))
                if found.lowered:
                    yield found

    def _candidates(self, start: Scene) -> Iterator[tuple[Scene, Scene]]:
        """Pairs with a slower row in the second: one case as it ages, and cases that the rows see as alike, in any order."""
        aged, others = ([(s, self._row(s)) for s in scenes] for scenes in (self._aged(start), self._others(start)))
        for (a, x), (b, y) in chain(pairwise(aged), permutations(others, 2)):
            if (y, x) in self.slower:
                yield a, b

    def _row(self, shown: Scene) -> int:
        return int(self.world.outcome(shown.customer, self.world.case(shown.story)).row)

    def judged(self, world: World, pair: Pair) -> Pair:
        """The pair with the commitments that are slower in the second."""
        a, b = all_facts(world, pair.before), all_facts(world, pair.after)
        x, y = (world.outcome(s.customer, f) for s, f in ((pair.before, a), (pair.after, b)))
        kinds = self.slower.get((int(y.row), int(x.row)), ())
        bands = band(world, x), band(world, y)
        if not kinds or bands[1] < bands[0] or y.tier < x.tier:
            return replace(pair, lowered=())
        lifted = pair.before.story == pair.after.story and world.history.lifts(pair.before.customer, pair.after.customer)
        higher = (bands[0] < bands[1] or x.tier < y.tier) and (lifted or self._alike(x, y))
        compared = self._is_aged(pair) or (higher and all(same(a[name], b[name]) for name in self.direct))
        return replace(pair, lowered=kinds if compared else ())

    def _is_aged(self, pair: Pair) -> bool:
        a, b = pair.before, pair.after
        return a.customer == b.customer and a.story.age < b.story.age and replace(a.story, age=b.story.age) == b.story

    def _alike(self, x: Outcome, y: Outcome) -> bool:
        """Whether the score is no lower and the level the same, as far as the rows read them."""
        same_level = x.level == y.level or not self.read & {"level", "level.rank"}
        return same_level and (y.score >= x.score or "score" not in self.read)

    def _aged(self, start: Scene) -> list[Scene]:
        """The case at ever greater ages, all else equal."""
        per_hour = self.world.policy.points_per_hour
        score = self.world.outcome(start.customer, self.world.case(start.story)).score - per_hour * start.story.age
        wanted = [value for value in self.values.of("score") if isinstance(value, float | int)]
        ages = {*AGES, *((value - score) / per_hour for value in wanted), *self.values.of("case.age_hours")}
        chosen = sorted(age for age in ages if isinstance(age, float | int) and age >= 0)
        return [Scene(start.customer, replace(start.story, age=float(age))) for age in chosen]

    def _others(self, start: Scene) -> list[Scene]:
        """Customers of every tier with cases of every band that look the same to the rows."""
        customers = [start.customer]
        keep = {name: start.customer[name] for name in self.direct if name in start.customer}
        for tier in self.world.policy.tiers:
            wishes = Wishes(self.values, self.rng)
            wishes.facts = dict(keep)
            wishes.tier(tier.rank)
            customer = scene(self.values, {**split(wishes.facts)[0], **keep}, self.rng).customer
            if all(same(customer[name], value) for name, value in keep.items()):
                customers.append(customer)
        customers += self._lifted(start.customer)
        found = []
        for customer in customers:
            at = Scene(customer, start.story)
            found += [at] if "case.age_hours" in self.direct else self._banded(at)
        return found

    def _lifted(self, customer: Facts) -> list[Facts]:
        """The customer with more loyalty, where the rows do not see it but by the tier."""
        policy, history = self.world.policy, self.world.history
        loyal = [f.name for f in directed(policy, Direction.LOYALTY) if f.name in history.facts and f.name not in self.read]
        chosen = self.rng.sample(loyal, min(len(loyal), LIFTED))
        return [history.raised(customer, name, self.values.any(name, self.rng, gone=0.0)) for name in chosen]

    def _banded(self, start: Scene) -> list[Scene]:
        """The case in each band that it can have by its age."""
        chosen: dict[int, Scene] = {}
        for shown in self._aged(start):
            outcome = self.world.outcome(shown.customer, self.world.case(shown.story))
            chosen.setdefault(band(self.world, outcome), shown)
        return list(chosen.values())


def band(world: World, outcome: Outcome) -> int:
    """The rank of the band of an outcome, 0 for P4."""
    bands = world.policy.bands
    return max((BANDS.index(name) for name in bands if outcome.score >= bands[name]), default=0)
