"""The case and its timeline as frozen types. Instants are microseconds of UTC, money is in minor units."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from router.facts import Value


class Money(NamedTuple):
    """An amount in whole minor units of an ISO 4217 currency."""

    minor: int
    currency: str


class CustomerContacted(NamedTuple):
    """The customer got in touch."""

    channel: str | None = None


class ContactFailed(NamedTuple):
    """The customer tried to get in touch and could not get through."""

    channel: str | None = None
    reason: str = ""


class CompanyReplied(NamedTuple):
    """The company replied; an ``automatic`` reply acknowledges but is no reply."""

    channel: str | None = None
    public: bool = False
    automatic: bool = False


class Redirected(NamedTuple):
    """The customer was told to use another channel."""

    channel: str | None = None


class StatementMade(NamedTuple):
    """The company claimed something on a topic; ``corrects`` marks a correction."""

    topic: str
    claim: str
    corrects: bool = False


class PromiseMade(NamedTuple):
    """The company promised something by ``due_at``."""

    id: str
    due_at: int


class PromiseKept(NamedTuple):
    """The company kept a promise."""

    id: str


class EvidenceRequested(NamedTuple):
    """The company asked for a piece of evidence."""

    item: str


class EvidenceReceived(NamedTuple):
    """The customer sent a piece of evidence."""

    item: str


class ApologyGiven(NamedTuple):
    """The company apologised, in these words or hedged as flagged."""

    text: str | None = None
    hedged: bool | None = None


class RemedyOffered(NamedTuple):
    """The company offered a remedy; ``statutory`` if the law or a stated guarantee gives it anyway."""

    id: str
    kind: str = ""
    amount: Money | None = None
    statutory: bool = False


class RemedyAccepted(NamedTuple):
    """The customer accepted a remedy."""

    id: str


class RemedyRejected(NamedTuple):
    """The customer rejected a remedy."""

    id: str


class OwnerAssigned(NamedTuple):
    """Somebody became the owner of the case."""

    agent_id: str


class EscalationRequested(NamedTuple):
    """The customer asked for somebody else."""


class EscalationGranted(NamedTuple):
    """The case was escalated."""


class EscalationRefused(NamedTuple):
    """An escalation was refused."""


class PostedPublicly(NamedTuple):
    """The customer posted publicly."""


class PublicPostRemoved(NamedTuple):
    """The company removed a public post of the customer."""


class AdverseActionProposed(NamedTuple):
    """Somebody proposed an action against the customer."""

    kind: str


class AdverseActionApproved(NamedTuple):
    """Somebody at an escalation level approved a proposed action."""

    kind: str
    level: str


class AdverseActionTaken(NamedTuple):
    """The action was taken."""

    kind: str


class AdverseActionWithdrawn(NamedTuple):
    """A proposal was withdrawn."""

    kind: str


class AdverseActionReversed(NamedTuple):
    """An action taken was reversed."""

    kind: str


class LeavingSignalled(NamedTuple):
    """The customer signalled to leave."""


class ClosedByCompany(NamedTuple):
    """The company closed the case."""


class Reopened(NamedTuple):
    """The case was reopened."""


class ResolutionAccepted(NamedTuple):
    """The customer accepted the resolution."""


What: TypeAlias = (
    CustomerContacted
    | ContactFailed
    | CompanyReplied
    | Redirected
    | StatementMade
    | PromiseMade
    | PromiseKept
    | EvidenceRequested
    | EvidenceReceived
    | ApologyGiven
    | RemedyOffered
    | RemedyAccepted
    | RemedyRejected
    | OwnerAssigned
    | EscalationRequested
    | EscalationGranted
    | EscalationRefused
    | PostedPublicly
    | PublicPostRemoved
    | AdverseActionProposed
    | AdverseActionApproved
    | AdverseActionTaken
    | AdverseActionWithdrawn
    | AdverseActionReversed
    | LeavingSignalled
    | ClosedByCompany
    | Reopened
    | ResolutionAccepted
)

EVENTS: Final[Mapping[str, type[What]]] = {
    "customer_contacted": CustomerContacted,
    "contact_failed": ContactFailed,
    "company_replied": CompanyReplied,
    "redirected": Redirected,
    "statement_made": StatementMade,
    "promise_made": PromiseMade,
    "promise_kept": PromiseKept,
    "evidence_requested": EvidenceRequested,
    "evidence_received": EvidenceReceived,
    "apology_given": ApologyGiven,
    "remedy_offered": RemedyOffered,
    "remedy_accepted": RemedyAccepted,
    "remedy_rejected": RemedyRejected,
    "owner_assigned": OwnerAssigned,
    "escalation_requested": EscalationRequested,
    "escalation_granted": EscalationGranted,
    "escalation_refused": EscalationRefused,
    "posted_publicly": PostedPublicly,
    "public_post_removed": PublicPostRemoved,
    "adverse_action_proposed": AdverseActionProposed,
    "adverse_action_approved": AdverseActionApproved,
    "adverse_action_taken": AdverseActionTaken,
    "adverse_action_withdrawn": AdverseActionWithdrawn,
    "adverse_action_reversed": AdverseActionReversed,
    "leaving_signalled": LeavingSignalled,
    "closed_by_company": ClosedByCompany,
    "reopened": Reopened,
    "resolution_accepted": ResolutionAccepted,
}
"""Every event by its name in files and on the wire."""


class Event(NamedTuple):
    """Something that happened. Events are ordered by (at, sequence, position in the timeline)."""

    at: int
    what: What
    sequence: int = 0
    event_id: str = ""
    agent_id: str = ""


class Run(NamedTuple):
    """Events that follow one another, each but once and none of the future: when each was, in order; its name, and its
    attributes in the order of its type."""

    times: list[int]
    events: list[tuple[str, tuple[Any, ...]]]


class Case(NamedTuple):
    """One case. Texts are NFC; an empty text is not given. ``attributes`` are what the policy declares as ``case.*``."""

    id: str
    opened_at: int
    customer_id: str = ""
    channel: str | None = None
    touchpoint: str | None = None
    issue: str = ""
    order_id: str = ""
    value_at_stake: Money | None = None
    brand: str = ""
    attributes: Mapping[str, Value | Money] = MappingProxyType({})
    timeline: tuple[Event, ...] = ()
