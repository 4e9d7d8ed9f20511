"""What a value can be: a range of numbers, some of the texts, yes or no; and whether it can be missing.

Ranges are closed and of float64, so that ``x < 3`` is ``x <= nextafter(3, -inf)``, exactly. Rounding is monotone: the ends
of a result are the results of ends.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from math import ceil, floor, inf, isinf, isnan, nextafter
from typing import TypeAlias, TypeVar

from router.facts import Fact, Type
from router.policy.expression import ArithmeticOperator, ComparisonOperator


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high`` (none at all if low is above high), and whether the value can be missing."""

    low: float = -inf
    high: float = inf
    missing: bool = True
    whole: bool = False

    @property
    def known(self) -> bool:
        """Whether some number is possible."""
        return self.low <= self.high

    @property
    def possible(self) -> bool:
        """Whether it can be anything."""
        return self.missing or self.known

    def within(self, size: float) -> bool:
        """Whether it is surely not above ``size`` nor below its opposite."""
        return -size <= self.low and self.high <= size


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of ``among`` (``None``: any text) without those of ``but``, and whether the value can be missing."""

    among: frozenset[str] | None = None
    but: frozenset[str] = frozenset()
    missing: bool = True

    @property
    def known(self) -> bool:
        """Whether some text is possible."""
        return self.among is None or bool(self.among - self.but)

    @property
    def possible(self) -> bool:
        """Whether it can be anything."""
        return self.missing or self.known

    def only(self, options: Iterable[str]) -> "Words":
        """Where it is one of the options."""
        wanted = frozenset(options)
        return Words(wanted if self.among is None else self.among & wanted, self.but, missing=False)

    def without(self, options: Iterable[str]) -> "Words":
        """Where it is a text that is none of the options."""
        return Words(self.among, self.but | frozenset(options), missing=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a yes/no can be yes, no, missing."""

    yes: bool = True
    no: bool = True
    missing: bool = True

    @property
    def known(self) -> bool:
        """Whether an answer is possible."""
        return self.yes or self.no

    @property
    def possible(self) -> bool:
        """Whether it can be anything."""
        return self.missing or self.known


Possible: TypeAlias = Range | Words | Answer
"""What one fact or column can be."""
_PossibleT = TypeVar("_PossibleT", Range, Words, Answer)

NEVER = Range(inf, -inf, missing=True)
"""A number that is always missing."""


def of_fact(fact: Fact, words: Mapping[str, tuple[str, ...]]) -> Possible:
    """What the vocabulary says of a fact; ``words`` are the closed lists that some texts have.

    A fact that the clock moves can leave its range where the snapshot is of a later time than the decision.
    """
    missing = bool(fact.missing)
    if fact.type is Type.TEXT:
        return Words(frozenset(words[fact.name]) if fact.name in words else None, missing=missing)
    if fact.type is Type.YES_NO:
        return Answer(missing=missing)
    if fact.moves:
        return Range(missing=missing)
    return Range(fact.low, fact.high, missing, fact.type is Type.INTEGER)


def joined(a: Range, b: Range) -> Range:
    """What either can be."""
    return Range(min(a.low, b.low), max(a.high, b.high), a.missing or b.missing, a.whole and b.whole)


def without_missing(a: _PossibleT) -> _PossibleT:
    """The same where it is known."""
    return replace(a, missing=False)


def only_missing(a: Possible) -> Possible:
    """The same where it is missing."""
    match a:
        case Range():
            return replace(NEVER, missing=a.missing)
        case Words():
            return Words(frozenset(), missing=a.missing)
    return Answer(yes=False, no=False, missing=a.missing)


_RESULT: Mapping[ArithmeticOperator, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def arithmetic(op: ArithmeticOperator, a: Range, b: Range) -> Range:
    """The range of ``a op b``; what can overflow or be divided by 0 can be missing."""
    if not (a.known and b.known):
        return NEVER
    if op == "/" and b.low <= 0 <= b.high:
        return NEVER if b.low == b.high else Range()
    ends = [_end(op, x, y) for x, y in product((a.low, a.high), (b.low, b.high))]
    low, high = min(ends), max(ends)
    whole = a.whole and b.whole and op != "/"
    return Range(low, high, a.missing or b.missing or isinf(low) or isinf(high), whole)


def _end(op: ArithmeticOperator, x: float, y: float) -> float:
    """An end of a result; where both are without bound in opposite ways, one of the other ends is without bound too."""
    found = _RESULT[op](x, y)
    return 0.0 if isnan(found) else found


def total(parts: Iterable[Range]) -> Range:
    """The range of a sum."""
    return reduce(lambda a, b: arithmetic("+", a, b), parts)


def extreme(op: str, parts: Iterable[Range]) -> Range:
    """The range of ``min`` or ``max``; missing if any is."""
    found = tuple(parts)
    if not all(part.known for part in found):
        return NEVER
    pick = min if op == "min" else max
    return Range(
        pick(part.low for part in found),
        pick(part.high for part in found),
        any(part.missing for part in found),
        all(part.whole for part in found),
    )


def floored(a: Range, bias: float) -> Range:
    """The range of ``floor(a + bias)``."""
    return replace(a, low=_floor(a.low + bias), high=_floor(a.high + bias), whole=True) if a.known else NEVER


def _floor(x: float) -> float:
    return x if isinf(x) else float(floor(x))


def narrowed(a: Range, op: ComparisonOperator, b: Range) -> Range:
    """The numbers of ``a`` that compare so with some number of ``b``."""
    low, high = a.low, a.high
    match op:
        case "<":
            high = min(high, nextafter(b.high, -inf))
        case "<=":
            high = min(high, b.high)
        case ">":
            low = max(low, nextafter(b.low, inf))
        case ">=":
            low = max(low, b.low)
        case "==":
            low, high = max(low, b.low), min(high, b.high)
        case "!=" if b.low == b.high:
            low = nextafter(low, inf) if low == b.low else low
            high = nextafter(high, -inf) if high == b.high else high
    if a.whole and low <= high:
        low, high = (x if isinf(x) else float(to(x)) for x, to in ((low, ceil), (high, floor)))
    return Range(low, high, missing=False, whole=a.whole)
