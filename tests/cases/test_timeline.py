"""What small timelines add up to, read from the domain's types and from the wire alike."""

from collections.abc import Mapping

import pytest

from router.cases import model as m
from router.facts import CASE_FACTS, Value
from tests.cases.reading import OPENED, at, both, case_of, named

HOUR = 3_600_000_000
NOW = OPENED + 48 * HOUR

PHONE = m.CustomerContacted("phone")
REPLY = m.CompanyReplied("email")
AUTOMATIC = m.CompanyReplied("email", automatic=True)
PUBLIC = m.CompanyReplied("social", public=True)
PROOF = "proof_of_purchase"
WALLET = m.AdverseActionProposed("suspend_account")
GBP_5, GBP_7 = m.Money(500, "GBP"), m.Money(700, "GBP")


def told(claim: str, topic: str = "delivery", *, corrects: bool = False) -> m.StatementMade:
    return m.StatementMade(topic, claim, corrects)


def due(hours: float, promise: str = "p") -> m.PromiseMade:
    return m.PromiseMade(promise, OPENED + round(hours * HOUR))


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

Row = tuple[str, tuple[m.Event, ...], dict[str, object]]
TABLE: list[Row] = [
    (
        "nothing happened yet",
        (),
        {
            "status": "open",
            "age_hours": 48,
            "contacts": 0,
            "hours_unanswered": 0,
            "hours_since_reply": None,
            "promise_overdue_hours": 0,
            "only_statutory_offered": False,
            "adverse_action": False,
            "closed_without_acceptance": False,
            "order_on_record": None,
        },
    ),
    # contacts and replies
    ("one contact waits", (at(8, PHONE),), {"contacts": 1, "chases": 0, "unanswered": 1, "hours_unanswered": 40}),
    (
        "a second one chases",
        (at(8, PHONE), at(9, PHONE)),
        {"contacts": 2, "chases": 1, "unanswered": 2, "hours_unanswered": 40},
    ),
    (
        "after a reply none waits and the next one does not chase",
        (at(1, PHONE), at(2, REPLY), at(3, PHONE)),
        {"chases": 0, "unanswered": 1, "hours_unanswered": 45, "hours_since_reply": 46},
    ),
    ("an answered one leaves nothing", (at(1, PHONE), at(2, REPLY)), {"unanswered": 0, "hours_unanswered": 0}),
    (
        "an automatic reply is no reply",
        (at(1, PHONE), at(2, AUTOMATIC), at(3, PHONE)),
        {"chases": 1, "unanswered": 2, "hours_unanswered": 47, "hours_since_reply": None},
    ),
    (
        "an attempt that failed is no contact",
        (at(1, PHONE), at(2, m.ContactFailed("phone")), at(3, PHONE)),
        {"contacts": 2, "failed_contacts": 1, "chases": 1},
    ),
    ("being sent elsewhere is no reply", (at(1, PHONE), at(2, m.Redirected("letter"))), {"redirects": 1, "unanswered": 1}),
    (
        "a new owner, a kept promise and a closing are no replies",
        (at(1, PHONE), at(2, m.OwnerAssigned("ann")), at(3, m.PromiseKept("p")), at(4, m.ClosedByCompany())),
        {"unanswered": 1, "hours_since_reply": None},
    ),
    # promises
    ("due exactly now is not broken", (at(1, due(48)),), {"promises_broken": 0, "promise_overdue_hours": 0}),
    (
        "due a microsecond ago is broken",
        (at(1, m.PromiseMade("p", NOW - 1)),),
        {"promises_broken": 1, "promise_overdue_hours": 1 / HOUR},
    ),
    ("kept exactly in time", (at(1, due(8)), at(8, m.PromiseKept("p"))), {"promises_broken": 0, "promise_overdue_hours": 0}),
    (
        "kept late is broken and no longer overdue",
        (at(1, due(8)), at(9, m.PromiseKept("p"))),
        {"promises_broken": 1, "promise_overdue_hours": 0},
    ),
    (
        "the longest of two overdue",
        (at(1, due(8)), at(2, due(38, "q"))),
        {"promises_broken": 2, "promise_overdue_hours": 40},
    ),
    (
        "of one id the first promise counts",
        (at(1, due(8)), at(2, due(99))),
        {"promises_broken": 1, "promise_overdue_hours": 40},
    ),
    (
        "kept early, then again late",
        (at(1, due(8)), at(2, m.PromiseKept("p")), at(9, m.PromiseKept("p"))),
        {"promises_broken": 0},
    ),
    ("ids of promises are exact", (at(1, due(8)), at(2, m.PromiseKept("P"))), {"promises_broken": 1}),
    # statements
    ("the same said twice", (at(1, told("here")), at(2, told("here"))), {"contradictions": 0}),
    ("something else said", (at(1, told("here")), at(2, told("there"))), {"contradictions": 1}),
    (
        "there and back are two",
        (at(1, told("here")), at(2, told("there")), at(3, told("here"))),
        {"contradictions": 2},
    ),
    ("a correction is none", (at(1, told("here")), at(2, told("there", corrects=True))), {"contradictions": 0}),
    (
        "what follows is held against the correction",
        (at(1, told("here")), at(2, told("there", corrects=True)), at(3, told("here"))),
        {"contradictions": 1},
    ),
    ("other topics do not conflict", (at(1, told("here")), at(2, told("there", "refund"))), {"contradictions": 0}),
    (
        "blanks and case do not tell topics and claims apart",
        (at(1, told("Stra\u00dfe", " Delivery")), at(2, told("  STRASSE ", "DELIVERY  "))),
        {"contradictions": 0},
    ),
    ("nor does the way to write an accent", (at(1, told("caf\u00e9")), at(2, told("cafe\u0301"))), {"contradictions": 0}),
    # evidence
    (
        "asked for: it waits",
        (at(8, m.EvidenceRequested("photo")),),
        {"status": "waiting", "evidence_repeats": 0, "waiting_hours": 40},
    ),
    (
        "asked for twice before it came is no repeat, and one wait",
        (at(8, m.EvidenceRequested("photo")), at(18, m.EvidenceRequested("photo"))),
        {"status": "waiting", "evidence_repeats": 0, "waiting_hours": 40},
    ),
    (
        "received: it waits no longer",
        (at(8, m.EvidenceRequested("photo")), at(10, m.EvidenceReceived("photo"))),
        {"status": "open", "waiting_hours": 2},
    ),
    (
        "asked for again once received is a repeat and no wait",
        (at(8, m.EvidenceRequested("photo")), at(10, m.EvidenceReceived("photo")), at(11, m.EvidenceRequested("photo"))),
        {"status": "open", "evidence_repeats": 1, "waiting_hours": 2},
    ),
    (
        "items are compared exactly",
        (at(8, m.EvidenceReceived("photo")), at(10, m.EvidenceRequested("Photo"))),
        {"status": "waiting", "evidence_repeats": 0},
    ),
    (
        "something else sent ends the wait, and the item is still no repeat",
        (at(8, m.EvidenceRequested("photo")), at(9, m.EvidenceReceived("note")), at(10, m.EvidenceRequested("photo"))),
        {"status": "waiting", "evidence_repeats": 0, "waiting_hours": 39},
    ),
    (
        "waits count from the opening",
        (at(-10, m.EvidenceRequested("photo")), at(5, m.EvidenceReceived("photo"))),
        {"waiting_hours": 5},
    ),
    (
        "and not at all before it",
        (at(-10, m.EvidenceRequested("photo")), at(-5, PHONE)),
        {"waiting_hours": 0, "status": "open"},
    ),
    ("a company's act does not end a wait", (at(8, m.EvidenceRequested("photo")), at(9, REPLY)), {"status": "waiting"}),
    # owners
    ("the first owner is no hand-off", (at(1, m.OwnerAssigned("ann")),), {"handoffs": 0}),
    ("the same owner again is none", (at(1, m.OwnerAssigned("ann")), at(2, m.OwnerAssigned("ann"))), {"handoffs": 0}),
    (
        "there and back are two hand-offs",
        (at(1, m.OwnerAssigned("ann")), at(2, m.OwnerAssigned("bob")), at(3, m.OwnerAssigned("ann"))),
        {"handoffs": 2},
    ),
    # apologies
    ("a plain apology", (at(1, m.ApologyGiven("We are sorry.")),), {"apologies": 1, "hedged_apologies": 0}),
    ("one with a but", (at(1, m.ApologyGiven("We are sorry, BUT the courier …")),), {"apologies": 1, "hedged_apologies": 1}),
    ("flagged as hedged", (at(1, m.ApologyGiven(hedged=True)),), {"hedged_apologies": 1}),
    ("flagged as plain", (at(1, m.ApologyGiven(hedged=False)),), {"apologies": 1, "hedged_apologies": 0}),
    ("no words at all", (at(1, m.ApologyGiven()),), {"apologies": 1, "hedged_apologies": 0}),
    # remedies
    (
        "rejections are counted as events",
        (at(1, m.RemedyOffered("r")), at(2, m.RemedyRejected("r")), at(3, m.RemedyRejected("r"))),
        {"remedies_rejected": 2},
    ),
    (
        "only what the law gives",
        (at(1, m.RemedyOffered("r", "refund", GBP_5, statutory=True)),),
        {"only_statutory_offered": True},
    ),
    (
        "and something beyond",
        (at(1, m.RemedyOffered("r", statutory=True)), at(2, m.RemedyOffered("s"))),
        {"only_statutory_offered": False},
    ),
    (
        "goodwill and refund are counted apart, in minor units",
        (at(1, m.RemedyOffered("r", "refund", GBP_5, statutory=True)), at(2, m.RemedyOffered("s", "credit", GBP_7))),
        {"goodwill_offered": 700, "refund_offered": 500},
    ),
    (
        "what was rejected no longer counts",
        (
            at(1, m.RemedyOffered("r", "credit", GBP_5)),
            at(2, m.RemedyRejected("r")),
            at(3, m.RemedyOffered("s", "credit", GBP_7)),
        ),
        {"goodwill_offered": 700},
    ),
    (
        "an amount in another currency is not known",
        (at(1, m.RemedyOffered("r", "credit", m.Money(500, "EUR"))),),
        {"goodwill_offered": 0},
    ),
    # escalation
    ("asked for somebody else", (at(1, m.EscalationRequested()),), {"escalation_requested": True}),
    ("and was heard", (at(1, m.EscalationRequested()), at(2, m.EscalationGranted())), {"escalation_requested": False}),
    (
        "a refusal leaves the request standing",
        (at(1, m.EscalationRequested()), at(2, m.EscalationRefused())),
        {"escalation_requested": True, "escalations_refused": 1},
    ),
    (
        "asked again after it was granted",
        (at(1, m.EscalationRequested()), at(2, m.EscalationGranted()), at(3, m.EscalationRequested())),
        {"escalation_requested": True},
    ),
    # in public
    ("a post waits", (at(1, m.PostedPublicly()),), {"public_posts": 1, "public_posts_unanswered": 1}),
    ("a private reply does not answer it", (at(1, m.PostedPublicly()), at(2, REPLY)), {"public_posts_unanswered": 1}),
    (
        "a public one does",
        (at(1, m.PostedPublicly()), at(2, m.PostedPublicly()), at(3, PUBLIC)),
        {"public_posts": 2, "public_posts_unanswered": 0},
    ),
    ("one given before does not", (at(1, PUBLIC), at(2, m.PostedPublicly())), {"public_posts_unanswered": 1}),
    (
        "an automatic one does not",
        (at(1, m.PostedPublicly()), at(2, m.CompanyReplied("social", public=True, automatic=True))),
        {"public_posts_unanswered": 1},
    ),
    (
        "removed and still unanswered",
        (at(1, m.PostedPublicly()), at(2, m.PublicPostRemoved())),
        {"public_posts_removed": 1, "public_posts_unanswered": 1},
    ),
    # adverse actions
    ("proposed", (at(1, WALLET),), {"adverse_action_proposed": True, "adverse_action": False}),
    ("withdrawn", (at(1, WALLET), at(2, m.AdverseActionWithdrawn("suspend_account"))), {"adverse_action_proposed": False}),
    (
        "taken",
        (at(1, WALLET), at(2, m.AdverseActionTaken("suspend_account"))),
        {"adverse_action_proposed": False, "adverse_action": True},
    ),
    ("taken without a word", (at(2, m.AdverseActionTaken("suspend_account")),), {"adverse_action": True}),
    (
        "reversed",
        (at(2, m.AdverseActionTaken("suspend_account")), at(3, m.AdverseActionReversed("suspend_account"))),
        {"adverse_action": False},
    ),
    (
        "another one reversed",
        (at(2, m.AdverseActionTaken("suspend_account")), at(3, m.AdverseActionReversed("charge"))),
        {"adverse_action": True},
    ),
    (
        "proposed again",
        (at(1, WALLET), at(2, m.AdverseActionWithdrawn("suspend_account")), at(3, WALLET)),
        {"adverse_action_proposed": True},
    ),
    # the end
    ("accepted", (at(1, m.ResolutionAccepted()),), {"status": "accepted"}),
    ("accepted and reopened", (at(1, m.ResolutionAccepted()), at(2, m.Reopened())), {"status": "open", "reopened": 1}),
    (
        "accepted while evidence is asked for is accepted",
        (at(1, m.ResolutionAccepted()), at(2, m.EvidenceRequested("photo"))),
        {"status": "accepted"},
    ),
    ("closed by the company", (at(1, m.ClosedByCompany()),), {"status": "open", "closed_without_acceptance": True}),
    (
        "closed once accepted",
        (at(1, m.ResolutionAccepted()), at(2, m.ClosedByCompany())),
        {"closed_without_acceptance": False},
    ),
    (
        "closed first and accepted later was closed without all the same",
        (at(1, m.ClosedByCompany()), at(2, m.ResolutionAccepted())),
        {"closed_without_acceptance": True, "status": "accepted"},
    ),
    (
        "closed after a reopening",
        (at(1, m.ResolutionAccepted()), at(2, m.Reopened()), at(3, m.ClosedByCompany())),
        {"closed_without_acceptance": True},
    ),
    ("leaving", (at(1, m.LeavingSignalled()),), {"leaving_signalled": True}),
    # time
    ("events before the opening count", (at(-2, PHONE), at(-1, PHONE)), {"contacts": 2, "chases": 1}),
    ("an event exactly now counts", (at(48, PHONE),), {"contacts": 1, "hours_unanswered": 0}),
    ("one of the future does not", (at(48.1, PHONE),), {"contacts": 0}),
    ("at one moment the sequence decides", (at(1, REPLY, 2), at(1, PHONE, 1)), {"unanswered": 0}),
    ("a missing sequence is 0", (at(1, REPLY), at(1, PHONE, -1)), {"unanswered": 0}),
    ("then the position", (at(1, REPLY), at(1, PHONE)), {"unanswered": 1}),
    ("the time comes before the sequence", (at(2, REPLY, -9), at(1, PHONE, 9)), {"unanswered": 0}),
    (
        "of a repeated id the first in time counts, whatever its place",
        (at(3, PHONE, event_id="e"), at(1, m.ContactFailed("phone"), event_id="e")),
        {"contacts": 0, "failed_contacts": 1},
    ),
    ("events without an id are all different", (at(1, PHONE), at(1, PHONE)), {"contacts": 2}),
    (
        "a repeated id in the future does not count for the first",
        (at(1, PHONE, event_id="e"), at(99, PHONE, event_id="e")),
        {"contacts": 1},
    ),
]


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
