"""A decision: what the service answers, as ids, numbers and instants. Words are made from it only for what is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from router.cases.facts import CaseState, Notice
from router.decide.floor import AGEING, SENIOR_FOR_ADVERSE_ACTION
from router.facts import Fact, Value
from router.policy.model import Entitlement, EscalationRule, Level, Policy, RecompenseRule, Rule, Tier
from router.policy.sentence import Blank


class Records(Protocol):
    """What the CRM knows: a snapshot, or facts given by hand.

    ``layout`` names the facts that :meth:`customer` gives, in order; it starts with the vocabulary's customer facts.
    """

    @property
    def id(self) -> str:
        """Content id of the snapshot."""

    @property
    def as_of(self) -> int | None:
        """The moment of the history; ``None`` if there is no history at all."""

    @property
    def currency(self) -> str:
        """Currency of its money facts."""

    @property
    def layout(self) -> Sequence[Fact]:
        """The facts of a customer, in order."""

    def customer(self, customer_id: str, now: int) -> tuple[Value, ...] | None:
        """The customer's facts with the clock at ``now``, or ``None`` if the customer is not known."""

    def has_order(self, order_id: str) -> bool | None:
        """Whether an order is in the CRM's orders; ``None`` without an orders table."""


Place: TypeAlias = tuple[bool, int]
"""Where a fact stands: whether among the customer's facts (else the case's), and its index."""


Contribution: TypeAlias = tuple[Rule, int]
"""A rule and the points that it adds to the score."""


class Suggestion(NamedTuple):
    """One suggested recompense: its rule (``None``: the engine's apology in kind), its amount in minor units where it is
    money, the lowest level that may approve it, and whether that is above the level of the case."""

    rule: RecompenseRule | None
    amount: int | None
    approver: Level
    needs_approval: bool


Part: TypeAlias = "slice"
"""The places of a part of the row function's result; by a name of its own, since mypyc does not find ``slice``."""


Commitment: TypeAlias = tuple[str, int, str]
"""A deadline: its kind, when it is due, and its state: open, met, breached or paused."""


class NextPerson(NamedTuple):
    """Whom the customer may ask for next: a level of the company (``None``: the outside body), and its role or name."""

    level: Level | None
    name: str


class ReplyChannel(NamedTuple):
    """A channel that works for this customer, open at ``open_at`` (``now`` if it is open)."""

    name: str
    open_at: int
    always: bool


class AdverseAction(NamedTuple):
    """A proposed adverse action: whether it may go ahead, and the level that has to approve."""

    kind: str
    permitted: bool
    approver: Level


class Slices(NamedTuple):
    """Where the parts of the row function's result stand: flags of the rules of each section, points that vary, amounts."""

    priority: Part
    points: Part
    escalation: Part
    entitlements: Part
    recompense: Part
    asked: Part
    amounts: Part
    likely: Part
    guidance: Part


@dataclass(frozen=True, slots=True)
class Basis:
    """What all decisions of one decider stand on: policy, records, where each fact and each result stands, the points
    of each priority rule (``None``: they vary, and stand in the result at the place that follows), the blanks of the
    policy's sentences by the identity of each, and the zone whose clock they tell; whom the customer may ask for next at
    each level; and where the owner stands among the facts of a customer."""

    policy: Policy
    records: Records
    places: Mapping[str, Place]
    slices: Slices
    points: tuple[tuple[int | None, int], ...]
    sayings: dict[int, tuple[Blank, ...]]
    zone: ZoneInfo
    next_people: tuple[NextPerson, ...]
    owner: int


