"""What the decision log costs: calls on one server with and without it, in turn; and how fast records are decided again."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import polars as pl

from benchmarks.figures import Figures, figure, middle
from benchmarks.service import (
    BATCH,
    CALLS_OF,
    CUSTOMERS,
    IN_FLIGHT,
    MISSING,
    VIEWS,
    a_case,
    calls_per_second,
    can_measure,
    served,
)
from benchmarks.snapshot import AS_OF, made_up_snapshot
from router.crm.snapshot import Snapshot
from router.decide.decider import Decider
from router.log.compact import compact
from router.log.decisions import DECISIONS, open_log
from router.log.files import frames
from router.log.key import Key
from router.log.layout import LAYOUT_NAME
from router.log.record import Manner
from router.log.replay import replay, replay_rows, rows
from router.policy.model import Policy
from router.policy.store import PolicyStore, shipped_policies
from router.time import MINUTE

ROUNDS, CALLS, BATCHES = 41, 450, 3
RECORDS, REPLAYED = 200_000, 2_000
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
    return found | _replayed()


def _cost(port: int, method: str, body: Path, calls: int, in_flight: int) -> tuple[float, str]:
    """One minus the ratio of calls per second, the median of rounds in turn."""
    shares, plain, logged = [], [], []
    for _ in range(ROUNDS):
        plain.append(calls_per_second(port, f"{CALLS_OF}/plain_{body.stem}", body, calls, in_flight))
        logged.append(calls_per_second(port, f"{CALLS_OF}/logged_{body.stem}", body, calls, in_flight))
        shares.append(1 - logged[-1] / plain[-1])
    how = (
        f"{method} {middle(plain):,.0f} calls/s without and {middle(logged):,.0f} with a log, "
        f"{1e6 / middle(logged) - 1e6 / middle(plain):.0f} us more a call; median of {ROUNDS} rounds of {calls:,} in turn"
    )
    return middle(shares), how


def _replayed() -> Figures:
    """Records decided again and compared: sealed files as columns, lines as columns, and one by one."""
    store = PolicyStore.open(shipped_policies(), drafts=True)

    def policy(name: str, version: str) -> Policy:
        return store.get(name, version, AS_OF)

    def again(records: Iterable[pl.DataFrame], count: int) -> float:
        start = perf_counter()
        done = replay(records, policy)
        assert (done.records, done.differing, done.unknown) == (count, 0, {})
        return perf_counter() - start

    sealed, lines = (made_up_log(store.get("retail", "", AS_OF), kept) for kept in ("sealed", "lines"))
    first = next(frames(sealed, DECISIONS))
    again([first.head(1)], 1)
    seconds, of_lines = again(frames(sealed, DECISIONS), RECORDS), again(frames(lines, DECISIONS), RECORDS)
    few = list(islice(rows([first]), REPLAYED))
    start = perf_counter()
    assert replay_rows(few, policy).differing == 0
    one_by_one = len(few) / (perf_counter() - start)
    how = (
        f"{RECORDS:,} records of both views, up to 12 events each, frame back end, reading and comparing every column "
        f"included: {seconds:.1f} s from sealed files, {of_lines:.1f} s from lines; one by one {one_by_one:,.0f}/s"
    )
    return {
        "replay_per_second": figure(RECORDS / seconds, "records/s", "", how),
        "replay_million": figure(
            seconds * 1_000_000 / RECORDS, "s", "<= 60", "a million records from sealed files, from the figure above"
        ),
    }


def made_up_log(policy: Policy, kept: str) -> Path:
    """A log of made-up decisions, kept in ``build``, its files sealed or as they were written."""
    folder = Path(__file__).parents[1] / "build" / f"log-{RECORDS}-{policy.digest[:12]}-{LAYOUT_NAME}-{kept}"
    if folder.is_dir():
        return folder
    decider = Decider(policy, Snapshot.open(made_up_snapshot(CUSTOMERS)))
    key = Key(b"the key of a benchmark")
    with TemporaryDirectory(dir=folder.parent) as name:
        log = open_log(Path(name) / "log", Manner(key))
        for number in range(RECORDS):
            case = a_case(number)
            some = tuple(event for place, event in enumerate(case.timeline) if number * 2_654_435_761 >> place & 3)
            now = AS_OF + number % 100_000 * MINUTE // 10
            decision = decider.decide(case._replace(timeline=some), b"%d" % number, now, full=number % 2 == 0)
            log.decisions.writer.append([log.line(decision, AS_OF)], AS_OF)
        log.close()
        if kept == "sealed":
            compact(Path(name) / "log", key)
        (Path(name) / "log").rename(folder)
    return folder
