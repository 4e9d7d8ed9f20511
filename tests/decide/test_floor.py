"""The floor that the engine enforces, whatever a policy says: random policies and cases, facts missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from router.cases import model as m
from router.decide.decider import Decider
from router.decide.model import Decision
from router.decide.words import Words
from router.money import HALF
from router.policy.model import COMMITMENTS
from router.time import HOUR, MINUTE
from tests.cases.reference import Reference
from tests.decide.deciding import BASE
from tests.decide.strategies import cases, compiled, documents, nows, records

few = settings(max_examples=12)  # of several cases each
MONEY = (m.RemedyOffered, m.RemedyRejected)
ADVERSE = (
    m.AdverseActionProposed,
    m.AdverseActionApproved,
    m.AdverseActionTaken,
    m.AdverseActionWithdrawn,
    m.AdverseActionReversed,
)
ENDS = (m.ResolutionAccepted, m.Reopened, m.ClosedByCompany, m.CustomerContacted)


@dataclass(frozen=True)
class Scene:
    """A policy as written, and cases that it decides at a moment."""

    document: Mapping[str, Any]
    decider: Decider
    cases: list[m.Case]
    now: int

    def decisions(self) -> list[Decision]:
        return [self.decide(case) for case in self.cases]

    def decide(self, case: m.Case, now: int | None = None, *, full: bool = True) -> Decision:
        return self.decider.decide(case, b"question", self.now if now is None else now, full=full)


@cache
def _lists(*kinds: type) -> st.SearchStrategy[list[m.Case]]:
    return st.lists(cases(*kinds), min_size=4, max_size=8)


@st.composite
def scenes(draw: st.DrawFn, *kinds: type) -> Scene:
    document = draw(documents)
    policy, now = compiled(document), draw(nows)
    decider = Decider(policy, draw(records(policy, now)))
    return Scene(document, decider, draw(_lists(*kinds)), now)


def reference(decision: Decision) -> Reference:
    return Reference(decision.state.case, decision.now, decision.state.timeline.order_on_record)


@few
@given(scenes())
def test_1_every_case_has_its_times_and_a_next_person(scene: Scene) -> None:
    for decision in scene.decisions():
        assert [kind for kind, _, _ in decision.commitments] == list(COMMITMENTS)
        assert all(due_at >= decision.state.case.opened_at for _, due_at, _ in decision.commitments)
        person = decision.next_person
        assert person.name
        assert person.level is None or person.level.rank == decision.level.rank + 1
        assert (person.level is None) == (decision.level is scene.decider.policy.levels[-1])


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_1_a_policy_whose_next_person_would_be_nobody_is_refused(blank: str) -> None:
    escalation = BASE["escalation"]
    lowest, *others = escalation["levels"]
    for part in ({"levels": [{**lowest, "role": blank}, *others]}, {"outside": {**escalation["outside"], "name": blank}}):
        with pytest.raises(ValidationError, match="should match pattern"):
            compiled({**BASE, "escalation": {**escalation, **part}})


@few
@given(scenes())
def test_2_entitlements_are_no_recompense_and_no_recompense_replaces_one(scene: Scene) -> None:
    without = Decider(compiled({**scene.document, "recompense": None}), scene.decider.records)
    statutory = {rule.id for rule in scene.decider.policy.entitlements}
    for case in scene.cases:
        decision = scene.decide(case)
        assert not statutory & {suggestion.rule.id for suggestion in decision.suggestions if suggestion.rule}
        bare = without.decide(case, b"question", scene.now)
        assert [rule.id for rule in decision.entitlements] == [rule.id for rule in bare.entitlements]


@few
@given(scenes(*MONEY))
def test_3_caps_hold_counting_what_case_and_customer_already_received(scene: Scene) -> None:
    caps = scene.document["recompense"]["caps"]
    for decision in scene.decisions():
        case, r = decision.state.case, reference(decision)
        goodwill, refund = (r.offers(statutory=statutory, currency="GBP") for statutory in (False, True))
        history = float(decision.fact("customer.goodwill_12m") or 0)
        given_before = 0 if history != history else round(history * 100)  # noqa: PLR0124 - NaN is missing
        since = r.offers(statutory=False, currency="GBP", after=scene.decider.records.as_of)
        limits = [
            round(caps["per_case"] * 100) - goodwill,
            round(caps["per_customer_12m"] * 100) - given_before - since,
        ]
        if case.value_at_stake is not None and case.value_at_stake.currency == "GBP":
            limits.append(floor(caps["share_of_price"] * case.value_at_stake.minor + HALF) - goodwill - refund)
        assert decision.total <= max(0, min(limits))
        assert all(suggestion.amount is None or suggestion.amount > 0 for suggestion in decision.suggestions)


@few
@given(scenes())
def test_3_money_comes_with_an_apology_in_kind_and_somebody_who_may_approve_it(scene: Scene) -> None:
    levels = scene.decider.policy.levels
    for decision in scene.decisions():
        own = [suggestion for suggestion in decision.suggestions if suggestion.rule is None]
        assert len(own) == (decision.total > 0)
        for suggestion in decision.suggestions:
            enough = suggestion.approver.may_approve >= (suggestion.amount or 0)
            assert enough or suggestion.approver is levels[-1]
            if suggestion.approver.rank > decision.level.rank:
                assert suggestion.needs_approval


@few
@given(scenes(*ADVERSE))
def test_4_an_adverse_action_needs_a_senior_human_and_one_taken_gets_one(scene: Scene) -> None:
    policy = scene.decider.policy
    ranks = {level.name: level.rank for level in policy.levels}
    senior = ranks.get("senior", 1)  # with one level alone nobody is senior
    for decision in scene.decisions():
        r = reference(decision)
        open_proposals = {}
        for kind in ("suspend_account", "charge"):
            places = [p for p, e in r.all(m.AdverseActionProposed) if e.what == m.AdverseActionProposed(kind)]
            ended = max(r.last(m.AdverseActionTaken, m.AdverseActionWithdrawn, attribute="kind", value=kind), -1)
            places = [place for place in places if place > ended]
            if places:
                approvals = [e.what for p, e in r.all(m.AdverseActionApproved) if p > places[0]]
                open_proposals[kind] = any(
                    isinstance(a, m.AdverseActionApproved) and a.kind == kind and ranks.get(a.level, -1) >= senior
                    for a in approvals
                )
        assert {action.kind: action.permitted for action in decision.adverse_actions} == open_proposals
        assert {action.approver.rank for action in decision.adverse_actions} <= {policy.senior}
        said = [rule.id for rule in decision.guidance]
        assert ("engine-ask-before-adverse-action" in said) == (not all(open_proposals.values()))
        assert ("engine-review-adverse-action" in said) == r.taken()
        if r.taken():
            assert decision.level.rank >= policy.senior
            assert "engine-adverse-action" in [rule.id for rule in decision.reasons]


@few
@given(scenes(*ENDS))
def test_5_a_case_that_the_customer_has_not_accepted_may_not_close(scene: Scene) -> None:
    for decision in scene.decisions():
        assert decision.may_close is (reference(decision).status() == "accepted")
        assert (Words(decision).closure() == "The customer accepted the resolution.") is decision.may_close


@few
@given(scenes())
def test_6_whatever_is_missing_there_is_a_decision_and_a_warning(scene: Scene) -> None:
    policy = scene.decider.policy
    for decision in scene.decisions():
        known = decision.state.case.customer_id == "known"
        codes = [notice.code for notice in decision.warnings]
        assert decision.fact("customer.known") is known
        assert ("unknown-customer" in codes) is not known
        if not known:
            assert decision.tier is policy.tiers[0]
        read = policy.plan.reads() & decision.places.keys()
        missing = {name for name in read if (value := decision.fact(name)) is None or value != value}  # noqa: PLR0124 - NaN is missing
        told = [
            notice.message.rpartition(": ")[2].split(", ") for notice in decision.warnings if notice.code == "facts-missing"
        ]
        assert told == ([sorted(missing)] if missing else [])


@few
@given(scenes(m.EvidenceRequested, m.EvidenceReceived, m.CustomerContacted), st.integers(0, 10**6))
def test_7_a_case_gains_points_for_every_hour_that_it_does_not_wait_for_the_customer(scene: Scene, hours: int) -> None:
    rate = scene.decider.policy.points_per_hour
    assert rate > 0
    for case in scene.cases:
        for now in (scene.now, max(scene.now, case.opened_at) + hours * HOUR):
            decision = scene.decide(case, now)
            r = reference(decision)
            waited = sum(end - start for start, end in r.waits())
            aged = ((now - case.opened_at) / HOUR - waited / HOUR) * rate
            points = {rule.id: points for rule, points in decision.contributions}.get("ageing", 0)
            assert points == max(0, floor(aged + 0.5))


@few
@given(scenes(), st.integers(1, 60))
def test_7_the_score_is_the_sum_of_its_contributions(scene: Scene, minutes: int) -> None:
    for case in scene.cases:
        decision = scene.decide(case, scene.now + minutes * MINUTE)
        assert decision.score == sum(points for _, points in decision.contributions)


@few
@given(scenes())
def test_the_basic_answer_is_part_of_the_full_one(scene: Scene) -> None:
    for case in scene.cases:
        full, basic = scene.decide(case), scene.decide(case, full=False)
        for part in (
            "id",
            "tier",
            "score",
            "band",
            "contributions",
            "level",
            "reasons",
            "owner",
            "next_person",
            "commitments",
        ):
            assert getattr(basic, part) == getattr(full, part)
        assert full.warnings[: len(basic.warnings)] == basic.warnings
        assert not basic.full
        assert not any((basic.suggestions, basic.entitlements, basic.guidance))
