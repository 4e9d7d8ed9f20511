"""Looking up one customer: a binary search in mapped memory and a reader made for the columns that are there.

No scan, no table built at start, no Polars. Of every 128th id the hash is kept, so that a search is one among numbers, in C,
and one in a few bytes of the file; all else is read where it stands, in pages that every process shares.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import nan
from typing import Any, Protocol, TypeAlias
from zlib import crc32

from router.crm.arrow import FLAG, TEXT, Batch, Column
from router.facts import CUSTOMER_FACTS, Fact, Value
from router.text import nfc

Row: TypeAlias = tuple[Value, ...]
"""A value for each fact of a layout: a number is a float, NaN if missing; a missing text or yes/no is ``None``."""

Find: TypeAlias = Callable[[bytes, int], int]
"""Takes an id as bytes and its CRC-32, gives its row or -1."""
Read: TypeAlias = Callable[[int, int], Row]
"""Takes a row and the microseconds since the as-of time, gives its values."""
SAMPLE = 128
"""Of every so many ids the hash is kept: 0.6 MB for ten million."""
_BEYOND = 1 << 32
"""Larger than any hash."""
KNOWN, OVERDUE = "customer.known", "customer.open_order_overdue_hours"
ROUND = 1.5 * 2**52
"""Added and taken away again, it makes a number below 2⁵¹ whole (71 years in microseconds; beyond, even), and lets NaN and
infinity be."""
_MOVED = "(({value} * {moves} + ROUND - ROUND + elapsed) / {moves} + 0.0 if elapsed else {value})"


class Customers(Protocol):
    """What is known of customers as of one instant: a snapshot, or rows in memory."""

    @property
    def id(self) -> str:
        """Id of the content."""

    @property
    def as_of(self) -> int:
        """The instant."""

    @property
    def currency(self) -> str:
        """Currency of the money facts."""

    @property
    def layout(self) -> tuple[Fact, ...]:
        """The fact at each place of a row."""

    @property
    def stranger(self) -> Row:
        """The row of a customer who is not known."""

    def customer(self, customer_id: str, now: int) -> Row | None:
        """The row of one customer at ``now``, or ``None`` if unknown."""

    def has_order(self, order_id: str) -> bool | None:
        """Whether an order is on record, or ``None`` without an orders table."""


def layout_of(extras: Sequence[Fact] = ()) -> tuple[Fact, ...]:
    """The fact at each place of a row: those of the vocabulary, then the extras by name."""
    return (*CUSTOMER_FACTS, *sorted(extras, key=lambda fact: fact.name))


def stranger_of(layout: Sequence[Fact]) -> Row:
    """The row of a customer who is not known: not known, and all else missing.

    >>> stranger_of(layout_of())[:2]
    (False, nan)
    """
    return tuple(False if fact.name == KNOWN else nan if fact.type.numeric else None for fact in layout)


def advanced(value: float, moves: int, elapsed: int) -> float:
    """A fact that grows by one in ``moves`` microseconds, ``elapsed`` microseconds later.

    The microseconds behind the value are whole, so they are taken up again: a day later one day is two, not nearly.

    >>> day = 86_400_000_000
    >>> advanced(0.8, day, day // 5), advanced(3.0, -day, 2 * day), advanced(0.1234567890123, day, 0)
    (1.0, 1.0, 0.1234567890123)
    """
    return (value * moves + ROUND - ROUND + elapsed) / moves + 0.0 if elapsed else value


def key_of(text: str) -> bytes:
    """An id as the bytes that stand in a file."""
    return nfc(text).encode(errors="surrogatepass")


def finder(batch: Batch) -> Find:
    """A function that finds ids; the first column is ids, in the order of their hash."""
    ids = batch.columns[0]
    offsets, memory, start, rows = ids.offsets, batch.memory, ids.start, batch.rows
    sampled = (memory[start + offsets[row] : start + offsets[row + 1]] for row in range(0, rows, SAMPLE))
    sample = array("Q", [*map(crc32, sampled), _BEYOND])

    def find(key: bytes, code: int) -> int:
        block = bisect_left(sample, code)
        low = SAMPLE * block - SAMPLE if block else 0
        while sample[block] == code:  # others of the same hash may come before it
            block += 1
        if not block:
            return -1
        high = min(SAMPLE * block, rows)
        first = offsets[low]
        chunk = memory[start + first : start + offsets[high]]
        place = chunk.find(key)
        while place >= 0:  # more than once only if the id is also a part of others
            place += first
            row = bisect_left(offsets, place, low, high)
            if offsets[row] == place:
                if offsets[row + 1] - place == len(key):
                    return row
                row += 1
            place = chunk.find(key, offsets[row] - first)
        return -1

    return find


def reader(layout: Sequence[Fact], batch: Batch) -> Read:
    """A function that reads rows, made once for the columns there are.

    One expression, ``lambda row, elapsed: (True, c1[row], …)``, takes a third of the time of a loop; what moves with the
    clock is written as :func:`advanced` has it.
    """
    columns = {column.name: column for column in batch.columns}
    names: dict[str, Any] = {"__builtins__": {}, "nan": nan, "yes_no": (False, True, None), "ROUND": ROUND}  # -1 is the last
    parts: list[str] = []
    for place, fact in enumerate(layout):
        column = columns.get(fact.name)
        if column is None:
            parts.append("True" if fact.name == KNOWN else "nan" if fact.type.numeric else "None")
            continue
        names[f"c{place}"] = column.values
        if column.kind == TEXT:
            names[f"c{place}"] = _text(column, batch)
            parts.append(f"c{place}(row)")
        elif column.kind == FLAG:
            parts.append(f"yes_no[c{place}[row]]")
        elif not fact.moves:
            parts.append(f"c{place}[row]")
        else:
            later = _MOVED.format(value=f"c{place}[row]", moves=fact.moves)
            parts.append(f"(0.0 if (hours := {later}) < 0.0 else hours)" if fact.name == OVERDUE else later)
    made: Read = eval(f"lambda row, elapsed: ({', '.join(parts)},)", names)  # noqa: S307 - only places in it
    return made


def _text(column: Column, batch: Batch) -> Callable[[int], str | None]:
    offsets, memory, base, valid = column.offsets, batch.memory, column.start, column.valid

    def text(row: int) -> str | None:
        start, stop = offsets[row], offsets[row + 1]
        if start == stop and valid is not None and not valid[row >> 3] >> (row & 7) & 1:
            return None
        return memory[base + start : base + stop].decode()

    return text
