"""What can be said of an expression without running it: its type, the range of its value, whether it can be missing.

Back ends leave out guards that these show to be needless.
"""

from collections.abc import Callable, Mapping
from sys import float_info

from router.facts import CASE_FACTS, INPUTS, Fact, Type
from router.policy import expression as ex
from router.policy import ranges as r
from router.policy.ranges import Range

LARGEST_COUNT = 2.0**40
"""More events than a timeline can hold."""
LARGEST_AMOUNT = 1e30
"""More money than a timeline of amounts that fit the wire can add up to, in minor units."""
LONGEST_HOURS = 1e9
"""More hours than there are between the years 1 and 9999."""
EXACT_HALVES = 2.0**52
"""Below it, a whole number plus a half is a float64."""


_OF_CASE = frozenset(fact.name for fact in (*CASE_FACTS, *INPUTS))

SOME = Range(-float_info.max, float_info.max)
"""Some number, or missing: whatever overflows is missing, so a value that was kept is finite."""


def of_fact(fact: Fact) -> Range:
    """What is sure of a fact, whoever gave it; only what the engine itself computes of a case has a size."""
    missing = bool(fact.missing)
    if fact.name not in _OF_CASE:
        return Range(SOME.low, SOME.high, missing)
    if fact.type is Type.MONEY or fact.unit == "minor units":
        return Range(-LARGEST_AMOUNT, LARGEST_AMOUNT, missing, fact.type is Type.INTEGER)
    if fact.type is Type.INTEGER:
        return Range(-LARGEST_COUNT, LARGEST_COUNT, missing, whole=True)
    size = LONGEST_HOURS if fact.unit == "hours" else SOME.high
    return Range(-size, size, missing)


def kept(found: Range) -> Range:
    """The range of a result that was kept: finite, or missing."""
    return Range(max(found.low, SOME.low), min(found.high, SOME.high), found.missing, found.whole)


def of_node(node: ex.Node, known: Mapping[str, r.Possible], choose: Callable[[ex.If], Range] | None = None) -> Range:
    """The range of an expression, given those of the facts and columns it reads; without an end where it can overflow.

    ``choose`` may know more of a choice than that it is one of two.

    >>> from router.policy.expression import Arithmetic, Extreme, Number, Ref
    >>> count = Ref("case.chases", Type.INTEGER)
    >>> most = Extreme("min", (Arithmetic("*", Number(5.0), count), Number(40.0)))
    >>> of_node(most, {"case.chases": Range(0, 100, missing=False, whole=True)})
    Range(low=0.0, high=40.0, missing=False, whole=True)
    """

    def of(part: ex.Node) -> Range:
        return of_node(part, known, choose)

    match node:
        case ex.Number(value):
            return Range(value, value, missing=False, whole=value.is_integer())
        case ex.Ref(name):
            found = known.get(name, SOME)
            return found if isinstance(found, Range) else Range(missing=found.missing)
        case ex.Arithmetic(op, left, right):
            return r.arithmetic(op, of(left), of(right))
        case ex.Sum(parts):
            return r.total(map(of, parts))
        case ex.Extreme(op, parts):
            return r.extreme(op, map(of, parts))
        case ex.Floor(part, bias):
            return r.floored(of(part), bias)
        case ex.Default(part, fallback):
            found = of(part)
            return r.joined(r.without_missing(found), of(fallback)) if found.missing else found
        case ex.If(_, then, otherwise):
            return choose(node) if choose else r.joined(of(then), of(otherwise))
    return Range(missing=False)


def overflows(found: Range) -> bool:
    """Whether a result of arithmetic can be infinite, or is none at all, as of a division by 0."""
    return not found.known or kept(found) != found


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


def simplify(node: ex.Node, known: Mapping[str, Range]) -> ex.Node:
    """What changes nothing left out: rounding of a whole number, a limit that is never reached; the value is the same."""
    match node:
        case ex.Floor(part, bias):
            inner = simplify(part, known)
            found = of_node(inner, known)
            return inner if found.whole and found.within(EXACT_HALVES) else ex.Floor(inner, bias)
        case ex.Default(part, fallback) if type_of(part).numeric:
            inner = simplify(part, known)
            return ex.Default(inner, simplify(fallback, known)) if of_node(inner, known).missing else inner
        case ex.If(test, then, otherwise):
            return ex.If(test, simplify(then, known), simplify(otherwise, known))
        case ex.Extreme(op, parts):
            left = _reached(op, [simplify(part, known) for part in parts], known)
            return left[0] if len(left) == 1 else ex.Extreme(op, tuple(left))
    return node


def _reached(op: str, parts: list[ex.Node], known: Mapping[str, Range]) -> list[ex.Node]:
    """The parts of a ``min`` or ``max`` without those that another one always comes up to."""
    left = list(parts)
    for part in parts:
        own = of_node(part, known)
        others = [of_node(other, known) for other in left if other is not part]
        beaten = (own.low >= other.high if op == "min" else own.high <= other.low for other in others)
        if not own.missing and any(beaten):
            left.remove(part)
    return left
