"""What a stream answers."""

import time
from collections.abc import Iterator
from functools import partial

from google.rpc.code_pb2 import INVALID_ARGUMENT, NOT_FOUND

from router.serve.state import NoRecords, State
from router.v1 import case_router_service_pb2 as pb
from tests.serve.engine import ENGINE_VERSION, Served, serving
from tests.serve.shop import (
    NAMELESS,
    asked,
    case_of,
    refused,
    request,
    streamed,
)


def test_a_stream_answers_in_order_as_calls_of_each_case_would(shop: Served) -> None:
    cases = [case_of(case_id=f"c{n}") for n in range(50)]
    answers = list(shop.stub.StreamRouteCases(streamed(*(request(case) for case in cases))))
    assert [each.decision.case_id for each in answers] == [case["case_id"] for case in cases]
    for case, answer in list(zip(cases, answers, strict=True))[:5]:
        assert answer.decision == asked(shop, case=case)


def test_an_error_does_not_end_a_stream(shop: Served) -> None:
    wrong = [request(NAMELESS), request(policy="shoe"), request(policy_version="9.0.0"), pb.RouteCaseRequest(policy="shop")]
    answers = list(shop.stub.StreamRouteCases(streamed(*wrong, request())))
    assert [each.error.code for each in answers] == [INVALID_ARGUMENT, NOT_FOUND, NOT_FOUND, INVALID_ARGUMENT, 0]
    assert answers[-1].decision == asked(shop)
    for each, answer in zip(wrong, answers, strict=False):
        assert answer.error == refused(partial(shop.stub.RouteCase, each))


def test_a_stream_stays_open_and_answers_each_request_before_the_next(shop: Served) -> None:
    seen: list[str] = []

    def requests() -> Iterator[pb.StreamRouteCasesRequest]:
        for n in range(20):
            yield from streamed(request(case_of(case_id=f"c{n}")))
            while len(seen) <= n:
                time.sleep(0)

    seen.extend(answer.decision.case_id for answer in shop.stub.StreamRouteCases(requests()))
    assert seen == [f"c{n}" for n in range(20)]


def test_a_stream_uses_the_state_of_each_moment(shop: Served) -> None:
    with serving(shop.service.state) as served:
        seen: list[str] = []

        def requests() -> Iterator[pb.StreamRouteCasesRequest]:
            yield from streamed(request())
            while not seen:
                time.sleep(0)
            served.service.state = State(shop.service.state.policies, NoRecords(), ENGINE_VERSION)
            yield from streamed(request())

        seen.extend(answer.decision.provenance.snapshot_id for answer in served.stub.StreamRouteCases(requests()))
    assert seen == [shop.service.state.records.id, ""]
