"""The row back end: a plan becomes one Python function, built as ``ast`` nodes and compiled once.

A number is a float, NaN where it is missing: a comparison with it is false and arithmetic keeps it, as the semantics ask.
A text or a yes/no is ``None`` where it is missing. Conditions come with ``not`` at the leaves, so unknown is false at each.
No text of a user is ever evaluated: names and literals enter as nodes.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import nan
from sys import float_info
from typing import TypeAlias

from router.facts import NUMERIC, Fact, Type, Value
from router.policy import expression as ex
from router.policy.bounds import of_fact, of_node, overflows, type_of
from router.policy.plan import Plan
from router.policy.ranges import Range
from router.policy.steps import balanced, steps

Row: TypeAlias = Callable[[Sequence[Value], Sequence[Value]], tuple[Value, ...]]
"""From the customer's facts and the case's facts, each in the order of its layout, to the wanted columns."""

_GLOBALS = {"nan": nan, "__builtins__": {}}
_CONDITIONS = (ex.YesNo, ex.Compare, ex.OneOf, ex.SameText, ex.Missing, ex.No, ex.All, ex.Either)


def compile_row(plan: Plan, wanted: Sequence[str], customer: Sequence[Fact], case: Sequence[Fact]) -> Row:
    """The function that gives the ``wanted`` columns of ``plan`` for one case.

    ``customer`` and ``case`` are the layouts of its two arguments; a fact that neither has is missing.
    """
    return _Compiler(plan.only(wanted), customer, case).function(wanted)


class _Compiler:
    def __init__(self, plan: Plan, customer: Sequence[Fact], case: Sequence[Fact]) -> None:
        self.plan = plan
        self.places: dict[str, tuple[str, int, Fact]] = {}
        for argument, layout in (("customer", customer), ("case", case)):
            self.places |= {fact.name: (argument, index, fact) for index, fact in enumerate(layout)}
        self.known: Mapping[str, Range] = {name: of_fact(fact) for name, (_, _, fact) in self.places.items()}
        self.locals: dict[str, str] = {}
        self.inline: Mapping[str, ex.Node] = {}
        self.temporaries = 0

    def function(self, wanted: Sequence[str]) -> Row:
        code = compile(self.module(wanted), "<plan>", "exec")
        scope = dict(_GLOBALS)
        exec(code, scope)  # noqa: S102 - code of nodes built here
        made: Row = scope["plan"]  # type: ignore[assignment] # the function that the code defines
        return made

    def module(self, wanted: Sequence[str]) -> ast.Module:
        body: list[ast.stmt] = list(self.loads())
        made = steps(self.plan, wanted, self.known, NUMERIC)
        self.known, self.inline = made.known, made.inline
        for index, column in enumerate(made.named):
            value = self.condition(column.node) if isinstance(column.node, _CONDITIONS) else self.value(column.node)
            self.locals[column.name] = f"c{index}"
            body.append(ast.Assign([_store(f"c{index}")], value))
        result = ast.Tuple([self.ref(name) for name in wanted], ast.Load())
        body.append(ast.Return(result))
        arguments = ast.arguments([], [ast.arg("customer"), ast.arg("case")], None, [], [], None, [])
        definition = ast.FunctionDef("plan", arguments, body, [], None)
        return ast.fix_missing_locations(ast.Module([definition], []))

    def loads(self) -> Iterable[ast.stmt]:
        """Each fact that is read, once, into a local name."""
        for index, name in enumerate(sorted(self.plan.reads())):
            place = self.places.get(name)
            self.locals[name] = f"f{index}"
            if place is None:
                kinds = {ref.type for column in self.plan.columns for ref in ex.refs(column.node) if ref.name == name}
                absent = _load("nan") if any(kind.numeric for kind in kinds) else ast.Constant(None)
                yield ast.Assign([_store(f"f{index}")], absent)
            else:
                argument, position, _ = place
                yield ast.Assign([_store(f"f{index}")], ast.Subscript(_load(argument), ast.Constant(position), ast.Load()))

    def ref(self, name: str) -> ast.expr:
        return _load(self.locals[name])

    def hold(self, value: ast.expr) -> tuple[ast.expr, ast.expr]:
        """A value to use now, and a name to use it again by."""
        if isinstance(value, ast.Name | ast.Constant):
            return value, value
        self.temporaries += 1
        name = f"t{self.temporaries}"
        return ast.NamedExpr(_store(name), value), _load(name)

    def can_be_missing(self, node: ex.Node) -> bool:
        return of_node(node, self.known).missing

    # values: a number or NaN, a text or None

    def value(self, node: ex.Node) -> ast.expr:
        match node:
            case ex.Number(value):
                return ast.Constant(value)
            case ex.Text(text):
                return ast.Constant(text)
            case ex.Ref(name):
                return self.value(self.inline[name]) if name in self.inline else self.ref(name)
            case ex.Arithmetic():
                return self.arithmetic(node)
            case ex.Sum(parts):
                return self.finite(node, balanced([self.value(part) for part in parts], _plus))
            case ex.Extreme(op, parts):
                return self.extreme(op, parts)
            case ex.Floor(part, bias):
                return self.floor(part, bias)
            case ex.Default(part, fallback):
                return self.default(part, fallback)
            case ex.If(test, ex.YesNo(True), ex.YesNo(False)) if _is_yes_or_no(test):
                return self.condition(test)
            case ex.If(test, then, otherwise):
                chosen = self.condition if isinstance(then, _CONDITIONS) else self.value
                return ast.IfExp(self.condition(test), chosen(then), chosen(otherwise))
        return self.condition(node)

    def arithmetic(self, node: ex.Arithmetic) -> ast.expr:
        left, right = self.value(node.left), self.value(node.right)
        if node.op != "/":
            operator: ast.operator = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult()}[node.op]
            return self.finite(node, ast.BinOp(left, operator, right))
        if isinstance(node.right, ex.Number):
            if not node.right.value:
                return _load("nan")
            return self.finite(node, ast.BinOp(left, ast.Div(), right))
        now, again = self.hold(right)
        return ast.IfExp(now, self.finite(node, ast.BinOp(left, ast.Div(), again)), _load("nan"))

    def finite(self, node: ex.Node, value: ast.expr) -> ast.expr:
        """NaN for a result that is not finite, unless it is bound to be."""
        if not overflows(of_node(node, self.known)):
            return value
        now, again = self.hold(value)
        return ast.IfExp(_between(now), again, _load("nan"))

    def extreme(self, op: str, parts: tuple[ex.Node, ...]) -> ast.expr:
        sign: ast.cmpop = ast.Lt() if op == "min" else ast.Gt()
        equal: ast.cmpop = ast.LtE() if op == "min" else ast.GtE()
        value = self.value(parts[0])
        missing = self.can_be_missing(parts[0])
        for part in parts[1:]:
            a, a_again = self.hold(value)
            b, b_again = self.hold(self.value(part))
            missing = missing or self.can_be_missing(part)
            other = ast.IfExp(_compare(b_again, equal, a_again), b_again, _load("nan")) if missing else b_again
            value = ast.IfExp(_compare(a, sign, b), a_again, other)
        return value

    def floor(self, part: ex.Node, bias: float) -> ast.expr:
        """``//`` of floats floors, stays a float, and gives NaN for what is not finite."""
        shifted = ast.BinOp(self.value(part), ast.Add(), ast.Constant(bias))
        return ast.BinOp(shifted, ast.FloorDiv(), ast.Constant(1.0))

    def default(self, part: ex.Node, fallback: ex.Node) -> ast.expr:
        if type_of(part) is Type.YES_NO:
            ref = part.part if isinstance(part, ex.No) else part
            present = ast.Compare(self.value(ref), [ast.IsNot()], [ast.Constant(None)])
            return ast.IfExp(present, self.condition(part), self.condition(fallback))
        now, again = self.hold(self.value(part))
        if type_of(part) is Type.TEXT:
            present = ast.Compare(now, [ast.IsNot()], [ast.Constant(None)])
        elif self.can_be_missing(part):
            present = _compare(now, ast.Eq(), again)
        else:
            return self.value(part)
        return ast.IfExp(present, again, self.value(fallback))

    # conditions: truthy only where known to be true

    def condition(self, node: ex.Node) -> ast.expr:
        match node:
            case ex.YesNo(value):
                return ast.Constant(value)
            case ex.All(parts):
                return _bool(ast.And(), [self.condition(part) for part in parts], empty=True)
            case ex.Either(parts):
                return _bool(ast.Or(), [self.condition(part) for part in parts], empty=False)
            case ex.Compare(op, left, right):
                return self.compare(op, left, right)
            case ex.OneOf(part, options, negated):
                listed = ast.Constant(options)  # type: ignore[arg-type] # a tuple is a constant too
                if not negated:
                    return _compare(self.value(part), ast.In(), listed)
                return self.known_and(part, lambda again: _compare(again, ast.NotIn(), listed))
            case ex.SameText(left, right, negated):
                return self.same_text(left, right, negated=negated)
            case ex.Missing(part, negated):
                return self.missing(part, negated=negated)
            case ex.No(part):
                return ast.Compare(self.value(part), [ast.Is()], [ast.Constant(value=False)])
            case ex.If(test, then, otherwise):
                return ast.IfExp(self.condition(test), self.condition(then), self.condition(otherwise))
        return self.value(node)

    def compare(self, op: ex.ComparisonOperator, left: ex.Node, right: ex.Node) -> ast.expr:
        a, b = self.value(left), self.value(right)
        if op != "!=" or not (self.can_be_missing(left) or self.can_be_missing(right)):
            return _compare(a, _OPERATORS[op](), b)
        (a, a_again), (b, b_again) = self.hold(a), self.hold(b)
        return ast.BoolOp(ast.Or(), [_compare(a, ast.Lt(), b), _compare(a_again, ast.Gt(), b_again)])

    def known_and(self, part: ex.Node, test: Callable[[ast.expr], ast.expr]) -> ast.expr:
        """Whether ``part`` is not missing and passes the test."""
        now, again = self.hold(self.value(part))
        if type_of(part).numeric:
            return ast.BoolOp(ast.And(), [_compare(now, ast.Eq(), again), test(again)])
        return ast.BoolOp(ast.And(), [ast.Compare(now, [ast.IsNot()], [ast.Constant(None)]), test(again)])

    def same_text(self, left: ex.Node, right: ex.Node, *, negated: bool) -> ast.expr:
        sign: ast.cmpop = ast.NotEq() if negated else ast.Eq()
        if isinstance(left, ex.Text):
            left, right = right, left
        if isinstance(right, ex.Text):
            if not negated:
                return _compare(self.value(left), sign, self.value(right))
            return self.known_and(left, lambda again: _compare(again, sign, self.value(right)))
        return self.known_and(left, lambda a: self.known_and(right, lambda b: _compare(a, sign, b)))

    def missing(self, part: ex.Node, *, negated: bool) -> ast.expr:
        if isinstance(part, ex.Text):
            return ast.Constant(negated)
        now, again = self.hold(self.value(part))
        if type_of(part).numeric:
            return _compare(now, ast.Eq() if negated else ast.NotEq(), again)
        return ast.Compare(now, [ast.IsNot() if negated else ast.Is()], [ast.Constant(None)])


_OPERATORS: Mapping[ex.ComparisonOperator, Callable[[], ast.cmpop]] = {
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
}


def _is_yes_or_no(node: ex.Node) -> bool:
    """Whether the code of a condition gives True or False itself, not what merely counts as one."""
    if isinstance(node, ex.All | ex.Either):
        return all(map(_is_yes_or_no, node.parts))
    return isinstance(node, ex.YesNo | ex.Compare | ex.OneOf | ex.SameText | ex.Missing | ex.No)


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _store(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def _compare(left: ast.expr, op: ast.cmpop, right: ast.expr) -> ast.Compare:
    return ast.Compare(left, [op], [right])


def _plus(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, ast.Add(), right)


def _between(value: ast.expr) -> ast.Compare:
    """Whether a number is finite; false for NaN."""
    largest = float_info.max
    return ast.Compare(ast.Constant(-largest), [ast.LtE(), ast.LtE()], [value, ast.Constant(largest)])


def _bool(op: ast.boolop, parts: list[ast.expr], *, empty: bool) -> ast.expr:
    if not parts:
        return ast.Constant(empty)
    return parts[0] if len(parts) == 1 else ast.BoolOp(op, parts)
