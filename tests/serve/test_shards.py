"""A server of some shards decides for their customers, and says where the others are."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.rpc.code_pb2 import FAILED_PRECONDITION
from google.rpc.status_pb2 import Status

from router.crm.snapshot import Snapshot
from router.serve.state import State
from router.v1 import case_router_service_pb2 as pb
from router.v1.backlog_service_pb2_grpc import BacklogServiceStub
from tests.serve.backlogs import TERMS, sent
from tests.serve.changing import Changing, changing
from tests.serve.engine import ENGINE_VERSION, Served, serving
from tests.serve.shop import (
    AS_OF,
    STRANGER,
    asked,
    batch,
    case_of,
    reason,
    refused,
    request,
    streamed,
    without_id,
    write_snapshot,
)

CUT = 4
OF_ANN, OF_ZOE = 3, 1
"""The shards of the two; ``bob`` is where ``ann`` is."""
NOBODYS = case_of(case_id="c3", customer_id="")


@pytest.fixture
def few(tmp_path: Path) -> Iterator[Changing]:
    """The shop, cut in four, from two of them."""
    with changing(tmp_path, cut=CUT, shards=(0, OF_ANN)) as shop:
        yield shop


@pytest.fixture(scope="module")
def whole(shop: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The shop, cut in four, all of them."""
    folder = tmp_path_factory.mktemp("whole")
    write_snapshot(folder, shards=CUT)
    with serving(State(shop.service.state.policies, Snapshot.open(folder), ENGINE_VERSION)) as served:
        yield served


def told(status: Status, snapshot: str) -> None:
    assert (status.code, reason(status).reason) == (FAILED_PRECONDITION, "ERROR_REASON_OTHER_SHARD")
    assert dict(reason(status).metadata) == {"shard": "1", "shards": "4", "snapshot_id": snapshot}
    assert status.message == "the customer is in shard 1 of 4, and here is 0, 3; ask a server of shard 1 [other-shard]"


def test_a_server_of_all_shards_answers_as_one_of_a_snapshot_in_one_piece(shop: Served, whole: Served) -> None:
    for case in (case_of(), case_of(customer_id="bob"), STRANGER, NOBODYS, case_of(order_id="o2")):
        assert asked(whole, case=case) == asked(shop, case=case)
    assert list(whole.stub.GetServerInfo(pb.GetServerInfoRequest()).shards_served) == [0, 1, 2, 3]


def test_a_case_of_another_shard_is_refused_with_the_right_one(few: Changing) -> None:
    status = refused(lambda: asked(few.served, case=STRANGER))
    told(status, few.info().snapshot_id)


def test_in_a_batch_and_a_stream_it_is_that_items_status(few: Changing, whole: Served) -> None:
    cases = [case_of(), STRANGER, case_of(customer_id="bob"), NOBODYS]
    results = few.served.stub.BatchRouteCases(batch(*cases)).results
    assert [each.WhichOneof("result") for each in results] == ["decision", "error", "decision", "decision"]
    told(results[1].error, few.info().snapshot_id)
    same = whole.stub.BatchRouteCases(batch(*cases)).results
    assert [results[n] for n in (0, 2, 3)] == [same[n] for n in (0, 2, 3)]
    answers = list(few.served.stub.StreamRouteCases(streamed(*(request(case) for case in cases))))
    assert [each.WhichOneof("result") for each in answers] == ["decision", "error", "decision", "decision"]
    told(answers[1].error, few.info().snapshot_id)


def test_a_case_without_a_customer_is_decided_anywhere_and_an_order_is_on_record_everywhere(
    few: Changing, whole: Served
) -> None:
    for case in (NOBODYS, NOBODYS | {"order_id": "o2"}, case_of(order_id="o2")):
        assert without_id(asked(few.served, case=case)) == without_id(asked(whole, case=case))


def test_the_server_says_which_shards_it_serves(few: Changing) -> None:
    info = few.info()
    assert (info.snapshot_shards, list(info.shards_served), info.snapshot_customers) == (4, [0, 3], 2)


def test_a_snapshot_with_as_many_shards_is_taken_over(few: Changing) -> None:
    write_snapshot(few.folder / "snapshot", as_of=AS_OF + 1, shards=CUT)
    few.look()
    assert few.info().snapshot_id == Snapshot.open(few.folder / "snapshot").id
    assert list(few.info().shards_served) == [0, 3]
    assert refused(lambda: asked(few.served, case=STRANGER)).code == FAILED_PRECONDITION


def test_the_same_snapshot_cut_anew_is_taken_over(few: Changing) -> None:
    write_snapshot(few.folder / "snapshot", shards=7)
    few.look()
    assert (few.info().snapshot_shards, few.info().reloads.taken) == (7, 1)


def test_a_snapshot_without_the_shards_that_were_told_is_refused_and_the_good_one_stays(few: Changing) -> None:
    before = few.info()
    write_snapshot(few.folder / "snapshot", as_of=AS_OF + 1, shards=2)
    few.look()
    (problem,) = few.info().reloads.problems
    assert (problem.code, problem.message) == ("no-shard", "the snapshot has no shard 3; there are 2, 0 to 1")
    assert (few.info().snapshot_id, few.info().snapshot_shards) == (before.snapshot_id, CUT)
    assert asked(few.served).case_id == "c1"


def test_only_the_files_of_its_shards_need_to_be_there(few: Changing) -> None:
    write_snapshot(few.folder / "snapshot", as_of=AS_OF + 1, shards=CUT)
    for shard in (1, 2):
        (Snapshot.open(few.folder / "snapshot", [0]).path / f"customers-000{shard}-of-0004.arrow").unlink()
    few.look()
    assert (few.info().reloads.taken, list(few.info().reloads.problems)) == (1, [])
    assert asked(few.served).case_id == "c1"


def test_a_run_over_a_backlog_reads_all_shards_wherever_it_runs(few: Changing) -> None:
    def ids() -> list[str]:
        upload = {"terms": TERMS, "cases": [case_of(), STRANGER]}
        answers = BacklogServiceStub(few.served.channel).ReprioritizeCases(sent(upload))
        return [row.decision.case_id for each in answers for row in each.rows.rows]

    assert sorted(ids()) == ["c1", "c2"]
    path = Snapshot.open(few.folder / "snapshot").path
    shutil.move(path / "customers-0001-of-0004.arrow", few.folder)
    status = refused(ids)
    assert (status.code, reason(status).reason) == (FAILED_PRECONDITION, "ERROR_REASON_OTHER_SHARD")
    assert "a backlog needs all 4 shards of the snapshot, and shard 1 is not here" in status.message
