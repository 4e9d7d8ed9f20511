"""Put a made-up backlog in order and tell the peak of this process: ``python -m tests.bulk.peak CASES OUT MEMORY``."""

import sys
from pathlib import Path

import polars as pl

from router.bulk.run import reprioritize
from tests.bulk.backlog import SHOP, run_of


def made_up(file: Path, cases: int) -> Path:
    """So many cases, all alike but for their ids and times."""
    numbers = pl.LazyFrame({"n": pl.int_range(cases, eager=True)})
    opened = (pl.col("n") * 1_000_003 % 2_000_000_000_000 + 1_462_000_000_000_000).cast(pl.Datetime("us", "UTC"))
    rows = numbers.select(case_id=pl.format("case-{}", "n"), opened_at=opened, issue=pl.lit("delivery_failed"))
    rows.sink_parquet(file)
    return file


def peak() -> int:
    """The most memory that this program had, in bytes; what ``getrusage`` says begins with that of the process before it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Print the peak in bytes."""
    cases, out, memory = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    backlog = made_up(out.with_name("cases.parquet"), cases)
    reprioritize(run_of(out, cases=[str(backlog)], events=[], policy=SHOP, memory=memory))
    sys.stdout.write(str(peak()))


if __name__ == "__main__":
    main()
