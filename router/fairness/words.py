"""Counterexamples in words: what differs first, what both have, and what that changes."""

from collections.abc import Iterable

from router.calendar import Duration
from router.facts import Value
from router.fairness.customers import Facts, missing, same
from router.fairness.episodes import KINDS
from router.fairness.proofs import Demand
from router.fairness.rows import band
from router.fairness.search import Pair, all_facts
from router.fairness.speed import later as ends_later
from router.fairness.waiting import STEEPLY, later
from router.fairness.world import Outcome, World
from router.money import format_money
from router.policy.model import COMMITMENTS
from router.policy.plan import BANDS, amount, fired
from router.time import DAY, HOUR, MINUTE, WEEK, format_instant

COLUMNS = {"tier": "tier.rank", "score": "score", "level": "level.rank", "total": "recompense.total"}
SPANS = {"now": 0.0, "a day later": 24.0, "a year later": 8766.0, "ten years later": 87660.0, "a century later": 876600.0}
QUIET: tuple[Value, ...] = (0, False, "open", None)


def say(value: Value) -> str:
    """A value of a fact in full."""
    if missing(value):
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"'{value}'"
    return f"{value:.10g}"


def listed(facts: Facts, names: Iterable[str]) -> str:
    """Facts and their values."""
    return ", ".join(f"{name} {say(facts[name])}" for name in names)


def told(world: World, pair: Pair) -> str:
    """The message of a problem: one line that says it all, and the two cases below."""
    a, b = all_facts(world, pair.before), all_facts(world, pair.after)
    read = _read(world, pair.lowered)
    differ = [name for name in world.facts if name in read and not same(a[name], b[name])]
    both = [name for name in world.facts if name in read and name not in differ and not _quiet(name, a[name])]
    changes = _changes(world, pair)
    lines = [
        f"{_cause(pair, a, b, differ)} {changes[0]}",
        f"one case:  {_event(pair, bad=False)}{listed(a, differ)}",
        f"the other: {_event(pair, bad=True)}{listed(b, differ)}",
        f"both:      {listed(a, both) or 'nothing else matters'}",
        f"changed:   {'; '.join([*changes, *_rules(world, pair)])}",
    ]
    return "\n    ".join(lines)


def _cause(pair: Pair, a: Facts, b: Facts, differ: list[str]) -> str:
    if pair.kind:
        kind = KINDS[pair.kind]
        return f"a failure lowers: {kind.well} in one case; in the other {kind.badly}, and"
    instead = f"with {listed(b, differ[:1])} instead of {say(a[differ[0]])}"
    match pair.demand:
        case Demand.LOYALTY:
            return f"loyalty lowers: {instead}"
        case Demand.COMMITMENT:
            return f"slower, though not lower: {instead}"
    return f"a failure lowers: {instead}"


def _event(pair: Pair, *, bad: bool) -> str:
    if not pair.kind:
        return ""
    kind = KINDS[pair.kind]
    return f"{kind.badly if bad else kind.well}: "


def _quiet(name: str, value: Value) -> bool:
    """Whether a fact says nothing: missing, or of a case in which nothing of the kind happened."""
    return missing(value) or (not name.startswith("customer.") and value in QUIET)


def _read(world: World, lowered: Iterable[str]) -> frozenset[str]:
    """The facts that bear on what is lowered."""
    wanted: list[str] = []
    for what in lowered:
        if what in COMMITMENTS:
            wanted.append("commitments.row")
        elif what in COLUMNS:
            wanted.append(COLUMNS[what])
        else:
            kind = what.partition(" ")[2]
            wanted += [(fired if r.gives is None else amount)(r.id) for r in world.policy.recompense if r.kind == kind]
    return world.policy.plan.only(wanted).reads()


def _changes(world: World, pair: Pair) -> list[str]:
    x, y = (world.outcome(s.customer, world.case(s.story)) for s in (pair.before, pair.after))
    if pair.demand is not Demand.COMMITMENT:
        return [_change(world, what, x, y) for what in pair.lowered]
    rows = [world.policy.commitments[int(outcome.row)].durations for outcome in (x, y)]
    found = []
    for what in pair.lowered:
        before, after = (row[COMMITMENTS.index(what)] for row in rows)
        worst = ends_later(after, before, world.policy.calendar)
        start = f" from {format_instant(worst)} on" if worst is not None and before.business != after.business else ""
        found.append(f"{what} takes {duration(after)} instead of {duration(before)}{start}")
    ranks = [f"{BANDS[band(world, o)]} and {world.policy.tiers[int(o.tier)].name}" for o in (x, y)]
    return [*found, f"from {ranks[0]} to {ranks[1]}"]


