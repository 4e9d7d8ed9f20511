"""What the decision log costs: calls on one server with and without it, in turn; and how fast records are decided again."""

from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.figures import Figures, figure, middle
from benchmarks.service import (
    BATCH,
    IN_FLIGHT,
    MISSING,
    SERVICE,
    VIEWS,
    calls_per_second,
    can_measure,
    served,
)
from router.log.decisions import DECISIONS
from router.log.files import frames
from router.log.replay import replay, rows
from router.policy.model import Policy
from router.policy.store import PolicyStore, shipped_policies

ROUNDS, CALLS, BATCHES = 9, 2_000, 10
REPLAYED = 5_000
BAR = "<= 0.1"


def measure() -> Figures:
    """The share of calls per second that the log takes, and records decided again per second."""
    if not can_measure():
        return {name: figure(0, "share", BAR, MISSING) for name in ("log_cost", "log_cost_full")}
    found: Figures = {}
    with served() as (port, folder):
        for view in VIEWS:
            cost, how = _cost(port, "RouteCase", folder / f"route_{view}.bin", CALLS, IN_FLIGHT)
            found["log_cost" if view == "basic" else "log_cost_full"] = figure(cost, "share", BAR, how)
            cost, how = _cost(port, "BatchRouteCases", folder / f"batch_{view}.bin", BATCHES, 2)
            found[f"log_cost_batch_{view}"] = figure(cost, "share", "", f"{how}; {BATCH} cases a batch")
        found["replay_per_second"] = _replayed(folder / "log")
    return found


def _cost(port: int, method: str, body: Path, calls: int, in_flight: int) -> tuple[float, str]:
    """One minus the ratio of calls per second, the median of rounds in turn."""
    shares, plain, logged = [], [], []
    for _ in range(ROUNDS):
        plain.append(calls_per_second(port, f"{SERVICE}/{method}", body, calls, in_flight))
        logged.append(calls_per_second(port, f"bench.Logged/{method}", body, calls, in_flight))
        shares.append(1 - logged[-1] / plain[-1])
    how = (
        f"{method} {middle(plain):,.0f} calls/s without and {middle(logged):,.0f} with a log, "
        f"{1e6 / middle(logged) - 1e6 / middle(plain):.0f} us more a call; median of {ROUNDS} rounds of {calls:,} in turn"
    )
    return middle(shares), how


def _replayed(log: Path) -> dict[str, Any]:
    """Records of the log decided again and compared, one by one."""
    store = PolicyStore.open(shipped_policies(), drafts=True)
    records = list(islice(rows(frames(log, DECISIONS)), REPLAYED))

    def policy(name: str, version: str) -> Policy:
        return store.get(name, version, 0)

    replay(records[:1], policy)
    start = perf_counter()
    done = replay(records, policy)
    seconds = perf_counter() - start
    assert (done.records, done.differing, done.unknown) == (len(records), 0, {})
    how = f"{len(records):,} records of the full and the basic view, row back end, one process, compared field by field"
    return figure(len(records) / seconds, "records/s", "", how)
