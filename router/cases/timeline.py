"""What a timeline adds up to at a moment: one pass over its events, in order."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from router.cases import model as m
from router.cases.hedges import fold_text

PROOF_OF_PURCHASE = "proof_of_purchase"


class Promise(NamedTuple):
    """A promise: its id, when it was made and is due, and who made it."""

    id: str
    made_at: int
    due_at: int
    agent_id: str


class Claim(NamedTuple):
    """What was claimed on a topic, and when."""

    topic: str
    claim: str
    at: int


class Timeline:
    """The running state of a timeline. Feed it events in order with :meth:`apply`; then read its attributes.

    Waits are merged and in order: from a request for evidence that is no repeat until the customer's next act;
    ``waiting_since`` is the one that still runs.
    """

    __slots__ = (
        "accepted_at",
        "acknowledged_at",
        "apologies",
        "chases",
        "claims",
        "closed_without_acceptance",
        "conflicts",
        "contact_channel",
        "contacts",
        "escalation_requested",
        "escalations_refused",
        "evidence_repeats",
        "failed_channels",
        "failed_contacts",
        "handoffs",
        "hedged",
        "hedged_apologies",
        "kept",
        "leaving_signalled",
        "offers",
        "opened_at",
        "order_on_record",
        "owner",
        "promises",
        "proposed",
        "public_posts",
        "public_posts_removed",
        "public_posts_unanswered",
        "received",
        "redirects",
        "rejected",
        "remedies_rejected",
        "reopened",
        "repeated_promises",
        "replied_at",
        "requested",
        "taken",
        "unanswered",
        "unanswered_since",
        "waiting_since",
        "waits",
    )

    def __init__(self, opened_at: int, hedged: Callable[[str], bool], *, order_on_record: bool | None) -> None:
        self.opened_at = opened_at
        self.hedged = hedged
        self.order_on_record = order_on_record
        self.contacts = self.chases = self.unanswered = self.failed_contacts = self.redirects = 0
        self.unanswered_since = 0
        self.contact_channel: str | None = None
        self.failed_channels: dict[str, None] = {}
        self.replied_at: int | None = None
        self.acknowledged_at: int | None = None
        self.claims: dict[str, Claim] = {}
        self.conflicts: list[tuple[Claim, Claim]] = []
        self.promises: dict[str, Promise] = {}
        self.kept: dict[str, int] = {}
        self.repeated_promises: list[str] = []
        self.requested: dict[str, int] = {}
        self.received: dict[str, int] = {}
        self.evidence_repeats = 0
        self.waiting_since: int | None = None
        self.waits: list[tuple[int, int]] = []
        self.apologies = self.hedged_apologies = 0
        self.offers: list[tuple[m.RemedyOffered, int]] = []
        self.rejected: set[str] = set()
        self.remedies_rejected = 0
        self.owner: str | None = None
        self.handoffs = 0
        self.escalation_requested = False
        self.escalations_refused = 0
        self.public_posts = self.public_posts_unanswered = self.public_posts_removed = 0
        self.proposed: dict[str, list[str]] = {}
        self.taken: dict[str, None] = {}
        self.leaving_signalled = self.closed_without_acceptance = False
        self.reopened = 0
        self.accepted_at: int | None = None

    def apply(self, events: Iterable[m.Event]) -> None:
        """Take in events that are ordered, not of the future, and each once."""
        handlers = _HANDLERS
        for event in events:
            handlers[type(event.what)](self, event, event.what)

    def _customer_acts(self, at: int) -> None:
        """Any act of the customer ends the waiting for them."""
        since = self.waiting_since
        if since is not None:
            self.waiting_since = None
            self._wait(since, at)

    def _wait(self, since: int, until: int) -> None:
        """Waits count from the opening only."""
        start = max(since, self.opened_at)
        if until > start:
            self.waits.append((start, until))

    def end(self, now: int) -> None:
        """The wait that still runs lasts until ``now``."""
        if self.waiting_since is not None:
            self._wait(self.waiting_since, now)

    def _replied(self, at: int) -> None:
        self.replied_at = at
        self.unanswered = 0
        if self.acknowledged_at is None and at >= self.opened_at:
            self.acknowledged_at = at

    # the customer

    def _customer_contacted(self, event: m.Event, what: m.CustomerContacted) -> None:
        self.contacts += 1
        if self.unanswered:
            self.chases += 1
        else:
            self.unanswered_since = event.at
        self.unanswered += 1
        if what.channel is not None:
            self.contact_channel = what.channel
            self.failed_channels.pop(what.channel, None)
        self._customer_acts(event.at)

    def _contact_failed(self, event: m.Event, what: m.ContactFailed) -> None:
        self.failed_contacts += 1
        if what.channel is not None:
            self.failed_channels[what.channel] = None
        self._customer_acts(event.at)

    def _evidence_received(self, event: m.Event, what: m.EvidenceReceived) -> None:
        self.received.setdefault(what.item, event.at)
        self._customer_acts(event.at)

    def _remedy_accepted(self, event: m.Event, what: m.RemedyAccepted) -> None:
        del what
        self._customer_acts(event.at)

    def _remedy_rejected(self, event: m.Event, what: m.RemedyRejected) -> None:
        self.remedies_rejected += 1
        self.rejected.add(what.id)
        self._customer_acts(event.at)

    def _escalation_requested(self, event: m.Event, what: m.EscalationRequested) -> None:
        del what
        self.escalation_requested = True
        self._customer_acts(event.at)

    def _posted_publicly(self, event: m.Event, what: m.PostedPublicly) -> None:
        del what
        self.public_posts += 1
        self.public_posts_unanswered += 1
        self._customer_acts(event.at)

    def _leaving_signalled(self, event: m.Event, what: m.LeavingSignalled) -> None:
        del what
        self.leaving_signalled = True
        self._customer_acts(event.at)

    def _resolution_accepted(self, event: m.Event, what: m.ResolutionAccepted) -> None:
        del what
        if self.accepted_at is None:
            self.accepted_at = event.at
        self._customer_acts(event.at)

    def _reopened(self, event: m.Event, what: m.Reopened) -> None:
        del what
        self.reopened += 1
        self.accepted_at = None
        self._customer_acts(event.at)

    # the company

    def _company_replied(self, event: m.Event, what: m.CompanyReplied) -> None:
        if what.automatic:
            if self.acknowledged_at is None and event.at >= self.opened_at:
                self.acknowledged_at = event.at
            return
        self._replied(event.at)
        if what.public:
            self.public_posts_unanswered = 0

    def _redirected(self, event: m.Event, what: m.Redirected) -> None:
        del event, what
        self.redirects += 1

    def _statement_made(self, event: m.Event, what: m.StatementMade) -> None:
        self._replied(event.at)
        topic = fold_text(what.topic)
        claim = Claim(what.topic, what.claim, event.at)
        before = self.claims.get(topic)
        self.claims[topic] = claim
        if before is not None and not what.corrects and fold_text(before.claim) != fold_text(what.claim):
            self.conflicts.append((before, claim))

    def _promise_made(self, event: m.Event, what: m.PromiseMade) -> None:
        self._replied(event.at)
        if what.id in self.promises:
            self.repeated_promises.append(what.id)
        else:
            self.promises[what.id] = Promise(what.id, event.at, what.due_at, event.agent_id)

    def _promise_kept(self, event: m.Event, what: m.PromiseKept) -> None:
        self.kept.setdefault(what.id, event.at)

    def _evidence_requested(self, event: m.Event, what: m.EvidenceRequested) -> None:
        self._replied(event.at)
        if what.item in self.received or (what.item == PROOF_OF_PURCHASE and self.order_on_record):
            self.evidence_repeats += 1
            return
        self.requested.setdefault(what.item, event.at)
        if self.waiting_since is None:
            self.waiting_since = event.at

    def _apology_given(self, event: m.Event, what: m.ApologyGiven) -> None:
        self._replied(event.at)
        self.apologies += 1
        if what.hedged or (what.text is not None and self.hedged(what.text)):
            self.hedged_apologies += 1

    def _remedy_offered(self, event: m.Event, what: m.RemedyOffered) -> None:
        self._replied(event.at)
        self.offers.append((what, event.at))

    def _owner_assigned(self, event: m.Event, what: m.OwnerAssigned) -> None:
        del event
        if self.owner is not None and self.owner != what.agent_id:
            self.handoffs += 1
        self.owner = what.agent_id

    def _escalation_granted(self, event: m.Event, what: m.EscalationGranted) -> None:
        del what
        self.escalation_requested = False
        self._replied(event.at)

    def _escalation_refused(self, event: m.Event, what: m.EscalationRefused) -> None:
        del what
        self.escalations_refused += 1
        self._replied(event.at)

    def _public_post_removed(self, event: m.Event, what: m.PublicPostRemoved) -> None:
        del event, what
        self.public_posts_removed += 1

    def _adverse_action_proposed(self, event: m.Event, what: m.AdverseActionProposed) -> None:
        del event
        self.proposed.setdefault(what.kind, [])

    def _adverse_action_approved(self, event: m.Event, what: m.AdverseActionApproved) -> None:
        del event
        if what.kind in self.proposed:
            self.proposed[what.kind].append(what.level)

    def _adverse_action_taken(self, event: m.Event, what: m.AdverseActionTaken) -> None:
        del event
        self.proposed.pop(what.kind, None)
        self.taken[what.kind] = None

    def _adverse_action_withdrawn(self, event: m.Event, what: m.AdverseActionWithdrawn) -> None:
        del event
        self.proposed.pop(what.kind, None)

    def _adverse_action_reversed(self, event: m.Event, what: m.AdverseActionReversed) -> None:
        del event
        self.taken.pop(what.kind, None)

    def _closed_by_company(self, event: m.Event, what: m.ClosedByCompany) -> None:
        del event, what
        if self.accepted_at is None:
            self.closed_without_acceptance = True


_HANDLERS: Mapping[type[m.What], Callable[[Timeline, m.Event, m.What], None]] = {
    kind: getattr(Timeline, f"_{name}") for name, kind in m.EVENTS.items()
}
