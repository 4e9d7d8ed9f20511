"""The server of the demo: ``case-router serve`` in a process of its own, asked over gRPC like by any platform."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import grpc

from router.cases.model import Case
from router.cli.demo.ending import Ending
from router.errors import Problem, SettingsError
from router.serve.convert.answer import timestamp
from router.serve.convert.client import case_to_wire
from router.serve.settings import PREFIX
from router.v1.case_router_service_pb2 import GetServerInfoRequest, GetServerInfoResponse, RouteCaseRequest
from router.v1.case_router_service_pb2_grpc import CaseRouterServiceStub
from router.v1.decision_pb2 import VIEW_FULL, Decision

PATIENCE = 60
"""Seconds that the server gets to start, and to stop, before it is killed."""
_COMMAND = (sys.executable, "-P", "-c", "from router.cli import main; main()", "serve")


@dataclass(frozen=True, slots=True)
class Question:
    """A case to send, the time to decide it for, and in words who the customer is and what is known of them."""

    case: Case
    now: int
    who: str
    past: str = ""
    made_up: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its process, its address, and a stub to ask it."""

    process: "subprocess.Popen[str]"
    address: str
    stub: CaseRouterServiceStub

    def info(self) -> GetServerInfoResponse:
        """What it runs by."""
        return self.stub.GetServerInfo(GetServerInfoRequest())

    def decide(self, policy: str, question: Question) -> Decision:
        """Its decision about one case, with everything."""
        case, now = case_to_wire(question.case), timestamp(question.now)
        return self.stub.RouteCase(RouteCaseRequest(policy=policy, now=now, view=VIEW_FULL, case=case)).decision


@contextmanager
def serving(snapshot: Path, log: Path, ending: Ending) -> Iterator[Server]:
    """A server over a snapshot, on a free port of this machine; it is told to stop in the end, whatever happens.

    What it says goes to ``log``. Raises ``SettingsError`` if it does not start.
    """
    command = [*_COMMAND, "--host", "127.0.0.1", "--port", "0", "--processes", "1", "--snapshot", str(snapshot)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with log.open("w", encoding="utf-8") as said, ExitStack() as stack:
        with ending.held():
            process = subprocess.Popen(  # noqa: S603 - our own command
                command, env=environment, stdout=subprocess.PIPE, stderr=said, text=True
            )
            stack.callback(_stop, process)
        address = _address(process, log)
        with grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(PATIENCE)
            yield Server(process, address, CaseRouterServiceStub(channel))


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    """Where it listens: the first thing that it says."""
    late = Timer(PATIENCE, process.kill)
    late.daemon = True  # it keeps nobody from leaving
    try:
        late.start()
        line = process.stdout.readline() if process.stdout else ""
    finally:
        late.cancel()
    found = re.fullmatch(r"serving on (\S+:\d+)\n", line)
    if found is None:
        said = f"the server did not start: {line}{log.read_text(encoding='utf-8')}"
        raise SettingsError([Problem("server-not-started", said.strip())])
    return found[1]


def _stop(process: "subprocess.Popen[str]") -> None:
    with process:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
