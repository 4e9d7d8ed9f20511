"""Sorted parts put together to one queue, a range of it at a time: a sample sort.

Every so many rows of each sorted part are sampled; the sample, sorted, gives bounds between which about as many rows lie.
A range is then one slice of each part, and no more than one is in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
from polars import col

from router.frame import queue

_BATCH = 1024
"""Rows of a batch of a part: a slice of a part is read by whole ones."""
_ACCEPTED = "accepted"
_WAITING = col("status") != _ACCEPTED
KEYS = ("key 1", "key 2", "key 3", "key 4", "key 5")
"""What :func:`in_order` sorts by, as columns."""


@dataclass(frozen=True, slots=True)
class SortedPart:
    """Decisions of one part in the order of the queue, accepted cases last, in a file."""

    file: Path
    rows: int

    def scan(self) -> pl.LazyFrame:
        """The decisions; nothing is read yet."""
        return pl.scan_ipc(self.file, glob=False)


def write_sorted(decisions: pl.LazyFrame, file: Path) -> SortedPart:
    """Put the decisions of one part in order and write them, as Arrow: Parquet takes three times as long for lists."""
    decisions.sort(*in_order()).sink_ipc(file, compression="lz4", record_batch_size=_BATCH, engine="streaming")
    return SortedPart(file, pl.scan_ipc(file, glob=False).select(pl.len()).collect().item())


def ranges(parts: Sequence[SortedPart], rows: int) -> Iterator[pl.DataFrame]:
    """The whole queue, about ``rows`` rows at a time, with a column ``rank`` first; accepted cases come last without one.

    An empty queue is one range without rows.
    """
    return numbered(_in_order(parts, _cuts(parts, rows)))


def _in_order(parts: Sequence[SortedPart], cuts: Sequence[Sequence[int]]) -> Iterator[pl.DataFrame]:
    for starts, ends in pairwise(cuts):
        slices = [part.scan().slice(start, end - start) for part, start, end in zip(parts, starts, ends, strict=True)]
        yield pl.concat(slices).sort(*in_order()).collect(engine="streaming")


def numbered(queue: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """A queue in order, some rows at a time, with a column ``rank`` first."""
    ranked = 0
    for found in queue:
        yield with_rank(found, after=ranked)
        ranked += found.filter(_WAITING).height


def with_rank(found: pl.DataFrame, *, after: int = 0) -> pl.DataFrame:
    """A range of the queue in order, with a column ``rank`` first; ``after`` so many rows that come before it."""
    place = pl.when(_WAITING).then(pl.int_range(1, pl.len() + 1) + after)
    return found.select(place.cast(pl.Int64).alias("rank"), pl.all())


def in_order() -> tuple[pl.Expr, ...]:
    """What decisions are sorted by: the order of the queue, accepted cases last."""
    return (col("status") == _ACCEPTED, *queue.keys())


def keys() -> list[pl.Expr]:
    """The columns :data:`KEYS` of decisions."""
    return [key.alias(name) for key, name in zip(in_order(), KEYS, strict=True)]


def _keys(part: SortedPart) -> pl.LazyFrame:
    return part.scan().select(*keys())


def _cuts(parts: Sequence[SortedPart], rows: int) -> list[list[int]]:
    """Where each range begins in each part, and after the last of them where each part ends."""
    total = sum(part.rows for part in parts)
    every = max(1, rows // (8 * len(parts)))
    sample = pl.concat([_keys(part).gather_every(every) for part in parts]).sort(*KEYS).collect(engine="streaming")
    wanted = -(-total // rows)
    bounds = [sample.row(sample.height * number // wanted) for number in range(1, wanted)]
    counts = [[int(count) for count in before(_keys(part), bounds)] for part in parts]
    first, last = [0] * len(parts), [part.rows for part in parts]
    return [first, *(list(cut) for cut in zip(*counts, strict=True)), last]


def before(keys: pl.LazyFrame, bounds: Sequence[tuple[Any, ...]]) -> tuple[int, ...]:
    """How many rows come before each bound, of the columns :data:`KEYS` of some rows."""
    if not bounds:
        return ()
    tests = [_less(bound).sum().alias(str(index)) for index, bound in enumerate(bounds)]
    return keys.select(tests).collect(engine="streaming").row(0)


def _less(bound: Sequence[Any]) -> pl.Expr:
    """Whether the keys of a row come before those of ``bound``, the first key first."""
    found: pl.Expr = pl.lit(value=False)
    for name, value in reversed(list(zip(KEYS, bound, strict=True))):
        found = (col(name) < value) | ((col(name) == value) & found)
    return found
