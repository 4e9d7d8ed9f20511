"""The few things of the wire format that joining fragments needs: numbers, texts, messages and times as fields 1 to 15.

Source of the layout: the protocol buffers encoding guide (varints, length-delimited records).
"""

from typing import Final

_FEW: Final = 4_096
"""Beginnings of times that are kept."""


def varint(value: int) -> bytes:
    """A whole number, seven bits a byte; a negative one as 64 bits.

    >>> varint(300).hex(), varint(2**40).hex()
    ('ac02', '808080808020')
    """
    if not 0 <= value < 1 << 35:
        value &= 0xFFFF_FFFF_FFFF_FFFF
        return b"".join(bytes((value >> shift & 127 | 128,)) for shift in range(0, 35, 7)) + varint(value >> 35)
    if value <= _SEVEN_BITS:
        return value.to_bytes(1, "little")
    two = value & 127 | 128 | (value >> 7 & 127) << 8
    if value < _LONG:
        return two.to_bytes(2, "little")
    three = two | 1 << 15 | (value >> 14 & 127) << 16
    if value < 1 << 21:
        return three.to_bytes(3, "little")
    four = three | 1 << 23 | (value >> 21 & 127) << 24
    if value < 1 << 28:
        return four.to_bytes(4, "little")
    return (four | 1 << 31 | value >> 28 << 32).to_bytes(5, "little")


_SEVEN_BITS: Final = 0x7F
_LONG: Final = 1 << 14
"""The largest number of one byte, and the smallest of more than two."""
_SMALL: Final = range(_SEVEN_BITS + 1)
_NUMBERS: Final = tuple(tuple(bytes((field << 3, value)) for value in _SMALL) for field in range(16))
_PREFIXES: Final = tuple(tuple(bytes((field << 3 | 2, length)) for length in _SMALL) for field in range(16))
"""The bytes of every field from 1 to 15 with a number, or before a record, that takes one byte: most of all there are."""
_NUMBER: Final = tuple(bytes((field << 3,)) for field in range(16))
_RECORD: Final = tuple(bytes((field << 3 | 2,)) for field in range(16))
"""The byte before a longer number or record."""


def number(field: int, value: int) -> bytes:
    """A whole number, a yes/no or an enum as a field; nothing for 0."""
    if 0 < value < _LONG:
        if value <= _SEVEN_BITS:
            return _NUMBERS[field][value]
        return (field << 3 | (value & 127 | 128) << 8 | value >> 7 << 16).to_bytes(3, "little")
    return _NUMBER[field] + varint(value) if value else b""


def embedded(field: int, message: bytes) -> bytes:
    """A serialised message, or the UTF-8 of a text, as a field.

    >>> embedded(1, b"ab").hex()
    '0a026162'
    """
    length = len(message)
    if length <= _SEVEN_BITS:
        return _PREFIXES[field][length] + message
    if length < _LONG:
        return (field << 3 | 2 | (length & 127 | 128) << 8 | length >> 7 << 16).to_bytes(3, "little") + message
    return _RECORD[field] + varint(length) + message


def text(field: int, value: str) -> bytes:
    """A text as a field; nothing for an empty one."""
    return embedded(field, value.encode()) if value else b""


class _Ends(dict[int, bytes]):
    """How the seconds of a time end: the bytes of all but their first fourteen bits, the same for four hours and a half."""

    def __missing__(self, high: int) -> bytes:
        if len(self) >= _FEW:
            self.clear()
        found = self[high] = varint(high)
        return found


_ENDS: Final = _Ends()


def stamp(instant: int) -> bytes:
    """The body of a ``google.protobuf.Timestamp`` of so many microseconds.

    >>> stamp(1_500_000).hex(), stamp(-1_000_000).hex()
    ('08011080cab5ee01', '08ffffffffffffffffff01')
    """
    seconds, micros = instant // 1_000_000, instant % 1_000_000
    if seconds >= _LONG:
        begin = 8 | (seconds & 127 | 128) << 8 | (seconds >> 7 & 127 | 128) << 16
        body = begin.to_bytes(3, "little") + _ENDS[seconds >> 14]
    else:
        body = number(1, seconds)
    return body + number(2, micros * 1000) if micros else body
