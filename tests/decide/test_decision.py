"""Score and ageing, adverse actions, warnings, and what a decision is known by."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from router.cases import model as m
from router.decide.decider import Decider
from router.decide.model import Decision
from router.decide.records import FactRecords
from tests.decide.deciding import BASE, OPENED, at, case, codes, decide, decider, instant

NOW = "2016-05-25T12:00"
SNAPSHOT = "2016-05-25T10:00"


def scored(*rules: Mapping[str, Any], rate: float = 2) -> Decider:
    return decider(priority={**BASE["priority"], "ageing": {"points_per_hour": rate}, "rules": list(rules)})


def rule(points: float | str, name: str = "r0", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a rule
    return {"id": name, "points": points, "because": "So it is.", **more}


def points(decision: Decision) -> dict[str, int]:
    return {each.id: given for each, given in decision.contributions}


# ageing


@pytest.mark.parametrize(
    ("rate", "now", "expected"),
    [
        (2, "2016-05-25T10:00", 0),
        (2, "2016-05-25T10:14:59", 0),
        (2, "2016-05-25T10:15:00", 1),  # a half goes up
        (2, "2016-05-26T10:00", 48),
        (0.1, "2016-05-26T10:00", 2),
        (2, "2026-05-25T10:00", 175_296),  # without a cap
        (2, "2016-05-24T10:00", 0),  # opened later than now: never below nothing
    ],
)
def test_a_case_ages_by_points_an_hour(rate: float, now: str, expected: int) -> None:
    assert points(decide(scored(rate=rate), case(), now)).get("ageing", 0) == expected


def test_it_does_not_age_while_waiting_for_the_customer() -> None:
    asked = at("2016-05-25T12:00", m.EvidenceRequested("photo"))
    waits = case(asked)
    assert [points(decide(scored(), waits, now))["ageing"] for now in ("2016-05-25T12:00", "2016-05-29T12:00")] == [4, 4]
    came = case(asked, at("2016-05-25T20:00", m.EvidenceReceived("photo")))
    assert points(decide(scored(), came, "2016-05-25T22:00"))["ageing"] == 8


# score and band


def test_points_are_rounded_rule_by_rule_and_then_added() -> None:
    decision = decide(scored(rule(0.5, "a"), rule(0.5, "b"), rule(-0.5, "c"), rule("-1.5", "d")), case(), SNAPSHOT)
    assert points(decision) == {"a": 1, "b": 1, "c": 0, "d": -1}
    assert decision.score == 1


@pytest.mark.parametrize(
    ("given", "band"),
    [(-50, "P4"), (0, "P4"), (99, "P4"), (100, "P3"), (199.4, "P3"), (199.5, "P2"), (300, "P1"), (10**9, "P1")],
)
def test_a_band_begins_at_its_score(given: float, band: str) -> None:
    assert decide(scored(rule(given)), case(), SNAPSHOT).band == band


def test_points_that_cannot_be_known_count_nothing_and_warn_and_the_rule_fired() -> None:
    decision = decide(scored(rule("2 * case.value_at_stake"), rule(7, "r1")), case(), SNAPSHOT)
    assert points(decision) == {"r0": 0, "r1": 7}
    assert "points-missing" in codes(decision)
    assert decision.fired == ["r0", "r1"]


def test_a_rule_fires_only_when_its_condition_is_known_to_be_true() -> None:
    rules = [
        rule(1, "unknown", when="customer.orders > 3"),
        rule(1, "not-unknown", when="not (customer.orders > 3)"),
        rule(1, "missing", when="customer.orders is missing"),
        rule(1, "off", enabled=False),
    ]
    assert list(points(decide(scored(*rules), case(), SNAPSHOT))) == ["missing"]


# adverse actions


SUSPEND, CHARGE = m.AdverseActionProposed("suspend_account"), m.AdverseActionProposed("charge")


def approved(level: str, kind: str = "suspend_account") -> m.AdverseActionApproved:
    return m.AdverseActionApproved(kind, level)


@pytest.mark.parametrize(
    ("happened", "permitted"),
    [
        ((SUSPEND,), {"suspend_account": False}),
        ((SUSPEND, approved("frontline")), {"suspend_account": False}),
        ((SUSPEND, approved("senior")), {"suspend_account": True}),
        ((SUSPEND, approved("executive")), {"suspend_account": True}),
        ((SUSPEND, approved("nobody")), {"suspend_account": False}),
        ((SUSPEND, approved("frontline"), approved("senior")), {"suspend_account": True}),
        ((SUSPEND, approved("senior", "charge")), {"suspend_account": False}),  # another action
        ((approved("senior"), SUSPEND), {"suspend_account": False}),  # asked for first
        ((SUSPEND, CHARGE, approved("senior")), {"suspend_account": True, "charge": False}),
        ((SUSPEND, m.AdverseActionWithdrawn("suspend_account")), {}),
        ((SUSPEND, approved("senior"), m.AdverseActionTaken("suspend_account")), {}),
        (
            (SUSPEND, approved("senior"), m.AdverseActionWithdrawn("suspend_account"), SUSPEND),
            {"suspend_account": False},  # the approval was of the proposal before
        ),
    ],
)
def test_a_proposed_action_may_go_ahead(happened: tuple[m.What, ...], permitted: dict[str, bool]) -> None:
    decision = decide(decider(), case(*(at("2016-05-25T11:00", what) for what in happened)), NOW)
    assert {action.kind: action.permitted for action in decision.adverse_actions} == permitted
    assert {action.approver.name for action in decision.adverse_actions} <= {"senior"}
    warned = any(isinstance(what, m.AdverseActionApproved) and what.level == "nobody" for what in happened)
    assert ("unknown-level" in codes(decision)) is warned


@pytest.mark.parametrize(
    ("levels", "senior"), [(["first"], "first"), (["first", "second"], "second"), (["senior", "x"], "senior")]
)
def test_the_senior_level_is_the_one_of_that_name_else_the_second(levels: list[str], senior: str) -> None:
    ladder = {**BASE["escalation"], "levels": [{"level": name, "role": name} for name in levels]}
    taken = case(at("2016-05-25T11:00", m.AdverseActionTaken("charge")))
    assert decide(decider(escalation=ladder), taken, NOW).level.name == senior


# warnings


@pytest.mark.parametrize(
    ("as_of", "now", "expected"),
    [
        (SNAPSHOT, "2016-05-27T10:00", []),  # two days
        (SNAPSHOT, "2016-05-27T10:00:00.000001", ["snapshot-old"]),
        (SNAPSHOT, SNAPSHOT, []),
        ("2016-05-25T10:00:00.000001", SNAPSHOT, ["snapshot-later"]),
    ],
)
def test_a_snapshot_too_old_or_of_a_later_time_is_warned_of(as_of: str, now: str, expected: list[str]) -> None:
    decision = decide(decider(as_of=instant(as_of)), case(), now)
    assert [code for code in codes(decision) if code.startswith("snapshot")] == expected


def test_the_policy_says_how_old_it_may_be() -> None:
    decision = decide(decider(snapshot={"oldest": "1h"}), case(), NOW)
    assert [notice.message for notice in decision.warnings if notice.code == "snapshot-old"] == [
        "the snapshot is 2 hours old"
    ]


@pytest.mark.parametrize(("oldest", "expected"), [("4 business hours", []), ("3 business hours", ["snapshot-old"])])
def test_its_age_may_be_one_of_open_hours(oldest: str, expected: list[str]) -> None:
    """From 19:00 to 11:00 of the next day, open from 8 to 20: four hours of sixteen."""
    of = decider(as_of=instant("2016-05-25T18:00"), snapshot={"oldest": oldest})
    assert [code for code in codes(decide(of, case(), "2016-05-26T10:00")) if code == "snapshot-old"] == expected


def test_texts_given_by_hand_are_compared_after_normalisation() -> None:
    found = decider(
        {"segment": "cafe\u0301"},
        facts={"customer.segment": {"type": "text", "meaning": "a segment"}},
        tiers=[{"tier": "gold", "when": "customer.segment == 'caf\u00e9'"}, {"tier": "standard"}],
    )
    assert decide(found, case()).tier.name == "gold"


def test_money_of_a_snapshot_in_another_currency_is_missing_with_a_warning() -> None:
    found = decider({"spend_12m": 500.0, "orders": 3})
    assert isinstance(found.records, FactRecords)
    other = Decider(found.policy, replace(found.records, currency="EUR"))
    decision = decide(other, case(), NOW)
    assert (decision.tier.name, decision.fact("customer.orders")) == ("standard", 3)
    assert "other-currency" in codes(decision)
    assert "other-currency" not in codes(decide(found, case(), NOW))


def test_facts_that_no_rule_reads_are_not_warned_of() -> None:
    decision = decide(decider(tiers=[{"tier": "standard"}]), case(value_at_stake=m.Money(1, "GBP")), NOW)
    assert codes(decision) == []


# identity


def test_a_decision_is_known_by_question_policy_snapshot_and_time() -> None:
    found, asked = decider(), case()
    assert isinstance(found.records, FactRecords)
    same = [found.decide(asked, b"question", OPENED).id, decider().decide(asked, b"question", OPENED).id]
    others = [
        found.decide(asked, b"another", OPENED).id,
        found.decide(asked, b"question", OPENED + 1).id,
        decider(description="Another policy.").decide(asked, b"question", OPENED).id,
        Decider(found.policy, replace(found.records, id="another")).decide(asked, b"question", OPENED).id,
    ]
    assert len(set(same)) == 1
    assert len({*same, *others}) == 5
    assert found.decide(asked, b"question", OPENED, full=False).id == same[0]
