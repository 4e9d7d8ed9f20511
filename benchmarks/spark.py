"""A backlog decided on a cluster of this machine, beside the bare join, sort and write of the same files by Spark.

``python -m benchmarks.spark KIND CASES EXECUTORS`` is one run in a process of its own: it prints the seconds from the first
read to the last write, what all its processes had of the cores (other work on the machine disturbs that less), and the
seconds in the frame back end and between Spark and Python, added up over the executors.
``CASE_ROUTER_BENCH_SPARK_CASES`` and ``CASE_ROUTER_BENCH_SPARK_ROUNDS`` make a smaller try of it.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import run
from time import perf_counter
from typing import Any

from benchmarks.bulk import EVENTS_PER_CASE, ROOT, data
from benchmarks.figures import Figures, figure, middle

CASES = int(os.environ.get("CASE_ROUTER_BENCH_SPARK_CASES", "1000000"))
ROUNDS = int(os.environ.get("CASE_ROUTER_BENCH_SPARK_ROUNDS", "3"))
COLUMNS = 33
"""So many columns has a queue."""


def one(kind: str, cases: int, executors: int) -> dict[str, float]:
    """One run of a kind, after Spark has warmed up."""
    import pyspark  # noqa: PLC0415 - an extra

    from router.spark.session import spark_session  # noqa: PLC0415 - an extra

    os.environ |= {"SPARK_HOME": str(Path(pyspark.__file__).parent), "SPARK_LOCAL_IP": "127.0.0.1"}
    os.environ["SPARK_WORKER_DIR"] = str(ROOT / "work")
    folder, snapshot, flat = data(cases, EVENTS_PER_CASE)
    out = ROOT / f"spark-{kind}.parquet"
    with spark_session(f"local-cluster[{executors},1,1024]") as spark:
        spark.range(0, 1000, 1, executors).mapInArrow(lambda batches: batches, "id long").collect()
        start, before = perf_counter(), core_seconds()
        found = ours(spark, folder, snapshot, out) if kind == "ours" else bare(spark, folder, flat, out)
        return {"seconds": perf_counter() - start, "core_seconds": core_seconds() - before, **found}


def core_seconds() -> float:
    """What this process and those that it began, directly or not, had of the cores; an ended one counts with who waited."""
    stats = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = entry.read_text(encoding="utf-8").rpartition(")")[2].split()
            stats[int(entry.parent.name)] = int(words[1]), sum(map(int, words[11:15]))

    def ours(process: int) -> bool:
        return process == os.getpid() or (process in stats and ours(stats[process][0]))

    return sum(ticks for process, (_, ticks) in stats.items() if ours(process)) / os.sysconf("SC_CLK_TCK")


def ours(spark: Any, folder: Path, snapshot: Path, out: Path) -> dict[str, float]:  # noqa: ANN401 - of an extra
    """The queue, with all that belongs to it. Gives back where the seconds of the executors went."""
    from benchmarks.bulk_data import NOW  # noqa: PLC0415 - only what a run needs
    from router.bulk import run as bulk  # noqa: PLC0415 - only what a run needs
    from router.bulk.engine import Run  # noqa: PLC0415 - only what a run needs
    from router.cli.cluster import policy_text  # noqa: PLC0415 - only what a run needs
    from router.cli.reprioritize import customers_of  # noqa: PLC0415 - only what a run needs
    from router.policy.store import read_policy  # noqa: PLC0415 - only what a run needs
    from router.spark.customers import published  # noqa: PLC0415 - only what a run needs
    from router.spark.run import Cluster  # noqa: PLC0415 - only what a run needs
    from router.spark.snapshot import stored  # noqa: PLC0415 - only what a run needs

    file = Path(__file__).parents[1] / "policies" / "retail" / "1.0.0.yaml"
    policy = read_policy(file)
    known = published(customers_of(None, policy), stored(spark, str(snapshot)), policy)
    cluster = Cluster(spark, policy_text(str(file), Path(), policy), known)
    tables = ([str(folder / "cases.parquet")], [str(folder / "events.parquet")])
    result = bulk.reprioritize(Run(*tables, policy, known.customers, NOW, out), cluster)
    assert len(result.manifest["output"]["columns"]) == COLUMNS
    return {"frame": cluster.seconds.read + cluster.seconds.decided, "handed": cluster.seconds.handed}


def bare(spark: Any, folder: Path, flat: Path, out: Path) -> dict[str, float]:  # noqa: ANN401 - of an extra
    """Spark joins cases to customers, groups their events beside them, sorts, and writes as many columns."""
    from pyspark.sql import functions as f  # noqa: PLC0415 - an extra

    cases = spark.read.parquet(str(folder / "cases.parquet"))
    customers = spark.read.parquet(str(flat))
    events = spark.read.parquet(str(folder / "events.parquet"))
    quoted = [f"`{name}`" for name in customers.columns]
    customers = customers.select(*(f.col(name).alias(f"customer {n}") for n, name in enumerate(quoted)))
    last = [f.max_by(name, "at").alias(f"last {name}") for name in events.columns if name != "case_id"]
    folded = events.groupBy("case_id").agg(*last)
    joined = cases.join(customers, cases.customer_id == customers["customer 0"], "left").join(folded, "case_id", "left")
    chosen = joined.select(*joined.columns[:5], *joined.columns[-COLUMNS + 5 :])
    assert len(chosen.columns) == COLUMNS
    chosen.sort("opened_at", "case_id").write.mode("overwrite").option("compression", "zstd").parquet(str(out))
    return {}


def measure() -> Figures:
    """The ratio, and where the time goes."""
    data(CASES, EVENTS_PER_CASE)
    pairs = [(_run("ours", 2), _run("bare", 2)) for _ in range(ROUNDS)]
    alone = _run("ours", 1)
    seconds, theirs = (middle([each["seconds"] for each in kind]) for kind in zip(*pairs, strict=True))
    frame, handed = (middle([a[part] / 2 / a["seconds"] for a, _ in pairs]) for part in ("frame", "handed"))
    how = (
        f"{seconds:.1f} s, Spark's own join, sort and write of as many columns {theirs:.1f} s; {CASES:,} cases with "
        f"{EVENTS_PER_CASE} events each and as many customers, two executors, median of {ROUNDS} rounds in turn"
    )
    both = "of the time of both executors"
    return {
        "spark_ratio": figure(middle([a["seconds"] / b["seconds"] for a, b in pairs]), "x", "<= 1.3", how),
        "spark_core_ratio": figure(
            middle([a["core_seconds"] / b["core_seconds"] for a, b in pairs]), "x", "", "the same in core-seconds"
        ),
        "spark_frame_share": figure(frame, "share", "", f"reading and deciding in the frame back end, {both}"),
        "spark_arrow_share": figure(handed, "share", "", f"Python taking from Spark and giving back, {both}"),
        "spark_own_share": figure(1 - frame - handed, "share", "", f"Spark, the driver and waiting, {both}"),
        "spark_two_executors": figure(alone["seconds"] / seconds, "x", "", f"one executor {alone['seconds']:.1f} s"),
    }


def _run(kind: str, executors: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.spark", kind, str(CASES), str(executors)]
    done = run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    print(json.dumps(one(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
