"""Checks beyond types: what a policy says and cannot mean. Each is a plain function; ``LOOKS`` is the list of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import inf

from router.calendar import ALWAYS, Calendar, Duration, unknown_holidays
from router.errors import Problem
from router.policy import document as d
from router.policy import expression as ex
from router.policy.compile import Written
from router.policy.feasible import Feasibility, feasibility
from router.policy.model import COMMITMENTS, Policy, Rule
from router.policy.plan import ALWAYS as NO_CONDITION
from router.policy.texts import names_written
from router.text import nfc
from router.time import HOUR
from router.yaml import Path

SECTIONS: Mapping[str, Path] = {
    "priority": ("priority", "rules"),
    "escalation": ("escalation", "rules"),
    "entitlements": ("entitlements",),
    "recompense": ("recompense", "rules"),
    "likely_reasons": ("likely_reasons",),
    "guidance": ("guidance",),
}
"""Where the rules of each section stand in the file."""


@dataclass(frozen=True, slots=True)
class Place:
    """A condition of the policy: a rule, a tier or a row of commitments, and where it stands."""

    what: str
    at: Path
    when: ex.Node
    gives: ex.Node | None = None


@dataclass(frozen=True)
class Reading:
    """A policy with what the checks share."""

    written: Written

    @property
    def policy(self) -> Policy:
        """The compiled policy."""
        return self.written.policy

    @cached_property
    def possible(self) -> Feasibility:
        """What its facts and columns can be."""
        return feasibility(self.policy)

    @cached_property
    def rules(self) -> tuple[Place, ...]:
        """Every rule that is not switched off, itself or with all money."""
        compiled = {rule.id: rule for rule in self.policy.rules}
        found = []
        for path in SECTIONS.values():
            for index, rule in enumerate(rules_at(self.written.document, path)):
                if rule.enabled and rule.id in compiled:
                    same: Rule = compiled[rule.id]
                    found.append(Place(f"rule {rule.id}", (*path, index), same.when, same.gives))
        return tuple(found)

    @cached_property
    def tiers(self) -> tuple[Place, ...]:
        """The tiers, as written."""
        given = reversed(self.policy.tiers)
        return tuple(Place(f"tier {tier.name}", ("tiers", index), tier.when) for index, tier in enumerate(given))

    @cached_property
    def rows(self) -> tuple[Place, ...]:
        """The rows of commitments."""
        given = self.policy.commitments
        return tuple(Place(f"row {index + 1}", ("commitments", index), row.when) for index, row in enumerate(given))

    def problem(self, code: str, message: str, path: Path, *, key: bool = False) -> Problem:
        """A warning at its place."""
        return replace(self.written.source.problem(code, message, path, key=key), warning=True)


def lint(written: Written) -> tuple[Problem, ...]:
    """Everything that is doubtful in a policy, as warnings, and what it has forbidden itself, as errors."""
    reading = Reading(written)
    return tuple(problem for look in LOOKS for problem in look(reading))


def rules_at(document: d.PolicyDocument, path: Path) -> Sequence[d.RuleDocument]:
    """The rules of one section, as written."""
    part: object = document
    for key in path:
        part = getattr(part, str(key)) if part is not None else None
    return part or ()  # type: ignore[return-value] # the sections hold rules


# conditions


def _conditions(reading: Reading) -> Iterator[Problem]:
    """A condition that cannot hold, or that always does."""
    possible = reading.possible
    for place in (*reading.rules, *reading.tiers, *reading.rows):
        if place.when == NO_CONDITION:
            continue
        if not possible.can_hold(place.when):
            said = f"{place.what} can never fire: no case meets {ex.write(place.when)}"
            yield reading.problem("never-fires", said, (*place.at, "when"))
        elif possible.always_holds(place.when):
            said = (
                f"{place.what} always fires: every case meets {ex.write(place.when)}; leave out when, or say what is meant"
            )
            yield reading.problem("always-fires", said, (*place.at, "when"))


def _hidden(reading: Reading) -> Iterator[Problem]:
    """A tier or a row of commitments that is never reached, since each case that meets it meets one above it."""
    for places in (reading.tiers, reading.rows):
        above: list[ex.Node] = []
        for place in places:
            floor_of_tiers = place.what.startswith("tier") and place.when == NO_CONDITION  # strangers have it
            hidden = not floor_of_tiers and not reading.possible.can_hold(place.when, unless=above)
            if hidden and reading.possible.can_hold(place.when):
                said = f"{place.what} is never reached: every case that meets it meets one above it first; put it higher"
                yield reading.problem("hidden-row", said, place.at)
            above.append(place.when)


# money


def _amounts(reading: Reading) -> Iterator[Problem]:
    """An amount that only the caps limit."""
    possible = reading.possible
    for place in reading.rules:
        if place.at[0] != "recompense" or place.gives is None:
            continue
        states = possible.assuming(place.when, [possible.start])
        highest = max((possible.number(place.gives, state).high for state in states), default=-inf)
        if highest == inf:
            said = (
                f"nothing but the caps limits the amount of {place.what}: write min({ex.write(place.gives)}, …) with "
                "the most that it should give"
            )
            yield reading.problem("amount-without-cap", said, (*place.at, "amount"))


# commitments


def _deadlines(reading: Reading) -> Iterator[Problem]:
    """A deadline that can begin and end while nobody is there; those of one row that come in the wrong order."""
    policy = reading.policy
    closed = longest_closed(policy.calendar)
    for place, row in zip(reading.rows, policy.commitments, strict=True):
        given = reading.written.document.commitments[int(place.at[1])]
        for kind, duration in zip(COMMITMENTS, row.durations, strict=True):
            if (
                kind != "acknowledge" and not duration.business and duration.microseconds <= closed
            ):  # an automatic reply does
                said = (
                    f"{kind} of {getattr(given, kind)} can begin and end while the calendar is closed, up to "
                    f"{closed / HOUR:g} hours at a time: nobody could keep it; write business hours or business days"
                )
                yield reading.problem("unmeetable-commitment", said, (*place.at, kind))
        order = [(kind, row.durations[COMMITMENTS.index(kind)]) for kind in ("acknowledge", "resolve", "final_response")]
        for (first, sooner), (then, later) in pairwise(order):
            if surely_longer(sooner, later, policy.calendar):
                said = f"{first} of {getattr(given, first)} is later than {then} of {getattr(given, then)}"
                yield reading.problem("commitment-order", said, (*place.at, first))


def longest_closed(calendar: Calendar) -> int:
    """The longest time at a stretch for which a calendar is closed, in microseconds; before and after its table not counted.

    >>> longest_closed(ALWAYS)
    0
    """
    gaps = zip(calendar.ends[1:-2], calendar.starts[2:-1], strict=True)
    return max((start - end for end, start in gaps), default=0)


def surely_longer(a: Duration, b: Duration, calendar: Calendar) -> bool:
    """Whether ``a`` ends after ``b`` whenever both begin during business hours."""
    if a.business == b.business or a.business or calendar is ALWAYS:
        return a.microseconds > b.microseconds
    return False


# what is declared and not used


def _unused(reading: Reading) -> Iterator[Problem]:
    """Parameters and issues that nothing reads."""
    document = reading.written.document
    texts = tuple(_texts(document.model_dump(exclude={"parameters", "issues", "facts", "protected"})))
    for name in document.parameters:
        if not any(name in text and name in names_written(text) for text in texts):
            yield reading.problem("unused-parameter", f"nothing reads parameter {name}", ("parameters", name), key=True)
    yield from _unused_issues(reading, shown=any("{case.issue}" in text for text in texts))


def _unused_issues(reading: Reading, *, shown: bool) -> Iterator[Problem]:
    """Issues that are decided as if no issue were given."""
    policy = reading.policy
    if not policy.issues:
        return
    compared = {str(option) for column in policy.plan.columns for option in _compared(column.node, "case.issue")}
    by_touchpoint = "case.touchpoint" in policy.plan.reads()
    for name in reading.written.document.issues:
        issue = policy.issues[nfc(name)]
        if not shown and issue.name not in compared and not (by_touchpoint and issue.touchpoint):
            said = f"no rule tells issue {name} from any other: it is decided as if no issue were given"
            yield reading.problem("unused-issue", said, ("issues", name), key=True)


def _compared(node: ex.Node, name: str) -> Iterator[str | float]:
    """The literals that a name is compared with."""
    match node:
        case ex.OneOf(ex.Ref(found), options) if found == name:
            yield from options
        case ex.SameText(ex.Ref(found), ex.Text(word)) | ex.SameText(ex.Text(word), ex.Ref(found)) if found == name:
            yield word
        case _:
            for child in ex.children(node):
                yield from _compared(child, name)


def _texts(data: object) -> Iterator[str]:
    """Every text in plain data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts(value)


# what the policy has forbidden itself


def _protected(reading: Reading) -> Iterator[Problem]:
    """A rule that reads a protected attribute."""
    protected = reading.policy.protected
    if not protected:
        return
    for place in (*reading.rules, *reading.tiers, *reading.rows):
        for key, node in (("when", place.when), ("points" if place.at[0] == "priority" else "amount", place.gives)):
            for name in sorted(ex.names(node) & protected if node is not None else ()):
                said = f"{place.what} reads {name}, which the policy lists under protected"
                yield replace(reading.problem("protected-fact", said, (*place.at, key)), warning=False)


def _holidays(reading: Reading) -> Iterator[Problem]:
    """Public holidays that are not known of all years."""
    calendar = reading.written.document.calendar
    region = calendar.holidays if calendar is not None else None
    for warned in unknown_holidays(region) if region else ():
        said = f"not all public holidays of {region} are known in all years, and what is not known is open: {warned}"
        yield reading.problem("unknown-holidays", said, ("calendar", "holidays"))


LOOKS: tuple[Callable[[Reading], Iterable[Problem]], ...] = (
    _conditions,
    _hidden,
    _amounts,
    _deadlines,
    _holidays,
    _unused,
    _protected,
)
"""Every check, in the order in which they are told."""
