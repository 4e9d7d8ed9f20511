"""What a timeline adds up to at a moment: one pass over its events, in order."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from router.cases.hedges import fold_text
from router.cases.model import EVENTS, Money

PROOF_OF_PURCHASE: Final = "proof_of_purchase"


Promise: TypeAlias = tuple[int, int]
"""When a promise was made and when it is due."""


Claim: TypeAlias = tuple[str, str, int]
"""What was claimed: its topic, the claim, and when."""


class Offer(NamedTuple):
    """A remedy offered: when, which, how much, and whether it is statutory."""

    at: int
    id: str
    kind: str
    amount: Money | None
    statutory: bool


class Timeline:
    """The running state of a timeline: a method for each event, called in order with its time and attributes.

    ``offered`` says which of the ``offers`` is the latest with an id, ``rejected`` which do not stand.
    Waits are merged and in order: from a request for evidence that is no repeat until the customer's next act;
    ``waiting_since`` is the one that still runs. ``times`` and ``events`` are what was taken in, as whoever feeds it writes
    it down: when each event was, its name, and its attributes in the order of its type.
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
        "events",
        "evidence_repeats",
        "failed_channels",
        "failed_contacts",
        "handoffs",
        "hedged",
        "hedged_apologies",
        "kept",
        "leaving_signalled",
        "offered",
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
        "times",
        "unanswered",
        "unanswered_since",
        "waiting_since",
        "waits",
    )

    def __init__(self, opened_at: int, hedged: Callable[[str], bool], order_on_record: bool | None) -> None:  # noqa: FBT001 - as the CRM answers
        self.opened_at = opened_at
        self.hedged = hedged
        self.order_on_record = order_on_record
        self.times: list[int] = []
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        # from the customer
        self.contacts = self.chases = self.unanswered = self.unanswered_since = self.failed_contacts = 0
        self.contact_channel: str | None = None
        self.failed_channels: dict[str, None] = {}
        self.received: dict[str, int] = {}
        self.remedies_rejected = self.public_posts = self.public_posts_unanswered = self.reopened = 0
        self.escalation_requested = self.leaving_signalled = False
        self.accepted_at: int | None = None
        # from the company
        self.replied_at: int | None = None
        self.acknowledged_at: int | None = None
        self.claims: dict[str, Claim] = {}
        self.conflicts: list[tuple[Claim, Claim]] = []
        self.promises: dict[str, Promise] = {}
        self.repeated_promises: list[str] = []
        self.kept: dict[str, int] = {}
        self.requested: dict[str, int] = {}
        self.waiting_since: int | None = None
        self.waits: list[tuple[int, int]] = []
        self.offers: list[Offer] = []
        self.offered: dict[str, int] = {}
        self.rejected: set[int] = set()
        self.owner: str | None = None
        self.redirects = self.evidence_repeats = self.apologies = self.hedged_apologies = self.handoffs = 0
        self.escalations_refused = self.public_posts_removed = 0
        self.proposed: dict[str, list[str]] = {}
        self.taken: dict[str, None] = {}
        self.closed_without_acceptance = False

    def end(self, now: int) -> None:
        """The wait that still runs lasts until ``now``."""
        if self.waiting_since is not None:
            self._wait(self.waiting_since, now)

    def _wait(self, since: int, until: int) -> None:
        """Waits count from the opening only."""
        start = max(since, self.opened_at)
        if until > start:
            self.waits.append((start, until))

    def _act(self, at: int) -> None:
        """Any act of the customer ends the waiting for them."""
        since = self.waiting_since
        if since is not None:
            self.waiting_since = None
            self._wait(since, at)

    def _reply(self, at: int) -> None:
        self.replied_at = at
        self.unanswered = 0
        if self.acknowledged_at is None and at >= self.opened_at:
            self.acknowledged_at = at

    # the customer

    def customer_contacted(self, at: int, channel: str | None) -> None:
        """A contact; a chase if the one before had no reply."""
        self.contacts += 1
        if self.unanswered:
            self.chases += 1
        else:
            self.unanswered_since = at
        self.unanswered += 1
        if channel is not None:
            self.contact_channel = channel
            self.failed_channels.pop(channel, None)
        if self.waiting_since is not None:
            self._act(at)

    def contact_failed(self, at: int, channel: str | None, _reason: str) -> None:
        """The customer could not get through."""
        self.failed_contacts += 1
        if channel is not None:
            self.failed_channels[channel] = None
        self._act(at)

    def evidence_received(self, at: int, item: str) -> None:
        """A piece of evidence came."""
        self.received.setdefault(item, at)
        self._act(at)

    def remedy_accepted(self, at: int, offer: str) -> None:
        """The customer accepted a remedy: the latest offer with this id stands, even if it was rejected before."""
        self.rejected.discard(self.offered.get(offer, -1))
        self._act(at)

    def remedy_rejected(self, at: int, offer: str) -> None:
        """The customer rejected a remedy: the latest offer with this id no longer stands; one made again later does."""
        self.remedies_rejected += 1
        if offer in self.offered:
            self.rejected.add(self.offered[offer])
        self._act(at)

    def escalation_requested_(self, at: int) -> None:
        """The customer asked for somebody else."""
        self.escalation_requested = True
        self._act(at)

    def posted_publicly(self, at: int) -> None:
        """The customer posted publicly."""
        self.public_posts += 1
        self.public_posts_unanswered += 1
        self._act(at)

    def leaving_signalled_(self, at: int) -> None:
        """The customer signalled to leave."""
        self.leaving_signalled = True
        self._act(at)

    def resolution_accepted(self, at: int) -> None:
        """The customer accepted the resolution."""
        if self.accepted_at is None:
            self.accepted_at = at
        self._act(at)

    def reopened_(self, at: int) -> None:
        """The case was reopened."""
        self.reopened += 1
        self.accepted_at = None
        self._act(at)

    # the company

    def company_replied(self, at: int, _channel: str | None, public: bool, automatic: bool) -> None:  # noqa: FBT001 - attributes of the event
        """A reply; an automatic one only acknowledges."""
        if automatic:
            if self.acknowledged_at is None and at >= self.opened_at:
                self.acknowledged_at = at
            return
        self._reply(at)
        if public:
            self.public_posts_unanswered = 0

    def redirected(self, _at: int, _channel: str | None) -> None:
        """The customer was told to use another channel."""
        self.redirects += 1

    def statement_made(self, at: int, topic: str, claim: str, corrects: bool) -> None:  # noqa: FBT001 - attributes of the event
        """A claim; a contradiction if it differs from the one before on its topic and is no correction."""
        self._reply(at)
        key = fold_text(topic)
        before = self.claims.get(key)
        now = (topic, claim, at)
        self.claims[key] = now
        if before is not None and not corrects and before[1] != claim and fold_text(before[1]) != fold_text(claim):
            self.conflicts.append((before, now))

    def promise_made(self, at: int, promise: str, due_at: int) -> None:
        """A promise; of two with one id the first counts."""
        self._reply(at)
        if promise in self.promises:
            self.repeated_promises.append(promise)
        else:
            self.promises[promise] = (at, due_at)

    def promise_kept(self, at: int, promise: str) -> None:
        """A promise was kept."""
        self.kept.setdefault(promise, at)

    def evidence_requested(self, at: int, item: str) -> None:
        """A request for evidence; a repeat if it was received or is on record, else the wait for the customer begins."""
        self._reply(at)
        if item in self.received or (item == PROOF_OF_PURCHASE and self.order_on_record):
            self.evidence_repeats += 1
            return
        self.requested.setdefault(item, at)
        if self.waiting_since is None:
            self.waiting_since = at

    def apology_given(self, at: int, text: str | None, hedged: bool | None) -> None:  # noqa: FBT001 - attributes of the event
        """An apology, hedged if so flagged or if its words take it back."""
        self._reply(at)
        self.apologies += 1
        if hedged or (text is not None and self.hedged(text)):
            self.hedged_apologies += 1

    def remedy_offered(self, at: int, offer: str, kind: str, amount: Money | None, statutory: bool) -> None:  # noqa: FBT001 - attributes of the event
        """A remedy was offered."""
        self._reply(at)
        self.offered[offer] = len(self.offers)
        self.offers.append(Offer(at, offer, kind, amount, statutory))

    def owner_assigned(self, _at: int, agent_id: str) -> None:
        """Somebody became the owner; a hand-off if it was somebody else before."""
        if self.owner is not None and self.owner != agent_id:
            self.handoffs += 1
        self.owner = agent_id

    def escalation_granted(self, at: int) -> None:
        """The case was escalated."""
        self.escalation_requested = False
        self._reply(at)

    def escalation_refused(self, at: int) -> None:
        """An escalation was refused."""
        self.escalations_refused += 1
        self._reply(at)

    def public_post_removed(self, _at: int) -> None:
        """The company removed a public post."""
        self.public_posts_removed += 1

    def adverse_action_proposed(self, _at: int, kind: str) -> None:
        """An action against the customer was proposed."""
        self.proposed.setdefault(kind, [])

    def adverse_action_approved(self, _at: int, kind: str, level: str) -> None:
        """A proposed action was approved by somebody of a level."""
        if kind in self.proposed:
            self.proposed[kind].append(level)

    def adverse_action_taken(self, at: int, kind: str) -> None:
        """The action was taken."""
        self.adverse_action_withdrawn(at, kind)
        self.taken[kind] = None

    def adverse_action_withdrawn(self, _at: int, kind: str) -> None:
        """A proposal was withdrawn."""
        self.proposed.pop(kind, None)

    def adverse_action_reversed(self, _at: int, kind: str) -> None:
        """An action taken was reversed."""
        self.taken.pop(kind, None)

    def closed_by_company(self, _at: int) -> None:
        """The company closed the case."""
        if self.accepted_at is None:
            self.closed_without_acceptance = True


def _method(name: str) -> Callable[..., None]:
    """The method of an event; one that would hide a fact of the same name ends in an underscore."""
    found: Callable[..., None] = getattr(Timeline, f"{name}_", None) or getattr(Timeline, name)
    return found


METHODS: Final[Mapping[str, Callable[..., None]]] = {name: _method(name) for name in EVENTS}
"""What takes in each event, by its name: called with the timeline, its time and its attributes."""

NAMES: Final[Mapping[type, str]] = {kind: name for name, kind in EVENTS.items()}
"""The name of each type of event."""
