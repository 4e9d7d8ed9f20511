"""Arrow IPC files of one record batch: written whole, read as memory views of the mapped file, and their content's digest.

The only module that speaks to pyarrow. What a view shows is the file itself: nothing is read until it is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from mmap import PROT_READ, mmap
from pathlib import Path
from typing import Any

import pyarrow as pa

NUMBER, FLAG, TEXT = "double", "int8", "large_string"
"""The kinds of a column in Arrow's words: float64 (NaN is missing), int8 (1, 0, -1 is missing), text (null is missing)."""
BLOCK = 65_536
"""Rows of a block of the digest; a multiple of 8, so that a bitmap's bytes belong to one block."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``values`` are float64 or int8, or the bytes of texts, which have ``offsets`` and a bitmap ``valid``.

    ``start`` is where the values begin in the memory of their batch.
    """

    name: str
    kind: str
    values: Any  # memory views are not typed by what they hold
    offsets: memoryview
    valid: memoryview | None
    start: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """A table of that many rows; ``memory`` is the mapped file, whose slices are bytes and cheaper than those of a view."""

    rows: int
    columns: tuple[Column, ...]
    memory: mmap = field(repr=False)


def write(frame: Any, path: Path) -> str:  # noqa: ANN401 - a Polars frame; who looks up goes without Polars
    """Write a frame as one record batch; gives back the digest of what was to be written."""
    from polars import CompatLevel  # noqa: PLC0415 - as above

    table = frame.to_arrow(compat_level=CompatLevel.oldest()).combine_chunks()
    batches = table.to_batches()
    batch = batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return digest(batch.num_rows, _columns(batch))


def read(path: Path) -> Batch:
    """Map a file. Raises ``ValueError`` or ``OSError`` where it is no such file."""
    with path.open("rb") as file:
        memory = mmap(file.fileno(), 0, prot=PROT_READ)
    whole = pa.py_buffer(memory)
    content = pa.ipc.open_file(whole)
    if content.num_record_batches != 1:
        raise ValueError(f"{content.num_record_batches} record batches instead of one")
    batch = content.get_batch(0)
    return Batch(batch.num_rows, _columns(batch, whole.address), memory)


def _columns(batch: Any, address: int = 0) -> tuple[Column, ...]:  # noqa: ANN401 - pyarrow has no types
    return tuple(_column(field.name, batch.column(i), address) for i, field in enumerate(batch.schema))


def _column(name: str, array: Any, address: int) -> Column:  # noqa: ANN401 - pyarrow has no types
    kind, rows = str(array.type), len(array)
    valid, *buffers = array.buffers()
    if array.offset or kind not in {NUMBER, FLAG, TEXT} or (array.null_count and kind != TEXT):
        raise ValueError(f"column {name} is {kind}, with {array.null_count} nulls")
    views = [memoryview(buffer or b"").cast("B") for buffer in buffers]
    nothing = memoryview(b"").cast("q")
    if kind == NUMBER:
        return Column(name, kind, views[0][: 8 * rows].cast("d"), nothing, None)
    if kind == FLAG:
        return Column(name, kind, views[0][:rows].cast("b"), nothing, None)
    offsets = views[0][: 8 * (rows + 1)].cast("q") if rows else nothing
    bitmap = memoryview(valid).cast("B") if array.null_count else None
    return Column(name, kind, views[1], offsets, bitmap, buffers[1].address - address if buffers[1] else 0)


def digest(rows: int, columns: Sequence[Column]) -> str:
    """A digest of the content alone: names, kinds and values of the rows in their order; hexadecimal SHA-256.

    Writers may pad, chunk and order columns as they like: the same rows have the same digest. Blocks of rows are hashed
    apart, so that parts of a table can be hashed where they are made, and only 32 bytes for each block have to meet.
    """
    columns = sorted(columns, key=lambda column: column.name)
    whole = sha256("\n".join([str(rows), *(f"{column.name} {column.kind}" for column in columns)]).encode())
    for start in range(0, rows, BLOCK):
        stop = min(start + BLOCK, rows)
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
