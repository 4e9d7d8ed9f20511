"""A backlog cut into parts that fit in memory: by a hash of the case id, so that a case and its events are never parted."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars import col

CASE_BYTES = 6_000
EVENT_BYTES = 600
"""What deciding a case and an event takes in memory, at most: measured, with twice the room."""
LARGEST = 500_000
"""So many cases a part at most, so that a run shows progress and hears that it should stop."""
LARGEST_RANGE = 1 << 17
"""So many rows of the queue are put in order at once, at most."""
_PART = "part of the backlog"


@dataclass(frozen=True, slots=True)
class Split:
    """A table in parts, each of them files in one folder."""

    folder: Path
    schema: pl.Schema
    parts: int

    def __iter__(self) -> Iterator[pl.LazyFrame]:
        """Each part, nothing read yet."""
        for part in range(self.parts):
            files = sorted(self.folder.glob(f"{part}-*.parquet"))
            yield pl.scan_parquet(files, glob=False) if files else pl.LazyFrame(schema=self.schema)


def part_of_case(parts: int) -> pl.Expr:
    """The number of the part that a row with a ``case_id`` is of."""
    return (col("case_id").hash() % parts).cast(pl.Int32)


def split(frame: pl.LazyFrame, folder: Path, parts: int) -> Split:
    """Write a table with a ``case_id`` in so many parts. Tables that are split alike have the same cases in each."""
    folder.mkdir()
    cut = frame.with_columns(part_of_case(parts).alias(_PART))

    def name(file: pl.io.partition.FileProviderArgs) -> str:
        return f"{file.partition_keys.item()}-{file.index_in_partition}.parquet"

    target = pl.PartitionBy(folder, key=_PART, include_key=False, file_path_provider=name)
    cut.sink_parquet(target, compression="lz4", engine="streaming")
    return Split(folder, frame.collect_schema(), parts)


def parts_for(cases: int, events: int, memory: int) -> int:
    """How many parts a backlog of so many cases and events needs in so many bytes of memory.

    >>> parts_for(0, 0, 1), parts_for(100_000, 1_000_000, 2**30)
    (1, 2)
    """
    needed = cases * CASE_BYTES + events * EVENT_BYTES
    return max(1, -(-needed // memory), -(-cases // LARGEST))


def range_rows(memory: int) -> int:
    """How many rows of the queue may be in memory at once.

    >>> range_rows(2**30)
    44739
    """
    return max(1, min(LARGEST_RANGE, memory // (4 * CASE_BYTES)))


def available_memory(files: Sequence[Path] = (Path("/sys/fs/cgroup/memory.max"),)) -> int:
    """Half of the memory that this process may use, in bytes: the machine's, or what its control group leaves it."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in files:
        text = file.read_text().strip() if file.is_file() else ""
        limits += [int(text)] if text.isdigit() else []
    return min(limits) // 2
