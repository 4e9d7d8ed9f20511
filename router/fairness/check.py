"""Demands 8 to 10 of the floor, and those on commitments: proven where the analysis can, searched where it cannot."""

from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random

from router.errors import Problem
from router.facts import Direction
from router.fairness import proofs
from router.fairness.proofs import Demand, Open
from router.fairness.rows import Rows
from router.fairness.search import Pair, Search, declared, judged, touching
from router.fairness.shrink import Judge, shrunk
from router.fairness.values import Values
from router.fairness.waiting import Waiting
from router.fairness.words import blamed, starving, told
from router.fairness.world import World
from router.policy.model import Policy

CASES = 800
"""Starts of a search, for each demand that is not proven."""
ROWS = 10
"""A start of the search among commitments is worth so many others: it compares every tier in every band."""
MOST = 3
"""No more counterexamples of one demand: the first ones are enough to begin with."""
PATIENCE = 25
"""Times that what was found is found again before the search for something else ends."""


def check_fairness(policy: Policy, *, seed: int = 0, cases: int = CASES, thorough: bool = False) -> tuple[Problem, ...]:
    """What ``policy`` does that no policy may, each with a counterexample; the same for the same seed.

    A demand that the analysis proves is not searched, unless ``thorough``. ``cases`` is how many starts each search has.
    """
    world = World(policy)
    found: list[Problem] = []
    for look in (_loyalty, _failures, _waiting, _commitments):
        found += look(world, Random(seed), cases, thorough=thorough)
    return tuple(found)


def proven(policy: Policy) -> frozenset[str]:
    """The codes of the demands that the analysis alone proves of ``policy``, so that nothing is searched for."""
    return frozenset(demand.value for demand, left in proofs.left_open(policy).items() if not left.outcomes)


def _loyalty(world: World, rng: Random, cases: int, *, thorough: bool) -> Iterator[Problem]:
    facts = proofs.directed(world.policy, Direction.LOYALTY)
    if thorough:
        left = dict.fromkeys((fact.name for fact in facts), _everything(world))
    elif proofs.loyalty(world.policy, facts).outcomes:
        left = {fact.name: proofs.loyalty(world.policy, [fact]) for fact in facts}
    else:
        return
    facts = tuple(fact for fact in facts if left[fact.name].outcomes)
    search = Search(Values(world), rng)
    yield from _distinct(world, search.loyalty(facts, left, cases), judged)


def _failures(world: World, rng: Random, cases: int, *, thorough: bool) -> Iterator[Problem]:
    facts = proofs.directed(world.policy, Direction.FAILURE)
    left = _everything(world) if thorough else proofs.failure(world.policy, facts)
    if not left.outcomes:
        return
    names = {fact.name for fact in facts if thorough or proofs.failure(world.policy, [fact]).outcomes}
    others = [fact for fact in declared(world, Direction.FAILURE) if fact.name in names]
    search = Search(Values(world), rng)
    yield from _distinct(world, search.failures(touching(names), others, left, cases), judged)


def _waiting(world: World, rng: Random, cases: int, *, thorough: bool) -> Iterator[Problem]:
    left = _everything(world) if thorough else proofs.waiting(world.policy)
    if left.outcomes:
        search = Waiting(Values(world), rng, left.columns)
        yield from _distinct(world, search.pairs(cases), search.judged)


def _commitments(world: World, rng: Random, cases: int, *, thorough: bool) -> Iterator[Problem]:
    if thorough or proofs.commitments(world.policy).outcomes:
        search = Rows(Values(world), rng)
        yield from _distinct(world, search.pairs(cases // ROWS), search.judged)


def _everything(world: World) -> Open:
    return Open(frozenset({"tier.rank", *world.parts}), frozenset(world.parts))


def _distinct(world: World, pairs: Iterable[Pair], judge: Judge) -> Iterator[Problem]:
    """One problem for each thing that is wrong, as told by what is lowered and by which rules."""
    seen: Counter[tuple[str, ...]] = Counter()
    given = 0
    for pair in pairs:
        blame = blamed(world, pair)
        if blame not in seen:
            small = shrunk(world, pair, judge)
            if blamed(world, small) not in seen:
                message = starving(world, small) if small.demand is Demand.WAITING else told(world, small)
                yield Problem(small.demand.value, message, f"{world.policy.name} {world.policy.version}")
                given += 1
            seen[blamed(world, small)] += 1
        seen[blame] += 1
        if given >= MOST or seen.total() > PATIENCE:
            return
