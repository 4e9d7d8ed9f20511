"""Small timelines of owners, remedies, the public and the end, and what each adds up to."""

from router.cases import model as m
from tests.cases.reading import at
from tests.cases.timelines import GBP_5, GBP_7, PUBLIC, REPLY, WALLET, Row

OUTCOMES: list[Row] = [
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
        "what is offered again after its rejection counts",
        (
            at(1, m.RemedyOffered("r", "credit", GBP_5)),
            at(2, m.RemedyRejected("r")),
            at(3, m.RemedyOffered("r", "credit", GBP_7)),
        ),
        {"goodwill_offered": 700, "remedies_rejected": 1},
    ),
    (
        "what is accepted after all counts",
        (at(1, m.RemedyOffered("r", "credit", GBP_5)), at(2, m.RemedyRejected("r")), at(3, m.RemedyAccepted("r"))),
        {"goodwill_offered": 500},
    ),
    (
        "an acceptance can be taken back",
        (at(1, m.RemedyOffered("r", "credit", GBP_5)), at(2, m.RemedyAccepted("r")), at(3, m.RemedyRejected("r"))),
        {"goodwill_offered": 0},
    ),
    (
        "nobody rejects what is not offered yet",
        (at(1, m.RemedyRejected("r")), at(2, m.RemedyAccepted("s")), at(3, m.RemedyOffered("r", "credit", GBP_5))),
        {"goodwill_offered": 500},
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
]
"""Owners, apologies, remedies, escalation, the public, adverse actions, and how a case ends."""
