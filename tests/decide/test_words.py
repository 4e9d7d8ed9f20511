"""A decision in words: the digest, the details of sentences, and times in the policy's zone."""

import pytest

from router.cases import model as m
from router.decide.model import Decision
from router.decide.words import DIGEST, Words
from tests.decide.deciding import at, case, decide, decider, instant

NOW = "2016-05-27T10:00"


def digest(*timeline: m.Event) -> list[tuple[str, str, str]]:
    """Lines as (kind, hours since the midnight before, text)."""
    start = instant("2016-05-25T00:00")
    lines = Words(decide(decider(), case(*timeline), NOW)).digest()
    return [(DIGEST[kind], f"{(moment - start) // 3_600_000_000}h", text) for kind, moment, text in lines]


def test_an_untouched_case_has_nothing_to_tell() -> None:
    assert digest() == []


def test_it_tells_what_was_received_promised_and_said_and_what_is_still_open() -> None:
    due = instant("2016-05-26T10:00")
    found = digest(
        at("2016-05-25T14:00", m.CustomerContacted("phone")),
        at("2016-05-25T15:00", m.StatementMade("delivery", "nobody was in")),
        at("2016-05-25T16:00", m.PromiseMade("call", due)),
        at("2016-05-25T17:00", m.StatementMade(" Delivery ", "misrouted")),
        at("2016-05-25T18:00", m.EvidenceReceived("photo")),
        at("2016-05-25T19:00", m.EvidenceRequested("note")),
        at("2016-05-25T20:00", m.CustomerContacted("phone")),
    )
    assert found == [
        ("received", "18h", "photo"),
        ("promised", "16h", "call: broken"),
        ("said", "17h", " Delivery : 'nobody was in', then 'misrouted', not corrected"),
        ("said", "17h", " Delivery : misrouted"),
        ("open", "19h", "note was asked for and has not come"),
        ("open", "20h", "1 contact(s) without a reply"),
        ("open", "34h", "promise call: broken"),
    ]


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (None, ["call: broken", "promise call: broken"]),
        ("2016-05-26T10:00", ["call: kept"]),
        ("2016-05-26T11:00", ["call: kept late"]),
        ("2016-05-28T11:00", ["call: broken", "promise call: broken"]),  # in the future
    ],
)
def test_a_promise_is_told_with_what_became_of_it(kept: str | None, told: list[str]) -> None:
    made = at("2016-05-25T16:00", m.PromiseMade("call", instant("2016-05-26T10:00")))
    timeline = [made] if kept is None else [made, at(kept, m.PromiseKept("call"))]
    assert [text for _, _, text in digest(*timeline)] == told


def test_one_that_is_not_due_yet_is_still_to_be_kept() -> None:
    ahead = at("2016-05-27T09:00", m.PromiseMade("call", instant("2016-05-27T10:00")))
    lines = Words(decide(decider(), case(ahead), NOW)).digest()
    assert [text for _, _, text in lines] == ["call: still to be kept", "promise call: still to be kept"]


def test_a_correction_is_told_as_what_was_said_last() -> None:
    found = digest(
        at("2016-05-25T15:00", m.StatementMade("delivery", "nobody was in")),
        at("2016-05-25T17:00", m.StatementMade("delivery", "misrouted", corrects=True)),
    )
    assert found == [("said", "17h", "delivery: misrouted")]


# details of sentences


def said(sentence: str, *timeline: m.Event, zone: str = "Europe/London", **customer: object) -> str:
    calendar = {"time_zone": zone, "hours": {"mon-sun": ["00:00-24:00"]}}
    found = decide(decider(customer, calendar=calendar, guidance=[{"id": "say", "say": sentence}]), case(*timeline), NOW)
    (rule,) = [rule for rule in found.guidance if rule.id == "say"]
    return Words(found).say(rule.because)


RECEIVED = at("2016-05-25T23:30", m.EvidenceReceived("photo"))


def test_evidence_is_named_with_its_day_in_the_policy_s_zone() -> None:
    also = at("2016-05-26T08:00", m.EvidenceReceived("note"))
    assert said("Had: {detail.received}.", RECEIVED, also) == "Had: photo (26 May), note (26 May)."
    assert said("Had: {detail.received}.", RECEIVED, zone="America/New_York") == "Had: photo (25 May)."
    assert said("Had: {detail.received}.") == "Had: unknown."


