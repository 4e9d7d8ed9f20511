"""The small algebra of the analysis: how a value moves while facts rise, and between which bounds it stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag
from math import copysign, inf


class Trend(Flag):
    """Which ways something can move. ``a | b`` is what a combination of both can do."""

    STILL = 0
    RISES = 1
    FALLS = 2
    EITHER = 3

    def flipped(self) -> "Trend":
        """The trend of the opposite: of ``-x``, or of ``not x``."""
        return _FLIPPED[self]

    @property
    def never_falls(self) -> bool:
        """Whether it stays or rises."""
        return not self & Trend.FALLS


_FLIPPED = {Trend.STILL: Trend.STILL, Trend.RISES: Trend.FALLS, Trend.FALLS: Trend.RISES, Trend.EITHER: Trend.EITHER}

LARGEST = 1e15
"""No fact is larger: more than all the money there is, and more hours than there were. The analysis holds up to it."""
HUGE = 1e300
"""A result beyond it may not be finite, and so missing."""
TINY = 1e-100
"""No fact, and no difference of two, lies closer to zero without being zero."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a value while some facts rise.

    ``value`` is its trend among the moments when it is known, ``known`` that of its being known, ``low`` and ``high`` its
    bounds, ``missing`` whether it can be missing. A yes/no has the trend of "known to be yes" in ``value`` and that of
    "known to be no" in ``no``.
    """

    value: Trend = Trend.STILL
    known: Trend = Trend.STILL
    low: float = -inf
    high: float = inf
    missing: bool = False
    no: Trend = Trend.STILL

    @property
    def bounded(self) -> bool:
        """Whether both bounds are finite."""
        return -inf < self.low and self.high < inf

    def sign(self, trend: Trend) -> Trend:
        """The trend of a product with this as the other factor, whose own trend is ``trend``."""
        if trend is Trend.STILL or self.low >= 0:
            return trend
        return trend.flipped() if self.high <= 0 else Trend.EITHER


def joined(shapes: Iterable[Shape]) -> tuple[Trend, Trend, bool]:
    """What of several values all known together: trend, trend of being known, whether one can be missing."""
    value = known = Trend.STILL
    missing = False
    for shape in shapes:
        value |= shape.value
        known |= shape.known
        missing |= shape.missing
    return value, known, missing


def step(before: Shape, after: Shape) -> Trend:
    """What can happen when one value is replaced by another."""
    rises = Trend.STILL if after.high <= before.low else Trend.RISES
    falls = Trend.STILL if after.low >= before.high else Trend.FALLS
    return rises | falls


def known_step(before: Shape, after: Shape) -> Trend:
    """What can happen to the being known when one value is replaced by another."""
    return (Trend.RISES if before.missing else Trend.STILL) | (Trend.FALLS if after.missing else Trend.STILL)


def times(a: float, b: float) -> float:
    """A product of bounds: nothing of something without bound is nothing."""
    return 0.0 if a == 0 or b == 0 else a * b


def product(a: Shape, b: Shape) -> tuple[float, float]:
    """The bounds of a product."""
    corners = [times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return min(corners), max(corners)


def quotient(a: Shape, b: Shape, tiny: float) -> tuple[float, float]:
    """The bounds of a quotient, where it is known: where ``b`` is not zero, and no closer to it than ``tiny``."""
    above = [(max(b.low, tiny), 1.0), (max(b.high, tiny), 1.0)] if b.high > 0 or b.low >= 0 else []
    below = [(min(b.low, -tiny), -1.0), (min(b.high, -tiny), -1.0)] if b.low < 0 else []
    corners = [_over(x, y, side) for x in (a.low, a.high) for y, side in (*above, *below)]
    return min(corners), max(corners)


def _over(x: float, y: float, side: float) -> float:
    """A quotient of bounds; where ``y`` is zero, as it is neared from one side."""
    if x == 0 or abs(y) == inf:
        return 0.0
    return x / y if y else copysign(inf, x * side)
