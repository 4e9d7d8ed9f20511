"""The few things of the wire format that joining fragments needs: numbers, texts, messages and times as fields 1 to 15.

Source of the layout: the protocol buffers encoding guide (varints, length-delimited records).
"""

from struct import Struct

_TWO, _SIX = Struct("2B").pack, Struct("6B").pack
"""So many bytes of as many small numbers, in half the time of ``bytes``."""


def varint(value: int) -> bytes:
    """A whole number, seven bits a byte; a negative one as 64 bits.

    >>> varint(300).hex()
    'ac02'
    """
    if _SEVEN_BITS < value <= _FOURTEEN_BITS:
        return _TWO(value & _SEVEN_BITS | 0x80, value >> 7)
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while value > _SEVEN_BITS:
        out.append(value & _SEVEN_BITS | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_SEVEN_BITS, _FOURTEEN_BITS = 0x7F, 0x3FFF
_SMALL = range(_SEVEN_BITS + 1)
_NUMBERS = tuple(tuple(bytes((field << 3, value)) for value in _SMALL) for field in range(16))
_PREFIXES = tuple(tuple(bytes((field << 3 | 2, length)) for length in _SMALL) for field in range(16))
"""The bytes of every field from 1 to 15 with a number, or before a record, that takes one byte: most of all there are."""


def number(field: int, value: int) -> bytes:
    """A whole number, a yes/no or an enum as a field; nothing for 0."""
    if 0 < value <= _SEVEN_BITS:
        return _NUMBERS[field][value]
    return bytes((field << 3,)) + varint(value) if value else b""


def embedded(field: int, message: bytes) -> bytes:
    """A serialised message, or the UTF-8 of a text, as a field.

    >>> embedded(1, b"ab").hex()
    '0a026162'
    """
    length = len(message)
    if length <= _SEVEN_BITS:
        return _PREFIXES[field][length] + message
    return bytes((field << 3 | 2,)) + varint(length) + message


def text(field: int, value: str) -> bytes:
    """A text as a field; nothing for an empty one."""
    if not value:
        return b""
    message = value.encode()
    length = len(message)
    if length <= _SEVEN_BITS:
        return _PREFIXES[field][length] + message
    return bytes((field << 3 | 2,)) + varint(length) + message


_FIVE_BYTES, _SIX_BYTES = 1 << 28, 1 << 35
"""A number from the one to the other takes five bytes: the seconds of all times between 1978 and 3058."""


def stamp(instant: int) -> bytes:
    """The body of a ``google.protobuf.Timestamp`` of so many microseconds.

    >>> stamp(1_500_000).hex()
    '08011080cab5ee01'
    """
    seconds, micros = divmod(instant, 1_000_000)
    if _FIVE_BYTES <= seconds < _SIX_BYTES:
        low, high = seconds & 0x3FFF, seconds >> 14 & 0x3FFF
        body = _SIX(8, low & 127 | 128, low >> 7 | 128, high & 127 | 128, high >> 7 | 128, seconds >> 28)
    else:
        body = number(1, seconds)
    return body + number(2, micros * 1000) if micros else body
