"""The analysis of expressions: how each column of a plan moves while some facts rise.

It is sound: what it calls rising never falls, for any facts within their ranges, consistent or not. What it cannot tell it
calls either. It knows nothing of policies; :mod:`router.fairness.proofs` asks it the questions.
"""

from collections.abc import Iterable, Mapping
from math import inf, isnan

from router.facts import Type
from router.fairness.shapes import chosen_by, compared, defaulted, floored, narrowed, present
from router.fairness.trend import HUGE, TINY, Shape, Trend, joined, product, quotient
from router.policy import expression as ex
from router.policy.bounds import type_of
from router.policy.plan import Column

Ordered = Mapping[str, tuple[str, tuple[str, ...]]]
"""Texts that name a rank: the column of the rank, and the words from rank 0."""

ANYTHING = Shape(Trend.EITHER, Trend.EITHER, -inf, inf, missing=True, no=Trend.EITHER)


class Reader:
    """Reads expressions against the shapes of the names in them. ``columns`` are read in order and become names themselves.

    ``endless`` says that bounds may be infinite (time without end), and that this alone does not make a result missing.
    """

    def __init__(self, names: Mapping[str, Shape], ordered: Ordered, *, endless: bool = False) -> None:
        self.names = dict(names)
        self.ordered = ordered
        self.endless = endless
        self.conditions: dict[str, ex.Node] = {}

    def columns(self, columns: Iterable[Column]) -> None:
        """Take in the columns of a plan."""
        for column in columns:
            if column.type is Type.YES_NO:
                trend = self.truth(column.node)
                self.names[column.name] = Shape(trend, no=trend.flipped())
                if isinstance(column.node, ex.If):
                    self.conditions[column.name] = column.node.test
            elif column.type is Type.TEXT:
                self.names[column.name] = self.text(column.node)
            else:
                self.names[column.name] = self.number(column.node)

    def where(self, test: ex.Node, *, holds: bool) -> "Reader":
        """A reader for where ``test`` is known to be true, or for where it is not: some bounds are narrower."""
        inner = Reader(self.names, self.ordered, endless=self.endless)
        inner.conditions = self.conditions
        if holds:
            inner._narrow(test)
        else:
            inner._exclude(test)
        return inner

    def _narrow(self, test: ex.Node) -> None:
        names = self.names
        match test:
            case ex.All(parts):
                for part in parts:
                    self._narrow(part)
            case ex.Ref(name) if name in self.conditions:
                self._narrow(self.conditions[name])
            case ex.Missing(ex.Ref(name), True):
                names[name] = present(names.get(name, ANYTHING))
            case ex.Compare(op, ex.Ref(name), other):
                names[name] = narrowed(names.get(name, ANYTHING), op, self.number(other))
            case ex.Compare(op, other, ex.Ref(name)):
                names[name] = narrowed(names.get(name, ANYTHING), ex.MIRRORED[op], self.number(other))

    def _exclude(self, test: ex.Node) -> None:
        """Not true is false only where nothing can be missing, as in a rank."""
        match test:
            case ex.Either(parts):
                for part in parts:
                    self._exclude(part)
            case ex.Compare(op, ex.Ref(name), ex.Number() as other) if not self.names.get(name, ANYTHING).missing:
                self._narrow(ex.Compare(ex.OPPOSITE[op], ex.Ref(name, Type.NUMBER), other))
            case ex.SameText(ex.Ref(name), ex.Text(word), False) if name in self.ordered:
                self._exclude_words(name, (word,))
            case ex.OneOf(ex.Ref(name), options, False) if name in self.ordered:
                self._exclude_words(name, options)

    def _exclude_words(self, name: str, options: tuple[float, ...] | tuple[str, ...]) -> None:
        rank, words = self.ordered[name]
        shape = self.names[rank]
        left = [i for i, word in enumerate(words) if word not in options and shape.low <= i <= shape.high]
        if left:
            self.names[rank] = Shape(shape.value, shape.known, left[0], left[-1], shape.missing)

    # numbers

    def number(self, node: ex.Node) -> Shape:
        """The shape of a number."""
        match node:
            case ex.Number(value):
                return Shape(low=value, high=value)
            case ex.Ref(name):
                return self.names.get(name, ANYTHING)
            case ex.Arithmetic():
                return self._arithmetic(node)
            case ex.Sum(parts):
                found = [self.number(part) for part in parts]
                return self._result(*joined(found), sum(s.low for s in found), sum(s.high for s in found))
            case ex.Extreme(op, parts):
                found = [self.number(part) for part in parts]
                trend, known, missing = joined(found)
                chosen = min if op == "min" else max
                return Shape(trend, known, chosen(s.low for s in found), chosen(s.high for s in found), missing)
            case ex.Floor(part, bias):
                inner = self.number(part)
                return Shape(inner.value, inner.known, floored(inner.low + bias), floored(inner.high + bias), inner.missing)
            case ex.Default(part, fallback):
                return defaulted(self.number(part), self.number(fallback))
            case ex.If(test, then, otherwise):
                return chosen_by(
                    self.truth(test),
                    self.where(test, holds=True).number(then),
                    self.where(test, holds=False).number(otherwise),
                )
        return ANYTHING

    def _arithmetic(self, node: ex.Arithmetic) -> Shape:
        a, b = self.number(node.left), self.number(node.right)
        _, known, missing = joined((a, b))
        match node.op:
            case "+":
                return self._result(a.value | b.value, known, missing, a.low + b.low, a.high + b.high)
            case "-":
                return self._result(a.value | b.value.flipped(), known, missing, a.low - b.high, a.high - b.low)
            case "*":
                return self._result(b.sign(a.value) | a.sign(b.value), known, missing, *product(a, b))
        value = b.sign(a.value) | a.sign(b.value.flipped())
        if b.low <= 0 <= b.high:  # missing where b is zero
            missing = True
            known |= b.sign(b.value)
            if not (b.low >= 0 or b.high <= 0) and b.value:
                value = Trend.EITHER
        return self._result(value, known, missing, *quotient(a, b, 0.0 if self.endless else TINY))

    def _result(self, value: Trend, known: Trend, missing: bool, low: float, high: float) -> Shape:  # noqa: FBT001 - as Shape
        if isnan(low) or isnan(high):  # an infinity less itself
            low, high = -inf, inf
        if not self.endless and not -HUGE < low <= high < HUGE:
            return Shape(Trend.EITHER, Trend.EITHER, -inf, inf, missing=True) if value or known else Shape(missing=True)
        return Shape(value, known, low, high, missing)

    # texts

    def text(self, node: ex.Node) -> Shape:
        """The shape of a text: ``value`` says only whether it can change."""
        match node:
            case ex.Text():
                return Shape()
            case ex.Ref(name):
                return self.names.get(name, ANYTHING)
            case ex.Default(part, fallback):
                inner, other = self.text(part), self.text(fallback)
                changes = inner.value or other.value or inner.known
                known = inner.known | other.known if other.missing else Trend.STILL
                return Shape(Trend.EITHER if changes else Trend.STILL, known, missing=inner.missing and other.missing)
            case ex.If(test, then, otherwise):
                a, b = self.text(then), self.text(otherwise)
                value, known, missing = joined((a, b))
                if not self.truth(test) and not value:
                    return Shape(Trend.STILL, known, missing=missing)
                return Shape(Trend.EITHER, Trend.EITHER if missing else Trend.STILL, missing=missing)
        return ANYTHING

    # conditions

    def truth(self, node: ex.Node) -> Trend:
        """The trend of a condition's being known to be true."""
        match node:
            case ex.YesNo():
                return Trend.STILL
            case ex.Ref(name):
                return self.names.get(name, ANYTHING).value
            case ex.No(ex.Ref(name)):
                return self.names.get(name, ANYTHING).no
            case ex.All(parts) | ex.Either(parts):
                trend = Trend.STILL
                for part in parts:
                    trend |= self.truth(part)
                return trend
            case ex.Compare(op, left, right):
                return compared(op, self.number(left), self.number(right))
            case ex.OneOf(part, options, negated):
                return self._one_of(part, options, negated=negated)
            case ex.SameText(left, ex.Text(word), negated) | ex.SameText(ex.Text(word), left, negated):
                return self._one_of(left, (word,), negated=negated)
            case ex.SameText(left, right):
                value, known, _ = joined((self.text(left), self.text(right)))
                return Trend.EITHER if value else known
            case ex.Missing(part, negated):
                known = self._of(part).known
                return known if negated else known.flipped()
            case ex.Default(part, fallback):
                return self._default_truth(part, fallback)
            case ex.If(test, then, otherwise):
                return self._if_truth(test, then, otherwise)
        return Trend.EITHER

    def _of(self, node: ex.Node) -> Shape:
        kind = type_of(node)
        if kind is Type.YES_NO:
            return self.names.get(node.name, ANYTHING) if isinstance(node, ex.Ref) else ANYTHING
        return self.number(node) if kind.numeric else self.text(node)

    def _one_of(self, part: ex.Node, options: tuple[float, ...] | tuple[str, ...], *, negated: bool) -> Trend:
        shape = self._of(part)
        if not shape.value:
            return shape.known
        if isinstance(part, ex.Ref) and part.name in self.ordered:
            rank, words = self.ordered[part.name]
            reach = self.names[rank]
            chosen = [(word in options) is not negated for i, word in enumerate(words) if reach.low <= i <= reach.high]
            if chosen == sorted(chosen):
                return self.names[rank].value
            return self.names[rank].value.flipped() if chosen == sorted(chosen, reverse=True) else Trend.EITHER
        if len(options) == 1 and not isinstance(options[0], str):
            return compared("!=" if negated else "==", shape, Shape(low=options[0], high=options[0]))
        return Trend.EITHER

    def _default_truth(self, part: ex.Node, fallback: ex.Node) -> Trend:
        ref = part.part if isinstance(part, ex.No) else part
        shape = self._of(ref)
        yes, no = (shape.no, shape.value) if isinstance(part, ex.No) else (shape.value, shape.no)
        if not shape.missing or fallback == ex.YesNo(value=False):
            return yes
        if fallback == ex.YesNo(value=True):
            return no.flipped()
        return Trend.EITHER if shape.known else yes | self.truth(fallback)

    def _if_truth(self, test: ex.Node, then: ex.Node, otherwise: ex.Node) -> Trend:
        chosen, a, b = self.truth(test), self.truth(then), self.truth(otherwise)
        if then == ex.YesNo(value=True) or otherwise == ex.YesNo(value=False):
            return chosen | a | b
        if then == ex.YesNo(value=False) or otherwise == ex.YesNo(value=True):
            return chosen.flipped() | a | b
        return Trend.EITHER if chosen else a | b
