"""What a call for one case answers."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from router.serve.state import NoRecords, State
from router.v1 import case_router_service_pb2 as pb
from router.v1 import decision_pb2
from tests.serve.engine import ENGINE_VERSION, Served, serving
from tests.serve.shop import (
    NOW,
    asked,
    case_of,
    warned,
    without_id,
)


def test_a_case_is_joined_with_the_customer_s_history(shop: Served) -> None:
    decision = asked(shop)
    assert decision.case_id == "c1"
    assert (decision.tier.name, decision.tier.rank, decision.tier.because) == ("gold", 1, "Spent 820.00 in twelve months.")
    assert {each.rule: each.points for each in decision.priority.contributions} == {
        "own-failure": 150,
        "at-stake": 100,
        "ageing": 8,
    }
    assert (decision.priority.score, decision.priority.band) == (258, decision_pb2.BAND_P2)
    assert (decision.escalation.level, decision.escalation.owner) == ("frontline", "maria")
    assert [each.rule for each in decision.entitlements] == ["redelivery-or-refund"]
    credit = decision.recompense[0]
    assert (credit.rule, credit.amount.units, credit.approver, credit.needs_approval) == ("late-credit", 10, "senior", True)
    assert decision.likely_reasons[0].because == "An order is 24 hours past its promised time."  # 20 as of the snapshot


def test_the_answer_says_by_what_it_was_made(shop: Served) -> None:
    info = shop.stub.GetServerInfo(pb.GetServerInfoRequest())
    found = asked(shop).provenance
    digests = {(each.policy, each.version): each.digest for each in info.policies}
    assert (found.policy, found.policy_version) == ("shop", "1.0.0")
    assert found.policy_digest == digests["shop", "1.0.0"]
    assert (found.snapshot_id, found.snapshot_as_of) == (info.snapshot_id, info.snapshot_as_of)
    assert found.engine_version == ENGINE_VERSION
    assert found.decided_at.ToJsonString() == NOW
    assert len(found.decision_id) == 32


def test_without_a_time_it_is_decided_for_the_time_of_the_call(shop: Served) -> None:
    before = time.time_ns() // 1000
    decided = asked(shop, now=None).provenance.decided_at.ToMicroseconds()
    assert before <= decided <= time.time_ns() // 1000


def test_the_version_in_force_at_the_time_decides(shop: Served) -> None:
    versions = {
        now: asked(shop, now=now).provenance.policy_version
        for now in ("2010-01-01T00:00:00Z", "2016-12-31T23:59:59.999999Z", "2017-01-01T00:00:00Z", "2030-01-01T00:00:00Z")
    }
    assert list(versions.values()) == ["1.0.0", "1.0.0", "1.1.0", "1.1.0"]


def test_a_version_can_be_pinned_whatever_the_time(shop: Served) -> None:
    assert asked(shop, policy_version="1.1.0").provenance.policy_version == "1.1.0"


def test_the_only_policy_there_is_needs_no_name(shop: Served) -> None:
    only = shop.service.state.policies.get("desk", "1.0.0", 0)

    class One:
        def get(self, name: str, version: str, now: int) -> Any:  # noqa: ANN401 - a policy
            assert (name, version, now > 0) == ("", "", True)
            return only

        def versions(self, now: int) -> Iterator[Any]:
            raise AssertionError(now)

        def trial(self, name: str, now: int) -> None:
            assert (name, now > 0) == ("desk", True)

        def steady(self, name: str, now: int) -> tuple[int, int]:
            assert name == "desk"
            return now, now + 1

    with serving(State(One(), NoRecords(), ENGINE_VERSION)) as served:
        assert asked(served, policy="").provenance.policy == "desk"


# views


def test_all_of_it_is_the_default(shop: Served) -> None:
    assert without_id(asked(shop)) == without_id(asked(shop, view="VIEW_FULL"))


def test_the_basic_view_is_the_full_one_without_the_words_and_the_rest(shop: Served) -> None:
    basic, full = asked(shop, view="VIEW_BASIC"), asked(shop, view="VIEW_FULL")
    for part in (full.tier, *full.priority.contributions, *full.escalation.reasons, full.escalation.next_person):
        part.ClearField("because")
    shared = [field.name for field in full.DESCRIPTOR.fields if field.number <= 7]
    full = decision_pb2.Decision(**{name: getattr(full, name) for name in shared})
    del full.warnings[len(basic.warnings) :]  # the full view warns of more
    assert without_id(basic) == without_id(full)


# what is not known


def test_an_unknown_customer_is_a_stranger_with_a_warning(shop: Served) -> None:
    for customer, said in (("zoe", "customer zoe is not in the snapshot"), ("", "no customer was given")):
        decision = asked(shop, case=case_of(customer_id=customer))
        assert (decision.tier.rank, decision.escalation.owner) == (0, "")
        assert said in [warning.message for warning in decision.warnings]
        assert "WARNING_CODE_UNKNOWN_CUSTOMER" in warned(decision)


def test_an_unknown_issue_is_decided_without_one_with_a_warning(shop: Served) -> None:
    decision = asked(shop, case=case_of(issue="nonsense"))
    assert list(decision.entitlements) == []
    assert "WARNING_CODE_UNKNOWN_ISSUE" in warned(decision)


@pytest.mark.parametrize("currency", ["EUR", "XXX", ""])
def test_another_currency_is_a_missing_value_with_a_warning(shop: Served, currency: str) -> None:
    decision = asked(shop, case=case_of(value_at_stake={"currency_code": currency, "units": 50}))
    assert "at-stake" not in [each.rule for each in decision.priority.contributions]
    assert "WARNING_CODE_OTHER_CURRENCY" in warned(decision)


def test_odd_timelines_are_decided_with_warnings(shop: Served) -> None:
    reopened = {"at": "2016-06-01T07:00:00Z", "event_id": "e", "reopened": {}}
    timeline = [reopened, reopened, {"at": "2016-06-02T00:00:00Z", "reopened": {}}]
    found = warned(asked(shop, case=case_of(timeline=timeline)))
    assert {"WARNING_CODE_REPEATED_EVENT", "WARNING_CODE_FUTURE_EVENT"} <= set(found)


# the same question


def test_the_same_question_has_the_same_answer_and_a_retry_does_no_harm(shop: Served) -> None:
    assert asked(shop) == asked(shop)


@pytest.mark.parametrize(
    "given",
    [
        {"now": "2016-06-01T10:00:00.000001Z"},
        {"case": case_of(case_id="c2")},
        {"policy": "desk"},
        {"policy_version": "1.1.0"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_another_question_has_another_id(shop: Served, given: dict[str, Any]) -> None:
    assert asked(shop, **given).provenance.decision_id != asked(shop).provenance.decision_id


def test_another_snapshot_gives_another_id(shop: Served) -> None:
    with serving(State(shop.service.state.policies, NoRecords(), ENGINE_VERSION)) as bare:
        assert asked(bare).provenance.decision_id != asked(shop).provenance.decision_id