class Decision:
    """One decision. ``full`` says whether the parts below it were decided too.

    ``customer`` and ``state.facts`` are the facts that it was made from, ``out`` the results of the plan, ``earned`` the
    points of each priority rule that fired. Money is in minor units of the policy's currency, instants are
    microseconds.
    """

    __slots__ = (
        "adverse_actions",
        "band",
        "basis",
        "commitments",
        "customer",
        "earned",
        "entitlements",
        "full",
        "guidance",
        "id",
        "known",
        "level",
        "likely_reasons",
        "next_person",
        "out",
        "owner",
        "recompense",
        "reply_channel",
        "score",
        "state",
        "suggestions",
        "tier",
        "warnings",
    )

    def __init__(
        self,
        basis: Basis,
        decision_id: str,
        state: CaseState,
        customer: tuple[Value, ...],
        out: tuple[Any, ...],
        commitments: tuple[Commitment, ...],
        warnings: list[Notice],
        *,
        known: bool,
    ) -> None:
        policy = basis.policy
        fired = compress(basis.points, out[basis.slices.priority])
        self.basis = basis
        self.id = decision_id
        self.state = state
        self.customer = customer
        self.known = known
        self.out = out
        self.earned = [whole(out[place]) if fixed is None else fixed for fixed, place in fired]
        self.tier: Tier = policy.tiers[int(out[0])]
        self.score = int(out[1])
        self.level: Level = policy.levels[int(out[2])]
        self.band: str = out[4]
        self.owner: str | None = state.timeline.owner or customer[basis.owner]  # type: ignore[assignment]  # a text or None
        self.next_person = basis.next_people[self.level.rank]
        self.commitments = commitments
        self.warnings = warnings
        self.full = False
        self.recompense: Sequence[RecompenseRule] = ()
        self.suggestions: Sequence[Suggestion] = ()
        self.entitlements: Sequence[Entitlement] = ()
        self.likely_reasons: Sequence[Rule] = ()
        self.guidance: Sequence[Rule] = ()
        self.reply_channel: ReplyChannel | None = None
        self.adverse_actions: Sequence[AdverseAction] = ()

    @property
    def now(self) -> int:
        """The time that it was made for."""
        return self.state.now

    @property
    def contributions(self) -> list[Contribution]:
        """The points that each rule adds, and those of the engine for waiting."""
        ageing = int(self.out[5])
        fired = compress(self.basis.policy.priority, self.out[self.basis.slices.priority])
        return [(AGEING, ageing)] * bool(ageing) + list(zip(fired, self.earned, strict=True))

    @property
    def reasons(self) -> list[EscalationRule]:
        """Why the level is what it is."""
        found = list(compress(self.basis.policy.escalation, self.out[self.basis.slices.escalation]))
        if self.state.timeline.taken:
            found.append(SENIOR_FOR_ADVERSE_ACTION)
        return found

    @property
    def policy(self) -> Policy:
        """The policy that it was made by."""
        return self.basis.policy

    @property
    def records(self) -> Records:
        """The records that it was made from."""
        return self.basis.records

    @property
    def places(self) -> Mapping[str, Place]:
        """Where each fact stands."""
        return self.basis.places

    def fact(self, name: str) -> Value:
        """The value of a fact that the decision was made from."""
        of_customer, index = self.basis.places[name]
        return (self.customer if of_customer else self.state.facts)[index]

    @property
    def may_close(self) -> bool:
        """A case may close only when the customer has accepted."""
        return self.state.timeline.accepted_at is not None

    @property
    def total(self) -> int:
        """All suggested money, in minor units."""
        return sum(s.amount for s in self.suggestions if s.amount is not None)

    @property
    def fired(self) -> list[str]:
        """Ids of every rule that fired, in the order of the plan; known of a full decision."""
        rules: list[Rule] = [rule for rule, _ in self.contributions if rule is not AGEING]
        rules += [*self.reasons, *self.entitlements, *self.recompense, *self.likely_reasons]
        return [rule.id for rule in (*rules, *self.guidance)]

    def queue_key(self) -> tuple[int, int, int, str]:
        """Sorts a queue: higher score, then the earliest commitment not met, then the oldest opening, then case id."""
        open_until = [due_at for _, due_at, state in self.commitments if state != "met"]
        case = self.state.case
        return -self.score, min(open_until, default=2**63), case.opened_at, case.id


def whole(points: float) -> int:
    """Points as they count: 0 where they cannot be known."""
    return int(points) if points == points else 0  # noqa: PLR0124 - NaN is missing
