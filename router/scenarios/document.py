"""A scenario file as it is written: a list of cases, each with what is expected of its decision."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, RootModel

from router.cases.document import CaseDocument, Channel, Given, Instant, Text
from router.policy.document import Version
from router.text import nfc


def _plain(value: object) -> object:
    if isinstance(value, str):
        return nfc(value)
    if value is None or isinstance(value, bool | float | int):
        return value
    raise ValueError("should be a number, a text, true, false, or null where it is missing")


Plain: TypeAlias = Annotated[Any, AfterValidator(_plain)]


CommitmentKind: TypeAlias = Literal["acknowledge", "next_update", "resolve", "final_response"]


class PriorityExpectation(Given):
    """Band and score; ``at_least`` and ``at_most`` are of the score."""

    band: Literal["P1", "P2", "P3", "P4"] | None = None
    score: float | None = None
    at_least: float | None = None
    at_most: float | None = None


class EscalationExpectation(Given):
    """Level, or the least level."""

    level: str | None = None
    at_least: str | None = None


class RecompenseExpectation(Given):
    """Kinds that are suggested (an empty list: nothing is), and the total in major units."""

    kinds: list[str] | None = None
    total: float | None = None
    total_at_least: float | None = None
    total_at_most: float | None = None


class CommitmentExpectation(Given):
    """When a commitment is due and how it stands."""

    due_at: Instant | None = None
    state: Literal["open", "met", "breached", "paused"] | None = None


class ExpectDocument(Given):
    """What is expected of a decision: any part of it. A list says: all of these, and maybe more."""

    tier: str | None = None
    priority: PriorityExpectation = PriorityExpectation()
    escalation: EscalationExpectation = EscalationExpectation()
    recompense: RecompenseExpectation = RecompenseExpectation()
    entitlements: list[str] = []
    fired: list[str] = []
    not_fired: list[str] = []
    guidance: list[str] = []
    likely_reasons: list[str] = []
    warnings: list[str] = []
    permitted: bool | None = None
    may_close: bool | None = None
    facts: dict[str, Plain] = Field(default_factory=dict)
    reply_channel: Channel | None = None
    commitments: dict[CommitmentKind, CommitmentExpectation] = Field(default_factory=dict)
    next_person: str | None = Field(None, description="name of a level, role of a level, or name of the outside body")
    needs_approval: bool | None = Field(None, description="whether some suggestion needs the approval of a higher level")


class ScenarioDocument(Given):
    """One scenario. Without ``customer`` nobody is named."""

    name: Annotated[str, Field(min_length=1), AfterValidator(nfc)]
    policy_version: Version | None = None
    now: Instant
    customer: dict[str, Plain] | None = None
    case: CaseDocument
    expect: ExpectDocument = ExpectDocument()
    better_than: Text | None = None


class ScenariosDocument(RootModel[list[ScenarioDocument]]):
    """A file of scenarios."""
