"""The queue in order over many machines: a sample of the keys says where it is cut, Spark sorts each stretch."""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from router.bulk.merge import KEYS

STRETCH = 1 << 18
"""About so many rows of the queue are one file."""
_ROW_BITS = 33
"""In a number of ``monotonically_increasing_id`` so many bits count rows, those above are the partition."""

Key = tuple[Any, ...]


def in_order(decided: DataFrame, sample: Sequence[Key], rows: int) -> DataFrame:
    """Decisions with their ``rank`` first, without their keys, each partition a stretch of the queue that follows on the one
    before. ``sample`` are keys, evenly spread over the ``rows`` there are."""
    cuts = bounds(sample, max(1, -(-rows // STRETCH)))
    stretch = _stretch(cuts)
    counts: list[int] = [0] * (len(cuts) + 1)
    for row in decided.where("status <> 'accepted'").groupBy(stretch.alias("stretch")).count().collect():
        counts[row["stretch"]] = row["count"]
    before = [sum(counts[:number]) for number in range(len(counts))]
    parted = decided.repartitionById(len(counts), stretch).sortWithinPartitions(*KEYS)
    partition = f.spark_partition_id()
    place = f.monotonically_increasing_id() - f.shiftleft(partition.cast("long"), _ROW_BITS)
    offset = f.element_at(f.array(*(f.lit(each).cast("long") for each in before)), partition + 1)
    rank = f.when(f.col("status") != "accepted", place + offset + 1).alias("rank")
    return parted.select(rank, "*").drop(*KEYS)


def bounds(sample: Sequence[Key], stretches: int) -> list[Key]:
    """Keys that cut a queue in about equal stretches, in order; each begins a stretch.

    >>> bounds([(3,), (1,), (2,), (4,)], 2)
    [(3,)]
    """
    ordered = sorted(sample)
    cuts = {ordered[len(ordered) * number // stretches] for number in range(1, stretches)} if ordered else set()
    return sorted(cuts)


def _stretch(cuts: Sequence[Key], first: int = 0) -> Column:
    """The number of the stretch that a row is of: a search by halves."""
    if not cuts:
        return f.lit(first)
    middle = len(cuts) // 2
    names = [f"`{name}`" for name in KEYS]
    key = f.struct(*(f.col(name) for name in names))
    bound = f.struct(*(f.lit(value).alias(name) for name, value in zip(KEYS, cuts[middle], strict=True)))
    before, after = _stretch(cuts[:middle], first), _stretch(cuts[middle + 1 :], first + middle + 1)
    return f.when(key < bound, before).otherwise(after)
