"""What an operation makes of the shapes of its parts."""

from math import floor, inf

from router.fairness.trend import Shape, Trend, joined, known_step, step
from router.policy.expression import MIRRORED, ComparisonOperator


def present(shape: Shape) -> Shape:
    """A value where it is known."""
    return Shape(shape.value, Trend.STILL, shape.low, shape.high, missing=False, no=shape.no)


def narrowed(shape: Shape, op: ComparisonOperator, other: Shape) -> Shape:
    """A number where it compares so with another one."""
    low, high = shape.low, shape.high
    if op in {">", ">=", "=="}:
        low = max(low, other.low)
    if op in {"<", "<=", "=="}:
        high = min(high, other.high)
    return Shape(shape.value, Trend.STILL, min(low, high), high, missing=False)


def floored(x: float) -> float:
    """The floor of a bound."""
    return x if abs(x) == inf else float(floor(x))


def defaulted(part: Shape, fallback: Shape) -> Shape:
    """One number, or the other where it is missing."""
    if not part.missing:
        return part
    value = part.value | fallback.value
    if part.known & Trend.RISES:
        value |= step(fallback, part)
    if part.known & Trend.FALLS:
        value |= step(part, fallback)
    known = part.known | fallback.known if fallback.missing else Trend.STILL
    return Shape(value, known, min(part.low, fallback.low), max(part.high, fallback.high), fallback.missing)


def chosen_by(test: Trend, then: Shape, otherwise: Shape) -> Shape:
    """One number where a condition with that trend holds, else the other."""
    value, known, missing = joined((then, otherwise))
    if test & Trend.RISES:
        value |= step(otherwise, then)
        known |= known_step(otherwise, then)
    if test & Trend.FALLS:
        value |= step(then, otherwise)
        known |= known_step(then, otherwise)
    return Shape(value, known, min(then.low, otherwise.low), max(then.high, otherwise.high), missing)


def compared(op: ComparisonOperator, a: Shape, b: Shape) -> Trend:
    """The trend of a comparison's being known to be true."""
    if op == "==":
        op = "<=" if a.low >= b.high else ">=" if a.high <= b.low else op
    elif op == "!=":
        op = ">" if a.low >= b.high else "<" if a.high <= b.low else op
    known = a.known | b.known
    apart = a.value | b.value.flipped()
    match op:
        case ">" | ">=":
            if a.high < b.low or (op == ">" and a.high <= b.low):
                return Trend.STILL
            return known if a.low > b.high or (op == ">=" and a.low >= b.high) else known | apart
        case "<" | "<=":
            return compared(MIRRORED[op], b, a)
    return known | (Trend.EITHER if apart else Trend.STILL)
