"""A small shop to ask: its policies with releases, its customers, and a server over them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from router.crm.manifest import extra_fact
from router.crm.rows import publish_facts
from router.crm.snapshot import Snapshot
from router.policy.releasing import release
from router.policy.store import PolicyStore
from router.serve.state import State
from router.time import parse_instant
from router.v1 import case_router_service_pb2 as pb
from router.v1 import decision_pb2
from tests.serve.engine import ENGINE_VERSION, Served, serving

POLICY = (Path(__file__).parent / "shop.yaml").read_text()
AS_OF = parse_instant("2016-06-01T06:00:00Z")
NOW = "2016-06-01T10:00:00Z"


def write_policies(root: Path) -> None:
    """``shop`` in two released versions and a draft; ``desk`` in one."""
    for name, version, effective_from in (
        ("shop", "1.0.0", "2010-01-01T00:00:00Z"),
        ("shop", "1.1.0", "2017-01-01T00:00:00Z"),
        ("shop", "2.0.0", ""),
        ("desk", "1.0.0", "2016-01-01T00:00:00Z"),
    ):
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        text = POLICY.replace("policy: shop", f"policy: {name}").replace("version: 1.0.0", f"version: {version}")
        (folder / f"{version}.yaml").write_text(text)
        if effective_from:
            release(root, name, version, effective_from=parse_instant(effective_from), by="a test", note="first")


def write_snapshot(folder: Path, *, as_of: int = AS_OF, shards: int = 1) -> None:
    """``ann`` is loyal, ``bob`` is not; the order ``o1`` is on record."""
    publish_facts(
        [
            {
                "customer_id": "ann",
                "spend_12m": 820.0,
                "tenure_years": 3.1,
                "owner": "maria",
                "goodwill_12m": 10.0,
                "open_order_overdue_hours": 20.0,
                "segment": "family",
            },
            {"customer_id": "bob", "spend_12m": 5.0, "goodwill_12m": 0.0},
        ],
        folder,
        as_of=as_of,
        currency="GBP",
        order_ids=["o1"],
        extras=[extra_fact("customer.segment", "text")],
        shards=shards,
    )


@contextmanager
def open_shop(folder: Path, **settings: Any) -> Iterator[Served]:  # noqa: ANN401 - settings by name
    """The shop, served."""
    write_policies(folder / "policies")
    write_snapshot(folder / "snapshot")
    state = State(PolicyStore.open(folder / "policies"), Snapshot.open(folder / "snapshot"), ENGINE_VERSION)
    with serving(state, **settings) as served:
        yield served


def case_of(**given: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a case
    """A case as JSON, of ``ann`` unless said otherwise."""
    return {
        "case_id": "c1",
        "customer_id": "ann",
        "opened_at": "2016-06-01T06:00:00Z",
        "issue": "delivery_failed",
        "order_id": "o1",
        "value_at_stake": {"currency_code": "GBP", "units": 50},
        **given,
    }


def request(case: dict[str, Any] | None = None, **given: Any) -> pb.RouteCaseRequest:  # noqa: ANN401 - fields of a request
    """A question to the shop, at ``NOW`` unless said otherwise."""
    return ParseDict({"policy": "shop", "now": NOW, "case": case or case_of(), **given}, pb.RouteCaseRequest())


# asking it


def batch(*cases: dict[str, Any], **given: Any) -> pb.BatchRouteCasesRequest:  # noqa: ANN401 - fields of a request
    """Several cases at ``NOW`` unless said otherwise."""
    return ParseDict({"policy": "shop", "now": NOW, "cases": list(cases), **given}, pb.BatchRouteCasesRequest())


def streamed(*requests: pb.RouteCaseRequest) -> Iterator[pb.StreamRouteCasesRequest]:
    """Requests for a stream."""
    return (pb.StreamRouteCasesRequest(request=each) for each in requests)


STRANGER = case_of(case_id="c2", customer_id="zoe")
NAMELESS = case_of(case_id="", opened_at=None)
"""A case that nobody can decide."""


def asked(served: Served, **given: Any) -> decision_pb2.Decision:  # noqa: ANN401 - fields of a request
    response: pb.RouteCaseResponse = served.stub.RouteCase(request(**given))
    return response.decision


def refused(call: Callable[[], object]) -> Status:
    """The rich status of a call that fails; its code and message are those of the call."""
    with pytest.raises(grpc.RpcError) as info:
        call()
    found: Status | None = rpc_status.from_call(info.value)  # type: ignore[arg-type]  # what is raised is a call too
    assert found is not None
    return found


def reason(status: Status) -> ErrorInfo:
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "case-router"
    assert info.reason in pb.ErrorReason.keys()  # noqa: SIM118 - an enum wrapper is no mapping
    return info


def fields(status: Status) -> list[str]:
    bad = BadRequest()
    assert status.details[1].Unpack(bad)
    return [violation.field for violation in bad.field_violations]


def without_id(decision: decision_pb2.Decision) -> decision_pb2.Decision:
    found = decision_pb2.Decision()
    found.CopyFrom(decision)
    found.provenance.decision_id = ""
    return found


def warned(decision: decision_pb2.Decision) -> list[str]:
    return [decision_pb2.WarningCode.Name(warning.code) for warning in decision.warnings]
