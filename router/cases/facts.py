"""The facts of one case: its timeline folded once, then read off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isnan, nan
from typing import NamedTuple

from router.calendar import Calendar
from router.cases.model import Case, Event, Money, Run
from router.cases.timeline import METHODS, NAMES, Timeline
from router.compiled import quotient
from router.facts import Fact, Type, Value, to_float
from router.money import to_major
from router.time import HOUR


@dataclass(slots=True)
class Terms:
    """What a policy says about reading a case: its currency, the declared issues with their touchpoints, the hedging words
    as a test of a text, its calendar, and the ``case.*`` attributes that it declares; ``no_attributes`` are the values of
    those where none is given."""

    currency: str
    exponent: int
    touchpoints: Mapping[str, str | None]
    hedged: Callable[[str], bool]
    calendar: Calendar
    attributes: tuple[Fact, ...] = ()
    no_attributes: tuple[Value, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.no_attributes = tuple(nan if fact.type.numeric else None for fact in self.attributes)


class Notice(NamedTuple):
    """A warning: a fixed kind and a sentence."""

    code: str
    message: str


class CaseState:
    """One case at a moment: ``facts`` in the order of ``CASE_FACTS``, ``INPUTS`` and the declared attributes; the timeline's
    state behind them; and the warnings of reading it."""

    __slots__ = ("case", "facts", "notices", "now", "timeline")

    def __init__(self, case: Case, now: int, timeline: Timeline) -> None:
        self.case = case
        self.now = now
        self.timeline = timeline
        self.notices: list[Notice] = []
        self.facts: tuple[Value, ...] = ()


def begin(case: Case, terms: Terms, now: int, order_on_record: bool | None) -> CaseState:  # noqa: FBT001 - the answer of the CRM
    """The state of a case before its first event. ``order_on_record`` is the answer of the CRM."""
    return CaseState(case, now, Timeline(case.opened_at, terms.hedged, order_on_record))


def feed(state: CaseState, events: tuple[Event, ...]) -> None:
    """Let the timeline take in events, whatever their order."""
    ordered = in_order(events, state.now, state.notices)
    follow(state, Run([event.at for event in ordered], [(NAMES[type(event.what)], tuple(event.what)) for event in ordered]))


def follow(state: CaseState, run: Run) -> None:
    """Let the timeline take in events that follow one another, as its first."""
    timeline = state.timeline
    timeline.times, timeline.events = times, events = run
    for at, (name, values) in zip(times, events, strict=True):
        take = METHODS[name]
        if len(values) == 1:  # as most have; compiled code makes a list of what comes behind a star
            take(timeline, at, values[0])
        else:
            take(timeline, at, *values)


def settle(state: CaseState, terms: Terms, as_of: int | None) -> None:
    """Read off the facts, once all events are taken in.

    ``as_of`` is the moment of the customer's history (goodwill offered after it is counted by the case), ``None`` where
    there is none.
    """
    state.timeline.end(state.now)
    _assemble(state, terms, as_of)


def read_case(
    case: Case, terms: Terms, now: int, *, as_of: int | None = None, order_on_record: bool | None = None
) -> CaseState:
    """The state and facts of ``case`` at ``now``: :func:`begin`, :func:`feed` and :func:`settle`."""
    state = begin(case, terms, now, order_on_record)
    feed(state, case.timeline)
    settle(state, terms, as_of)
    return state


def in_order(events: tuple[Event, ...], now: int, notices: list[Notice]) -> list[Event]:
    """Events up to ``now`` by (at, sequence, position), of a repeated id the first."""
    kept: list[Event] = []
    seen: set[str] = set()
    for event in sorted(events, key=lambda e: (e.at, e.sequence)):
        if event.at > now:
            notices.append(Notice("future-event", f"an event of the future was left out: {_name(event)}"))
        elif event.event_id and event.event_id in seen:
            notices.append(Notice("repeated-event", f"event {event.event_id} came more than once; the first counts"))
        else:
            seen.add(event.event_id)
            kept.append(event)
    return kept


def _name(event: Event) -> str:
    return event.event_id or type(event.what).__name__


def _assemble(state: CaseState, terms: Terms, as_of: int | None) -> None:
    case, now, t, notices = state.case, state.now, state.timeline, state.notices
    issue = case.issue if case.issue in terms.touchpoints else None
    if issue is None:
        said = f"{case.issue!r} is not an issue of the policy" if case.issue else "no issue was given"
        notices.append(Notice("unknown-issue", said))
    value = nan
    if case.value_at_stake is not None:
        value = _amount(case.value_at_stake, terms, "value at stake", notices)
    if case.opened_at > now:
        notices.append(Notice("opened-in-future", "the case is opened later than now"))
    for promise_id in t.repeated_promises:
        notices.append(Notice("repeated-promise", f"promise {promise_id} was made more than once; the first counts"))
    broken, overdue = _promises(t, now) if t.promises else (0, 0)
    goodwill, since, refund, only_statutory = _offers(t, terms, as_of, notices) if t.offers else (0, 0, 0, False)
    waited = sum(end - start for start, end in t.waits) if t.waits else 0
    status = "accepted" if t.accepted_at is not None else "open" if t.waiting_since is None else "waiting"
    facts = (
        issue,
        case.channel,
        case.touchpoint or (terms.touchpoints[issue] if issue is not None else None),
        case.brand or None,
        status,
        value,
        quotient(now - case.opened_at, HOUR),
        t.contacts,
        t.failed_contacts,
        t.chases,
        t.unanswered,
        quotient(now - t.unanswered_since, HOUR) if t.unanswered else 0.0,
        nan if t.replied_at is None else quotient(now - t.replied_at, HOUR),
        broken,
        quotient(overdue, HOUR),
        len(t.conflicts),
        t.evidence_repeats,
        t.order_on_record,
        t.handoffs,
        t.redirects,
        t.apologies,
        t.hedged_apologies,
        t.remedies_rejected,
        only_statutory,
        t.escalation_requested,
        t.escalations_refused,
        t.public_posts,
        t.public_posts_unanswered,
        t.public_posts_removed,
        bool(t.proposed),
        bool(t.taken),
        t.leaving_signalled,
        t.reopened,
        t.closed_without_acceptance,
        not terms.calendar.is_open(now),
        quotient(waited, HOUR),
        goodwill,
        since,
        refund,
    )
    given = _attributes(case, terms, notices) if case.attributes else terms.no_attributes
    state.facts = (*facts, *given) if given else facts


def _promises(t: Timeline, now: int) -> tuple[int, int]:
    """How many promises are broken, and the longest overdue of those not kept, in microseconds."""
    broken = overdue = 0
    for name, (_, due_at) in t.promises.items():
        if due_at < now:
            kept_at = t.kept.get(name)
            if kept_at is None:
                broken += 1
                overdue = max(overdue, now - due_at)
            elif kept_at > due_at:
                broken += 1
    return broken, overdue


def _offers(t: Timeline, terms: Terms, as_of: int | None, notices: list[Notice]) -> tuple[float, float, float, bool]:
    """Goodwill, goodwill after ``as_of`` and refund, of the offers that stand, in minor units; whether all was statutory."""
    goodwill = since = refund = 0
    for place, offer in enumerate(t.offers):
        if offer.amount is None or place in t.rejected:
            continue
        if offer.amount.currency != terms.currency:
            _amount(offer.amount, terms, f"remedy {offer.id}", notices)
        elif offer.statutory:
            refund += offer.amount.minor
        else:
            goodwill += offer.amount.minor
            if as_of is None or offer.at > as_of:
                since += offer.amount.minor
    return float(goodwill), float(since), float(refund), all(offer.statutory for offer in t.offers)


def _amount(money: Money, terms: Terms, what: str, notices: list[Notice]) -> float:
    if money.currency == terms.currency:
        return to_major(money.minor, terms.exponent)
    notices.append(
        Notice("other-currency", f"{what} is in {money.currency or 'no currency'}, the policy in {terms.currency}")
    )
    return nan


def _attributes(case: Case, terms: Terms, notices: list[Notice]) -> tuple[Value, ...]:
    """The declared attributes in order; one of another type is missing, one that is not declared is not read."""
    declared = {fact.key: fact for fact in terms.attributes}
    unknown = (name for name in case.attributes if name not in declared)
    notices += [Notice("unknown-attribute", f"the policy declares no attribute {name}") for name in unknown]
    return tuple(_attribute(fact, case.attributes.get(fact.key), terms, notices) for fact in terms.attributes)


def _attribute(fact: Fact, value: Value | Money, terms: Terms, notices: list[Notice]) -> Value:
    absent = nan if fact.type.numeric else None
    if value is None:
        return absent
    if isinstance(value, Money):
        if fact.type is Type.MONEY:
            return _amount(value, terms, fact.name, notices)
        value = None
    number = _number(value)
    if number is not None:
        if fact.type.numeric and (fact.type is not Type.INTEGER or isnan(number) or number.is_integer()):
            return number
    elif isinstance(value, str if fact.type is Type.TEXT else bool) and not fact.type.numeric:
        return value
    notices.append(Notice("unknown-attribute", f"attribute {fact.key} is no {fact.type.value}"))
    return absent


def _number(value: object) -> float | None:
    """A float, also of a whole number; ``None`` for what is no number."""
    return to_float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
