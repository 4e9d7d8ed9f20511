"""What reading the wire by hand takes: numbers, texts, times and amounts at a place in the bytes of a request.

The counterpart of ``wire.py``, for what is plainly right; anything else raises :class:`UnusualError`. Positions are native
integers where this is compiled. Source of the layout: the protocol buffers encoding guide.
"""

from typing import Final

from mypy_extensions import i64

from router.cases.model import Money
from router.money import EXPONENTS, LARGEST_AMOUNT, NANOS, minor_of_nanos
from router.text import nfc
from router.time import LAST, SECOND

NUMBER: Final = 0
DOUBLE: Final = 1
RECORD: Final = 2
"""How a value is written: as a varint, as eight bytes, or as so many bytes as the varint before them says."""
_MORE: Final = 128
"""The bit of a varint's byte that says that another one comes."""
_LAST_SHIFT: Final = 56
"""That of the ninth byte: what has ten is below zero, as times before 1970 are, and not plainly right."""
_LAST_SECOND: Final = LAST // SECOND
_MOST_UNITS: Final = int(LARGEST_AMOUNT)


class UnusualError(Exception):
    """Something is not as in most requests."""


def money(data: bytes, pos: i64, stop: i64) -> Money:
    """A ``google.type.Money`` in minor units, rounded."""
    units: i64 = 0
    nanos: i64 = 0
    currency = ""
    while pos < stop:
        tag: i64 = data[pos]
        pos += 1
        if tag == 1 << 3 | RECORD:
            end, pos = length(data, pos, stop)
            currency, pos = data[pos:end].decode(), end
        elif tag == 2 << 3 | NUMBER:
            units, pos = varint(data, pos, stop)
        elif tag == 3 << 3 | NUMBER:
            nanos, pos = varint(data, pos, stop)
        else:
            raise UnusualError
    if units >= _MOST_UNITS or nanos >= NANOS:
        raise UnusualError
    return Money(minor_of_nanos(units, nanos, EXPONENTS.get(currency, 2)), currency)


def instant(data: bytes, pos: i64, stop: i64) -> i64:
    """Microseconds of a ``google.protobuf.Timestamp``, floored."""
    seconds: i64 = 0
    nanos: i64 = 0
    while pos < stop:
        tag: i64 = data[pos]
        pos += 1
        if tag == 1 << 3 | NUMBER:
            seconds, pos = varint(data, pos, stop)
        elif tag == 2 << 3 | NUMBER:
            nanos, pos = varint(data, pos, stop)
        else:
            raise UnusualError
    if nanos >= NANOS or seconds > _LAST_SECOND:
        raise UnusualError
    return seconds * SECOND + nanos // 1000


def text(data: bytes, pos: i64, stop: i64) -> str:
    """A text in NFC; one of as many characters as bytes is ASCII."""
    found = data[pos:stop].decode()
    return found if len(found) == stop - pos else nfc(found)


def length(data: bytes, pos: i64, stop: i64) -> tuple[i64, i64]:
    """Where a record ends, and where it begins."""
    size, pos = varint(data, pos, stop)
    if size > stop - pos:  # compiled, a sum of both could pass the largest number and come out below zero
        raise UnusualError
    return pos + size, pos


def varint(data: bytes, pos: i64, stop: i64) -> tuple[i64, i64]:
    """A whole number, not below zero, and where it ends."""
    byte: i64 = data[pos]
    pos += 1
    value = byte & 127
    shift: i64 = 7
    while byte >= _MORE:
        if pos >= stop or shift > _LAST_SHIFT:
            raise UnusualError
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        shift += 7
    if pos > stop:
        raise UnusualError
    return value, pos
