"""Whether this is machine code: the modules that every case goes through are compiled, where a wheel was built so. And what
has to be written with care to be the same then."""

from operator import truediv
from typing import Final


def _here() -> None:
    """A function: compiled, it has no code of Python's."""


COMPILED: Final = not hasattr(_here, "__code__")

_EXACT: Final = 2**53


def quotient(dividend: int, divisor: int) -> float:
    """The float nearest to a quotient of whole numbers.

    Compiled, ``/`` makes floats of both first, which is not the same for numbers that no float holds.

    >>> quotient(2**60 + 1, 2**60 - 1) == (2**60 + 1) / (2**60 - 1)
    True
    """
    found: float = dividend / divisor if -_EXACT <= dividend <= _EXACT else truediv(dividend, divisor)
    return found
