"""The expression language as a tree: what a policy's text becomes, and all that a back end has to translate.

A tree is typed and normal: parameters are literals, chains of comparisons are split, ``not`` stands only before a yes/no
fact. In that form an unknown leaf may count as false wherever only "known to be true" matters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, get_args

from router.facts import Type

ArithmeticOperator: TypeAlias = Literal["+", "-", "*", "/"]
ComparisonOperator: TypeAlias = Literal["<", "<=", ">", ">=", "==", "!="]

OPPOSITE: Mapping[ComparisonOperator, ComparisonOperator] = {
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
    "==": "!=",
    "!=": "==",
}
"""What a comparison becomes under ``not``."""

MIRRORED: Mapping[ComparisonOperator, ComparisonOperator] = {
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
    "==": "==",
    "!=": "!=",
}
"""A comparison with its sides exchanged."""


@dataclass(frozen=True, slots=True)
class Number:
    """A finite float64 literal."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A text literal, NFC."""

    value: str


@dataclass(frozen=True, slots=True)
class YesNo:
    """A condition that is always or never true."""

    value: bool


@dataclass(frozen=True, slots=True)
class Ref:
    """A fact, an engine input or an earlier column, by name."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left op right``; missing if either is, or if the result is not finite; x / 0 is missing."""

    op: ArithmeticOperator
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of one or more whole numbers, hence free of order; missing if any is."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Extreme:
    """``min`` or ``max`` of two or more numbers; missing if any is."""

    op: Literal["min", "max"]
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """``floor(part + bias)``: ``round`` has the bias 0.5, money that of :data:`router.money.HALF`."""

    part: "Node"
    bias: float


@dataclass(frozen=True, slots=True)
class Default:
    """``part``, or ``fallback`` when ``part`` is missing; of any type, a yes/no ``part`` is a fact."""

    part: "Node"
    fallback: "Node"


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of two numbers; unknown if either is missing."""

    op: ComparisonOperator
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Whether a text or number is one of the literals (``negated``: none of them); unknown if it is missing."""

    part: "Node"
    options: tuple[float, ...] | tuple[str, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class SameText:
    """Whether two texts are equal (``negated``: differ); unknown if either is missing."""

    left: "Node"
    right: "Node"
    negated: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """``part is missing`` (``negated``: is not missing); never unknown."""

    part: "Node"
    negated: bool


@dataclass(frozen=True, slots=True)
class No:
    """``not`` before a yes/no fact or column: known to be no."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """``and``."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """``or``."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class If:
    """``then`` where ``test`` is known to be true, else ``otherwise``."""

    test: "Node"
    then: "Node"
    otherwise: "Node"


Node: TypeAlias = (
    Number
    | Text
    | YesNo
    | Ref
    | Arithmetic
    | Sum
    | Extreme
    | Floor
    | Default
    | Compare
    | OneOf
    | SameText
    | Missing
    | No
    | All
    | Either
    | If
)


_FIELDS: Mapping[type, tuple[str, ...]] = {kind: tuple(field.name for field in fields(kind)) for kind in get_args(Node)}


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below."""
    for name in _FIELDS[type(node)]:
        value = getattr(node, name)
        if isinstance(value, tuple):
            yield from (part for part in value if not isinstance(part, str | float))
        elif hasattr(value, "__dataclass_fields__"):
            yield value


def refs(node: Node) -> Iterator[Ref]:
    """Every place where an expression reads a fact, an input or an earlier column."""
    if isinstance(node, Ref):
        yield node
    for child in children(node):
        yield from refs(child)


def names(node: Node) -> frozenset[str]:
    """Every fact, input and column that an expression reads."""
    return frozenset(ref.name for ref in refs(node))


def negate(node: Node) -> Node:
    """``not node`` with the ``not`` pushed to the comparisons and into the branches of a conditional, not into its test."""
    match node:
        case YesNo(value):
            return YesNo(not value)
        case Ref():
            return No(node)
        case No(part):
            return part
        case Compare(op, left, right):
            return Compare(OPPOSITE[op], left, right)
        case OneOf(part, options, negated):
            return OneOf(part, options, not negated)
        case SameText(left, right, negated):
            return SameText(left, right, not negated)
        case Missing(part, negated):
            return Missing(part, not negated)
        case All(parts):
            return Either(tuple(map(negate, parts)))
        case Either(parts):
            return All(tuple(map(negate, parts)))
        case Default(part, fallback):
            return Default(negate(part), negate(fallback))
        case If(test, then, otherwise):
            return If(test, negate(then), negate(otherwise))
        case _:
            message = f"{type(node).__name__} is no condition"
            raise TypeError(message)


TIMES_AS_WRITTEN = 12
"""Digits enough to write a number of a policy back."""


def _number(value: float) -> str:
    return f"{value:.{TIMES_AS_WRITTEN}g}"


_JOINED: Mapping[type, str] = {Sum: " + ", All: " and ", Either: " or "}
_LOOSE = (Arithmetic, Sum, Compare, OneOf, SameText, Missing, All, Either, If)
"""What stands in brackets inside another."""


def write(node: Node) -> str:
    """An expression in words that its author would recognise, for messages and differences.

    >>> write(Compare(">", Ref("case.chases", Type.INTEGER), Number(2.0)))
    'case.chases > 2'
    """
    match node:
        case Number(value):
            return _number(value)
        case Text(value):
            return repr(value)
        case YesNo(value):
            return str(value)
        case Ref(name):
            return name
        case Arithmetic(op, left, right) | Compare(op, left, right):
            return f"{_inner(left)} {op} {_inner(right)}"
        case Extreme(op, parts):
            return f"{op}({', '.join(map(write, parts))})"
        case Floor(part):
            return f"round({write(part)})"
        case Default(part, fallback):
            return f"default({write(part)}, {write(fallback)})"
        case OneOf(part, options, negated):
            listed = ", ".join(repr(o) if isinstance(o, str) else _number(o) for o in options)
            return f"{_inner(part)} {'not ' * negated}in ({listed})"
        case SameText(left, right, negated):
            return f"{_inner(left)} {'!=' if negated else '=='} {_inner(right)}"
        case Missing(part, negated):
            return f"{_inner(part)} is {'not ' * negated}missing"
        case No(part):
            return f"not {_inner(part)}"
        case Sum(parts) | All(parts) | Either(parts):
            return _JOINED[type(node)].join(map(_inner, parts))
        case If(test, then, otherwise):
            return f"{_inner(then)} if {_inner(test)} else {_inner(otherwise)}"


def _inner(node: Node) -> str:
    text = write(node)
    return f"({text})" if isinstance(node, _LOOSE) else text
