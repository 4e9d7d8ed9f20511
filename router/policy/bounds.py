"""What can be said of an expression without running it: its type, its size, whether it can be missing, whether it is whole.

Back ends leave out guards that these show to be needless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from router.facts import CASE_FACTS, INPUTS, Fact, Type
from router.policy import expression as ex

LARGEST_COUNT = 2.0**40
"""More events than a timeline can hold."""
LARGEST_AMOUNT = 1e30
"""More money than a timeline of amounts that fit the wire can add up to, in minor units."""
LONGEST_HOURS = 1e9
"""More hours than there are between the years 1 and 9999."""
EXACT_HALVES = 2.0**52
"""Below it, a whole number plus a half is a float64."""


@dataclass(frozen=True, slots=True)
class Bound:
    """``|x| <= magnitude``; whether it can be missing; whether it is a whole number."""

    magnitude: float
    missing: bool
    whole: bool = False


_OF_CASE = frozenset(fact.name for fact in (*CASE_FACTS, *INPUTS))

UNBOUNDED = Bound(inf, missing=True)


def of_fact(fact: Fact) -> Bound:
    """What the vocabulary says; only what the engine itself computes of a case has a size."""
    missing = bool(fact.missing)
    if fact.name not in _OF_CASE:
        return Bound(inf, missing)
    if fact.type is Type.MONEY or fact.unit == "minor units":
        return Bound(LARGEST_AMOUNT, missing, fact.type is Type.INTEGER)
    if fact.type is Type.INTEGER:
        return Bound(LARGEST_COUNT, missing, whole=True)
    return Bound(LONGEST_HOURS if fact.unit == "hours" else inf, missing)


def of_node(node: ex.Node, known: Mapping[str, Bound]) -> Bound:
    """Bounds of an expression, given those of the facts and columns it reads."""
    match node:
        case ex.Number(value):
            return Bound(abs(value), missing=False, whole=value == int(value))
        case ex.Ref(name):
            return known.get(name, UNBOUNDED)
        case ex.Arithmetic("/", left, ex.Number(value)) if value:
            a = of_node(left, known)
            return _result(a.magnitude / abs(value), a)
        case ex.Arithmetic("/"):
            return UNBOUNDED
        case ex.Arithmetic(op, left, right):
            a, b = of_node(left, known), of_node(right, known)
            size = a.magnitude * b.magnitude if op == "*" else a.magnitude + b.magnitude
            return _result(size, a, b, whole=a.whole and b.whole)
        case ex.Sum(parts):
            found = [of_node(part, known) for part in parts]
            return _result(sum(b.magnitude for b in found), *found, whole=all(b.whole for b in found))
        case ex.Extreme(_, parts):
            found = [of_node(part, known) for part in parts]
            size = max(b.magnitude for b in found)
            return Bound(size, any(b.missing for b in found), all(b.whole for b in found))
        case ex.Floor(part):
            a = of_node(part, known)
            return Bound(a.magnitude + 1, a.missing or a.magnitude == inf, whole=True)
        case ex.Default(part, fallback):
            a, b = of_node(part, known), of_node(fallback, known)
            return Bound(max(a.magnitude, b.magnitude), b.missing and a.missing, a.whole and b.whole)
        case ex.If(_, then, otherwise):
            a, b = of_node(then, known), of_node(otherwise, known)
            return Bound(max(a.magnitude, b.magnitude), a.missing or b.missing, a.whole and b.whole)
    return Bound(inf, missing=False)


def _result(magnitude: float, *parts: Bound, whole: bool = False) -> Bound:
    """A result of arithmetic: one that can overflow can be missing."""
    size = inf if magnitude != magnitude else magnitude  # noqa: PLR0124 - 0 * inf
    return Bound(size, size == inf or any(part.missing for part in parts), whole)


def type_of(node: ex.Node) -> Type:
    """The type of an expression's value."""
    match node:
        case ex.Ref(_, kind):
            return kind
        case ex.Text():
            return Type.TEXT
        case ex.If(_, then, _) | ex.Default(then, _):
            return type_of(then)
        case ex.Number() | ex.Arithmetic() | ex.Sum() | ex.Extreme() | ex.Floor():
            return Type.NUMBER
    return Type.YES_NO


def simplify(node: ex.Node, known: Mapping[str, Bound]) -> ex.Node:
    """Rounding left out where the number is whole already; the value is the same."""
    match node:
        case ex.Floor(part, bias):
            inner = simplify(part, known)
            bound = of_node(inner, known)
            if bound.whole and bound.magnitude < EXACT_HALVES:
                return inner
            return ex.Floor(inner, bias)
        case ex.If(test, then, otherwise):
            return ex.If(test, simplify(then, known), simplify(otherwise, known))
        case ex.Extreme(op, parts):
            return ex.Extreme(op, tuple(simplify(part, known) for part in parts))
    return node
