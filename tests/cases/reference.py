"""The facts of a case, each worked out by itself from the whole timeline: slow, and as the definitions are worded."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import nan
from typing import Any

from router.cases import model as m
from router.facts import Value
from router.time import HOUR

REPLIES = (
    m.StatementMade,
    m.PromiseMade,
    m.EvidenceRequested,
    m.ApologyGiven,
    m.RemedyOffered,
    m.EscalationGranted,
    m.EscalationRefused,
)
ACTS = (
    m.CustomerContacted,
    m.ContactFailed,
    m.EvidenceReceived,
    m.PostedPublicly,
    m.EscalationRequested,
    m.RemedyAccepted,
    m.RemedyRejected,
    m.LeavingSignalled,
    m.ResolutionAccepted,
    m.Reopened,
)
"""What the customer does."""
HEDGED = {"Sorry, but no.": True, "Sorry. BUT": True}
"""The apologies of the tests that have "but" after a word of apology."""


def in_order(case: m.Case, now: int) -> list[m.Event]:
    """Events up to now by (at, sequence, position), the first of each id."""
    by_place = sorted(enumerate(case.timeline), key=lambda pair: (pair[1].at, pair[1].sequence, pair[0]))
    past = [event for _, event in by_place if event.at <= now]
    return [
        event
        for place, event in enumerate(past)
        if not event.event_id or event.event_id not in [earlier.event_id for earlier in past[:place]]
    ]


class Reference:
    """One case at a moment."""

    def __init__(self, case: m.Case, now: int, order_on_record: bool | None) -> None:  # noqa: FBT001 - as the CRM answers
        self.case, self.now, self.order_on_record = case, now, order_on_record
        self.events = in_order(case, now)

    def all(self, *kinds: type) -> list[tuple[int, m.Event]]:
        """Events of some kinds with their places."""
        return [(place, event) for place, event in enumerate(self.events) if isinstance(event.what, kinds)]

    def count(self, *kinds: type) -> int:
        return len(self.all(*kinds))

    def last(self, *kinds: type, attribute: str = "", value: str = "") -> int:
        """The place of the last event of some kinds (whose attribute has a value), -1 if there is none."""
        found = [place for place, e in self.all(*kinds) if not attribute or _of(e, attribute) == value]
        return found[-1] if found else -1

    def replies(self, *, since: int = -1) -> list[int]:
        """Places of replies after a place."""
        written = [place for place, e in self.all(m.CompanyReplied) if not _of(e, "automatic")]
        return sorted(p for p in (*written, *(place for place, _ in self.all(*REPLIES))) if p > since)

    def unanswered(self) -> list[m.Event]:
        last = max(self.replies(), default=-1)
        return [event for place, event in self.all(m.CustomerContacted) if place > last]

    def chases(self) -> int:
        contacts = [place for place, _ in self.all(m.CustomerContacted)]
        return sum(not any(before < reply < after for reply in self.replies()) for before, after in pairwise(contacts))

    def requests(self, *, repeats: bool) -> list[int]:
        """Places of requests for evidence that are repeats, or are not."""
        found = []
        for place, event in self.all(m.EvidenceRequested):
            item = _of(event, "item")
            had = any(_of(e, "item") == item and p < place for p, e in self.all(m.EvidenceReceived))
            if (had or (item == "proof_of_purchase" and self.order_on_record is True)) is repeats:
                found.append(place)
        return found

    def waits(self) -> list[tuple[int, int]]:
        """From each request to the customer's next act, none before the opening; in order, the overlapping ones as one."""
        found: list[tuple[int, int]] = []
        for place in self.requests(repeats=False):
            acts = [e.at for p, e in self.all(*ACTS) if p > place]
            start, end = max(self.events[place].at, self.case.opened_at), min(acts, default=self.now)
            if start >= end:
                continue
            if found and start <= found[-1][1] and end == found[-1][1]:
                continue
            found.append((start, end))
        return found

    def waiting(self) -> bool:
        last = self.last(*ACTS)
        return any(place > last for place in self.requests(repeats=False))

    def accepted_before(self, place: int) -> bool:
        marks = [event.what for event in self.events[:place] if isinstance(event.what, m.ResolutionAccepted | m.Reopened)]
        return bool(marks) and isinstance(marks[-1], m.ResolutionAccepted)

    def status(self) -> str:
        if self.accepted_before(len(self.events)):
            return "accepted"
        return "waiting" if self.waiting() else "open"

    def promises(self) -> tuple[int, float]:
        """How many are broken, and the longest overdue of those not kept, in hours."""
        broken, overdue = 0, 0.0
        seen: set[str] = set()
        for _, event in self.all(m.PromiseMade):
            made = event.what
            assert isinstance(made, m.PromiseMade)
            if made.id in seen:
                continue
            seen.add(made.id)
            kept = [e.at for _, e in self.all(m.PromiseKept) if _of(e, "id") == made.id]
            broken += made.due_at < self.now and not any(at <= made.due_at for at in kept)
            if not kept:
                overdue = max(overdue, (self.now - made.due_at) / HOUR)
        return broken, overdue

    def contradictions(self) -> int:
        topics: dict[str, list[m.StatementMade]] = {}
        for _, event in self.all(m.StatementMade):
            assert isinstance(event.what, m.StatementMade)
            topics.setdefault(_folded(event.what.topic), []).append(event.what)
        return sum(
            _folded(before.claim) != _folded(after.claim) and not after.corrects
            for statements in topics.values()
            for before, after in pairwise(statements)
        )

    def hedged(self) -> int:
        found = [event.what for _, event in self.all(m.ApologyGiven)]
        return sum(bool(a.hedged) or HEDGED.get(a.text or "", False) for a in found if isinstance(a, m.ApologyGiven))

    def handoffs(self) -> int:
        owners = [_of(event, "agent_id") for _, event in self.all(m.OwnerAssigned)]
        return sum(before != after for before, after in pairwise(owners))

    def public_unanswered(self) -> int:
        def public(event: m.Event) -> bool:
            reply = event.what
            return isinstance(reply, m.CompanyReplied) and reply.public and not reply.automatic

        return sum(not any(public(event) for event in self.events[place:]) for place, _ in self.all(m.PostedPublicly))

    def kinds(self, *marks: type) -> Iterable[str]:
        return {str(_of(event, "kind")) for _, event in self.all(*marks)}

    def proposed(self) -> bool:
        def last(kind: str, *marks: type) -> int:
            return self.last(*marks, attribute="kind", value=kind)

        ended = (m.AdverseActionTaken, m.AdverseActionWithdrawn)
        return any(last(kind, m.AdverseActionProposed) > last(kind, *ended) for kind in self.kinds(m.AdverseActionProposed))

    def taken(self) -> bool:
        def last(kind: str, mark: type) -> int:
            return self.last(mark, attribute="kind", value=kind)

        kinds = self.kinds(m.AdverseActionTaken)
        return any(last(kind, m.AdverseActionTaken) > last(kind, m.AdverseActionReversed) for kind in kinds)

    def offers(self, *, statutory: bool, currency: str, after: int | None = None) -> int:
        """Money offered and not rejected: the last that was said of an offer before the next of its id counts."""
        total = 0
        said = self.all(m.RemedyOffered, m.RemedyAccepted, m.RemedyRejected)
        for place, event in self.all(m.RemedyOffered):
            offer = event.what
            assert isinstance(offer, m.RemedyOffered)
            later = [e.what for p, e in said if p > place and _of(e, "id") == offer.id]
            until = next((p for p, what in enumerate(later) if isinstance(what, m.RemedyOffered)), len(later))
            rejected = isinstance((offer, *later[:until])[-1], m.RemedyRejected)
            fits = offer.amount is not None and offer.amount.currency == currency and offer.statutory is statutory
            if fits and not rejected and (after is None or event.at > after):
                assert offer.amount is not None
                total += offer.amount.minor
        return total

    def offered(self) -> Sequence[bool]:
        return [_of(event, "statutory") for _, event in self.all(m.RemedyOffered)]


