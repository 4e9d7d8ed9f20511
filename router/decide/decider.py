"""From a case and what the CRM knows to a decision, by one policy."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from itertools import compress, count
from math import floor, nan
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from router.cases.facts import CaseState, Notice, Terms, begin, feed, follow, settle
from router.cases.hedges import hedge_finder
from router.cases.model import Case, Run
from router.compiled import quotient
from router.decide.channel import ReplyChannels
from router.decide.commitments import commit
from router.decide.floor import ASK_FIRST, REVIEW
from router.decide.model import AdverseAction, Basis, Decision, NextPerson, Records, Suggestion
from router.decide.outputs import outputs, varying
from router.facts import CASE_FACTS, CUSTOMER_FACTS, INPUTS, Fact, Type, Value
from router.policy.expression import Number
from router.policy.model import Level, Policy, RecompenseRule
from router.policy.row import compile_row
from router.policy.sentence import blanks
from router.time import HOUR


def terms_of(policy: Policy) -> Terms:
    """What a policy says about reading a case."""
    return Terms(
        currency=policy.currency,
        exponent=policy.exponent,
        touchpoints={name: issue.touchpoint for name, issue in policy.issues.items()},
        hedged=hedge_finder(policy.hedges),
        calendar=policy.calendar,
        attributes=tuple(fact for fact in policy.facts if not fact.of_customer),
    )


def customer_layout(policy: Policy, layout: Sequence[Fact], currency: str) -> tuple[Fact | None, ...]:
    """The layout as the policy can read it: a money fact of another currency, or a fact of another type, is not there."""
    wanted = {fact.name: fact for fact in (*CUSTOMER_FACTS, *policy.facts)}

    def readable(fact: Fact) -> bool:
        other_money = fact.type is Type.MONEY and currency != policy.currency
        return fact.name in wanted and wanted[fact.name].type is fact.type and not other_money

    return tuple(fact if readable(fact) else None for fact in layout)


def case_layout(policy: Policy) -> tuple[Fact, ...]:
    """The facts of a case in the order in which ``CaseState.facts`` has them."""
    return (*CASE_FACTS, *INPUTS, *(fact for fact in policy.facts if not fact.of_customer))


def may_be_missing(policy: Policy, layout: Sequence[Fact | None]) -> frozenset[str]:
    """The facts that rules read and that may be missing; ``layout`` is that of :func:`customer_layout`."""
    known = (fact for fact in (*layout, *case_layout(policy)) if fact is not None)
    return policy.plan.reads() & {fact.name for fact in known if fact.missing}


def history_notices(policy: Policy, as_of: int | None, currency: str, now: int) -> list[Notice]:
    """What there is to say of the records themselves: their age and their currency."""
    if as_of is None:
        return []
    notices = []
    oldest = policy.oldest_snapshot
    if as_of > now:
        notices.append(Notice("snapshot-later", "the snapshot is of a later time than now"))
    elif policy.calendar.elapsed(as_of, now, business=oldest.business) > oldest.microseconds:
        notices.append(Notice("snapshot-old", f"the snapshot is {round(quotient(now - as_of, HOUR))} hours old"))
    if currency != policy.currency:
        said = f"the snapshot's money is in {currency}, the policy in {policy.currency}"
        notices.append(Notice("other-currency", said))
    return notices


class Decider:
    """A policy with the records that it reads, ready to decide one case at a time.

    Everything that does not vary from case to case is made here: the two row functions (the basic one leaves out what only
    the full answer needs), the layouts, the hash of what identifies a decision beside its request.
    """

    def __init__(self, policy: Policy, records: Records) -> None:
        self.policy = policy
        self.records = records
        self.terms = terms_of(policy)
        layout = customer_layout(policy, records.layout, records.currency)
        self.positions = {fact.name: index for index, fact in enumerate(layout) if fact is not None}
        self.stranger: tuple[Value, ...] = tuple(_absent(fact) for fact in records.layout)
        basic, full, self._slices = outputs(policy)
        padded = [fact or Fact("", Type.TEXT, "") for fact in layout]
        self._basic = compile_row(policy.plan, basic, padded, case_layout(policy))
        self._full = compile_row(policy.plan, full, padded, case_layout(policy))
        case_places = {fact.name: (False, index) for index, fact in enumerate(case_layout(policy))}
        self.places = case_places | {name: (True, index) for name, index in self.positions.items()}
        reads = sorted(may_be_missing(policy, layout), key=lambda name: (not self.places[name][0], name))
        self._reads = tuple(reads)
        self._read_of_customer = _getter([self.places[name][1] for name in reads if self.places[name][0]])
        self._read_of_case = _getter([self.places[name][1] for name in reads if not self.places[name][0]])
        self._identity = f"{policy.digest}|{records.id}|".encode()
        sentences = [rule.because for rule in policy.rules] + [tier.because for tier in policy.tiers if tier.because]
        sayings = {id(s): blanks(s, self.places) for s in (*sentences, policy.outside.because)}
        self._varying = varying(policy)
        self.points = tuple(
            floor(rule.gives.value + 0.5) if isinstance(rule.gives, Number) else None for rule in policy.priority
        )
        places = count(self._slices.points.start)
        points = tuple((fixed, next(places) if fixed is None else -1) for fixed in self.points)
        self.basis = Basis(
            policy,
            records,
            self.places,
            self._slices,
            points,
            sayings,
            ZoneInfo(policy.time_zone),
            tuple(self._next_person(level) for level in policy.levels),
            self.positions["customer.owner"],
        )
        self._channels = ReplyChannels(policy.channels, policy.calendar)
        self._goodwill = self.positions.get("customer.goodwill_12m")
        money = [rule.id for rule in policy.recompense if rule.gives is not None]
        asked, given = (range(part.start, part.stop) for part in (self._slices.asked, self._slices.amounts))
        self._amounts = {name: places for name, *places in zip(money, asked, given, strict=True)}

    def _next_person(self, level: Level) -> NextPerson:
        above = level.rank + 1
        if above < len(self.policy.levels):
            return NextPerson(self.policy.levels[above], self.policy.levels[above].role)
        return NextPerson(None, self.policy.outside.name)

    def decide(self, case: Case, request: bytes, now: int, *, full: bool = True, run: Run | None = None) -> Decision:
        """The decision for one case at ``now``. ``request`` identifies the question: the same one has the same id.

        The events are those of ``run``, or, without one, those of the case, whatever their order.
        """
        state, customer = self.begin(case, now)
        if run is None:
            feed(state, case.timeline)
        else:
            follow(state, run)
        return self.conclude(state, customer, request, full=full)

    def begin(self, case: Case, now: int) -> tuple[CaseState, tuple[Value, ...] | None]:
        """The case before its first event, and what is known of the customer (``None``: nothing)."""
        records = self.records
        customer = records.customer(case.customer_id, now) if case.customer_id else None
        on_record = records.has_order(case.order_id) if case.order_id else None
        return begin(case, self.terms, now, on_record), customer

    def conclude(self, state: CaseState, known: tuple[Value, ...] | None, request: bytes, *, full: bool) -> Decision:
        """The decision, once the timeline of ``state`` has taken in its events."""
        policy, now = self.policy, state.now
        settle(state, self.terms, self.records.as_of)
        customer = self.stranger if known is None else known
        out: tuple[Any, ...] = (self._full if full else self._basic)(customer, state.facts)
        identity = blake2b(b"".join((self._identity, now.to_bytes(8, "big", signed=True), request)), digest_size=16)
        decision = Decision(
            self.basis,
            identity.hexdigest(),
            state,
            customer,
            out,
            commit(policy.calendar, policy.commitments[int(out[3])], state.timeline, now),
            self._warnings(state, known=known is not None),
            known=known is not None,
        )
        points = sum(out[self._slices.points])
        if points != points:  # noqa: PLR0124 - some of them is NaN, which is missing
            self._warn_of_points(decision)
        if full:
            self._complete(decision, out)
        return decision

    def _warn_of_points(self, decision: Decision) -> None:
        for rule, points in zip(self._varying, decision.out[self._slices.points], strict=True):
            if points != points:  # noqa: PLR0124 - NaN is missing
                decision.warnings.append(Notice("points-missing", f"the points of {rule.id} cannot be known and count 0"))

    def _warnings(self, state: CaseState, *, known: bool) -> list[Notice]:
        notices, records = state.notices, self.records
        if not known:
            who = state.case.customer_id
            said = "is not in the snapshot" if records.as_of is not None else "is not known, since there is no snapshot"
            notices.append(Notice("unknown-customer", f"customer {who} {said}" if who else "no customer was given"))
        notices += history_notices(self.policy, records.as_of, records.currency, state.now)
        return notices

    # the rest of a full decision

    def _complete(self, decision: Decision, out: tuple[Any, ...]) -> None:
        policy, slices, state = self.policy, self._slices, decision.state
        decision.full = True
        decision.entitlements = list(compress(policy.entitlements, out[slices.entitlements]))
        decision.likely_reasons = list(compress(policy.likely_reasons, out[slices.likely]))
        guidance = list(compress(policy.guidance, out[slices.guidance]))
        decision.recompense = list(compress(policy.recompense, out[slices.recompense]))
        if decision.recompense:
            decision.suggestions = self._suggestions(decision, out)
        timeline = state.timeline
        own = timeline.contact_channel or state.case.channel
        decision.reply_channel = self._channels.to(own, timeline.failed_channels, state.now)
        if timeline.taken:
            guidance.append(REVIEW)
        if timeline.proposed:
            decision.adverse_actions = self._adverse_actions(decision)
            if not all(action.permitted for action in decision.adverse_actions):
                guidance.append(ASK_FIRST)
        decision.guidance = guidance
        values = (*self._read_of_customer(decision.customer), *self._read_of_case(state.facts))
        unknown = [name for name, value in zip(self._reads, values, strict=True) if value is None or value != value]  # noqa: PLR0124 - NaN is missing
        if unknown:
            decision.warnings.append(
                Notice("facts-missing", f"facts that rules read are missing: {', '.join(sorted(unknown))}")
            )

    def _suggestions(self, decision: Decision, out: tuple[Any, ...]) -> list[Suggestion]:
        places, warnings = self._amounts, decision.warnings
        history = decision.customer[self._goodwill] if self._goodwill is not None else nan
        unknown_history = history != history  # noqa: PLR0124 - NaN is missing
        found: list[Suggestion] = []
        for rule in decision.recompense:
            if rule.gives is None:
                found.append(Suggestion(rule, None, self.policy.levels[0], needs_approval=False))
                continue
            asked, given = (out[place] for place in places[rule.id])
            if asked != asked:  # noqa: PLR0124 - NaN is missing
                warnings.append(Notice("amount-missing", f"the amount of {rule.id} cannot be known; it is left out"))
            elif not given:
                warnings.append(Notice("amount-cut", f"the caps leave nothing for {rule.id}; it is left out"))
            else:
                found.append(self._money_suggestion(decision, rule, int(given), unknown_history=unknown_history))
        if any(suggestion.amount for suggestion in found):
            found.append(Suggestion(None, None, self.policy.levels[0], needs_approval=False))
            if unknown_history:
                warnings.append(Notice("goodwill-unknown", "the goodwill already given is not known and counts as none"))
        return found

    def _money_suggestion(
        self, decision: Decision, rule: "RecompenseRule", amount: int, *, unknown_history: bool
    ) -> Suggestion:
        levels = self.policy.levels
        approver = next((level for level in levels if level.may_approve >= amount), levels[-1])
        if unknown_history and approver.rank < self.policy.senior:
            approver = levels[self.policy.senior]
        return Suggestion(rule, amount, approver, needs_approval=unknown_history or approver.rank > decision.level.rank)

    def _adverse_actions(self, decision: Decision) -> list[AdverseAction]:
        known = [level.name for level in self.policy.levels]
        senior = self.policy.levels[self.policy.senior]
        found = []
        for kind, approvals in decision.state.timeline.proposed.items():
            for name in approvals:
                if name not in known:
                    decision.warnings.append(
                        Notice("unknown-level", f"{name!r}, who approved {kind}, is no level of the policy")
                    )
            permitted = not self.policy.permitting.isdisjoint(approvals)
            found.append(AdverseAction(kind, permitted, senior))
        return found


def _absent(fact: Fact) -> Value:
    """The value of a fact of a customer who is not known."""
    if fact.name == "customer.known":
        return False
    return nan if fact.type.numeric else None


def _getter(indexes: Sequence[int]) -> Callable[[Sequence[Value]], tuple[Value, ...]]:
    """A function that picks the values at some places."""
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return lambda values: tuple(values[index] for index in indexes)
