"""The frame back end: a plan becomes Polars expressions, for all cases of a table at once, each element for itself.

What is missing is null: Polars' null does what the semantics ask of a missing value and of a condition that is unknown. A
value that is read twice gets a column of its own in an earlier stage, since Polars would compute it twice; so a plan of any
depth is a few stages of flat expressions.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from typing import TypeAlias

import polars as pl

from router.facts import INPUTS, NUMERIC, VOCABULARY, Type
from router.policy import expression as ex
from router.policy.bounds import of_fact, of_node, overflows, type_of
from router.policy.plan import Column, Plan
from router.policy.ranges import Range
from router.policy.steps import balanced, steps

_DTYPES: Mapping[Type, type[pl.DataType]] = {
    kind: pl.String if kind is Type.TEXT else pl.Boolean if kind is Type.YES_NO else pl.Float64 for kind in Type
}
_SURE: Mapping[str, Range] = {fact.name: of_fact(fact) for fact in (*VOCABULARY.values(), *INPUTS)}
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
NARROW = ((2.0**15 - 1, pl.Int16), (2.0**31 - 1, pl.Int32))
"""Whole numbers of known size add up fastest in the narrowest type that holds the sum."""
_INLINE = NUMERIC | {Type.YES_NO}
_FALSE_LEFT: Mapping[str, float] = {"<": inf, "<=": inf, ">": -inf, ">=": -inf, "==": inf}
"""What to put for a missing left side, so that the comparison is false; its opposite goes to the right."""


def apply(frame: pl.LazyFrame, plan: Plan, wanted: Sequence[str], *, enums: bool = False) -> pl.LazyFrame:
    """Add the ``wanted`` columns of ``plan``, and nothing else: numbers Float64, texts String, yes/no Boolean.

    ``frame`` has the facts as columns by name, missing ones null (a number is never NaN or infinite); a fact that it lacks
    is missing. With ``enums``, a text that is one of a few words (``tier``, ``band``, ``level``) stays an Enum of them: that
    is made and written several times as fast as a String.
    """
    given = frame.collect_schema().names()
    compiler = _Compiler(plan.only(wanted), wanted, frozenset(given))
    for stage in compiler.stages:
        frame = frame.with_columns(stage)
    made = ((compiler.raw(name) if enums else compiler.column(name)).alias(name) for name in wanted)
    return frame.select(*(name for name in given if name not in wanted), *made)


_Stage: TypeAlias = list[pl.Expr]


class _Compiler:
    def __init__(self, plan: Plan, wanted: Sequence[str], given: frozenset[str]) -> None:
        reads = plan.reads()
        made = steps(plan, wanted, {name: _SURE[name] for name in reads & given & _SURE.keys()}, _INLINE)
        self.known, self.inline = made.known, made.inline
        self.stages: list[_Stage] = []
        self.depths: dict[str, int] = {}
        self.filled: dict[tuple[str, float], pl.Expr] = {}
        self.enums: set[str] = set()
        self.names: dict[str, str] = {name: name for name in reads & given}
        for column in plan.columns:
            for ref in ex.refs(column.node):
                if ref.name in reads and ref.name not in self.names:
                    self.names[ref.name] = self.keep(pl.lit(None, _DTYPES[ref.type]))
        for column in made.named:
            self.names[column.name] = self.keep(self.result(column))

    def result(self, column: Column) -> pl.Expr:
        """The value of a column of the plan, whose yes/no is never unknown."""
        if column.type is Type.YES_NO:
            return self.condition(column.node).fill_null(value=False)
        words = tuple(dict.fromkeys(_words(column.node)))
        if column.type is Type.TEXT and None not in words:
            self.enums.add(column.name)
            return self.chosen(column.node, pl.Enum([word for word in words if word is not None]))
        return self.value(column.node)

    def chosen(self, node: ex.Node, enum: pl.Enum) -> pl.Expr:
        """The one of a few words that the tests choose."""
        match node:
            case ex.If(test, then, otherwise):
                chosen = pl.when(self.condition(test)).then(self.chosen(then, enum))
                return chosen.otherwise(self.chosen(otherwise, enum))
        return self.value(node).cast(enum)

    def raw(self, name: str) -> pl.Expr:
        """A fact or a named column as it is kept."""
        return pl.col(self.names[name])

    def column(self, name: str) -> pl.Expr:
        return self.raw(name).cast(pl.String) if name in self.enums else self.raw(name)

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

    def range(self, node: ex.Node) -> Range:
        return of_node(node, self.known)

    # values: null where missing

    def value(self, node: ex.Node) -> pl.Expr:
        match node:
            case ex.Number(value):
                return pl.lit(value, pl.Float64)
            case ex.Text(text):
                return pl.lit(text, pl.String)
            case ex.Ref(name):
                return self.value(self.inline[name]) if name in self.inline else self.column(name)
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
        if not overflows(self.range(node)):
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
                found = self.range(node)
                for largest, kind in NARROW:
                    if found.whole and not found.missing and found.within(largest):
                        return balanced([self.narrow(part, kind) for part in parts], operator.add).cast(pl.Float64)
                return balanced([self.loose(part) for part in parts], operator.add)
            case ex.Floor(part, bias):
                return (self.loose(part) + bias).floor()
        return self.value(node)

    def quotient(self, left: ex.Node, right: ex.Node) -> pl.Expr:
        """Polars divides by what is one for all rows through its reciprocal, one digit off: so the divisor never is."""
        dividend = self.hold(self.loose(left))
        return dividend / (dividend * 0.0 + self.value(right))

    def narrow(self, node: ex.Node, kind: type[pl.DataType]) -> pl.Expr:
        """A whole number that is never missing and fits the type."""
        match node:
            case ex.Number(value):
                return pl.lit(int(value), kind)
            case ex.Ref(name) if name in self.inline:
                return self.narrow(self.inline[name], kind)
            case ex.Default(part) if not self.range(part).missing:
                return self.narrow(part, kind)
            case ex.If(test, then, otherwise):
                return pl.when(self.condition(test)).then(self.narrow(then, kind)).otherwise(self.narrow(otherwise, kind))
        return self.value(node).cast(kind)

    def extreme(self, op: str, parts: tuple[ex.Node, ...]) -> pl.Expr:
        """The least or greatest, null if one is missing; of two equal ones the second."""
        further = pl.min_horizontal if op == "min" else pl.max_horizontal
        before, after = (operator.lt, operator.ge) if op == "min" else (operator.gt, operator.le)
        best, may_be_missing = self.value(parts[0]), self.range(parts[0]).missing
        for part in parts[1:]:
            other, theirs = self.value(part), self.range(part).missing
            if not may_be_missing and not theirs:
                best = further(best, other)
                continue
            a, b = self.hold(best), self.hold(other)
            if not may_be_missing:
                best = pl.when(before(a, b)).then(a).otherwise(b)
            elif not theirs:
                best = pl.when(after(a, b)).then(b).otherwise(a)
            else:
                best = pl.when(before(a, b)).then(a).when(after(a, b)).then(b)
            may_be_missing = True
        return best

    # conditions: true where known to be, else false or null; nothing below asks which, since no ``not`` stands above a test

    def condition(self, node: ex.Node) -> pl.Expr:
        match node:
            case ex.YesNo(value):
                return pl.lit(value, pl.Boolean)
            case ex.All(parts):
                return self.joined(operator.and_, parts, empty=True)
            case ex.Either(parts):
                return self.joined(operator.or_, parts, empty=False)
            case ex.Compare(op, left, right):
                return self.compare(op, left, right)
            case ex.OneOf(part, options, negated):
                return self.one_of(part, options, negated=negated)
            case ex.SameText(left, right, negated):
                return _OPERATORS["!=" if negated else "=="](self.compared(left), self.compared(right))
            case ex.Missing(part, negated):
                return self.value(part).is_not_null() if negated else self.value(part).is_null()
            case ex.No(part):
                return ~self.value(part)
            case ex.Default(part, fallback):
                return self.value(part).fill_null(self.condition(fallback))
            case ex.If(test, ex.YesNo(True), ex.YesNo(False)):
                return self.condition(test)
            case ex.If(test, then, otherwise):
                return pl.when(self.condition(test)).then(self.condition(then)).otherwise(self.condition(otherwise))
        return self.value(node)

    def compare(self, op: str, left: ex.Node, right: ex.Node) -> pl.Expr:
        if op == "!=":
            return self.value(left) != self.value(right)
        return _OPERATORS[op](self.present(left, _FALSE_LEFT[op]), self.present(right, -_FALSE_LEFT[op]))

    def present(self, node: ex.Node, substitute: float) -> pl.Expr:
        """A number to compare; a fact that can be missing is filled once for all rules: nulls slow down what follows."""
        if not isinstance(node, ex.Ref) or node.name in self.inline or not self.range(node).missing:
            return self.value(node)
        if (node.name, substitute) not in self.filled:
            self.filled[node.name, substitute] = self.hold(self.value(node).fill_null(substitute))
        return self.filled[node.name, substitute]

    def compared(self, node: ex.Node) -> pl.Expr:
        """A text to compare: an Enum does as it is."""
        return self.raw(node.name) if isinstance(node, ex.Ref) and node.name in self.enums else self.value(node)

    def joined(self, op: Callable[[pl.Expr, pl.Expr], pl.Expr], parts: tuple[ex.Node, ...], *, empty: bool) -> pl.Expr:
        return balanced([self.condition(part) for part in parts], op) if parts else pl.lit(empty, pl.Boolean)

    def one_of(self, part: ex.Node, options: Sequence[float | str], *, negated: bool) -> pl.Expr:
        """A comparison for each option: a short list is sooner compared than looked up."""
        value = self.hold(self.compared(part))
        tests = [value != option if negated else value == option for option in options]
        return balanced(tests, operator.and_ if negated else operator.or_)


def _words(node: ex.Node) -> Iterator[str | None]:
    """The words between which a text is chosen, ``None`` for what is not written out."""
    match node:
        case ex.If(_, then, otherwise):
            yield from _words(then)
            yield from _words(otherwise)
        case ex.Text(word):
            yield word
        case _:
            yield None