def _of(event: m.Event, attribute: str) -> Any:  # noqa: ANN401 - whatever it holds
    return getattr(event.what, attribute)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def facts(
    case: m.Case,
    touchpoints: Mapping[str, str | None],
    now: int,
    *,
    as_of: int | None = None,
    order_on_record: bool | None = None,
    currency: str = "GBP",
) -> dict[str, Value]:
    """Every fact and input of ``case`` by name, but ``case.out_of_hours``."""
    r = Reference(case, now, order_on_record)
    unanswered, replies = r.unanswered(), r.replies()
    broken, overdue = r.promises()
    issue = case.issue if case.issue in touchpoints else None
    value = case.value_at_stake
    return {
        "case.issue": issue,
        "case.channel": case.channel,
        "case.touchpoint": case.touchpoint or (touchpoints[issue] if issue else None),
        "case.brand": case.brand or None,
        "case.status": r.status(),
        "case.value_at_stake": value.minor / 100 if value and value.currency == currency else nan,
        "case.age_hours": (now - case.opened_at) / HOUR,
        "case.contacts": r.count(m.CustomerContacted),
        "case.failed_contacts": r.count(m.ContactFailed),
        "case.chases": r.chases(),
        "case.unanswered": len(unanswered),
        "case.hours_unanswered": (now - unanswered[0].at) / HOUR if unanswered else 0.0,
        "case.hours_since_reply": (now - r.events[replies[-1]].at) / HOUR if replies else nan,
        "case.promises_broken": broken,
        "case.promise_overdue_hours": overdue,
        "case.contradictions": r.contradictions(),
        "case.evidence_repeats": len(r.requests(repeats=True)),
        "case.order_on_record": order_on_record,
        "case.handoffs": r.handoffs(),
        "case.redirects": r.count(m.Redirected),
        "case.apologies": r.count(m.ApologyGiven),
        "case.hedged_apologies": r.hedged(),
        "case.remedies_rejected": r.count(m.RemedyRejected),
        "case.only_statutory_offered": bool(r.offered()) and all(r.offered()),
        "case.escalation_requested": r.last(m.EscalationRequested) > r.last(m.EscalationGranted),
        "case.escalations_refused": r.count(m.EscalationRefused),
        "case.public_posts": r.count(m.PostedPublicly),
        "case.public_posts_unanswered": r.public_unanswered(),
        "case.public_posts_removed": r.count(m.PublicPostRemoved),
        "case.adverse_action_proposed": r.proposed(),
        "case.adverse_action": r.taken(),
        "case.leaving_signalled": r.count(m.LeavingSignalled) > 0,
        "case.reopened": r.count(m.Reopened),
        "case.closed_without_acceptance": any(not r.accepted_before(place) for place, _ in r.all(m.ClosedByCompany)),
        "engine.waiting_hours": sum(end - start for start, end in r.waits()) / HOUR,
        "engine.goodwill_offered": r.offers(statutory=False, currency=currency),
        "engine.goodwill_since": r.offers(statutory=False, currency=currency, after=as_of),
        "engine.refund_offered": r.offers(statutory=True, currency=currency),
    }
