"""The server as a process: how it starts, what it offers beside its calls, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from router.v1 import case_router_service_pb2 as pb
from router.v1.case_router_service_pb2_grpc import CaseRouterServiceStub
from tests.serve.shop import case_of, request, write_policies, write_snapshot

COMMAND = [sys.executable, "-c", "from router.cli import main; main()", "serve"]
SERVICE, BACKLOGS = "router.v1.CaseRouterService", "router.v1.BacklogService"
PATIENCE = 60
"""Seconds after which a process that does not end fails its test."""


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def channel(self) -> grpc.Channel:
        """A new connection."""
        alone = (("grpc.use_local_subchannel_pool", 1),)
        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=alone)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def children(self) -> list[int]:
        """Its processes, those that only keep its house left out."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in listed if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASE_ROUTER_")}
    return kept | {"PYTHONUNBUFFERED": "1"} | more


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shop")
    write_policies(made / "policies")
    write_snapshot(made / "snapshot")
    return made


@contextmanager
def running(folder: Path, *options: str, **more: str) -> Iterator[Running]:
    """A server over the shop on a free port; ended at the end, however that comes."""
    wanted = [*COMMAND, "--port=0", f"--policies={folder / 'policies'}", f"--snapshot={folder / 'snapshot'}", *options]
    with subprocess.Popen(
        wanted, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.fullmatch(r"serving on 127\.0\.0\.1:(\d+)\n", said)
            assert found is not None, said or (process.stderr and process.stderr.read())
            yield Running(process, int(found[1]))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    with running(folder, "--processes=1") as found:
        yield found


# what it offers


def health(channel: grpc.Channel) -> Any:  # noqa: ANN401 - the package has no types for it
    return health_pb2_grpc.HealthStub(channel)


def reflected(channel: grpc.Channel, *asked: reflection_pb2.ServerReflectionRequest) -> list[Any]:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    return list(stub.ServerReflectionInfo(iter(asked)))


def test_it_decides_cases(server: Running) -> None:
    with server.channel() as channel:
        assert CaseRouterServiceStub(channel).RouteCase(request()).decision.tier.name == "gold"


@pytest.mark.parametrize("service", ["", SERVICE, BACKLOGS])
def test_it_is_healthy_as_a_whole_and_service_by_service(server: Running, service: str) -> None:
    with server.channel() as channel:
        found = health(channel).Check(health_pb2.HealthCheckRequest(service=service))
    assert found.status == health_pb2.HealthCheckResponse.SERVING


def test_of_a_service_that_it_has_not_it_says_so(server: Running) -> None:
    asked = health_pb2.HealthCheckRequest(service="router.v1.Other")
    with server.channel() as channel:
        assert refused(lambda: health(channel).Check(asked)) is grpc.StatusCode.NOT_FOUND


def test_its_contract_can_be_asked_for(server: Running) -> None:
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
    ]
    with server.channel() as channel:
        listed, file = reflected(channel, *asked)
    assert {service.name for service in listed.list_services_response.service} >= {
        SERVICE,
        BACKLOGS,
        "grpc.health.v1.Health",
    }
    assert any(b"RouteCaseRequest" in each for each in file.file_descriptor_response.file_descriptor_proto)


def test_a_call_that_it_does_not_have_is_unimplemented(server: Running) -> None:
    with server.channel() as channel:
        call: Any = channel.unary_unary(f"/{SERVICE}/Nonsense")
        assert refused(lambda: call(b"")) is grpc.StatusCode.UNIMPLEMENTED


# how it ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_well(folder: Path, number: signal.Signals) -> None:
    with running(folder, "--processes=1") as found:
        found.process.send_signal(number)
        assert found.process.wait(PATIENCE) == 0
        with found.channel() as channel:
            assert refused(lambda: CaseRouterServiceStub(channel).RouteCase(request())) is grpc.StatusCode.UNAVAILABLE


