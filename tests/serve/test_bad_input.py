"""Bad requests are files, with the exact status that each gets beside it."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.protobuf import text_format
from google.rpc.code_pb2 import INVALID_ARGUMENT, NOT_FOUND
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from router.cases.model import EVENTS
from router.v1 import case_pb2
from router.v1 import case_router_service_pb2 as pb
from tests.serve.engine import Served, serving
from tests.serve.shop import NOW, asked, case_of, fields, reason, refused, request

FOLDER = Path(__file__).parent / "bad"
NAMES = sorted(path.name.removesuffix(".request.txtpb") for path in FOLDER.glob("*.request.txtpb"))


def wanted(name: str) -> Status:
    return text_format.Parse((FOLDER / f"{name}.status.txtpb").read_text(), Status())


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_request_gets_this_status(name: str, shop: Served) -> None:
    asked = text_format.Parse((FOLDER / f"{name}.request.txtpb").read_text(), pb.RouteCaseRequest())
    found = refused(lambda: shop.stub.RouteCase(asked))
    assert text_format.MessageToString(found) == text_format.MessageToString(wanted(name))
    (answer,) = shop.stub.StreamRouteCases(iter([pb.StreamRouteCasesRequest(request=asked)]))
    assert answer.error == found


def test_every_field_that_can_be_wrong_is_wrong_in_some_file() -> None:
    named: set[str] = set()
    for name in NAMES:
        for detail in wanted(name).details:
            bad = BadRequest()
            if detail.Unpack(bad):
                named |= {re.sub(r"\[[^\]]*\]", "", violation.field) for violation in bad.field_violations}
    required = {
        f"case.timeline.{name}.{field}"
        for name, kind in EVENTS.items()
        for field in kind._fields
        if field not in kind._field_defaults
    } - {f"case.timeline.statement_made.{field}" for field in ("corrects",)}
    limited = {
        f"case.{path}"
        for path, field in typed("", case_pb2.Case.DESCRIPTOR)
        if field.enum_type is not None or field.message_type.full_name in {"google.protobuf.Timestamp", "google.type.Money"}
    }
    assert required | limited <= named
    assert {"now", "view", "case", "case.case_id", "case.timeline.event"} <= named


def typed(prefix: str, descriptor: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - descriptors have no public types
    """Every enum and message field below a message, by its path."""
    for field in descriptor.fields:
        path = f"{prefix}{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from (
                (f"{path}.{name}", inner)
                for name, inner in typed("", field.message_type.fields_by_name["value"].message_type)
            )
        elif field.message_type is not None and field.message_type.full_name.startswith("router."):
            yield from typed(f"{path}.", field.message_type)
        elif field.message_type is not None or field.enum_type is not None:
            yield path, field


def test_every_reason_there_is_has_been_given() -> None:
    seen = {reason(wanted(name)).reason for name in NAMES}
    not_of_one_case = {"UNSPECIFIED", "BATCH_TOO_LARGE", "INTERNAL", "LOG_UNAVAILABLE", "NO_LOG", "OTHER_SHARD"}
    of_a_backlog = {"INVALID_BACKLOG", "LOCATION_REFUSED", "NO_BACKLOG_ROOTS", "TOO_MANY_RUNS", "BACKLOG_TOO_LARGE"}
    of_a_backlog |= {"QUEUE_BUSY", "QUEUE_NOT_WRITTEN", "RUN_EXHAUSTED", "UPLOAD_STALLED"}
    of_a_policy = {"UNREADABLE_POLICY"}
    others = not_of_one_case | of_a_backlog | of_a_policy
    assert seen | {f"ERROR_REASON_{name}" for name in others} == set(pb.ErrorReason.keys())


NO_MESSAGE = [b"\xff", b"\x0a\xff\x01", b"not a message at all"]
NOT_THIS_ONE = [b"\x0a\x02\xc3\x28", b"\x2a\x01\x12"]
"""A text that is not UTF-8, a case that is cut short."""


@pytest.mark.parametrize(
    ("call", "data"),
    [
        *(("RouteCase", data) for data in (*NO_MESSAGE, *NOT_THIS_ONE)),
        *(("BatchRouteCases", data) for data in (*NO_MESSAGE, *NOT_THIS_ONE)),
        *(("GetServerInfo", data) for data in NO_MESSAGE),
    ],
)
def test_bytes_that_are_no_message_are_an_invalid_argument(call: str, data: bytes, shop: Served) -> None:
    raw: Any = shop.channel.unary_unary(f"/router.v1.CaseRouterService/{call}")
    found = refused(lambda: raw(data))
    assert found.code == INVALID_ARGUMENT
    assert reason(found).reason == "ERROR_REASON_INVALID_CASE"


def test_such_bytes_do_not_end_a_stream(shop: Served) -> None:
    raw: Any = shop.channel.stream_stream("/router.v1.CaseRouterService/StreamRouteCases")
    good = pb.StreamRouteCasesRequest(request=request()).SerializeToString()
    answers = [pb.StreamRouteCasesResponse.FromString(each) for each in raw(iter([b"\xff", good, b"", good]))]
    assert [each.WhichOneof("result") for each in answers] == ["error", "decision", "error", "decision"]


def test_a_request_larger_than_the_server_takes_is_refused_and_the_server_goes_on(shop: Served) -> None:
    with serving(shop.service.state, largest_message_mb=1) as served:
        with pytest.raises(grpc.RpcError) as info:
            asked(served, case=case_of(brand="x" * (1 << 20)))
        assert info.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert asked(served).case_id == "c1"


@pytest.mark.parametrize("count", [1, 30, 100, 5_000])
def test_however_much_is_wrong_the_client_hears_it(count: int, shop: Served) -> None:
    timeline = [{"at": NOW, "statement_made": {}}] * count
    status = refused(lambda: asked(shop, case=case_of(timeline=timeline)))
    more = int(reason(status).metadata.get("more", "0"))
    assert status.code == INVALID_ARGUMENT
    assert len(fields(status)) + more == 2 * count
    assert len(fields(status)) >= min(2 * count, 20)


def test_what_a_failed_call_brings_is_within_what_every_client_takes(shop: Served) -> None:
    odd = "100 % caf\u00e9\n" * 400
    timeline = [{"at": NOW, "statement_made": {}}] * 100
    wanted: list[dict[str, Any]] = [
        {"case": case_of(timeline=timeline, attributes={odd: {}})},
        {"policy": odd},
        {"policy_version": odd},
    ]
    for given in wanted:
        with pytest.raises(grpc.RpcError) as info:
            asked(shop, **given)
        call: Any = info.value
        size = sum(len(key) + len(value) * 4 // 3 + 32 for key, value in call.trailing_metadata())
        assert len(quote(call.details())) + size < 8_000


@pytest.mark.parametrize("name", ["x" * 100_000, "é" * 100_000, "\n%\0" * 10_000])
def test_however_long_a_name_the_client_hears_what_is_wrong(name: str, shop: Served) -> None:
    wanted: list[dict[str, Any]] = [{"policy": name}, {"policy_version": name}, {"case": {"attributes": {name: {}}}}]
    codes = [refused(partial(asked, shop, **given)).code for given in wanted]
    assert codes == [NOT_FOUND, NOT_FOUND, INVALID_ARGUMENT]
