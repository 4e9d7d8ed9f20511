"""A customer and a case to start a search at: as wished, consistent, and otherwise quiet or as it comes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from router.facts import Value
from router.fairness.customers import KNOWN, Facts, missing
from router.fairness.episodes import KINDS, Episode
from router.fairness.values import MOSTLY, Values
from router.fairness.wishes import split
from router.fairness.world import Story

BUSY = 0.5
"""The share of scenes in which much else is going on."""
LATEST = 0.1
"""Hours ago of what happened just now."""
MANY = 250
"""No more episodes of one kind."""

CONTACTS = {"case.contacts": 0, "case.unanswered": 0, "case.chases": 1}
"""The facts that are had by contacts without reply, and how many more contacts that takes."""
COUNTED = {
    name: kind for kind, what in KINDS.items() for name in what.facts if name not in CONTACTS and name != "case.apologies"
} | {
    "case.promises_broken": "promise",
    "case.escalations_refused": "escalation",
    "case.escalation_requested": "request",
    "case.public_posts": "public post",
}
"""The kind of episode that a fact is had by."""
TIMED = {
    "case.hours_unanswered": ("contact", 1.0),
    "case.hours_since_reply": ("reply", 1.0),
    "case.promise_overdue_hours": ("promise", 2.0),
}
"""The kind of episode that a fact in hours is had by, and how many times as long ago it has to be."""
GIVEN = ("case.issue", "case.channel", "case.touchpoint", "case.brand", "case.value_at_stake", "case.order_on_record")


@dataclass(frozen=True)
class Scene:
    """A customer and a case."""

    customer: Facts
    story: Story


def scene(values: Values, wishes: Mapping[str, Value], rng: Random) -> Scene:
    """A scene with the wishes granted as far as they agree."""
    of_customer, of_case = split(wishes)
    busy = rng.random() < BUSY
    return Scene(_customer(values, of_customer, rng, busy=busy), _story(values, of_case, rng, busy=busy))


def _customer(values: Values, wishes: Mapping[str, Value], rng: Random, *, busy: bool) -> Facts:
    history = values.world.history
    history.plan = rng.choice(values.words.get("customer.plan", ("some plan",)))
    facts = history.acquaintance()
    if wishes.get(KNOWN) is False:
        return history.stranger()
    read = sorted(name for name in values.world.reads if name in history.facts and name != KNOWN)
    for name in rng.sample(read, len(read)) if busy else ():
        if name not in wishes:
            history.put(facts, name, values.any(name, rng, gone=0.4))
    wished = sorted(wishes)
    for name in rng.sample(wished, len(wished)):
        if not (missing(wishes[name]) and missing(facts[name])):
            history.put(facts, name, wishes[name])
    return facts


def _story(values: Values, wishes: Mapping[str, Value], rng: Random, *, busy: bool) -> Story:
    world = values.world
    attributes = [fact.name for fact in world.case_layout if fact.name in world.reads and _declared(values, fact.name)]
    given = {name: wishes[name] for name in (*GIVEN, *attributes) if name in wishes}
    if busy:
        given |= {name: values.any(name, rng) for name in (*GIVEN, *attributes) if name not in wishes}
    episodes = [*_wished(wishes), *(_chance(rng) if busy else ())]
    tail = max([LATEST, *(e.ago for e in episodes)])
    age = _number(wishes.get("case.age_hours"))
    if age is None:
        age = _number(rng.choice(values.of("case.age_hours")) if busy else rng.choice((0.0, 1.0, 30.0))) or 0.0
        age = max(age, tail) if episodes else age
    placed = _placed(episodes, max(age, tail * 1.5), rng)
    closed = wishes.get("case.out_of_hours")
    is_open = closed is not True if closed is not None else rng.random() < MOSTLY
    return Story(age, is_open, given, (*placed, *_status(wishes.get("case.status"))))


def _declared(values: Values, name: str) -> bool:
    return any(fact.name == name for fact in values.world.policy.facts)


def _wished(wishes: Mapping[str, Value]) -> Iterable[Episode]:
    """Episodes for the wished facts; one with no time yet has ``ago`` 0."""
    contacts = 0
    for name, wish in sorted(wishes.items()):
        number = _number(wish) or 0.0
        if name in TIMED and number > 0:
            kind, times = TIMED[name]
            contacts += kind == "contact"
            yield Episode(kind, number * times, bad=KINDS[kind].twins)
        elif name in COUNTED and name not in TIMED:
            kind = COUNTED[name]
            yield from [Episode(kind, 0.0, bad=KINDS[kind].twins)] * min(round(number), MANY)
    plain = (_number(wishes.get("case.apologies")) or 0) - (_number(wishes.get("case.hedged_apologies")) or 0)
    yield from [Episode("plain apology", 0.0)] * min(max(round(plain), 0), MANY)
    silent = max((_number(wishes.get(name)) or -more) + more for name, more in CONTACTS.items())
    yield from [Episode("contact without reply", LATEST / 2)] * min(max(round(silent) - contacts, 0), MANY)


def _chance(rng: Random) -> Iterable[Episode]:
    for kind in rng.sample(sorted(KINDS), rng.randrange(5)):
        if kind not in {"question", "acceptance", "given"}:
            badly = KINDS[kind].twins and rng.random() < MOSTLY
            yield from [Episode(kind, 0.0, badly)] * rng.choice((1, 1, 2))


def _placed(episodes: Iterable[Episode], age: float, rng: Random) -> list[Episode]:
    """Every episode at a time, the oldest first; nothing after the last reply, where it is wished how long ago that was."""
    given = list(episodes)
    latest = max((e.ago for e in given if e.kind in {"contact", "reply"}), default=0.0)
    start = max(age, latest)
    placed = [e if e.ago > 0 else Episode(e.kind, rng.uniform(latest, start), e.bad, e.amount) for e in given]
    if any(e.kind == "handoff" for e in placed):
        placed.append(Episode("owner", start + LATEST))
    return sorted(placed, key=lambda e: -e.ago)


def _status(wish: Value) -> tuple[Episode, ...]:
    if wish == "waiting":
        return (Episode("question", LATEST / 4),)
    return (Episode("acceptance", LATEST / 4),) if wish == "accepted" else ()


def _number(value: Value) -> float | None:
    return None if missing(value) or isinstance(value, str | None) else float(value)
