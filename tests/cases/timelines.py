"""Small timelines of contacts, replies and evidence, and what each adds up to."""

from router.cases import model as m
from tests.cases.reading import OPENED, at

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


Row = tuple[str, tuple[m.Event, ...], dict[str, object]]
"""What it is about, the events, and the facts that it is about, without their family."""

CONVERSATIONS: list[Row] = [
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
"""Contacts and replies, promises, statements, evidence; and the order of events."""
