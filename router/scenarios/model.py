"""A scenario bound to a policy, and what can be observed of a decision, whatever engine made it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from router.cases.model import Case
from router.decide.records import FactRecords
from router.facts import Value
from router.policy.model import Policy
from router.scenarios.document import ExpectDocument


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """A case at a moment, what is known of its customer (``records``, as of ``now``), and what is expected.

    ``better_than`` is another scenario that this one has to be decided better than, for the customer.
    """

    name: str
    where: str
    line: int
    policy: Policy
    now: int
    case: Case
    records: FactRecords
    expect: ExpectDocument
    better_than: "Scenario | None" = None


class Suggested(NamedTuple):
    """A suggestion: its rule's id, its kind, its amount in minor units where it is money, whether it needs approval."""

    rule: str
    kind: str
    amount: int | None
    needs_approval: bool


class Due(NamedTuple):
    """A commitment: the instant it is due, and its state."""

    due_at: int
    state: str


@dataclass(frozen=True, slots=True)
class Observed:
    """A decision in plain ids and numbers; money is in minor units.

    ``facts`` are those that it was made from, ``None`` where an engine does not tell. ``permitted`` is ``None`` where no
    adverse action is proposed. ``points`` are by rule, the engine's ``ageing`` among them.
    """

    tier: str
    score: int
    band: str
    level: str
    level_rank: int
    total: int
    suggestions: tuple[Suggested, ...]
    entitlements: tuple[str, ...]
    fired: tuple[str, ...]
    points: Mapping[str, int]
    guidance: tuple[str, ...]
    likely_reasons: tuple[str, ...]
    permitted: bool | None
    may_close: bool
    warnings: tuple[str, ...]
    commitments: Mapping[str, Due]
    reply_channel: str | None
    next_person: tuple[str, ...]
    facts: Mapping[str, Value] | None = None


Engine: TypeAlias = Callable[[Scenario], Observed]
"""What decides a scenario: the row back end, or a server over the wire."""


class Failure(NamedTuple):
    """One expectation that does not hold: which, what was expected, what was found; and the rule that it is about."""

    field: str
    expected: str
    found: str
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one scenario; it holds if there are no ``failures``."""

    scenario: Scenario
    observed: Observed
    failures: tuple[Failure, ...]
