"""A snapshot of ten million customers: how fast it opens, how fast one is looked up, what a process pays for it.

The customers are made up, always the same, and kept under ``build/``. A figure is ``{value, unit, bar, how}``.
"""

import json
import random
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

from router.crm.snapshot import Snapshot
from router.errors import SnapshotError
from router.facts import Fact, Type
from router.time import HOUR, parse_instant

ROOT = Path(__file__).parents[1]
ROWS = 10_000_000
AS_OF = parse_instant("2016-06-01T00:00:00Z")
OPENINGS, LOOKUPS = 7, 50_000


def made_up_snapshot(rows: int = ROWS) -> Path:
    """The folder of a snapshot of so many made-up customers, each fact known of most, and an order each; made once."""
    directory = ROOT / "build" / f"snapshot-{rows}"
    try:
        Snapshot.open(directory)
    except SnapshotError:
        make(rows, directory)
    return directory


def customer_id(number: int) -> str:
    """The id of one of them."""
    return f"C{number}"


def make(rows: int, directory: Path, shards: int = 1) -> None:
    """Publish so many made-up customers, each with an order."""
    # The process that measures goes without Polars, as one that looks up does.
    import polars as pl  # noqa: PLC0415 - as said above

    from router.crm.features import STORED  # noqa: PLC0415 - as said above
    from router.crm.publish import Content, publish  # noqa: PLC0415 - as said above

    number = pl.int_range(rows, dtype=pl.Int64)

    def drawn(fact: Fact, place: int) -> pl.Expr:
        share = number.hash(place) % 1_000_003 / 1_000_003.0
        match fact.type:
            case Type.YES_NO:
                value = number % 2 == place % 2
            case Type.TEXT:
                value = pl.format("{} {}", pl.lit(fact.key), (share * 50).cast(pl.Int64))
            case _:
                value = (share * 1000).floor() if fact.type is Type.INTEGER else share * 1000
        return pl.when(number.hash(place + 100) % 20 > 0).then(value).alias(fact.name)

    facts = pl.select(pl.format("C{}", number).alias("customer_id"), *map(drawn, STORED, range(len(STORED))))
    orders = pl.select(pl.format("O{}", number)).to_series()
    publish(Content(AS_OF, "GBP", facts, orders), directory, shards=shards)


def measure() -> dict[str, dict[str, Any]]:
    """The three figures, taken in a process of their own."""
    command = [sys.executable, __file__, str(made_up_snapshot()), str(ROWS)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    of_what = f"{ROWS:,} made-up customers"
    return {
        "snapshot_open_ms": {
            "value": found["open_ms"],
            "unit": "ms",
            "bar": "<= 1000",
            "how": f"{of_what}, median of {OPENINGS} openings in one process, files in the page cache",
        },
        "lookup_us": {
            "value": found["lookup_us"],
            "unit": "µs",
            "bar": "<= 15",
            "how": f"{of_what}, {found['facts']} facts read, median of {LOOKUPS:,} random ids after as many others",
        },
        "private_mb": {
            "value": found["private_mb"],
            "unit": "MB",
            "bar": "<= 100",
            "how": f"Private_Dirty of a process that opened it and made {2 * LOOKUPS:,} look-ups",
        },
    }


def _take(directory: Path, rows: int) -> dict[str, float]:
    opened = []
    for _ in range(OPENINGS):
        start = perf_counter_ns()
        snapshot = Snapshot.open(directory)
        opened.append(perf_counter_ns() - start)
    snapshot = Snapshot.open(directory)
    now = snapshot.as_of + 30 * HOUR
    draw = random.Random(7)
    ids = [customer_id(draw.randrange(rows)) for _ in range(LOOKUPS)]
    for _ in range(LOOKUPS):  # the process meets the pages, as one that serves has
        snapshot.customer(customer_id(draw.randrange(rows)), now)
    taken = []
    for each in ids:
        start = perf_counter_ns()
        found = snapshot.customer(each, now)
        taken.append(perf_counter_ns() - start)
        assert found is not None
    return {
        "open_ms": round(median(opened) / 1e6, 2),
        "lookup_us": round(median(taken) / 1e3, 2),
        "private_mb": round(_private_kb() / 1000, 1),
        "facts": len(snapshot.layout),
    }


def _private_kb() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_take(Path(sys.argv[1]), int(sys.argv[2]))))
    else:
        print(json.dumps(measure(), indent=1, ensure_ascii=False))
