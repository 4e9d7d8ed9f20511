"""The frame back end: a plan becomes Polars expressions, for all cases of a table at once, each element for itself.

What is missing is null: Polars' null does what the semantics ask of a missing value and of a condition that is unknown. A value
that is read twice gets a column of its own in an earlier stage, since Polars would compute it twice; so a plan of any depth
is a few stages of flat expressions.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import inf
from typing import TypeAlias

import polars as pl

from router.facts import INPUTS, VOCABULARY, Type
from router.policy import expression as ex
from router.policy.bounds import Bound, of_fact, of_node, type_of
from router.policy.plan import Plan
from router.policy.steps import balanced, steps

_DTYPES: Mapping[Type, type[pl.DataType]] = {
    kind: pl.String if kind is Type.TEXT else pl.Boolean if kind is Type.YES_NO else pl.Float64 for kind in Type
}
_BOUNDS: Mapping[str, Bound] = {fact.name: of_fact(fact) for fact in (*VOCABULARY.values(), *INPUTS)}
_OPERATORS: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ARITHMETIC = (ex.Arithmetic, ex.Sum, ex.Floor)
NARROW = 2.0**24
"""Every whole number up to it is a float32: sums of points that stay below run at twice the speed."""


def apply(frame: pl.LazyFrame, plan: Plan, wanted: Sequence[str]) -> pl.LazyFrame:
    """Add the ``wanted`` columns of ``plan``, and nothing else: numbers Float64, texts String, yes/no Boolean.

    ``frame`` has the facts as columns by name, missing ones null (a number is never NaN or infinite); a fact that it lacks
    is missing.
    """
    given = frame.collect_schema().names()
    compiler = _Compiler(plan.only(wanted), wanted, frozenset(given))
    for stage in compiler.stages:
        frame = frame.with_columns(stage)
    made = (pl.col(compiler.names[name]).alias(name) for name in wanted)
    return frame.select(*(name for name in given if name not in wanted), *made)


_Stage: TypeAlias = list[pl.Expr]


class _Compiler:
    def __init__(self, plan: Plan, wanted: Sequence[str], given: frozenset[str]) -> None:
        reads = plan.reads()
        made = steps(plan, wanted, {name: _BOUNDS[name] for name in reads & given & _BOUNDS.keys()}, frozenset(Type))
        self.known, self.inline = made.known, made.inline
        self.stages: list[_Stage] = []
        self.depths: dict[str, int] = {}
        self.names: dict[str, str] = {name: name for name in reads & given}
        for column in plan.columns:
            for ref in ex.refs(column.node):
                if ref.name in reads and ref.name not in self.names:
                    self.names[ref.name] = self.keep(pl.lit(None, _DTYPES[ref.type]))
        for column in made.named:
            if column.type is Type.YES_NO:
                value = self.condition(column.node).fill_null(value=False)
            else:
                value = self.value(column.node)
            self.names[column.name] = self.keep(value)

    def keep(self, value: pl.Expr) -> str:
        """The name of a new column of this value, in the first stage that can have it."""
        depth = max((self.depths.get(name, 0) for name in value.meta.root_names()), default=0)
        name = f"plan {len(self.depths)}"
        self.depths[name] = depth + 1
        if depth == len(self.stages):
            self.stages.append([])
        self.stages[depth].append(value.alias(name))
        return name

    def hold(self, value: pl.Expr) -> pl.Expr:
        """A value to use more than once."""
        return value if value.meta.is_column() or value.meta.is_literal() else pl.col(self.keep(value))

    def bound(self, node: ex.Node) -> Bound:
        return of_node(node, self.known)

    # values: null where missing

    def value(self, node: ex.Node) -> pl.Expr:
        match node:
            case ex.Number(value):
                return pl.lit(value, pl.Float64)
            case ex.Text(text):
                return pl.lit(text, pl.String)
            case ex.Ref(name):
                return self.value(self.inline[name]) if name in self.inline else pl.col(self.names[name])
            case ex.Arithmetic() | ex.Sum() | ex.Floor():
                return self.finite(node)
            case ex.Extreme(op, parts):
                return self.extreme(op, parts)
            case ex.Default(part, fallback) if type_of(part) is not Type.YES_NO:
                return self.value(part).fill_null(self.value(fallback))
            case ex.If(test, then, otherwise) if type_of(then) is not Type.YES_NO:
                return pl.when(self.condition(test)).then(self.value(then)).otherwise(self.value(otherwise))
        return self.condition(node)

    def finite(self, node: ex.Node) -> pl.Expr:
        """The value of arithmetic, null unless finite."""
        value = self.loose(node)
        if self.bound(node).magnitude < inf:
            return value
        value = self.hold(value)
        return pl.when(value.is_finite()).then(value)

    def loose(self, node: ex.Node) -> pl.Expr:
        """The value of arithmetic, infinite or NaN if some step on the way is: none of these operations leads back."""
        match node:
            case ex.Ref(name) if name in self.inline:
                return self.loose(self.inline[name])
            case ex.Arithmetic("/", left, right):
                return self.quotient(left, right)
            case ex.Arithmetic(op, left, right):
                return _OPERATORS[op](self.loose(left), self.loose(right))
            case ex.Sum(parts):
                bound = self.bound(node)
                if bound.whole and bound.magnitude <= NARROW and not bound.missing:
                    return balanced([self.narrow(part) for part in parts], operator.add).cast(pl.Float64)
                return balanced([self.loose(part) for part in parts], operator.add)
            case ex.Floor(part, bias):
                return (self.loose(part) + bias).floor()
        return self.value(node)

    def quotient(self, left: ex.Node, right: ex.Node) -> pl.Expr:
        """Polars divides by what is one for all rows through its reciprocal, one digit off: so the divisor never is."""
        dividend = self.hold(self.loose(left))
        return dividend / (dividend * 0.0 + self.value(right))

    def narrow(self, node: ex.Node) -> pl.Expr:
        """A small whole number that is never missing, as a float32."""
        match node:
            case ex.Number(value):
                return pl.lit(value, pl.Float32)
            case ex.Ref(name) if name in self.inline:
                return self.narrow(self.inline[name])
            case ex.Default(part) if not self.bound(part).missing:
                return self.narrow(part)
            case ex.If(test, then, otherwise):
                return pl.when(self.condition(test)).then(self.narrow(then)).otherwise(self.narrow(otherwise))
        return self.value(node).cast(pl.Float32)

    def extreme(self, op: str, parts: tuple[ex.Node, ...]) -> pl.Expr:
        values = [self.value(part) for part in parts]
        if not any(self.bound(part).missing for part in parts):
            return pl.min_horizontal(values) if op == "min" else pl.max_horizontal(values)
        before, after = (operator.lt, operator.ge) if op == "min" else (operator.gt, operator.le)

        def further(left: pl.Expr, right: pl.Expr) -> pl.Expr:
            a, b = self.hold(left), self.hold(right)
            return pl.when(before(a, b)).then(a).when(after(a, b)).then(b)

        return reduce(further, values)

    # conditions: null where unknown

    def condition(self, node: ex.Node) -> pl.Expr:
        match node:
            case ex.YesNo(value):
                return pl.lit(value, pl.Boolean)
            case ex.All(parts):
                return self.joined(operator.and_, parts, empty=True)
            case ex.Either(parts):
                return self.joined(operator.or_, parts, empty=False)
            case ex.Compare(op, left, right):
                return _OPERATORS[op](self.value(left), self.value(right))
            case ex.OneOf(part, options, negated):
                return self.one_of(part, options, negated=negated)
            case ex.SameText(left, right, negated):
                return _OPERATORS["!=" if negated else "=="](self.value(left), self.value(right))
            case ex.Missing(part, negated):
                value = self.value(part)
                return value.is_not_null() if negated else value.is_null()
            case ex.No(part):
                return ~self.condition(part)
            case ex.Default(part, fallback):
                return self.condition(part).fill_null(self.condition(fallback))
            case ex.If(test, then, otherwise):
                return pl.when(self.condition(test)).then(self.condition(then)).otherwise(self.condition(otherwise))
        return self.value(node)

    def joined(
        self, op: Callable[[pl.Expr, pl.Expr], pl.Expr], parts: tuple[ex.Node, ...], *, empty: bool
    ) -> pl.Expr:
        return balanced([self.condition(part) for part in parts], op) if parts else pl.lit(empty, pl.Boolean)

    def one_of(self, part: ex.Node, options: Sequence[float | str], *, negated: bool) -> pl.Expr:
        """A comparison for each option: a short list is sooner compared than looked up."""
        value = self.hold(self.value(part))
        tests = [value != option if negated else value == option for option in options]
        return balanced(tests, operator.and_ if negated else operator.or_)
