"""What executors hand to each other through Spark: many rows of a table as one block of bytes, which Spark only moves.

A row of Spark is ``(part, kind, key, block)``: where it goes, what it is, a version that is refused, or a block.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from io import BytesIO
from pickle import dumps
from typing import Any

import polars as pl
import pyarrow as pa

from router.spark.guard import REFUSED

_ENOUGH = 1 << 23
"""About so many bytes of blocks are handed over at once."""
MOST = 1 << 15
"""So many rows are one block, at most."""


class Of(IntEnum):
    """What a row of Spark is."""

    REFUSED = REFUSED
    REPORT = 1  # a pickled object
    CASES = 2
    EVENTS = 3
    PREVIOUS = 4
    KNOWN = 5  # customers or orders of a snapshot in a bucket
    CUSTOMER = 6  # ids in a bucket, then what is known of them in a group
    ORDER = 7  # likewise
    DECISIONS = 8
    CUSTOMERS = 9  # from here on what a snapshot is built from
    ORDERS = 10
    SUBSCRIPTIONS = 11
    EARLIER_CASES = 12
    GOODWILL = 13
    BILLS = 14
    OFFERS = 15
    ORDER_IDS = 16
    CASE_IDS = 17
    FACTS = 18
    SPENDS = 19


def reported(part: int, report: object) -> tuple[int, Of, bytes]:
    """What is told of a part."""
    return part, Of.REPORT, dumps(report)


def blocks_of(part: int, kind: Of, rows: pl.DataFrame) -> Iterator[tuple[int, Of, bytes]]:
    """The rows of a table, in order."""
    for piece in rows.iter_slices(MOST):
        yield part, kind, piece.write_ipc(None, compression="lz4").getvalue()


def parted(kind: Of, rows: pl.DataFrame) -> Iterator[tuple[int, Of, bytes]]:
    """The rows of a table, each to the ``part`` that it tells."""
    for (part,), piece in rows.partition_by("part", as_dict=True, maintain_order=False).items():
        yield from blocks_of(part, kind, piece.drop("part"))


def rows_of(block: bytes) -> pl.DataFrame:
    """The rows of a block."""
    return pl.read_ipc(BytesIO(block))


def handed(blocks: Iterable[tuple[int, Of, bytes]]) -> Iterator[Any]:
    """Blocks as batches of Arrow, a few megabytes each."""
    held: list[tuple[int, Of, bytes]] = []
    size = 0
    for each in blocks:
        held.append(each)
        size += len(each[2])
        if size >= _ENOUGH:
            yield _batch(held)
            held, size = [], 0
    if held:
        yield _batch(held)


def _batch(held: list[tuple[int, Of, bytes]]) -> Any:  # noqa: ANN401 - pyarrow has no types
    parts, kinds, blocks = zip(*held, strict=True)
    columns = [pa.array(parts, pa.int32()), pa.array(kinds, pa.int32()), pa.nulls(len(held), pa.string())]
    return pa.RecordBatch.from_arrays([*columns, pa.array(blocks, pa.binary())], ["part", "kind", "key", "block"])


def received(batch: Any) -> Iterator[tuple[Of, bytes]]:  # noqa: ANN401 - pyarrow has no types
    """The blocks among the rows of a batch."""
    for kind, block in zip(batch.column("kind").to_pylist(), batch.column("block").to_pylist(), strict=True):
        yield Of(kind), block
