"""What small timelines add up to, read from the domain's types and from the wire alike."""

from collections.abc import Mapping

import pytest

from router.cases import model as m
from router.facts import CASE_FACTS, Value
from tests.cases.outcomes import OUTCOMES
from tests.cases.reading import OPENED, at, both, case_of, named
from tests.cases.timelines import (
    AUTOMATIC,
    CONVERSATIONS,
    GBP_5,
    GBP_7,
    HOUR,
    NOW,
    PHONE,
    PROOF,
    REPLY,
    WALLET,
    due,
    told,
)

TABLE = [*CONVERSATIONS, *OUTCOMES]
REPLIES: dict[str, m.What] = {
    "company_replied": REPLY,
    "statement_made": told("on its way"),
    "promise_made": due(99),
    "evidence_requested": m.EvidenceRequested("photo"),
    "apology_given": m.ApologyGiven("Sorry."),
    "remedy_offered": m.RemedyOffered("r"),
    "escalation_granted": m.EscalationGranted(),
    "escalation_refused": m.EscalationRefused(),
}
ACTS: dict[str, m.What] = {
    "customer_contacted": PHONE,
    "contact_failed": m.ContactFailed("phone"),
    "evidence_received": m.EvidenceReceived("photo"),
    "other evidence_received": m.EvidenceReceived("something else"),
    "posted_publicly": m.PostedPublicly(),
    "escalation_requested": m.EscalationRequested(),
    "remedy_accepted": m.RemedyAccepted("r"),
    "remedy_rejected": m.RemedyRejected("r"),
    "leaving_signalled": m.LeavingSignalled(),
    "resolution_accepted": m.ResolutionAccepted(),
    "reopened": m.Reopened(),
}
NEITHER: dict[str, m.What] = {
    "an automatic reply": AUTOMATIC,
    "redirected": m.Redirected("letter"),
    "promise_kept": m.PromiseKept("p"),
    "owner_assigned": m.OwnerAssigned("ann"),
    "public_post_removed": m.PublicPostRemoved(),
    "adverse_action_proposed": WALLET,
    "adverse_action_approved": m.AdverseActionApproved("suspend_account", "senior"),
    "adverse_action_taken": m.AdverseActionTaken("suspend_account"),
    "adverse_action_withdrawn": m.AdverseActionWithdrawn("suspend_account"),
    "adverse_action_reversed": m.AdverseActionReversed("suspend_account"),
    "closed_by_company": m.ClosedByCompany(),
}


@pytest.mark.parametrize(("timeline", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_timeline_gives(timeline: tuple[m.Event, ...], expected: Mapping[str, object]) -> None:
    facts = named(both(case_of(*timeline), NOW))
    found = {name.partition(".")[2]: value for name, value in facts.items()}
    assert {key: _plain(found[key]) for key in expected} == expected


def _plain(value: Value) -> object:
    return None if value != value else value  # noqa: PLR0124 - NaN is missing


def test_every_fact_of_the_timeline_is_in_the_table() -> None:
    of_the_head = {"issue", "channel", "touchpoint", "brand", "value_at_stake", "out_of_hours"}
    assert {fact.key for fact in CASE_FACTS} - of_the_head == {key for _, _, row in TABLE for key in row} & {
        fact.key for fact in CASE_FACTS
    }


@pytest.mark.parametrize("what", REPLIES.values(), ids=REPLIES)
def test_each_of_these_is_a_reply(what: m.What) -> None:
    facts = named(both(case_of(at(1, PHONE), at(2, what)), NOW))
    assert (facts["case.unanswered"], facts["case.hours_since_reply"]) == (0, 46)


@pytest.mark.parametrize("what", (NEITHER | ACTS).values(), ids=NEITHER | ACTS)
def test_nothing_else_is_a_reply(what: m.What) -> None:
    facts = named(both(case_of(at(1, PHONE), at(2, what)), NOW))
    assert facts["case.unanswered"] == 1 + (what is PHONE)
    assert _plain(facts["case.hours_since_reply"]) is None


@pytest.mark.parametrize("what", ACTS.values(), ids=ACTS)
def test_each_act_of_the_customer_ends_a_wait(what: m.What) -> None:
    facts = named(both(case_of(at(1, m.EvidenceRequested("photo")), at(3, what)), NOW))
    assert facts["engine.waiting_hours"] == 2
    assert facts["case.status"] != "waiting"


@pytest.mark.parametrize("what", (REPLIES | NEITHER).values(), ids=REPLIES | NEITHER)
def test_nothing_that_the_company_does_ends_it(what: m.What) -> None:
    assert named(both(case_of(at(1, m.EvidenceRequested("photo")), at(3, what)), NOW))["case.status"] == "waiting"


def test_every_event_was_tried() -> None:
    assert set(m.EVENTS.values()) == {type(what) for what in (REPLIES | NEITHER | ACTS).values()}


def test_proof_of_purchase_is_needless_where_the_order_is_on_record() -> None:
    case = case_of(at(1, m.EvidenceRequested(PROOF)), order_id="o1")
    for on_record, repeats, status in ((True, 1, "open"), (False, 0, "waiting"), (None, 0, "waiting")):
        facts = named(both(case, NOW, order_on_record=on_record))
        assert (facts["case.evidence_repeats"], facts["case.status"]) == (repeats, status)
        assert facts["case.order_on_record"] is on_record


def test_goodwill_offered_after_the_snapshot_is_counted_by_the_case() -> None:
    case = case_of(at(1, m.RemedyOffered("r", "credit", GBP_5)), at(2, m.RemedyOffered("s", "credit", GBP_7)))
    for as_of, since in ((OPENED, 1200), (OPENED + HOUR, 700), (OPENED + 2 * HOUR, 0), (None, 1200)):
        assert named(both(case, NOW, as_of=as_of))["engine.goodwill_since"] == since
