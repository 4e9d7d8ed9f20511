"""A backlog decided as columns, beside what Polars and DuckDB need for the bare work on the same files.

Each run is a process of its own that reads files and writes one, in rounds in turn. The data are made up, always the same,
and kept under ``build/``.

``python -m benchmarks.bulk KIND CASES`` is one run: it prints the seconds from the first read to the last write, the peak
memory, and a digest of what was written.
"""

import json
import sys
from collections.abc import Callable
from math import log
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from subprocess import run
from time import perf_counter
from typing import Any

import duckdb
import polars as pl

from benchmarks.bulk_data import NOW, made_up_backlog
from benchmarks.bulk_policy import policy_text
from benchmarks.figures import Figures, figure, middle
from benchmarks.snapshot import AS_OF, made_up_snapshot
from router.bulk.engine import Run
from router.bulk.reading import case_frame, event_frame, read_backlog
from router.bulk.run import reprioritize
from router.crm.shards import CUSTOMERS
from router.crm.snapshot import Snapshot
from router.facts import CUSTOMER_FACTS
from router.frame.customers import of_snapshot
from router.frame.decide import FrameDecider
from router.policy.compile import compile_policy
from router.policy.model import Policy
from router.policy.sql import select
from router.policy.store import read_policy

ROOT = Path(__file__).parents[1] / "build" / "bulk"
CASES, TIMELINES, EVENTS_PER_CASE = 5_000_000, 1_000_000, 10
QUEUE = 200_000
WITH_EVENTS = frozenset({"timelines", "group", "queue"})
SERIES = (100_000, 1_000_000, 10_000_000)
ROUNDS = 3
WANTED = ("score", "band", "tier", "recompense_total", "level")
"""What is written beside the case id: three texts and two whole numbers."""
DECLARED = ("delivery_failed", "damaged", "faulty", "question", "delivery_late", "wrong_item")


def data(cases: int, events_per_case: int) -> tuple[Path, Path, Path]:
    """The folder of a backlog and of its customers, as many as cases; and the customers as Parquet, which DuckDB reads."""
    folder = ROOT / f"{cases}x{events_per_case}"
    if not (folder / "done").exists():
        made_up_backlog(folder, cases, events_per_case, cases)
        (folder / "done").touch()
    snapshot = made_up_snapshot(cases)
    flat = ROOT / f"customers-{cases}.parquet"
    if not flat.exists():
        of_snapshot(Snapshot.open(snapshot)).rows.sink_parquet(flat)
    return folder, snapshot, flat


# one run


def ours(folder: Path, snapshot: Path, out: Path, *, timelines: bool) -> None:
    """The frame back end, from the files of the backlog and the mapped snapshot."""
    policy = _policy(timelines=timelines)
    events = [str(folder / "events.parquet")] if timelines else []
    backlog = read_backlog([str(folder / "cases.parquet")], events, policy)
    cases = case_frame(backlog.cases, policy)
    frame = None if backlog.events is None else event_frame(backlog.events, policy)
    decider = FrameDecider(policy, of_snapshot(Snapshot.open(snapshot)))
    decider.decide(cases, frame, NOW, ("case_id", *WANTED), enums=True).sink_parquet(out)


def _policy(*, timelines: bool) -> Policy:
    if timelines:
        return read_policy(Path(__file__).parents[1] / "policies" / "retail" / "1.0.0.yaml")
    return compile_policy(policy_text(), "sixty")


def sorted_queue(folder: Path, snapshot: Path, out: Path) -> None:
    """What ``case-router reprioritize`` does: every column of every decision, in the order of the queue, in one file."""
    tables = [str(folder / "cases.parquet")], [str(folder / "events.parquet")]
    reprioritize(Run(*tables, _policy(timelines=True), of_snapshot(Snapshot.open(snapshot)), NOW, out))


def bare_join(folder: Path, snapshot: Path, out: Path) -> None:
    """Polars joins the same files and writes as many columns of the same types."""
    customers = pl.scan_ipc(Snapshot.open(snapshot).files(CUSTOMERS))
    joined = pl.scan_parquet(folder / "cases.parquet").join(customers, on="customer_id", how="left")
    whole = pl.col("customer.orders").fill_nan(0).fill_null(0).cast(pl.Int64)
    joined.select("case_id", pl.col("opened_at").to_physical(), "channel", "issue", whole, "customer.plan").sink_parquet(out)


def duckdb_plan(folder: Path, flat: Path, out: Path) -> None:
    """DuckDB runs the same plan as SQL over the same tables."""
    policy = _policy(timelines=False)
    results = ["score", "band", "tier", "recompense.total", "level"]
    reads = sorted(policy.plan.only(results).reads())
    facts = {fact.name: fact for fact in CUSTOMER_FACTS}
    given = {
        "case.issue": f"CASE WHEN issue IN {DECLARED} THEN issue END",
        "case.channel": "channel",
        "case.value_at_stake": "CASE WHEN value_currency = 'GBP' THEN floor(value_amount * 100 + 0.500001) / 100 END",
        "case.age_hours": f"({NOW} - epoch_us(opened_at)) / 3.6e9",
        "case.adverse_action": "FALSE",
        "customer.known": 'coalesce("customer.known", FALSE)',
        **dict.fromkeys(("engine.waiting_hours", "engine.goodwill_offered", "engine.goodwill_since"), "0.0::DOUBLE"),
        "engine.refund_offered": "0.0::DOUBLE",
    }
    for name in reads:
        if name not in given:
            moves = facts[name].moves
            given[name] = f'(round("{name}" * {moves}) + {NOW - AS_OF}) / {moves}' if moves else f'"{name}"'
    columns = ", ".join(f'{given[name]} AS "f {name}"' for name in reads)
    renamed = ", ".join(f'"f {name}" AS "{name}"' for name in reads)
    joined = (
        f"(SELECT case_id, {renamed} FROM (SELECT case_id, {columns} FROM read_parquet('{folder / 'cases.parquet'}') "  # noqa: S608 - names from above
        f"LEFT JOIN read_parquet('{flat}') USING (customer_id)))"
    )
    made = select(policy.plan, ["case_id", *results], joined, reads)
    amount = '"recompense.total"::BIGINT AS recompense_total'
    query = f"SELECT case_id, score::BIGINT AS score, band, tier, {amount}, level FROM ({made})"  # noqa: S608 - names from above
    duckdb.execute("SET threads = 2; SET preserve_insertion_order = false")
    duckdb.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")


