"""Arrow IPC files of one record batch: written whole, read as memory views of the mapped file, and digests of their rows.

The only module that speaks to pyarrow. What a view shows is the file itself: nothing is read until it is looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from mmap import PROT_READ, mmap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NUMBER, FLAG, TEXT = "double", "int8", "large_string"
"""The kinds of a column in Arrow's words: float64 (NaN is missing), int8 (1, 0, -1 is missing), text (null is missing)."""


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


def write(frame: Any, path: Path, cuts: Sequence[int]) -> tuple[bytes, ...]:  # noqa: ANN401 - a Polars frame; who looks up goes without Polars
    """Write a frame as one record batch; gives back the digests of what was to be written, as :func:`digests` does."""
    from polars import CompatLevel  # noqa: PLC0415 - as above

    table = frame.to_arrow(compat_level=CompatLevel.oldest()).combine_chunks()
    whole = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
    batch = pa.RecordBatch.from_arrays([_bare(column) for column in whole[0].columns], schema=table.schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return _digests(batch, cuts)


def _bare(array: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """A column without the bytes that Polars may leave under a missing text."""
    return pc.case_when(pc.make_struct(pc.is_valid(array)), array) if str(array.type) == TEXT and array.null_count else array


def digests(path: Path, cuts: Sequence[int]) -> tuple[bytes, ...]:
    """A SHA-256 of each stretch of a file's rows, from one of ``cuts`` to the next.

    It is of the content alone: names, kinds and values of the rows in their order. Writers may pad, chunk and order columns
    as they like, and it makes no difference which file a row is in.
    """
    with pa.memory_map(str(path)) as source:
        return _digests(pa.ipc.open_file(source).get_batch(0), cuts)


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


def _digests(batch: Any, cuts: Sequence[int]) -> tuple[bytes, ...]:  # noqa: ANN401 - pyarrow has no types
    return tuple(_digest(batch.slice(start, stop - start)) for start, stop in pairwise(cuts))


def _digest(batch: Any) -> bytes:  # noqa: ANN401 - pyarrow has no types
    names = sorted(batch.schema.names)
    found = sha256("\n".join([str(batch.num_rows), *(f"{name} {batch.column(name).type}" for name in names)]).encode())
    for name in names:
        for part in _parts(batch.column(name)):
            found.update(part)
    return found.digest()


def _parts(array: Any) -> Iterator[memoryview]:  # noqa: ANN401 - pyarrow has no types
    """The bytes of a column, the same whoever wrote it: values; of texts their lengths (-1 is missing), then their bytes."""
    if str(array.type) != TEXT:
        yield _values(array)
        return
    yield _values(pc.fill_null(pc.binary_length(array), -1))
    _, offsets, values = array.buffers()
    places = memoryview(offsets).cast("q")
    yield memoryview(values or b"")[places[array.offset] : places[array.offset + len(array)]]


def _values(array: Any) -> memoryview:  # noqa: ANN401 - pyarrow has no types
    width = array.type.bit_width // 8
    return memoryview(array.buffers()[1])[width * array.offset : width * (array.offset + len(array))]
