"""A server that is killed under load: every decision that a client received is in the log, and can be made again."""

import os
import signal
import threading
from pathlib import Path

import grpc
import pytest

from router.log.decisions import DECISIONS
from router.log.files import frames
from router.log.replay import replay, rows
from router.policy.store import PolicyStore
from router.v1.case_router_service_pb2_grpc import CaseRouterServiceStub
from tests.log.records import SECRET
from tests.serve.shop import batch, case_of, request, write_policies, write_snapshot
from tests.serve.test_server import PATIENCE, Running, running

KILLS = int(os.environ.get("CASE_ROUTER_TEST_KILLS", "5"))
"""How often; `make test-kills` says fifty."""
CLIENTS = 3


def received(server: Running, number: int, found: set[str], enough: threading.Event) -> None:
    """Ask until the server is gone; ``found`` has the ids of the decisions that came."""
    with server.channel() as channel:
        stub = CaseRouterServiceStub(channel)
        for turn in range(1_000_000):
            cases = [case_of(case_id=f"c{number}-{turn}-{place}") for place in range(3)]
            try:
                if turn % 4:
                    found.add(stub.RouteCase(request(cases[0]), timeout=PATIENCE).decision.provenance.decision_id)
                else:
                    results = stub.BatchRouteCases(batch(*cases), timeout=PATIENCE).results
                    found.update(each.decision.provenance.decision_id for each in results)
            except grpc.RpcError:
                return
            if len(found) > 8 * CLIENTS:
                enough.set()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shop")
    write_policies(made / "policies")
    write_snapshot(made / "snapshot")
    return made


@pytest.mark.parametrize("durability", ["system", "sync"])
def test_every_decision_that_a_client_received_is_in_the_log(folder: Path, tmp_path: Path, durability: str) -> None:
    log = tmp_path / "log"
    kills = KILLS if durability == "system" else 1
    found: set[str] = set()
    for kill in range(kills):
        options = ["--processes=1", f"--log={log}", f"--log-durability={durability}"]
        with running(folder, *options, CASE_ROUTER_LOG_KEY=SECRET) as server:
            before, enough = len(found), threading.Event()
            new: set[str] = set()
            numbers = range(kill * CLIENTS, (kill + 1) * CLIENTS)
            clients = [threading.Thread(target=received, args=(server, number, new, enough)) for number in numbers]
            for client in clients:
                client.start()
            assert enough.wait(PATIENCE)
            server.process.send_signal(signal.SIGKILL)
            for client in clients:
                client.join()
            found |= new
            assert len(found) > before
    records = list(rows(frames(log, DECISIONS)))
    assert found <= {record["decision_id"] for record in records}
    store = PolicyStore.open(folder / "policies", drafts=True)
    again = replay(frames(log, DECISIONS), lambda name, version: store.get(name, version, 0))
    assert (again.records, again.differences, again.unknown) == (len(records), [], {})
