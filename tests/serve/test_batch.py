"""What a call for many cases answers."""

from typing import Any

import pytest
from google.rpc.code_pb2 import INVALID_ARGUMENT

from router.facts import CUSTOMER_FACTS, Value
from router.serve.state import NoRecords, State
from tests.serve.engine import ENGINE_VERSION, Served, serving
from tests.serve.shop import NAMELESS, STRANGER, asked, batch, case_of, fields, reason, refused, without_id


def test_a_batch_answers_each_case_in_order_as_the_call_of_that_case_would(shop: Served) -> None:
    cases = [case_of(case_id=f"c{n}", customer_id=("ann", "bob", "zoe")[n % 3]) for n in range(100)]
    results = shop.stub.BatchRouteCases(batch(*cases)).results
    assert [each.decision.case_id for each in results] == [case["case_id"] for case in cases]
    for case, result in list(zip(cases, results, strict=True))[:6]:
        assert without_id(result.decision) == without_id(asked(shop, case=case))


def test_an_invalid_case_of_a_batch_is_an_error_in_its_place_and_the_others_are_decided(shop: Served) -> None:
    results = shop.stub.BatchRouteCases(batch(NAMELESS, case_of(), NAMELESS, STRANGER)).results
    assert [each.WhichOneof("result") for each in results] == ["error", "decision", "error", "decision"]
    assert results[0].error == refused(lambda: asked(shop, case=NAMELESS))
    assert fields(results[0].error) == ["case.case_id", "case.opened_at"]


def test_a_batch_has_a_view_too(shop: Served) -> None:
    (basic,) = shop.stub.BatchRouteCases(batch(case_of(), view="VIEW_BASIC")).results
    assert without_id(basic.decision) == without_id(asked(shop, view="VIEW_BASIC"))


def test_a_batch_of_nothing_is_answered_with_nothing(shop: Served) -> None:
    assert list(shop.stub.BatchRouteCases(batch()).results) == []


def test_the_same_batch_has_the_same_answer_and_its_decisions_differ_in_their_ids(shop: Served) -> None:
    one, other = (shop.stub.BatchRouteCases(batch(case_of(), STRANGER)) for _ in range(2))
    assert one == other
    assert len({each.decision.provenance.decision_id for each in one.results}) == 2


@pytest.mark.parametrize("given", [{"policy": "shoe"}, {"policy_version": "9.0.0"}, {"view": 7}, {"policy": ""}])
def test_what_is_wrong_with_a_batch_as_a_whole_fails_the_call(shop: Served, given: dict[str, Any]) -> None:
    expected = refused(lambda: asked(shop, **given))
    assert refused(lambda: shop.stub.BatchRouteCases(batch(case_of(), **given))) == expected


def test_a_batch_is_decided_by_one_state_and_one_time_whatever_happens_meanwhile(shop: Served) -> None:
    class Swapping(NoRecords):
        """Records that are replaced while a batch is half done."""

        id = "first"
        asked = 0

        def customer(self, customer_id: str, now: int) -> tuple[Value, ...] | None:
            del customer_id, now
            self.asked += 1
            if self.asked == 50:
                served.service.state = State(shop.service.state.policies, NoRecords(), ENGINE_VERSION)
            return (True, *(float("nan") if fact.type.numeric else None for fact in CUSTOMER_FACTS[1:]))

    with serving(State(shop.service.state.policies, Swapping(), ENGINE_VERSION)) as served:
        results = served.stub.BatchRouteCases(batch(*[case_of()] * 100, now=None)).results
        provenances = [each.decision.provenance for each in results]
        assert {each.snapshot_id for each in provenances} == {"first"}
        assert len({each.decided_at.ToMicroseconds() for each in provenances}) == 1
        assert asked(served).provenance.snapshot_id == ""


def test_a_batch_has_a_limit(shop: Served) -> None:
    with serving(shop.service.state, batch_limit=3) as served:
        assert len(served.stub.BatchRouteCases(batch(*[case_of()] * 3)).results) == 3
        status = refused(lambda: served.stub.BatchRouteCases(batch(*[case_of()] * 4)))
    assert (status.code, reason(status).reason) == (INVALID_ARGUMENT, "ERROR_REASON_BATCH_TOO_LARGE")
    assert dict(reason(status).metadata) == {"limit": "3"}
    assert fields(status) == ["cases"]
    assert "has 4 items; at most 3 are taken" in status.message
