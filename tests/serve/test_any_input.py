"""Whatever comes over the wire is answered: with a decision, as invalid, or as not found; never as a fault."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.cases.model import Case, Event, EvidenceReceived, EvidenceRequested, PromiseMade, StatementMade, What
from router.crm.snapshot import Snapshot
from router.policy.store import PolicyStore, shipped_policies
from router.serve.convert.answer import timestamp
from router.serve.convert.client import case_to_wire
from router.serve.state import State
from router.time import DAY, FIRST, LAST
from router.v1 import case_router_service_pb2 as pb
from router.v1.decision_pb2 import View
from tests.decide.strategies import OPENED, cases
from tests.serve.engine import ENGINE_VERSION, Served, serving
from tests.serve.shop import request, write_snapshot

FROM, TO = -62_135_596_800, 253_402_300_799
NUMBERS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_ENUM: st.integers(0, 8) | st.sampled_from([-1, 99, 2**31 - 1, -(2**31)]),
    FieldDescriptor.CPPTYPE_INT32: st.sampled_from([0, 0, 1, 999_999_999, 10**9, -1, 2**31 - 1, -(2**31)]),
    FieldDescriptor.CPPTYPE_INT64: st.sampled_from([0, 1, 50, FROM, TO, FROM - 1, TO + 1, 2**63 - 1, -(2**63)])
    | st.integers(1_464_700_000, 1_464_800_000),
    FieldDescriptor.CPPTYPE_STRING: st.sampled_from(
        [
            "",
            "a",
            "ann",
            "o1",
            "GBP",
            "EUR",
            "delivery_failed",
            "proof_of_purchase",
            "senior",
            "sorry, but",
            "{tier}",
            "%s\0",
        ]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
}
"""What stands in a field, by the kind of it: usual values, the ends of what fits, and what lies beyond."""


@cache
def messages(descriptor: Any) -> st.SearchStrategy[dict[str, Any]]:  # noqa: ANN401 - descriptors have no public types
    """The fields of a message of any kind, each there or not; of a oneof at most one."""
    free = [field for field in descriptor.fields if field.containing_oneof is None]
    found = st.fixed_dictionaries({}, optional={field.name: values(field) for field in free})
    for group in descriptor.oneofs:
        one = st.one_of([st.fixed_dictionaries({field.name: values(field)}) for field in group.fields])
        found = st.builds(lambda fields, chosen: {**fields, **chosen}, found, one | st.just({}))
    return found


def values(field: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - likewise, no types
    if field.message_type is None:
        one = NUMBERS[field.cpp_type]
    elif field.message_type.GetOptions().map_entry:
        inner = field.message_type.fields_by_name
        return st.dictionaries(values(inner["key"]), messages(inner["value"].message_type), max_size=2)
    else:
        one = messages(field.message_type)
    return st.lists(one, max_size=5) if field.is_repeated else one


ENDS = st.sampled_from([FIRST, FIRST + 1, 0, -1, LAST - 1, LAST])
TIMES = ENDS | st.integers(OPENED - DAY, OPENED + 9 * DAY)


@st.composite
def odd(draw: st.DrawFn) -> Case:
    """A valid case that happens at odd times."""
    case = draw(cases(most=10))
    timeline = tuple(event._replace(at=draw(TIMES), what=_moved(event.what, draw(TIMES))) for event in case.timeline)
    return case._replace(customer_id=draw(st.sampled_from(["ann", "zoe"])), opened_at=draw(TIMES), timeline=timeline)


def told(at: int) -> Case:
    """A case whose sentences name the day of everything."""
    happened: list[What] = [
        EvidenceReceived("photo"),
        EvidenceRequested("photo"),
        StatementMade("delivery", "here"),
        StatementMade("delivery", "there"),
        PromiseMade("call", min(at, LAST - 1)),
    ]
    return Case("c1", OPENED, "ann", timeline=tuple(Event(at, what) for what in happened))


def _moved(what: What, due_at: int) -> What:
    return what._replace(due_at=due_at) if isinstance(what, PromiseMade) else what


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over the shipped policies and the shop's customers."""
    folder: Path = tmp_path_factory.mktemp("retail")
    write_snapshot(folder)
    state = State(PolicyStore.open(shipped_policies(), drafts=True), Snapshot.open(folder), ENGINE_VERSION)
    with serving(state) as served:
        yield served


def answered(served: Served, data: bytes) -> str:
    """``OK`` with an answer that can be read, or the name of the status code."""
    call: Any = served.channel.unary_unary("/router.v1.CaseRouterService/RouteCase")
    try:
        decision = pb.RouteCaseResponse.FromString(call(data)).decision
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code.name
    assert MessageToDict(decision)["caseId"]  # every time and text in it can be shown
    assert len(decision.commitments) == 4
    assert decision.escalation.next_person.name
    return "OK"


EXPECTED = {"OK", "INVALID_ARGUMENT", "NOT_FOUND"}


@settings(max_examples=300)
@given(messages(pb.RouteCaseRequest.DESCRIPTOR))
def test_any_message_is_answered(shop: Served, retail: Served, fields: dict[str, Any]) -> None:
    asked = pb.RouteCaseRequest(**fields)
    assert answered(shop, asked.SerializeToString()) in EXPECTED
    asked.policy, asked.policy_version = "retail", ""
    assert answered(retail, asked.SerializeToString()) in EXPECTED


@settings(max_examples=200)
@example(case=told(FIRST), now=LAST, view="VIEW_FULL")
@example(case=told(LAST), now=LAST, view="VIEW_FULL")
@given(case=odd(), now=TIMES, view=st.sampled_from(["VIEW_BASIC", "VIEW_FULL"]))
def test_any_valid_case_is_decided_whenever_it_happens(
    shop: Served, retail: Served, case: Case, now: int, view: str
) -> None:
    for served, policy in ((shop, "shop"), (retail, "retail")):
        version = served.service.state.policies.get(policy, "", OPENED).version
        asked = pb.RouteCaseRequest(
            policy=policy, policy_version=version, now=timestamp(now), view=View.Value(view), case=case_to_wire(case)
        )
        assert answered(served, asked.SerializeToString()) == "OK"


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_answered(shop: Served, data: bytes) -> None:
    assert answered(shop, data) in EXPECTED


@settings(max_examples=300)
@given(st.integers(0, 400), st.binary(max_size=2), st.integers(0, 3))
def test_a_request_that_was_damaged_on_the_way_is_answered(shop: Served, place: int, put: bytes, lost: int) -> None:
    whole = request().SerializeToString()
    place %= len(whole)
    assert answered(shop, whole[:place] + put + whole[place + lost :]) in EXPECTED
