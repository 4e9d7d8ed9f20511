"""A request that says explain: every rule with the values that decided it, and nothing else differs."""

import pytest

from router.policy.compile import compile_policy
from router.v1 import case_router_service_pb2 as pb
from router.v1 import decision_pb2, trace_pb2
from tests.serve.engine import Served, serving, state_of
from tests.serve.shop import POLICY, asked, case_of


@pytest.mark.parametrize("view", [decision_pb2.VIEW_BASIC, decision_pb2.VIEW_FULL])
def test_every_section_is_traced_beside_the_same_decision(shop: Served, view: decision_pb2.View.ValueType) -> None:
    plain, told = asked(shop, view=view), asked(shop, view=view, explain=True)
    assert not plain.trace
    assert [section.name for section in told.trace] == [
        "tiers",
        "priority",
        "escalation",
        "entitlements",
        "recompense",
        "commitments",
        "likely_reasons",
        "guidance",
    ]
    fired = {rule.id for rule in told.trace[1].rules if rule.fired}
    assert fired == {each.rule for each in told.priority.contributions} - {"ageing"}
    assert [tier.id for tier in told.trace[0].rules if tier.fired] == [told.tier.name]
    del told.trace[:]
    told.provenance.decision_id = plain.provenance.decision_id  # asked in another way, it is another question
    assert told == plain


def test_a_rule_names_what_it_compared_and_what_it_gave(shop: Served) -> None:
    decision = asked(shop, explain=True)
    (credit,) = (rule for rule in decision.trace[4].rules if rule.id == "late-credit")
    assert credit.fired
    assert credit.condition.truth == trace_pb2.TRUTH_TRUE
    values = {value.name: value.text or value.number for value in credit.condition.values}
    assert values["case.issue"] == "delivery_failed"
    assert credit.gives[-1] == trace_pb2.TracedValue(name="left by the caps", number=10)


def test_what_is_missing_has_no_value_and_is_unknown(shop: Served) -> None:
    decision = asked(shop, explain=True, case=case_of(customer_id="nobody"))
    conditions = [rule.condition for rule in decision.trace[0].rules if rule.HasField("condition")]
    assert {condition.truth for condition in conditions} == {trace_pb2.TRUTH_UNKNOWN}
    compared = [value for condition in conditions for value in condition.values]
    assert all(value.WhichOneof("value") is None for value in compared)


def test_it_says_why_a_tier_or_a_rule_is_none_whatever_its_condition(shop: Served) -> None:
    text = POLICY.replace("- id: late-credit", "- enabled: false\n      id: late-credit")
    with serving(state_of(compile_policy(text, "shop.yaml"), shop.service.state.records)) as served:
        decision = asked(served, explain=True)
    reasons = {rule.id: rule.why_not for section in decision.trace for rule in section.rules if rule.why_not}
    assert reasons["late-credit"] == "switched off"
    assert reasons["standard"] == f"{decision.tier.name} fitted before"
    assert "late-credit" not in [suggestion.rule for suggestion in decision.recompense]


def test_a_stream_explains_too(shop: Served) -> None:
    request = pb.RouteCaseRequest(policy="shop", explain=True)
    request.case.case_id = "c1"
    request.case.opened_at.FromJsonString("2016-05-29T18:00:00Z")
    (answer,) = shop.stub.StreamRouteCases(iter([pb.StreamRouteCasesRequest(request=request)]))
    assert answer.decision.trace
