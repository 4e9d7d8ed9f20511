"""The seeded search for a customer or a twin that stands lower than it should (demands 8 and 9)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from router.facts import Direction, Fact, Type, Value
from router.fairness.customers import Facts, absent, missing, no_lower, same
from router.fairness.episodes import KINDS, Episode
from router.fairness.proofs import SUGGESTION, Demand, Open
from router.fairness.scenes import LATEST, TIMED, Scene, scene
from router.fairness.values import EVEN, MOSTLY, Values
from router.fairness.wishes import Wishes
from router.fairness.world import Outcome, World
from router.policy import expression as ex
from router.policy.model import Rule
from router.policy.plan import amount, asked, fired, points

GOODWILL = "customer.goodwill_12m"
FROM_NOTHING = "case.hours_unanswered"
"""That there is no answer is a failure; that time passes is not: these hours are compared with none."""
FLIPS = 3
"""Episodes of one kind that go badly one after the other; the ones before them stay as they are."""
LINKS = 24
"""Values of one fact that are tried one after the other, out of all that are worth it."""


@dataclass(frozen=True)
class Pair:
    """Two cases of which the second may not stand lower, and what of it does; ``kind`` is the episode that differs, if any.

    Where a case starves both are the same one; of commitments the second may not have the slower row.
    """

    demand: Demand
    before: Scene
    after: Scene
    lowered: tuple[str, ...] = ()
    kind: str = ""


def all_facts(world: World, shown: Scene) -> Facts:
    """All facts of a scene."""
    return {**shown.customer, **world.case(shown.story)}


def judged(world: World, pair: Pair) -> Pair:
    """The pair with what it lowers: nothing where the two are not what the demand compares."""
    a, b = pair.before, pair.after
    case_a = world.case(a.story)
    case_b = case_a if a.story is b.story else world.case(b.story)
    lowered = world.lowered(world.outcome(a.customer, case_a), world.outcome(b.customer, case_b))
    if lowered and not _comparable(world, pair, {**a.customer, **case_a}, {**b.customer, **case_b}):
        lowered = ()
    return replace(pair, lowered=lowered)


def _comparable(world: World, pair: Pair, a: Facts, b: Facts) -> bool:
    if pair.demand is Demand.LOYALTY and not world.history.lifts(pair.before.customer, pair.after.customer):
        return False
    differ = [name for name in world.reads if not same(a[name], b[name])]
    if pair.demand is Demand.LOYALTY:
        return all(name in pair.before.customer or _loyal(world.facts[name], a[name], b[name]) for name in differ)
    return all(_failing(world.facts[name], a[name], b[name]) for name in differ) and (
        FROM_NOTHING not in differ or not a[FROM_NOTHING]
    )


def _loyal(fact: Fact, a: Value, b: Value) -> bool:
    return fact.direction is Direction.LOYALTY and no_lower(a, b)


def _failing(fact: Fact, a: Value, b: Value) -> bool:
    return fact.direction is Direction.FAILURE and not missing(a) and no_lower(a, b)


class Search:
    """One run over one policy."""

    def __init__(self, values: Values, rng: Random) -> None:
        self.values = values
        self.world = values.world
        self.rng = rng
        self.wishes = Wishes(values, rng)
        later = (column for column in self.world.policy.plan.columns if column.name.startswith(("fired.", "asked.")))
        read = frozenset().union(*(ex.names(column.node) for column in later))
        self.score_matters = bool(read & {"score", "band", "band.rank"})
        self.squeezed = len([rule for rule in self.world.policy.recompense if rule.gives is not None]) > 1
        self.thresholds = [value for value in values.of("score") if isinstance(value, float | int)]

    def loyalty(self, facts: Sequence[Fact], open_: Mapping[str, Open], cases: int) -> Iterator[Pair]:
        """Pairs in which a loyalty fact is higher and something is lower."""
        for number in range(cases if facts else 0):
            fact = facts[number % len(facts)]
            start = self._start(open_[fact.name])
            if fact.name in self.world.history.facts:
                chains = self._customers(start, fact)
            else:
                chains = [self._given(start, fact, known=True)]
            for chain in chains:
                yield from self._along(chain, Demand.LOYALTY)

    def failures(self, kinds: Sequence[str], facts: Sequence[Fact], open_: Open, cases: int) -> Iterator[Pair]:
        """Pairs in which one event went badly, or a failure fact is higher, and something is lower."""
        turns: list[str | Fact] = [*kinds, *facts]
        for number in range(cases if turns else 0):
            turn = turns[number % len(turns)]
            start = self._start(open_)
            if isinstance(turn, str):
                yield from self._along(self._twins(start, turn), Demand.FAILURE, turn)
            elif turn.name in self.world.history.facts:
                yield from self._along(self._customers(start, turn)[0], Demand.FAILURE)
            else:
                yield from self._along(self._given(start, turn, known=False), Demand.FAILURE)

    # where to start

    def _start(self, open_: Open) -> Scene:
        """A scene in which a rule that is not proven has its say, and now and then another one too."""
        wishes = self.wishes.start()
        suspects = self._suspects(open_)
        if suspects and self.rng.random() < MOSTLY:
            wishes.wish(self.rng.choice(suspects), want=self.rng.random() < MOSTLY)
        if self.rng.random() < EVEN:
            others = self.world.policy.recompense or self.world.policy.rules
            if others:
                wishes.wish(self.rng.choice(others).when)
        return scene(self.values, wishes.facts, self.rng)

    def _suspects(self, open_: Open) -> list[ex.Node]:
        policy = self.world.policy
        named: dict[str, Rule] = {points(rule.id): rule for rule in policy.priority}
        named |= {fired(rule.id): rule for rule in policy.rules}
        named |= {
            name: rule for rule in policy.recompense for name in (asked(rule.id), amount(rule.id), SUGGESTION + rule.id)
        }
        found = [named[name].when for name in sorted(open_.columns | open_.outcomes) if name in named]
        if "tier.rank" in open_.outcomes:
            found += [tier.when for tier in policy.tiers[1:]]
        return found

    # chains: each scene is no less than the one before

    def _customers(self, start: Scene, fact: Fact) -> list[list[Scene]]:
        """The customer with ever higher values of one fact: as they are, and with all that hangs on it unknown before."""
        history, name = self.world.history, fact.name
        known = {**start.customer, **self.world.case(start.story)}
        values = sorted({*self.values.of(name), *self.values.roots(name, known, self.rng)}, key=_size)
        first = self.rng.randrange(max(len(values) - LINKS, 0) + 1)
        unknown = history.raised(start.customer, name, absent(fact) if fact.missing else False)
        chains = []
        for base in (start.customer, unknown):
            lowest = [unknown] if base is unknown else []
            chain = [*lowest, *(history.raised(base, name, value) for value in values[first : first + LINKS])]
            chains.append([Scene(customer, start.story) for customer in chain])
        return chains

    def _given(self, start: Scene, fact: Fact, *, known: bool) -> list[Scene]:
        """The case with ever higher values of a fact that the policy declares."""
        values = [*([absent(fact)] if known else []), *self.values.of(fact.name)]
        given = start.story.given
        return [Scene(start.customer, replace(start.story, given={**given, fact.name: value})) for value in values]

    def _twins(self, start: Scene, kind: str) -> list[Scene]:
        """The case with ever more episodes of a kind gone badly, one at a time."""
        episodes = list(start.story.episodes)
        episodes.append(Episode(kind, self._ago(kind, start.story.age)))
        age = max(start.story.age, episodes[-1].ago)
        if kind == "handoff" and all(e.kind != "owner" for e in episodes):
            episodes.append(Episode("owner", max(e.ago for e in episodes) + 1))
        episodes.sort(key=lambda e: -e.ago)
        places = [i for i, e in enumerate(episodes) if e.kind == kind][-FLIPS:]
        chain = []
        for badly in range(len(places) + 1):
            told = list(episodes)
            for i, place in enumerate(places):
                told[place] = replace(episodes[place], bad=i < badly)
            chain.append(Scene(start.customer, replace(start.story, age=age, episodes=tuple(told))))
        return chain

    def _ago(self, kind: str, age: float) -> float:
        """How long ago an episode was: just now, at any time, or so that its hours matter to the policy."""
        ways = [LATEST, self.rng.uniform(LATEST, max(age, 1.0))]
        for name, (_, times) in TIMED.items():
            hours = [value for value in self.values.of(name) if isinstance(value, float | int) and value > 0]
            if name in KINDS[kind].facts:
                ways.append(self.rng.choice(hours) * times)
        return self.rng.choice(ways)

    # comparing along a chain

    def _along(self, chain: Sequence[Scene], demand: Demand, kind: str = "") -> Iterator[Pair]:
        cases: dict[int, Facts] = {}
        outcomes: list[Outcome] = []
        for shown in chain:
            case = cases.get(id(shown.story)) or cases.setdefault(id(shown.story), self.world.case(shown.story))
            outcomes.append(self.world.outcome(shown.customer, case))
        changing = []
        for (a, x), (b, y) in pairwise(zip(chain, outcomes, strict=True)):
            if self.world.lowered(x, y):
                yield from self._if_lower(Pair(demand, a, b, kind=kind))
            elif x != y:
                changing.append((a, x, b, y))
        if changing:
            yield from self._pressed(self.rng.choice(changing), demand, kind)

    def _if_lower(self, pair: Pair) -> Iterator[Pair]:
        found = judged(self.world, pair)
        if found.lowered:
            yield found

    def _pressed(self, change: tuple[Scene, Outcome, Scene, Outcome], demand: Demand, kind: str) -> Iterator[Pair]:
        """A pair that rises, where the rise itself may cost something: over the start of a band, or against a cap."""
        a, x, b, y = change
        if self.score_matters and x.score < y.score:
            for threshold in self.thresholds:
                later = (threshold - y.score) / self.world.policy.points_per_hour
                yield from self._if_lower(Pair(demand, _older(a, later), _older(b, later), kind=kind))
        if self.squeezed and x.total != y.total:
            for room in self._rooms(a, b):
                yield from self._if_lower(Pair(demand, self._with_room(a, room), self._with_room(b, room), kind=kind))

    def _rooms(self, a: Scene, b: Scene) -> Iterable[float]:
        """What the caps would have to leave so that what is asked for earlier takes all of it."""
        before, after = (self.world.detail(s.customer, self.world.case(s.story)) for s in (a, b))
        taken, takes = 0.0, 0.0
        for rule in self.world.policy.recompense:
            if rule.gives is None:
                continue
            if takes > taken and before[asked(rule.id)] > 0:
                yield takes
            taken += max(before[asked(rule.id)], 0)
            takes += max(after[asked(rule.id)], 0)

    def _with_room(self, shown: Scene, room: float) -> Scene:
        """The scene with so much goodwill in the customer's history that the caps leave no more than ``room``."""
        unit = 10**self.world.policy.exponent
        customer = dict(shown.customer)
        given = (self.world.per_customer - room) / unit
        if given > 0 and customer["customer.known"]:
            self.world.history.put(customer, GOODWILL, given)
        return Scene(customer, shown.story)


def _size(value: Value) -> float:
    """The place of a value in an order; texts have none."""
    return 0.0 if isinstance(value, str | None) else float(value)


def _older(shown: Scene, hours: float) -> Scene:
    age = max(shown.story.age + hours, 0.0)
    return Scene(shown.customer, replace(shown.story, age=age))


def touching(facts: Iterable[str]) -> list[str]:
    """The kinds of episodes whose twins differ in one of the facts."""
    wanted = set(facts)
    return [name for name, kind in KINDS.items() if kind.twins and wanted & set(kind.facts)]


def declared(world: World, direction: Direction) -> list[Fact]:
    """The facts of a direction that no episode makes: those of the customer and those that the policy declares."""
    made = {name for kind in KINDS.values() for name in kind.facts}
    return [
        fact
        for fact in world.facts.values()
        if fact.name in world.reads and fact.direction is direction and fact.name not in made and fact.type is not Type.TEXT
    ]
