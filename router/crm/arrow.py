"""Arrow IPC files of one record batch: written whole, read as memory views of the mapped file, and their content's digest.

The only module that speaks to pyarrow. What a view shows is the file itself: nothing is read until it is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

NUMBER, FLAG, TEXT = "double", "int8", "large_string"
"""The kinds of a column in Arrow's words: float64 (NaN is missing), int8 (1, 0, -1 is missing), text (null is missing)."""
BLOCK = 65_536
"""Rows of a block of the digest; a multiple of 8, so that a bitmap's bytes belong to one block."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``values`` are float64 or int8, or the bytes of texts, which have ``offsets`` and a bitmap ``valid``."""

    name: str
    kind: str
    values: Any
    offsets: memoryview
    valid: memoryview | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A table of that many rows."""

    rows: int
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """The column of that name, or ``None``."""
        return next((column for column in self.columns if column.name == name), None)


def write(frame: Any, path: Path) -> Batch:  # noqa: ANN401 - a Polars frame; readers of snapshots go without Polars
    """Write a frame as one record batch; gives back the batch that was written, still in memory."""
    from polars import CompatLevel  # noqa: PLC0415 - as above

    table = frame.to_arrow(compat_level=CompatLevel.oldest()).combine_chunks()
    batches = table.to_batches()
    batch = batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return _batch(batch)


def read(path: Path) -> Batch:
    """Map a file. Raises ``ValueError`` or ``OSError`` where it is no such file."""
    file = pa.ipc.open_file(pa.memory_map(str(path)))
    if file.num_record_batches != 1:
        raise ValueError(f"{file.num_record_batches} record batches instead of one")
    return _batch(file.get_batch(0))


def _batch(batch: Any) -> Batch:  # noqa: ANN401 - pyarrow has no types
    return Batch(batch.num_rows, tuple(_column(batch, field.name, i) for i, field in enumerate(batch.schema)))


def _column(batch: Any, name: str, index: int) -> Column:  # noqa: ANN401 - pyarrow has no types
    array, rows = batch.column(index), batch.num_rows
    kind = str(array.type)
    if array.offset:
        raise ValueError(f"column {name} does not begin at its buffers' beginning")
    valid, *buffers = array.buffers()
    views = [memoryview(buffer) if buffer is not None else memoryview(b"") for buffer in buffers]
    nothing = memoryview(b"").cast("q")
    if kind == TEXT:
        offsets = views[0].cast("B")[: 8 * (rows + 1)].cast("q") if rows else nothing
        bitmap = memoryview(valid).cast("B") if valid is not None and array.null_count else None
        return Column(name, kind, views[1].cast("B"), offsets, bitmap)
    if kind not in {NUMBER, FLAG} or array.null_count:
        raise ValueError(f"column {name} is {kind} with {array.null_count} nulls")
    raw = views[0].cast("B")
    values: Any = raw[: 8 * rows].cast("d") if kind == NUMBER else raw[:rows].cast("b")
    return Column(name, kind, values, nothing, None)


def digest(batch: Batch) -> str:
    """A digest of the content alone: names, kinds and values of the rows in their order; hexadecimal SHA-256.

    Writers may pad, chunk and order columns as they like: the same rows have the same digest. Blocks of rows are hashed
    apart, so that parts of a table can be hashed where they are made, and only 32 bytes for each block have to meet.
    """
    columns = sorted(batch.columns, key=lambda column: column.name)
    whole = sha256("\n".join([str(batch.rows), *(f"{column.name} {column.kind}" for column in columns)]).encode())
    for start in range(0, batch.rows, BLOCK):
        stop = min(start + BLOCK, batch.rows)
        block = sha256()
        for column in columns:
            for part in _parts(column, start, stop):
                block.update(part)
        whole.update(block.digest())
    return whole.hexdigest()


def _parts(column: Column, start: int, stop: int) -> Sequence[Any]:
    """The bytes of some rows of one column, the same whoever wrote it."""
    if column.kind != TEXT:
        return (column.values[start:stop],)
    first, last = column.offsets[start], column.offsets[stop]
    bits = bytearray(
        b"\xff" * ((stop - start + 7) // 8) if column.valid is None else column.valid[start // 8 : (stop + 7) // 8]
    )
    bits[-1] &= 0xFF >> (-stop % 8)
    return bits, column.offsets[start : stop + 1], column.values[first:last]
