"""A policy compiled: frozen, typed, ready to run. Requests never see YAML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from router.calendar import Calendar, Duration
from router.facts import Fact
from router.policy.expression import Node
from router.policy.plan import NO_PLAN, Plan
from router.policy.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its id, condition, sentence, and the number it gives, if any."""

    id: str
    when: Node
    because: Sentence
    gives: Node | None = None


@dataclass(frozen=True, slots=True)
class EscalationRule(Rule):
    """A least level, as its rank."""

    rank: int = 0


@dataclass(frozen=True, slots=True)
class Entitlement(Rule):
    """What the law or a guarantee gives (``because`` holds what), and its source."""

    source: str = ""


@dataclass(frozen=True, slots=True)
class RecompenseRule(Rule):
    """A suggestion: its kind, what funding it is worth; money if it gives an amount (in major units)."""

    kind: str = ""
    value: float = 1.0


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of recompense in money: minor units a case and a customer in twelve months, and a share of the price."""

    per_case: int
    per_customer: int
    share_of_price: float


@dataclass(frozen=True, slots=True)
class Tier:
    """A loyalty tier; rank 0 is the last."""

    name: str
    rank: int
    when: Node
    because: Sentence | None


@dataclass(frozen=True, slots=True)
class Level:
    """An escalation level; rank 0 is the lowest. ``may_approve`` is in minor units."""

    name: str
    rank: int
    role: str
    may_approve: int


@dataclass(frozen=True, slots=True)
class Outside:
    """The body above the last level."""

    name: str
    because: Sentence


COMMITMENTS = ("acknowledge", "next_update", "resolve", "final_response")
"""The kinds of commitments, in order."""


@dataclass(frozen=True, slots=True)
class CommitmentRow:
    """Deadlines: a condition and a duration for each kind of :data:`COMMITMENTS`."""

    when: Node
    durations: tuple[Duration, Duration, Duration, Duration]


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel by which the company replies; speed 1 is the fastest."""

    name: str
    always: bool
    speed: int


@dataclass(frozen=True, slots=True)
class Issue:
    """What a case can be about."""

    name: str
    company_failure: bool
    touchpoint: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one policy, compiled. ``tiers`` and ``levels`` are in the order of their ranks, 0 first."""

    name: str
    version: str
    digest: str
    description: str
    currency: str
    exponent: int
    calendar: Calendar
    time_zone: str
    facts: tuple[Fact, ...]
    issues: Mapping[str, Issue]
    hedges: tuple[str, ...]
    tiers: tuple[Tier, ...]
    points_per_hour: float
    bands: Mapping[str, float]
    priority: tuple[Rule, ...]
    levels: tuple[Level, ...]
    senior: int
    outside: Outside
    escalation: tuple[EscalationRule, ...]
    entitlements: tuple[Entitlement, ...]
    caps: Caps | None
    recompense: tuple[RecompenseRule, ...]
    money: bool
    commitments: tuple[CommitmentRow, ...]
    channels: Mapping[str, Channel]
    likely_reasons: tuple[Rule, ...]
    guidance: tuple[Rule, ...]
    oldest_snapshot: Duration
    protected: frozenset[str] = frozenset()
    off: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The rules of each section that are switched off, themselves or with all money."""
    plan: Plan = field(default=NO_PLAN)

    @property
    def permitting(self) -> frozenset[str]:
        """The levels that may approve an adverse action, senior or above; one level alone is senior only if named so."""
        lowest = max(self.senior, 1) if self.levels[0].name != "senior" else 0
        return frozenset(level.name for level in self.levels[lowest:])

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of every section, in the order of the plan."""
        return (
            *self.priority,
            *self.escalation,
            *self.entitlements,
            *self.recompense,
            *self.likely_reasons,
            *self.guidance,
        )
