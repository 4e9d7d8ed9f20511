"""A slow, obvious evaluator of expressions: three-valued, one value at a time, semantics as they are written down."""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from math import floor, isfinite
from typing import Any, TypeAlias

from router.facts import Value
from router.policy import expression as ex

Known: TypeAlias = float | str | bool | None
"""A value of the reference; ``None`` is missing, or unknown."""

PLANS = ("premier", "basic")
"""The value of the parameter ``plans``."""
LOYAL = 3.0
"""The value of the parameter ``loyal``."""

Pair: TypeAlias = Callable[[Any, Any], Any]

OF_PYTHON: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
ARITHMETIC: Mapping[str, Pair] = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
COMPARE: Mapping[str, Pair] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def known(value: Value) -> Known:
    """A fact as the reference sees it."""
    return None if isinstance(value, float) and not isfinite(value) else value


def evaluate(node: ast.expr, facts: Mapping[str, Known]) -> Known:
    """The value of a text that Python parsed."""
    match node:
        case ast.Constant(bool() | str() as value):
            return value
        case ast.Constant(int() | float() as value):
            return float(value)
        case ast.Name("loyal"):
            return LOYAL
        case ast.Attribute(ast.Name(family), name):
            return facts[f"{family}.{name}"]
        case ast.BoolOp(op, values):
            found = [evaluate(value, facts) for value in values]
            return every(found) if isinstance(op, ast.And) else some(found)
        case ast.UnaryOp(ast.Not(), operand):
            return opposite(evaluate(operand, facts))
        case ast.UnaryOp(ast.USub(), operand):
            return arithmetic("-", 0.0, evaluate(operand, facts))
        case ast.BinOp(left, op, right):
            return arithmetic(OF_PYTHON[type(op)], evaluate(left, facts), evaluate(right, facts))
        case ast.Compare(left, ops, others):
            return every(holds(a, op, b, facts) for a, op, b in zip([left, *others], ops, others, strict=False))
        case ast.IfExp(condition, body, orelse):
            return evaluate(body if evaluate(condition, facts) is True else orelse, facts)
        case ast.Call(ast.Name(function), arguments):
            return call(function, [evaluate(argument, facts) for argument in arguments])
    raise AssertionError(ast.dump(node))


def every(parts: Iterable[Known]) -> Known:
    found = list(parts)
    return False if False in found else None if None in found else True


def some(parts: Iterable[Known]) -> Known:
    found = list(parts)
    return True if True in found else None if None in found else False


def opposite(value: Known) -> Known:
    return None if value is None else not value


def both(function: Pair, a: Known, b: Known) -> Any:  # noqa: ANN401 - whatever the function gives
    """What a function of two gives, and missing if one of them is."""
    return None if a is None or b is None else function(a, b)


def arithmetic(sign: str, a: Known, b: Known) -> Known:
    if sign == "/" and b == 0:
        return None
    result = both(ARITHMETIC[sign], None if a is None else float(a), None if b is None else float(b))
    return known(result)


def call(function: str, values: list[Known]) -> Known:
    if function == "default":
        return values[1] if values[0] is None else values[0]
    if function == "round":
        shifted = arithmetic("+", values[0], 0.5)
        return None if shifted is None else float(floor(float(shifted)))
    return reduce(lambda a, b: both({"min": min, "max": max}[function], a, b), values)


def holds(left: ast.expr, op: ast.cmpop, right: ast.expr, facts: Mapping[str, Known]) -> Known:
    a = evaluate(left, facts)
    match op, right:
        case ((ast.Is() | ast.IsNot()), _):
            return (a is None) == isinstance(op, ast.Is)
        case ((ast.In() | ast.NotIn()), ast.Tuple(elements)):
            options = [evaluate(element, facts) for element in elements]
        case ((ast.In() | ast.NotIn()), _):
            options = [*PLANS]
        case _:
            return both(COMPARE[OF_PYTHON[type(op)]], a, evaluate(right, facts))  # type: ignore[no-any-return] # a yes/no
    return None if a is None else (a in options) == isinstance(op, ast.In)


def evaluate_tree(node: ex.Node, at: Mapping[str, Known]) -> Known:  # noqa: C901 - one row for each kind of node
    """The same over trees: what a plan adds to a policy's expressions has no text."""

    def of(part: ex.Node) -> Known:
        return evaluate_tree(part, at)

    match node:
        case ex.Number() | ex.Text() | ex.YesNo():
            return node.value
        case ex.Ref(name):
            return at[name]
        case ex.Arithmetic(sign, left, right):
            return arithmetic(sign, of(left), of(right))
        case ex.Sum(parts):
            return reduce(lambda a, b: arithmetic("+", a, b), map(of, parts))
        case ex.Extreme(function, parts):
            return call(function, [of(part) for part in parts])
        case ex.Floor(part, bias):
            shifted = arithmetic("+", of(part), bias)
            return None if shifted is None else float(floor(float(shifted)))
        case ex.Default(part, fallback):
            return call("default", [of(part), of(fallback)])
        case ex.If(condition, then, otherwise):
            return of(then) if of(condition) is True else of(otherwise)
        case ex.All(parts):
            return every(map(of, parts))
        case ex.Either(parts):
            return some(map(of, parts))
        case ex.Missing(part, negated):
            return (of(part) is None) != negated
        case ex.No(part):
            return opposite(of(part))
        case ex.OneOf(part, options, negated):
            a = of(part)
            return None if a is None else (a in options) != negated
        case ex.SameText(left, right, negated):
            return both(lambda a, b: (a == b) != negated, of(left), of(right))  # type: ignore[no-any-return] # a yes/no
        case ex.Compare(sign, left, right):
            return both(COMPARE[sign], of(left), of(right))  # type: ignore[no-any-return] # a yes/no