def duration(span: Duration) -> str:
    """A duration as a policy could write it."""
    kind = "business " if span.business else ""
    for size, unit in ((WEEK, "weeks"), (DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if span.microseconds % size == 0 and span.microseconds >= size and not (span.business and size > HOUR):
            number = span.microseconds // size
            return f"{number} {kind}{unit if number > 1 else unit[:-1]}"
    return f"{span.microseconds / MINUTE:g} {kind}minutes"


def starving(world: World, pair: Pair) -> str:
    """The message about a case that starves: how its points fall beside what ageing gives."""
    customer, case = pair.after.customer, world.case(pair.after.story)
    facts = {**customer, **case}
    read = world.policy.plan.only(["score"]).reads()
    both = [name for name in world.facts if name in read and not _quiet(name, facts[name])]
    scores = {name: world.outcome(*later(world, customer, case, hours)).score for name, hours in SPANS.items()}
    behind = next((name for name, score in scores.items() if score < scores["now"]), None)
    if behind:
        said = f"{behind} it stands below one that just came"
    elif scores["a century later"] <= scores["now"]:
        said = "it never gets ahead of one that just came"
    else:
        said = "ageing makes up for it, but no bound stops it"
    how = "have no bound close to a division by nothing" if pair.kind == STEEPLY else "fall without end while it waits"
    return "\n    ".join(
        [
            f"a case starves: points other than ageing's {how}; {said}",
            f"the case:  {listed(facts, both) or 'any'}",
            f"its score: {', '.join(f'{name} {score:.0f}' for name, score in scores.items())}",
            f"rules:     {', '.join(pair.lowered)}",
        ]
    )


def _change(world: World, what: str, x: Outcome, y: Outcome) -> str:
    policy = world.policy
    match what:
        case "tier":
            return f"the tier falls from {policy.tiers[int(x.tier)].name} to {policy.tiers[int(y.tier)].name}"
        case "level":
            return f"the level falls from {policy.levels[int(x.level)].name} to {policy.levels[int(y.level)].name}"
        case "score":
            return f"the score falls from {x.score:.0f} to {y.score:.0f}"
        case "total":
            money = [format_money(int(outcome.total), policy.currency) for outcome in (x, y)]
            return f"the recompense falls from {money[0]} to {money[1]}"
    return f"the {what.replace(' ', ' of kind ', 1)} is lost"


def _rules(world: World, pair: Pair) -> list[str]:
    """The rules behind it: those that give less."""
    x, y = (world.detail(s.customer, world.case(s.story)) for s in (pair.before, pair.after))
    found = []
    for column, (role, rule) in world.parts.items():
        if y[column] >= x[column] or role == "asked" or role not in {what.partition(" ")[0] for what in _roles(pair)}:
            continue
        if role == "score":
            found.append(f"rule {rule.id} gives {x[column]:.0f}, then {y[column]:.0f} points")
        elif role == "suggestion" and rule.gives is not None:
            money = [format_money(int(v[column]), world.policy.currency) for v in (x, y)]
            found.append(f"rule {rule.id} gives {money[0]}, then {money[1]}")
        else:
            found.append(f"rule {rule.id} no longer applies")
    return found


def _roles(pair: Pair) -> list[str]:
    return ["suggestion" if what == "total" else what for what in pair.lowered]


def blamed(world: World, pair: Pair) -> tuple[str, ...]:
    """What tells one fault from another: what is lowered first, and the rules that give less."""
    return (pair.demand, pair.lowered[0], *_rules_by_id(world, pair))


def _rules_by_id(world: World, pair: Pair) -> list[str]:
    x, y = (world.detail(s.customer, world.case(s.story)) for s in (pair.before, pair.after))
    roles = {what.partition(" ")[0] for what in _roles(pair)}
    return sorted(rule.id for column, (role, rule) in world.parts.items() if y[column] < x[column] and role in roles)
