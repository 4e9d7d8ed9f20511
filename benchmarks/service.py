"""The service over gRPC beside calls on the same server that parse the same request and return ready bytes of the same size.

The server has one core, the client (h2load, from Debian's nghttp2-client) another. A ratio is taken from rounds in turn.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figures, figure, middle
from benchmarks.snapshot import AS_OF, customer_id, made_up_snapshot
from router.cases import model as m
from router.compiled import COMPILED
from router.serve.convert.answer import timestamp
from router.serve.convert.client import case_to_wire
from router.time import HOUR, MINUTE
from router.v1 import case_router_service_pb2 as pb
from router.v1 import decision_pb2

CUSTOMERS = 1_000_000
IN_FLIGHT = 32
BATCH = 500
ROUNDS = 31
CALLS, BATCHES = 900, 8
CALLS_OF = "bench.Calls"
"""The service of ``bench_server``: each call as ``plain_route_basic`` and the like."""
BUILT = "compiled" if COMPILED else "not compiled"
VIEWS = {"basic": decision_pb2.VIEW_BASIC, "full": decision_pb2.VIEW_FULL}


def a_case(number: int) -> m.Case:
    """A case of a made-up customer with twelve events: late, chased, contradicted, apologised for with a but, and posted."""
    opened = AS_OF - 64 * HOUR - number % 50 * MINUTE
    events: list[m.What] = [
        m.CustomerContacted("social"),
        m.OwnerAssigned("agent-1"),
        m.StatementMade("delivery", "nobody was in"),
        m.PromiseMade("p1", opened + 25 * HOUR),
        m.CustomerContacted("social"),
        m.CustomerContacted("email"),
        m.OwnerAssigned("agent-2"),
        m.StatementMade("delivery", "address query"),
        m.ApologyGiven("We are sorry, but the courier had a query."),
        m.EvidenceRequested("proof_of_purchase"),
        m.EvidenceReceived("proof_of_purchase"),
        m.PostedPublicly(),
    ]
    timeline = tuple(
        m.Event(opened + index * 5 * HOUR, what, event_id=f"e{index}", agent_id="agent-1")
        for index, what in enumerate(events)
    )
    return m.Case(
        f"case-{number}",
        opened,
        customer_id(number * 7919 % CUSTOMERS),
        "social",
        None,
        "delivery_failed",
        f"O{number * 7919 % CUSTOMERS}",
        m.Money(4999 + number, "GBP"),
        "shop",
        timeline=timeline,
    )


def write_requests(folder: Path) -> None:
    """One request of each kind, framed for gRPC."""
    now = timestamp(AS_OF)
    for name, view in VIEWS.items():
        one = pb.RouteCaseRequest(policy="retail", now=now, view=view, case=case_to_wire(a_case(1)))
        cases = [case_to_wire(a_case(number)) for number in range(BATCH)]
        many = pb.BatchRouteCasesRequest(policy="retail", now=now, view=view, cases=cases)
        for kind, request in (("route", one), ("batch", many)):
            data = request.SerializeToString()
            (folder / f"{kind}_{name}.bin").write_bytes(b"\0" + len(data).to_bytes(4, "big") + data)


def calls_per_second(port: int, path: str, body: Path, calls: int, in_flight: int) -> float:
    """What h2load sees of so many calls, from a core that the server does not have."""
    clients = 4 if in_flight >= 4 else 1
    command = ["h2load", "-n", str(calls), "-c", str(clients), "-m", str(in_flight // clients), "-t", "1", "-d", str(body)]
    command += ["-H", "content-type: application/grpc", "-H", "te: trailers", f"http://127.0.0.1:{port}/{path}"]
    done = subprocess.run(
        ["/usr/bin/env", "taskset", "-c", "1", *command], check=True, capture_output=True, text=True, timeout=300
    ).stdout
    assert f"{calls} succeeded" in done, done
    found = re.search(r"finished in [^,]+, ([0-9.]+) req/s", done)
    assert found is not None, done
    return float(found[1])


MISSING = "not measured: h2load (Debian: apt-get install nghttp2-client), taskset and two cores are needed"


def can_measure() -> bool:
    """Whether what is needed is there."""
    return shutil.which("h2load") is not None and shutil.which("taskset") is not None and (os.cpu_count() or 1) > 1


def measure() -> Figures:
    """The four ratios and the two throughputs."""
    if not can_measure():
        return {name: figure(0, "ratio", bar, MISSING) for name, bar in BARS.items()}
    with served() as (port, folder):
        return _all(port, folder)


@contextmanager
def served() -> Iterator[tuple[int, Path]]:
    """A server on a core of its own; its port, and the folder with the requests."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_requests(folder)
        command = ["taskset", "-c", "0", sys.executable, str(Path(__file__).with_name("bench_server.py"))]
        command += [str(made_up_snapshot(CUSTOMERS)), name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                yield int(server.stdout.readline()), folder
            finally:
                server.terminate()


BARS = {
    "unary_basic_ratio": ">= 0.85",
    "unary_full_ratio": ">= 0.75",
    "batch_basic_per_second": ">= 20000",
    "batch_full_per_second": ">= 8000",
    "batch_basic_ratio": "",
    "batch_full_ratio": "",
}


def _all(port: int, folder: Path) -> Figures:
    found: Figures = {}
    for view in VIEWS:
        ours, theirs = _in_turn(port, folder, "route", view)
        ratio = middle([a / b for a, b in zip(ours, theirs, strict=True)])
        extra = 1e6 / middle(ours) - 1e6 / middle(theirs)
        how = (
            f"RouteCase {middle(ours):,.0f} calls/s, {middle(theirs):,.0f} with ready bytes, {extra:.0f} us more a call; "
            f"{BUILT}, {IN_FLIGHT} in flight, 12 events, {CUSTOMERS:,} customers, "
            f"median of {ROUNDS} rounds of {CALLS:,} in turn"
        )
        name = f"unary_{view}_ratio"
        found[name] = figure(ratio, "ratio", BARS[name], how)
        ours, theirs = _in_turn(port, folder, "batch", view)
        per_second = f"batch_{view}_per_second"
        how = (
            f"BatchRouteCases of {BATCH} distinct cases, {BUILT}, one server process on one core, median of {ROUNDS} rounds"
        )
        found[per_second] = figure(middle(ours) * BATCH, "cases/s", BARS[per_second], how)
        ratio = middle([a / b for a, b in zip(ours, theirs, strict=True)])
        how = f"beside a batch that returns ready bytes, {middle(theirs) * BATCH:,.0f} cases/s"
        found[f"batch_{view}_ratio"] = figure(ratio, "ratio", BARS[f"batch_{view}_ratio"], how)
    return found


def _in_turn(port: int, folder: Path, kind: str, view: str) -> tuple[list[float], list[float]]:
    calls, in_flight = (CALLS, IN_FLIGHT) if kind == "route" else (BATCHES, 2)
    body = folder / f"{kind}_{view}.bin"
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        ours.append(calls_per_second(port, f"{CALLS_OF}/plain_{body.stem}", body, calls, in_flight))
        theirs.append(calls_per_second(port, f"{CALLS_OF}/ready_{body.stem}", body, calls, in_flight))
    return ours, theirs
