"""A backlog cut into parts that fit in memory: by a hash of the case id, so that a case and its events are never parted."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

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


Split: TypeAlias = tuple[pl.LazyFrame, ...]
"""A table in parts."""


def part_of_case(parts: int) -> pl.Expr:
    """The number of the part that a row with a ``case_id`` is of."""
    return (col("case_id").hash() % parts).cast(pl.Int32)


def split(frame: pl.LazyFrame, folder: Path, parts: int) -> Split:
    """Cut a table with a ``case_id`` in so many parts: files in ``folder``, or in memory, where all of it fits into one.

    Tables that are split alike have the same cases in each.
    """
    if parts == 1:
        return (frame.collect(engine="streaming").lazy(),)
    folder.mkdir()
    cut = frame.with_columns(part_of_case(parts).alias(_PART))

    def name(file: pl.io.partition.FileProviderArgs) -> str:
        return f"{file.partition_keys.item()}-{file.index_in_partition}.arrow"

    target = pl.PartitionBy(folder, key=_PART, include_key=False, file_path_provider=name)
    cut.sink_ipc(target, compression="lz4", engine="streaming")
    files = [sorted(folder.glob(f"{part}-*.arrow")) for part in range(parts)]
    nothing = pl.LazyFrame(schema=frame.collect_schema())
    return tuple(pl.scan_ipc(each, glob=False) if each else nothing for each in files)


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
