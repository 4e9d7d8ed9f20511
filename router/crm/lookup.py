"""Looking up one customer: a binary search in mapped memory and a reader made for the columns that are there.

No scan, no table built at start, no Polars. Of every 1024th id a copy is kept, so that the upper half of a search runs in C
over a short list; all else is read where it stands, in pages that every process shares.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from math import nan
from operator import itemgetter
from typing import Any, Protocol, TypeAlias
from unicodedata import normalize

from router.crm.arrow import FLAG, TEXT, Batch, Column
from router.facts import CUSTOMER_FACTS, Fact, Value

Row: TypeAlias = tuple[Value, ...]
"""A value for each fact of a layout: a number is a float, NaN if missing; a missing text or yes/no is ``None``."""

SAMPLE = 1024
KNOWN, OVERDUE = "customer.known", "customer.open_order_overdue_hours"
_YES_NO = (False, True, None)


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


def canonical(text: str) -> str:
    """An id or a text as snapshots keep it: NFC."""
    return text if text.isascii() else normalize("NFC", text)


def finder(batch: Batch) -> Callable[[str], int]:
    """A function from an id to its row, or -1; the first column is the sorted ids."""
    ids = batch.columns[0]
    offsets, data, rows = ids.offsets, ids.values, batch.rows

    def at(row: int) -> Any:  # noqa: ANN401 - bytes; memory views are not typed by what they hold
        return data[offsets[row] : offsets[row + 1]].tobytes()

    sample = [at(row) for row in range(0, rows, SAMPLE)]
    places = range(rows)

    def find(text: str) -> int:
        key = canonical(text).encode(errors="surrogatepass")
        block = bisect_right(sample, key)
        row = bisect_left(places, key, SAMPLE * max(block - 1, 0), min(SAMPLE * block, rows), key=at)
        return row if row < rows and at(row) == key else -1

    return find


def reader(layout: Sequence[Fact], batch: Batch) -> Callable[[int, int], Row]:
    """A function from a row, and the microseconds since the as-of time, to its values; made once for the columns there are.

    Columns are read in groups of one kind, each a comprehension without a branch, and then put in order at once.
    """
    columns = {column.name: column for column in batch.columns}
    stored = [fact for fact in layout if fact.name in columns]
    texts = [fact for fact in stored if columns[fact.name].kind == TEXT]
    flags = [fact for fact in stored if columns[fact.name].kind == FLAG]
    numbers = [fact for fact in stored if fact.type.numeric and fact.name != OVERDUE]
    moving = [fact for fact in numbers if fact.per_microsecond]
    still = [fact for fact in numbers if not fact.per_microsecond]
    overdue = [fact for fact in stored if fact.name == OVERDUE]

    order = [fact.name for group in (still, moving, overdue, flags, texts) for fact in group]
    places = {name: place for place, name in enumerate([*order, KNOWN, "number", "other"])}
    pick = itemgetter(*(places.get(fact.name, places["number" if fact.type.numeric else "other"]) for fact in layout))
    rest = (True, nan, None)

    still_values = [columns[fact.name].values for fact in still]
    moving_values = [(columns[fact.name].values, fact.per_microsecond) for fact in moving]
    overdue_values = [(columns[fact.name].values, fact.per_microsecond) for fact in overdue]
    flag_values = [columns[fact.name].values for fact in flags]
    text_values = [_text(columns[fact.name]) for fact in texts]

    def read(row: int, elapsed: int) -> Row:
        found: Row = pick(
            [
                *[values[row] for values in still_values],
                *[values[row] + rate * elapsed for values, rate in moving_values],
                *[max(values[row] + rate * elapsed, 0.0) for values, rate in overdue_values],
                *[_YES_NO[values[row]] for values in flag_values],
                *[text(row) for text in text_values],
                *rest,
            ]
        )
        return found

    return read


def _text(column: Column) -> Callable[[int], str | None]:
    offsets, data, valid = column.offsets, column.values, column.valid

    def text(row: int) -> str | None:
        start, stop = offsets[row], offsets[row + 1]
        if start == stop and valid is not None and not valid[row >> 3] >> (row & 7) & 1:
            return None
        return str(data[start:stop], "utf-8")

    return text
