"""Calls around a switch: a release is put in place under load, read, compiled and switched to by one server process."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

import grpc

from benchmarks.figures import Figures, figure, middle
from benchmarks.service import a_case
from router.policy.releases import RELEASES
from router.policy.releasing import release
from router.policy.store import shipped_policies
from router.serve.convert.client import case_to_wire
from router.v1 import case_router_service_pb2 as pb
from router.v1.case_router_service_pb2_grpc import CaseRouterServiceStub

POLICY, FIRST = "retail", "1.0.0"
SWITCHES = 5
SECONDS = 3.0
"""Of calls before each switch, and around it."""
SLOW = 10.0
"""Milliseconds from which a call is slow."""


def measure() -> Figures:
    """Slow calls at a switch, and the latencies around it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        with _served(folder / "served") as stub:
            _calls(stub)
            before, around = [], []
            for number in range(1, SWITCHES + 1):
                before.append(_calls(stub)[0])
                _put(folder, f"1.{number}.0")
                times, versions = _calls(stub)
                assert versions[-1] == f"1.{number}.0", versions[-1]
                around.append(times)
    slow, without = ([sum(time > SLOW for time in times) for times in each] for each in (around, before))
    counts = ", ".join(f"{a} ({b})" for a, b in zip(slow, without, strict=True))
    how = (
        f"calls above {SLOW:.0f} ms in {SECONDS:.0f} s around each of {SWITCHES} switches, and in as long before: {counts}; "
        f"the median of the differences; before: {_told(before)}; around: {_told(around)}; one call at a time, {POLICY}"
    )
    added = middle([float(a - b) for a, b in zip(slow, without, strict=True)])
    return {"switch_slow_calls": figure(added, "calls", "<= 1", how)}


def _told(windows: list[list[float]]) -> str:
    times = [time for window in windows for time in window]
    cut = quantiles(times, n=1000)
    return f"median {cut[499]:.2f}, p99 {cut[989]:.2f}, p99.9 {cut[998]:.2f}, most {max(times):.1f} ms"


def _prepare(folder: Path) -> None:
    """Two folders of the policy, one that is served and one where every release was made before."""
    for name in ("served", "made"):
        shutil.copytree(shipped_policies() / POLICY, folder / name / POLICY, ignore=shutil.ignore_patterns("tests"))
    text = (folder / "made" / POLICY / f"{FIRST}.yaml").read_text()
    for number in range(1, SWITCHES + 1):
        version = f"1.{number}.0"
        changed = text.replace(f"version: {FIRST}", f"version: {version}")
        (folder / "made" / POLICY / f"{version}.yaml").write_text(changed)
        release(folder / "made", POLICY, version, effective_from=number, by="a benchmark", note="a switch")
        shutil.copy(folder / "made" / POLICY / RELEASES, folder / f"{version}.releases")


def _put(folder: Path, version: str) -> None:
    """Put a release that was made before in its place, as `policy release` does: its entry last."""
    made, served = folder / "made" / POLICY, folder / "served" / POLICY
    shutil.copy(made / f"{version}.yaml", served)
    shutil.copy(made / "holidays" / f"{version}.txt", served / "holidays")
    (folder / f"{version}.releases").rename(served / RELEASES)


def _calls(stub: CaseRouterServiceStub) -> tuple[list[float], list[str]]:
    """Milliseconds of call after call, and the versions that decided."""
    question = pb.RouteCaseRequest(policy=POLICY, case=case_to_wire(a_case(1)))
    times, versions = [], []
    end = perf_counter() + SECONDS
    while (start := perf_counter()) < end:
        answer = stub.RouteCase(question)
        times.append((perf_counter() - start) * 1000)
        versions.append(answer.decision.provenance.policy_version)
    return times, versions


@contextmanager
def _served(policies: Path) -> Iterator[CaseRouterServiceStub]:
    """A server process of its own."""
    command = [
        sys.executable,
        "-c",
        "from router.cli import main; main()",
        "serve",
        "--port=0",
        "--processes=1",
        f"--policies={policies}",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().rpartition(":")[2].strip()
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield CaseRouterServiceStub(channel)
        finally:
            server.terminate()