def test_what_was_asked_for_again_is_named_with_the_day_on_which_it_came() -> None:
    asked = [at(f"2016-05-2{day}T12:00", m.EvidenceRequested(item)) for day in (5, 6) for item in ("photo", "note")]
    assert said("Not {detail.repeated}.", *asked, RECEIVED) == "Not photo (received 26 May)."
    assert said("Not {detail.repeated}.", *asked) == "Not unknown."
    proof = at("2016-05-26T12:00", m.EvidenceRequested("proof_of_purchase"))
    knows = decider({}, orders={"O1": True, "O2": False}, guidance=[{"id": "say", "say": "{detail.repeated}"}])
    for order, words in (("O1", "proof_of_purchase (the order is on record)"), ("O2", "unknown")):
        found = decide(knows, case(proof, order_id=order), NOW)
        assert Words(found).say(found.guidance[0].because) == words


def test_what_was_asked_for_and_has_not_come_is_named() -> None:
    asked = [at("2016-05-25T12:00", m.EvidenceRequested(item)) for item in ("photo", "note")]
    assert said("Wanted: {detail.outstanding}.", *asked, RECEIVED) == "Wanted: note."


def test_the_last_contradiction_is_told_with_both_sides() -> None:
    told = [at(f"2016-05-2{day}T12:00", m.StatementMade("delivery", claim)) for day, claim in ((5, "a"), (6, "b"))]
    assert said("{detail.contradiction}", *told) == "'a' (25 May), then 'b' (26 May)"


def test_broken_promises_are_told_with_their_times() -> None:
    made = [
        at("2016-05-25T12:00", m.PromiseMade("call", instant("2016-05-25T14:00"))),
        at("2016-05-25T12:00", m.PromiseMade("mail", instant("2016-05-25T15:00"))),
        at("2016-05-25T12:00", m.PromiseMade("visit", instant("2016-05-26T15:00"))),
        at("2016-05-25T14:30", m.PromiseKept("mail")),
        at("2016-05-26T16:00", m.PromiseKept("visit")),
    ]
    assert said("{detail.broken_promise}", *made) == "call by 25 May 15:00, visit by 26 May 16:00"


def test_one_that_is_due_just_now_is_not_broken() -> None:
    now = at("2016-05-25T12:00", m.PromiseMade("call", instant(NOW)))
    assert said("{detail.broken_promise}", now) == "unknown"


def test_channels_that_failed_owner_and_next_person_are_named() -> None:
    failed = [at("2016-05-25T12:00", m.ContactFailed(channel)) for channel in ("phone", "email", "phone")]
    assert said("{detail.failed_channels}", *failed) == "phone, email"
    assert said("{detail.owner}", owner="maria") == "maria"
    assert said("{detail.owner}", at("2016-05-25T12:00", m.OwnerAssigned("bob")), owner="maria") == "bob"
    assert said("{detail.next_person}") == "senior agent"


def test_results_facts_and_what_is_missing_are_told_plainly() -> None:
    assert said("{tier} {tier.rank}, {score} points, {band}, {level}", spend_12m=820.0) == "gold 1, 96 points, P4, frontline"
    facts = "{customer.spend_12m}, {customer.plan}, {case.leaving_signalled}, {case.contacts}"
    assert said(facts, spend_12m=820.0) == "820.00, unknown, no, 0"


# the rest of a decision


def test_money_comes_with_the_engine_s_own_words_of_apology() -> None:
    caps = {"per_case": 10, "per_customer_12m": 10, "share_of_price": 1}
    rules = [{"id": "r0", "kind": "credit", "because": "So it is.", "amount": 5}]
    found = decide(decider({"goodwill_12m": 0.0}, recompense={"caps": caps, "rules": rules}), case(), NOW)
    assert [Words(found).suggestion(each) for each in found.suggestions] == [
        ("r0", "credit", "So it is."),
        ("engine-apology", "apology", "Money always comes with an apology in kind."),
    ]


def decided(*timeline: m.Event) -> Decision:
    return decide(decider(), case(*timeline), NOW)


@pytest.mark.parametrize(
    ("level", "name", "above"),
    [("frontline", "senior agent", "senior"), ("senior", "head", "executive"), ("executive", "ombudsman", None)],
)
def test_the_next_person_stands_above_the_level_of_the_case(level: str, name: str, above: str | None) -> None:
    escalation = decider().policy.levels
    assert [each.name for each in escalation] == ["frontline", "senior", "executive"]
    rules = [{"id": "lift", "at_least": level, "because": "So it is."}]
    sections = {
        "levels": [{"level": each.name, "role": each.role} for each in escalation],
        "outside": {"name": "ombudsman", "because": "Nobody is above."},
        "rules": rules,
    }
    person = decide(decider(escalation=sections), case(), NOW).next_person
    assert (person.name, person.level and person.level.name) == (name, above)


def test_the_owner_of_the_case_goes_before_that_of_the_customer() -> None:
    assigned = at("2016-05-25T12:00", m.OwnerAssigned("bob"))
    assert decide(decider({"owner": "maria"}), case(assigned), NOW).owner == "bob"
    assert decide(decider({"owner": "maria"}), case(), NOW).owner == "maria"
    assert decided().owner is None
