"""One policy as the search sees it: cases told as stories, their facts, and what the policy makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from typing import NamedTuple

from router.cases.facts import read_case
from router.cases.model import Case, Money
from router.decide.decider import case_layout, terms_of
from router.facts import Fact, Type, Value
from router.fairness.customers import Facts, History, missing
from router.fairness.episodes import Episode, timeline
from router.money import to_minor
from router.policy.model import Policy, Rule
from router.policy.plan import amount, asked, fired, points
from router.policy.row import Row, compile_row
from router.time import DAY, HOUR, parse_instant

MONDAY = parse_instant("2024-06-03T12:00:00Z")


@dataclass(frozen=True)
class Story:
    """A case: hours since its opening, whether the company is open now, what is given of it (facts by name; what is not
    named is missing), and its episodes."""

    age: float = 0.0
    is_open: bool = True
    given: Mapping[str, Value] = field(default_factory=dict)
    episodes: tuple[Episode, ...] = ()


class Outcome(NamedTuple):
    """What loyalty and failures may not lower: ranks, score, total in minor units, and which rules suggest something.

    ``row`` is the row of commitments.
    """

    tier: float
    score: float
    level: float
    total: float
    row: float
    suggested: tuple[bool, ...]


class World:
    """A policy made ready for the search."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.history = History(policy)
        self.facts: Mapping[str, Fact] = {fact.name: fact for fact in (*case_layout(policy), *self.history.facts.values())}
        self.reads = policy.plan.reads()
        self.customer_layout = tuple(self.history.facts.values())
        self.case_layout = case_layout(policy)
        self._names = tuple(fact.name for fact in self.case_layout)
        self._terms = terms_of(policy)
        self._now = {state: self._moment(is_open=state) for state in (True, False)}
        self._presence = tuple(fired(r.id) if r.gives is None else amount(r.id) for r in policy.recompense)
        ranks = ("tier.rank", "score", "level.rank", "recompense.total", "commitments.row")
        self._row = self.row((*ranks, *self._presence))
        self._parts = self.row(tuple(self.parts))

    @cached_property
    def per_customer(self) -> float:
        """The cap of goodwill per customer and twelve months, in minor units; 0 where there are no caps."""
        given = 1e9
        customer = self.history.acquaintance() | {"customer.goodwill_12m": given}
        left = self.row(("caps.room",))(*self.vectors(customer, self.case(Story())))[0]
        return float(left or 0) + given * 10**self.policy.exponent if left else 0.0

    def row(self, wanted: Sequence[str]) -> Row:
        """The function that gives some columns of the plan."""
        return compile_row(self.policy.plan, wanted, self.customer_layout, self.case_layout)

    def _moment(self, *, is_open: bool) -> int:
        """A moment in or out of the hours of business; any where there is none."""
        hours = (MONDAY + hour * HOUR for hour in range(14 * DAY // HOUR))
        return next((at for at in hours if self.policy.calendar.is_open(at) is is_open), MONDAY)

    def case(self, story: Story) -> Facts:
        """The facts of a story, through its real timeline."""
        given, now, policy = story.given, self._now[story.is_open], self.policy
        attributes = {
            fact.key: self._money(given.get(fact.name)) if fact.type is Type.MONEY else given.get(fact.name)
            for fact in self._terms.attributes
        }
        case = Case(
            "case",
            now - round(story.age * HOUR),
            channel=_text(given.get("case.channel")),
            touchpoint=_text(given.get("case.touchpoint")),
            issue=_text(given.get("case.issue")) or "",
            value_at_stake=self._money(given.get("case.value_at_stake")),
            brand=_text(given.get("case.brand")) or "",
            attributes=attributes,
            timeline=timeline(story.episodes, now, policy.currency),
        )
        recorded = given.get("case.order_on_record")
        on_record = recorded if isinstance(recorded, bool) else None
        state = read_case(case, self._terms, now, as_of=now, order_on_record=on_record)
        return dict(zip(self._names, state.facts, strict=True))

    def _money(self, value: Value) -> Money | None:
        if missing(value) or not isinstance(value, float | int):
            return None
        return Money(to_minor(value, self.policy.exponent), self.policy.currency)

    def vectors(self, customer: Facts, case: Facts) -> tuple[list[Value], list[Value]]:
        """Facts in the order of the layouts, as the row function takes them."""
        return [customer[fact.name] for fact in self.customer_layout], [case[name] for name in self._names]

    def outcome(self, customer: Facts, case: Facts) -> Outcome:
        """What the policy makes of a customer and a case."""
        found = self._row(*self.vectors(customer, case))
        tier, score, level, total, row = (float(value or 0) for value in found[:5])
        return Outcome(tier, score, level, total, row, tuple(bool(value) and value != 0 for value in found[5:]))

    @cached_property
    def parts(self) -> Mapping[str, tuple[str, Rule]]:
        """The columns that an outcome is made of: what each counts for, and its rule."""
        policy = self.policy
        found: dict[str, tuple[str, Rule]] = {points(rule.id): ("score", rule) for rule in policy.priority}
        found |= {fired(rule.id): ("level", rule) for rule in policy.escalation}
        found |= {(fired if r.gives is None else amount)(r.id): ("suggestion", r) for r in policy.recompense}
        return found | {asked(r.id): ("asked", r) for r in policy.recompense if r.gives is not None}

    def detail(self, customer: Facts, case: Facts) -> dict[str, float]:
        """The value of each of :attr:`parts`; missing counts as 0."""
        found = self._parts(*self.vectors(customer, case))
        return {name: 0.0 if missing(value) else float(value or 0) for name, value in zip(self.parts, found, strict=True)}

    def lowered(self, before: Outcome, after: Outcome) -> tuple[str, ...]:
        """What of ``before`` is higher than in ``after``: tier, score, level, recompense, or a suggestion of some kind."""
        found = [name for name in ("tier", "score", "level", "total") if getattr(after, name) < getattr(before, name)]
        if before.suggested != after.suggested:
            had, has = self.kinds(before), self.kinds(after)
            found += [f"suggestion {kind}" for kind in had if has.get(kind, 0) < had[kind]]
        return tuple(found)

    def kinds(self, outcome: Outcome) -> dict[str, int]:
        """How many suggestions of each kind there are."""
        found: dict[str, int] = {}
        for rule in compress(self.policy.recompense, outcome.suggested):
            found[rule.kind] = found.get(rule.kind, 0) + 1
        return found


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
