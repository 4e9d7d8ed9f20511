"""The queue in order over many machines: a sample of the keys says where it is cut into stretches that follow one another,
Spark brings the rows of each together, and there they are sorted."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from router.bulk.merge import before, in_order, keys
from router.spark.blocks import Of, blocks_of, handed, received, rows_of

STRETCH = 1 << 17
"""About so many rows of the queue are put in order at once."""

Key = tuple[Any, ...]


def bounds(sample: Sequence[Key], stretches: int) -> list[Key]:
    """Keys that cut a queue in about equal stretches, in order; each begins a stretch.

    >>> bounds([(3,), (1,), (2,), (4,)], 2)
    [(3,)]
    """
    ordered = sorted(sample)
    cuts = {ordered[len(ordered) * number // stretches] for number in range(1, stretches)} if ordered else set()
    return sorted(cuts)


@dataclass(frozen=True, slots=True)
class Part:
    """Cuts the decisions of groups, which are in order, by the bounds of the stretches."""

    bounds: tuple[Key, ...]

    def __call__(self, batches: Iterator[Any], _: int) -> Iterator[Any]:
        """Blocks of decisions, each of one stretch."""
        for batch in batches:
            for _kind, block in received(batch):
                yield from handed(self._cut(rows_of(block)))

    def _cut(self, rows: pl.DataFrame) -> Iterator[tuple[int, Of, bytes]]:
        found = rows.select(keys())
        first, last = (bisect_right(self.bounds, found.row(end)) for end in (0, -1))
        cuts = [0, *before(found.lazy(), self.bounds[first:last]), rows.height]
        for number, (start, end) in enumerate(pairwise(cuts), start=first):
            yield from blocks_of(number, Of.DECISIONS, rows[start:end])


class Sort:
    """Puts the decisions of one stretch in order."""

    def __call__(self, batches: Iterator[Any], partition: int) -> Iterator[Any]:
        """Blocks that follow one another."""
        rows = [rows_of(block) for batch in batches for _, block in received(batch)]
        if rows:
            yield from handed(blocks_of(partition, Of.DECISIONS, pl.concat(rows).sort(*in_order())))
