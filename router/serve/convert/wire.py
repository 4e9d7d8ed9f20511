"""The two things of the wire format that joining fragments needs: a tag and a length before a message."""


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_SHORT = tuple(_varint(length) for length in range(1 << 14))


def embedded(field: int, message: bytes) -> bytes:
    """A serialised message as field number ``field`` (1 to 15) of another.

    Source of the layout: the protocol buffers encoding guide, length-delimited records.

    >>> embedded(1, b"ab")
    b'\\n\\x02ab'
    """
    length = len(message)
    return bytes((field << 3 | 2,)) + (_SHORT[length] if length < len(_SHORT) else _varint(length)) + message
