"""What can happen in a case, as episodes that go well or badly: real events, so that the facts are consistent.

The two tellings of an episode differ in one event: a promise is kept or broken, a claim repeated or changed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from router.cases import model as m
from router.time import HOUR


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode: its kind, how many hours ago it was, whether it went badly, and money in minor units where it has any."""

    kind: str
    ago: float
    bad: bool = False
    amount: int = 0


class Telling(NamedTuple):
    """An episode's place in the case: a name of its own, when it was, now, and the currency of the case."""

    episode: Episode
    name: str
    at: int
    now: int
    currency: str

    @property
    def halfway(self) -> int:
        """The moment halfway from it to now."""
        return (self.at + self.now) // 2


Events = Iterable[tuple[int, m.What]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of episode: its events; in words, how it goes well and badly (none: it has one telling); its facts."""

    events: Callable[[Telling], Events]
    well: str = ""
    badly: str = ""
    facts: tuple[str, ...] = ()

    @property
    def twins(self) -> bool:
        """Whether it can go badly."""
        return bool(self.badly)


_REPLY = m.CompanyReplied()


def _one(good: m.What | None, bad: m.What | None) -> Callable[[Telling], Events]:
    """One event, another one, or none."""

    def events(t: Telling) -> Events:
        what = bad if t.episode.bad else good
        return [] if what is None else [(t.at, what)]

    return events


def _after(first: m.What, good: m.What | None, bad: m.What | None) -> Callable[[Telling], Events]:
    second = _one(good, bad)
    return lambda t: [(t.at, first), *second(t)]


def _promise(t: Telling) -> Events:
    yield t.at, m.PromiseMade(t.name, t.halfway)
    if not t.episode.bad:
        yield t.halfway, m.PromiseKept(t.name)


def _late_promise(t: Telling) -> Events:
    yield t.at, m.PromiseMade(t.name, t.halfway)
    if not t.episode.bad:
        yield (t.halfway + t.now) // 2, m.PromiseKept(t.name)


def _claim(t: Telling) -> Events:
    yield t.at, m.StatementMade(t.name, "this")
    yield t.at, m.StatementMade(t.name, "that" if t.episode.bad else "this")


def _answer(t: Telling) -> Events:
    """The same contact and the same reply at the same moment, in one order or the other."""
    contact, reply = (t.at, m.CustomerContacted("email")), (t.at, _REPLY)
    return [reply, contact] if t.episode.bad else [contact, reply]


def _chased(t: Telling) -> Events:
    """As an answer, with one more contact at the same moment."""
    return [*_answer(t), (t.at, m.CustomerContacted("email"))]


def _evidence(t: Telling) -> Events:
    yield t.at, m.EvidenceRequested(t.name)
    yield t.at, m.EvidenceReceived(t.name)
    yield t.at, m.EvidenceRequested(t.name) if t.episode.bad else _REPLY


def _handoff(t: Telling) -> Events:
    return [(t.at, m.OwnerAssigned(t.name))] if t.episode.bad else []


def _owner(t: Telling) -> Events:
    return [(t.at, m.OwnerAssigned(t.name))]


def _rejection(t: Telling) -> Events:
    yield t.at, m.RemedyOffered(t.name, "refund", None, statutory=True)
    if t.episode.bad:
        yield t.at, m.RemedyRejected(t.name)


def _offer(t: Telling) -> Events:
    return [(t.at, m.RemedyOffered(t.name, "refund", None, statutory=t.episode.bad))]


def _given(t: Telling) -> Events:
    return [(t.at, m.RemedyOffered(t.name, "credit", m.Money(t.episode.amount, t.currency)))]


KINDS: Mapping[str, Kind] = {
    "promise": Kind(
        _promise,
        "a promise was kept",
        "the promise was broken",
        ("case.promises_broken", "case.promise_overdue_hours"),
    ),
    "late promise": Kind(
        _late_promise, "a promise was kept late", "the promise was never kept", ("case.promise_overdue_hours",)
    ),
    "claim": Kind(_claim, "a claim was repeated", "the claim was changed", ("case.contradictions",)),
    "escalation": Kind(
        _after(m.EscalationRequested(), m.EscalationGranted(), m.EscalationRefused()),
        "an escalation was granted",
        "the escalation was refused",
        ("case.escalations_refused", "case.escalation_requested"),
    ),
    "refusal": Kind(
        _one(_REPLY, m.EscalationRefused()), "the company replied", "it refused an escalation", ("case.escalations_refused",)
    ),
    "request": Kind(
        _after(m.EscalationRequested(), m.EscalationGranted(), _REPLY),
        "an escalation was granted",
        "it was only answered",
        ("case.escalation_requested",),
    ),
    "post": Kind(
        _after(m.PostedPublicly(), None, m.PublicPostRemoved()),
        "a public post was left standing",
        "the post was removed",
        ("case.public_posts_removed",),
    ),
    "public answer": Kind(
        _after(m.PostedPublicly(), m.CompanyReplied(public=True), _REPLY),
        "a public post was answered in public",
        "it was answered, not in public",
        ("case.public_posts_unanswered",),
    ),
    "apology": Kind(
        _one(m.ApologyGiven(hedged=False), m.ApologyGiven(hedged=True)),
        "an apology was plain",
        "the apology was hedged",
        ("case.hedged_apologies",),
    ),
    "contact": Kind(
        _answer,
        "a contact was answered",
        "the contact was not answered",
        ("case.unanswered", "case.hours_unanswered"),
    ),
    "chase": Kind(
        _chased,
        "a contact was answered before the next one",
        "the customer had to chase an answer",
        ("case.chases", "case.unanswered"),
    ),
    "evidence": Kind(
        _evidence, "the company replied", "it asked again for evidence that it had", ("case.evidence_repeats",)
    ),
    "redirect": Kind(
        _one(None, m.Redirected("web")),
        "the customer was not sent elsewhere",
        "the customer was sent elsewhere",
        ("case.redirects",),
    ),
    "failed contact": Kind(
        _one(None, m.ContactFailed("phone")),
        "the line was free",
        "the customer could not get through",
        ("case.failed_contacts",),
    ),
    "handoff": Kind(_handoff, "the owner stayed", "the case was handed on", ("case.handoffs",)),
    "offer": Kind(
        _offer, "an offer went beyond the law", "the offer was what the law gives", ("case.only_statutory_offered",)
    ),
    "rejection": Kind(
        _rejection, "a remedy was not rejected", "the customer rejected the remedy", ("case.remedies_rejected",)
    ),
    "adverse action": Kind(
        _one(None, m.AdverseActionTaken("block")),
        "no adverse action",
        "an adverse action was taken",
        ("case.adverse_action",),
    ),
    "closing": Kind(
        _one(None, m.ClosedByCompany()),
        "the case was left open",
        "the company closed it without acceptance",
        ("case.closed_without_acceptance",),
    ),
    "reopening": Kind(_one(None, m.Reopened()), "the case was over", "it had to be reopened", ("case.reopened",)),
    # with one telling
    "contact without reply": Kind(_one(m.CustomerContacted("email"), None), facts=("case.contacts", "case.chases")),
    "reply": Kind(_one(_REPLY, None), facts=("case.hours_since_reply",)),
    "plain apology": Kind(_one(m.ApologyGiven(hedged=False), None), facts=("case.apologies",)),
    "public post": Kind(_one(m.PostedPublicly(), None), facts=("case.public_posts",)),
    "owner": Kind(_owner),
    "question": Kind(lambda t: [(t.at, m.EvidenceRequested(t.name))]),
    "acceptance": Kind(_one(m.ResolutionAccepted(), None)),
    "proposal": Kind(_one(m.AdverseActionProposed("block"), None), facts=("case.adverse_action_proposed",)),
    "leaving": Kind(_one(m.LeavingSignalled(), None), facts=("case.leaving_signalled",)),
    "given": Kind(_given, facts=("engine.goodwill_offered",)),
}
"""Every kind of episode by name."""


def timeline(episodes: Iterable[Episode], now: int, currency: str) -> tuple[m.Event, ...]:
    """The events of all episodes, the first first; at one moment in the order of the episodes."""
    found: list[m.Event] = []
    for number, episode in enumerate(episodes):
        telling = Telling(episode, f"{episode.kind} {number}", now - round(episode.ago * HOUR), now, currency)
        found += [m.Event(at, what) for at, what in KINDS[episode.kind].events(telling)]
    return tuple(sorted(found, key=lambda event: event.at))
