"""What the server says of itself, and of its own faults."""

import pytest
from google.rpc.code_pb2 import INTERNAL

from router.errors import Problem, SnapshotError
from router.facts import Value
from router.serve.state import NoRecords, State
from router.v1 import case_router_service_pb2 as pb
from tests.serve.engine import ENGINE_VERSION, Served, serving
from tests.serve.shop import asked, batch, case_of, reason, refused, request, streamed


def test_the_server_says_what_it_runs_by(shop: Served) -> None:
    info = shop.stub.GetServerInfo(pb.GetServerInfoRequest())
    assert [(each.policy, each.version, each.in_force, each.draft) for each in info.policies] == [
        ("desk", "1.0.0", True, False),
        ("shop", "1.0.0", False, False),
        ("shop", "1.1.0", True, False),
    ]
    assert all(len(each.digest) == 64 for each in info.policies)
    assert (info.engine_version, info.snapshot_customers) == (ENGINE_VERSION, 2)
    assert info.snapshot_as_of.ToJsonString() == "2016-06-01T06:00:00Z"
    assert info.snapshot_id == shop.service.state.records.id


def test_without_a_snapshot_it_says_so(shop: Served) -> None:
    with serving(State(shop.service.state.policies, NoRecords(), ENGINE_VERSION)) as served:
        info = served.stub.GetServerInfo(pb.GetServerInfoRequest())
    assert (info.snapshot_id, info.snapshot_customers, info.HasField("snapshot_as_of")) == ("", 0, False)


# a fault of its own


DAMAGED = SnapshotError([Problem("snapshot-damaged", "row 7 is gone", "/secret")])


@pytest.mark.parametrize("fault", [RuntimeError("boom"), DAMAGED], ids=["bug", "damaged"])
def test_a_fault_of_the_server_is_internal_and_the_log_names_it(
    shop: Served, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(NoRecords):
        def customer(self, customer_id: str, now: int) -> tuple[Value, ...] | None:
            del customer_id, now
            raise fault

    with serving(State(shop.service.state.policies, Broken(), ENGINE_VERSION)) as served:
        status = refused(lambda: asked(served))
        (item,) = served.stub.BatchRouteCases(batch(case_of())).results
        (answer,) = served.stub.StreamRouteCases(streamed(request()))
        assert served.stub.GetServerInfo(pb.GetServerInfoRequest()).engine_version == ENGINE_VERSION
    for found in (status, item.error, answer.error):
        assert (found.code, reason(found).reason) == (INTERNAL, "ERROR_REASON_INTERNAL")
        assert "boom" not in str(found)
        assert "secret" not in str(found)
        assert len(reason(found).metadata["fault"]) == 16
        assert reason(found).metadata["fault"] in caplog.text
        assert str(fault) in caplog.text