def test_running_calls_end_and_new_ones_are_refused(folder: Path) -> None:
    with running(folder, "--processes=1") as found, found.channel() as channel, found.channel() as later:
        go_on = Event()

        def requests() -> Iterator[pb.StreamRouteCasesRequest]:
            yield pb.StreamRouteCasesRequest(request=request())
            go_on.wait(PATIENCE)
            yield pb.StreamRouteCasesRequest(request=request(case_of(case_id="last")))

        watch = health(channel).Watch(health_pb2.HealthCheckRequest(service=SERVICE))
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        answers = CaseRouterServiceStub(channel).StreamRouteCases(requests())
        assert next(answers).decision.case_id == "c1"
        found.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        assert refused(lambda: CaseRouterServiceStub(later).RouteCase(request())) is grpc.StatusCode.UNAVAILABLE
        go_on.set()
        assert [answer.decision.case_id for answer in answers] == ["last"]
        assert found.process.wait(PATIENCE) == 0


def test_a_call_that_does_not_end_is_cut_off_after_the_grace(folder: Path) -> None:
    with running(folder, "--processes=1", CASE_ROUTER_GRACE_SECONDS="0.2") as found, found.channel() as channel:
        go_on = Event()

        def requests() -> Iterator[pb.StreamRouteCasesRequest]:
            yield pb.StreamRouteCasesRequest(request=request())
            go_on.wait(PATIENCE)

        answers = CaseRouterServiceStub(channel).StreamRouteCases(requests())
        next(answers)
        assert found.stop() == 0
        assert refused(lambda: next(answers)) in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        go_on.set()


def refused(call: Callable[[], object]) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as info:
        call()
    found: grpc.StatusCode = info.value.code()
    return found


# several processes


def listening(pid: int, port: int) -> bool:
    """Whether a process has a socket of its own that listens on the port."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    sockets = {line[9] for line in lines if line[3] == "0A" and int(line[1].rpartition(":")[2], 16) == port}
    held = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            held.add(link.readlink().name)
    return any(f"socket:[{inode}]" in held for inode in sockets)


def test_several_processes_share_one_port_and_end_together(folder: Path) -> None:
    with running(folder, "--processes=2") as found:
        workers = found.children()
        assert len(workers) == 2
        assert all(listening(pid, found.port) for pid in workers)
        answers = []
        for _ in range(8):
            with found.channel() as channel:
                answers.append(CaseRouterServiceStub(channel).RouteCase(request()))
        assert all(answer == answers[0] for answer in answers)
        assert found.stop() == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_one_that_dies_ends_all_and_that_is_a_failure(folder: Path) -> None:
    with running(folder, "--processes=2") as found:
        first, second = found.children()
        os.kill(first, signal.SIGKILL)
        assert found.process.wait(PATIENCE) != 0
        assert not Path(f"/proc/{second}").exists()
        assert found.process.stderr is not None
        assert "ended with -9" in found.process.stderr.read()


def test_processes_whose_parent_is_killed_end_by_themselves(folder: Path) -> None:
    with running(folder, "--processes=2") as found:
        workers = found.children()
        os.kill(found.process.pid, signal.SIGKILL)
        found.process.wait(PATIENCE)
        until = monotonic() + PATIENCE
        while (left := [pid for pid in workers if alive(pid)]) and monotonic() < until:
            sleep(0.05)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left


def alive(pid: int) -> bool:
    """Whether a process still runs; one that nobody has taken note of yet does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_stop_while_the_processes_still_start_reaches_them_all(folder: Path) -> None:
    wanted = [*COMMAND, "--port=0", f"--policies={folder / 'policies'}", "--processes=3"]
    with subprocess.Popen(wanted, env=environment(), stdout=subprocess.DEVNULL, text=True) as process:
        found = Running(process, 0)
        until = monotonic() + PATIENCE
        while not (workers := found.children()) and monotonic() < until:
            sleep(0.001)
        assert workers
        found.stop()
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_port_where_another_server_listens_is_refused(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for processes in (1, 2):
            options = [f"--port={port}", f"--processes={processes}", f"--policies={folder / 'policies'}"]
            ended = subprocess.run([*COMMAND, *options], env=environment(), capture_output=True, text=True, check=False)
            assert (ended.returncode, ended.stdout) == (2, "")
            assert f"cannot listen on 127.0.0.1:{port}; is another server there? Choose another port" in ended.stderr