def bare_group(folder: Path, _: Path) -> None:
    """Polars scans, sorts and groups all columns of the events; nothing is written."""
    events = pl.scan_parquet(folder / "events.parquet").sort("case_id", "at", "sequence")
    grouped = events.group_by("case_id").agg(pl.all()).collect(engine="streaming")
    assert grouped.height > 0


def digest(out: Path) -> list[Any]:
    """What a run wrote, order aside: rows, and the sum of a hash of each."""
    if not out.exists():
        return []
    frame = pl.scan_parquet(out)
    names = [name for name in ("case_id", *WANTED) if name in frame.collect_schema()]
    row = frame.select(pl.struct(pl.col(name).cast(pl.String) for name in names).hash() % (1 << 40))
    return list(row.select(pl.len(), pl.all().sum().alias("sum")).collect(engine="streaming").row(0))


def one(kind: str, cases: int) -> dict[str, Any]:
    """One run of a kind."""
    events = EVENTS_PER_CASE if kind in WITH_EVENTS else 0
    folder, snapshot, flat = data(cases, events)
    out = ROOT / f"{kind}.parquet"
    runs: dict[str, Callable[[], None]] = {
        "ours": lambda: ours(folder, snapshot, out, timelines=False),
        "join": lambda: bare_join(folder, snapshot, out),
        "duckdb": lambda: duckdb_plan(folder, flat, out),
        "timelines": lambda: ours(folder, snapshot, out, timelines=True),
        "group": lambda: bare_group(folder, out),
        "queue": lambda: sorted_queue(folder, snapshot, out),
    }
    pl.LazyFrame({"": [0]}).collect(engine="streaming")  # which starts the threads
    start = perf_counter()
    runs[kind]()
    seconds = perf_counter() - start
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1000  # of a parent that is small
    return {"seconds": seconds, "peak_mb": peak, "digest": digest(out)}


# all runs


def measure() -> Figures:
    """The ratios, the growth and the peak."""
    found = _ratios(CASES, ("ours", "join", "duckdb"))
    plain, theirs, sql = found["ours"], found["join"], found["duckdb"]
    assert plain[0]["digest"] == sql[0]["digest"], "DuckDB decides otherwise"
    rows = (
        f"{CASES:,} cases and customers, 60 rules, six columns (tier, band, level as Enums, which are texts in the file), "
        f"from files to a file, median of {ROUNDS} rounds in turn"
    )
    told = {name: middle([each["seconds"] for each in runs]) for name, runs in found.items()}
    figures = {
        "bulk_join_ratio": figure(
            _ratio(plain, theirs), "x", "<= 2", f"{told['ours']:.1f} s, a bare join {told['join']:.1f} s; {rows}"
        ),
        "bulk_duckdb_ratio": figure(
            _ratio(plain, sql), "x", "<= 1", f"DuckDB with the same plan as SQL {told['duckdb']:.1f} s; the same answers"
        ),
        "bulk_peak_mb": figure(max(each["peak_mb"] for each in plain), "MB", "", "peak of the process that decides them"),
    }
    found = _ratios(TIMELINES, ("timelines", "group"))
    told = {name: middle([each["seconds"] for each in runs]) for name, runs in found.items()}
    how = (
        f"{told['timelines']:.1f} s with the retail policy; a bare scan, sort and group of all event columns "
        f"{told['group']:.1f} s; {TIMELINES:,} cases with {EVENTS_PER_CASE} events each"
    )
    figures["timeline_ratio"] = figure(_ratio(found["timelines"], found["group"]), "x", "<= 2.5", how)
    whole = middle([_run("queue", QUEUE)["seconds"] for _ in range(ROUNDS)])
    how = (
        f"case-router reprioritize from files to a file, every column, in order: {QUEUE:,} cases with {EVENTS_PER_CASE} "
        f"events each, the retail policy; {60 * QUEUE / whole:,.0f} cases a minute"
    )
    figures["queue_seconds"] = figure(whole, "s", "", how)
    seconds = [middle([_run("ours", cases)["seconds"] for _ in range(ROUNDS)]) for cases in SERIES]
    series = ", ".join(f"{cases:,}: {each:.2f} s" for cases, each in zip(SERIES, seconds, strict=True))
    exponent = log(seconds[-1] / seconds[0]) / log(SERIES[-1] / SERIES[0])
    figures["growth_exponent"] = figure(exponent, "", "<= 1.1", f"cases and as many customers: {series}")
    return figures


def _ratios(cases: int, kinds: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind in kinds:
            found[kind].append(_run(kind, cases))
    return found


def _run(kind: str, cases: int) -> dict[str, Any]:
    data(cases, EVENTS_PER_CASE if kind in WITH_EVENTS else 0)
    command = [sys.executable, "-m", "benchmarks.bulk", kind, str(cases)]
    done = run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _ratio(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> float:
    return middle([a["seconds"] / b["seconds"] for a, b in zip(ours, theirs, strict=True)])


if __name__ == "__main__":
    print(json.dumps(one(sys.argv[1], int(sys.argv[2]))))
