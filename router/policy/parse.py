"""From the text of an expression to its typed tree, with every mistake in it and its place."""

import ast
import warnings
from collections.abc import Iterable, Mapping

from router.errors import nearby
from router.facts import Type
from router.policy import expression as ex
from router.policy.scope import REFUSED, Leaves, Literals, Mistake, Scope, Typed, a_kind, dotted

LONGEST = 20_000
"""Characters that one expression may have."""
DEEPEST = 100
"""Levels that one expression may nest."""

FUNCTIONS = ("min", "max", "round", "default")
_ARITHMETIC: Mapping[type[ast.operator], ex.ArithmeticOperator] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARE: Mapping[type[ast.cmpop], ex.ComparisonOperator] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def parse(text: str, scope: Scope, *, condition: bool) -> tuple[Typed | None, tuple[Mistake, ...]]:
    """The typed tree of ``text`` and its mistakes; no tree where there is one.

    ``condition`` demands a yes/no; otherwise a number is demanded.

    >>> typed, mistakes = parse("a > 1", Scope({"a": Type.NUMBER}), condition=True)
    >>> typed.type.value, mistakes
    ('yes/no', ())
    >>> parse("b > 1", Scope({"a": Type.NUMBER}), condition=True)[1][0].message
    'no fact or parameter b; known: a'
    """
    parser = _Parser(text, scope)
    typed = parser.run(condition=condition)
    return (None if parser.mistakes else typed), tuple(parser.mistakes)


class _Parser(Leaves):
    def run(self, *, condition: bool) -> Typed | None:
        if len(self.text) > LONGEST:
            self.mistakes.append(Mistake("bad-expression", f"an expression has at most {LONGEST} characters", 0, 1))
            return None
        text = self.text
        flat = text if text.isprintable() else "".join(" " if c.isspace() else c for c in text)
        self.lead = len(flat) - len(flat.lstrip())
        self.line = flat.strip()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what Python only doubts is no part of the language
                tree = ast.parse(self.line, mode="eval")
            if len(self.line) > DEEPEST and _depth(tree.body) > DEEPEST:  # each level takes a character
                self.too_deep()
                return None
            typed = None if self.has_comment(tree.body) else self.visit(tree.body)
        except SyntaxError as error:
            at = error.offset - 1 if error.offset else max(len(self.line) - 1, 0)  # 0: it ends too early
            said = f"this is no expression: {error.msg}"
            self.mistakes.append(Mistake("bad-expression", said, self.lead + at, 1))
            return None
        except ValueError as error:
            self.mistakes.append(Mistake("bad-expression", f"this is no expression: {error}", self.lead, 1))
            return None
        except (RecursionError, MemoryError):
            self.too_deep()
            return None
        if typed is None:
            return None
        if condition and typed.type is not Type.YES_NO:
            self.wrong(tree.body, "wrong-type", f"a condition is needed, and this is a {typed.type.value}; compare it")
        elif not condition and not typed.type.numeric:
            self.wrong(tree.body, "wrong-type", f"a number is needed, and this is {a_kind(typed.type)}")
        return typed

    def has_comment(self, tree: ast.expr) -> bool:
        """Whether something after the expression would be passed over."""
        read = len(self.line.encode()[: tree.end_col_offset].decode())
        at = self.line.find("#", read)
        if at >= 0:
            said = "an expression has no comment: what follows # would be passed over; write it in YAML, outside the quotes"
            self.mistakes.append(Mistake("bad-expression", said, self.lead + at, 1))
        return at >= 0

    def too_deep(self) -> None:
        self.mistakes.append(Mistake("bad-expression", f"an expression nests at most {DEEPEST} deep", self.lead, 1))

    # conditions

    def visit_BoolOp(self, node: ast.BoolOp) -> Typed | None:
        found = [self.condition(value) for value in node.values]
        parts = tuple(part for part in found if part is not None)
        if len(parts) < len(found):
            return None
        return Typed(ex.All(parts) if isinstance(node.op, ast.And) else ex.Either(parts), Type.YES_NO)

    def condition(self, node: ast.expr) -> ex.Node | None:
        typed = self.visit(node)
        if typed is None:
            return None
        if typed.type is not Type.YES_NO:
            written = ex.write(typed.node)
            example = f"{written} > 0" if typed.type.numeric else f"{written} == '…'"
            self.wrong(
                node, "wrong-type", f"a condition is needed, and {written} is {a_kind(typed.type)}; compare it, as {example}"
            )
            return None
        return typed.node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Typed | None:
        if isinstance(node.op, ast.Not):
            inner = self.condition(node.operand)
            return None if inner is None else Typed(ex.negate(inner), Type.YES_NO)
        if isinstance(node.op, ast.Invert):
            self.wrong(node, "bad-expression", "~ is not part of the language; write: not")
            return None
        number = self.number(node.operand)
        if number is None or isinstance(node.op, ast.UAdd):
            return None if number is None else Typed(number, Type.NUMBER)
        if isinstance(number, ex.Number):
            return Typed(ex.Number(-number.value), Type.NUMBER)
        return Typed(ex.Arithmetic("-", ex.Number(0.0), number), Type.NUMBER)

    def visit_Compare(self, node: ast.Compare) -> Typed | None:
        items = [node.left, *node.comparators]
        found = [self.compare(a, op, b) for a, op, b in zip(items, node.ops, items[1:], strict=False)]
        parts = tuple(part for part in found if part is not None)
        if len(parts) < len(found):
            return None
        return Typed(parts[0] if len(parts) == 1 else ex.All(parts), Type.YES_NO)

    def compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> ex.Node | None:
        if isinstance(op, ast.Is | ast.IsNot):
            return self.is_missing(left, right, negated=isinstance(op, ast.IsNot))
        if isinstance(op, ast.In | ast.NotIn):
            return self.one_of(left, right, negated=isinstance(op, ast.NotIn))
        pair = self.visit_all((left, right))
        if pair is None:
            return None
        a, b = pair
        sign = _COMPARE[type(op)]
        if a.type.numeric and b.type.numeric:
            return ex.Compare(sign, a.node, b.node)
        if a.type is b.type is Type.TEXT:
            if sign not in {"==", "!="}:
                self.wrong(left, "wrong-type", f"texts have no order; {sign} is for numbers (tiers: compare tier.rank)")
                return None
            self.check_value(a.node, b.node, right)
            self.check_value(b.node, a.node, left)
            return ex.SameText(a.node, b.node, negated=sign == "!=")
        if Type.YES_NO in {a.type, b.type}:
            self.wrong(left, "wrong-type", "a yes/no is a condition by itself and is never compared; write: x, or: not x")
        else:
            self.wrong(left, "wrong-type", f"{a_kind(a.type)} is never compared with {a_kind(b.type)}")
        return None

    def is_missing(self, left: ast.expr, right: ast.expr, *, negated: bool) -> ex.Node | None:
        typed = self.visit(left)
        if not (isinstance(right, ast.Name) and right.id == "missing"):
            self.wrong(right, "bad-expression", "after is stands only: missing, not missing")
            return None
        if typed is not None and typed.type is Type.YES_NO and not isinstance(typed.node, ex.Ref):
            self.wrong(left, "wrong-type", "only a fact can be missing, a condition cannot")
            return None
        return None if typed is None else ex.Missing(typed.node, negated)

    def one_of(self, left: ast.expr, right: ast.expr, *, negated: bool) -> ex.Node | None:
        typed = self.visit(left)
        options = self.literals(right)
        if typed is None or options is None:
            return None
        kinds = {Type.TEXT if isinstance(option, str) else Type.NUMBER for option in options}
        if typed.type is Type.YES_NO or kinds != {Type.NUMBER if typed.type.numeric else Type.TEXT}:
            self.wrong(right, "wrong-type", f"a list of literals of the type of {ex.write(typed.node)} is needed after: in")
            return None
        for option in options:
            if isinstance(option, str):
                self.check_value(typed.node, ex.Text(option), right)
        return ex.OneOf(typed.node, options, negated)

    def literals(self, node: ast.expr) -> Literals | None:
        if isinstance(node, ast.Name) and isinstance(self.scope.constants.get(node.id), tuple):
            return self.scope.constants[node.id]  # type: ignore[return-value] # just seen to be a tuple
        if not isinstance(node, ast.Tuple | ast.List | ast.Set) or not node.elts:
            self.wrong(node, "bad-expression", "a list of literals is needed after: in, as ('gold', 'silver') or ('gold',)")
            return None
        found = self.visit_all(node.elts)
        if found is None:
            return None
        texts = tuple(t.node.value for t in found if isinstance(t.node, ex.Text))
        numbers = tuple(t.node.value for t in found if isinstance(t.node, ex.Number))
        if len(texts) == len(found):
            return texts
        if len(numbers) == len(found):
            return numbers
        self.wrong(node, "wrong-type", "a list holds literals of one type")
        return None

    def check_value(self, ref: ex.Node, literal: ex.Node, at: ast.expr) -> None:
        """A text with a closed list of values is only compared with one of them."""
        if isinstance(ref, ex.Ref) and isinstance(literal, ex.Text):
            values = self.scope.values.get(ref.name)
            if values is not None and literal.value not in values:
                self.wrong(at, "unknown-value", f"{ref.name} is never {literal.value!r}; {nearby(literal.value, values)}")

    # numbers

    def number(self, node: ast.expr) -> ex.Node | None:
        typed = self.visit(node)
        if typed is None:
            return None
        if not typed.type.numeric:
            self.wrong(node, "wrong-type", f"a number is needed, and {ex.write(typed.node)} is {a_kind(typed.type)}")
            return None
        return typed.node

    def visit_BinOp(self, node: ast.BinOp) -> Typed | None:
        op = _ARITHMETIC.get(type(node.op))
        left, right = self.number(node.left), self.number(node.right)
        if op is None:
            said = REFUSED.get(type(node.op), f"{type(node.op).__name__} is not part of the language")
            self.wrong(node, "bad-expression", said)
            return None
        if left is None or right is None:
            return None
        return Typed(ex.Arithmetic(op, left, right), Type.NUMBER)

    def visit_Call(self, node: ast.Call) -> Typed | None:
        name = dotted(node.func) or ""
        if name not in FUNCTIONS:
            said = f"no function {name}; " if name else "only a function can be called; "
            self.wrong(node, "bad-expression", said + nearby(name, FUNCTIONS, of="functions"))
            return None
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            self.wrong(node, "bad-expression", f"{name} takes arguments by place only, as {name}(x, y)")
            return None
        least, most = {"round": (1, 1), "default": (2, 2)}.get(name, (2, 255))
        if not least <= len(node.args) <= most:
            self.wrong(node, "bad-expression", f"{name} takes {least if least == most else 'two or more'} argument(s)")
            return None
        return self.default(node) if name == "default" else self.function(name, node.args)

    def function(self, name: str, arguments: Iterable[ast.expr]) -> Typed | None:
        found = [self.number(argument) for argument in arguments]
        parts = tuple(part for part in found if part is not None)
        if len(parts) < len(found):
            return None
        if name == "round":
            return Typed(ex.Floor(parts[0], 0.5), Type.NUMBER)
        return Typed(ex.Extreme("min" if name == "min" else "max", parts), Type.NUMBER)

    def default(self, node: ast.Call) -> Typed | None:
        pair = self.visit_all(node.args)
        if pair is None:
            return None
        part, fallback = pair
        if not _alike(part.type, fallback.type):
            self.wrong(
                node, "wrong-type", f"default of {a_kind(part.type)} needs {a_kind(part.type)}, not {a_kind(fallback.type)}"
            )
            return None
        if part.type is Type.YES_NO and not isinstance(part.node, ex.Ref | ex.No):
            self.wrong(node, "wrong-type", "default of a yes/no takes a fact, not a condition")
            return None
        return Typed(ex.Default(part.node, fallback.node), part.type)

    def visit_IfExp(self, node: ast.IfExp) -> Typed | None:
        test = self.condition(node.test)
        pair = self.visit_all((node.body, node.orelse))
        if test is None or pair is None:
            return None
        then, otherwise = pair
        if not _alike(then.type, otherwise.type):
            self.wrong(node, "wrong-type", f"one branch is {a_kind(then.type)}, the other {a_kind(otherwise.type)}")
            return None
        return Typed(ex.If(test, then.node, otherwise.node), Type.NUMBER if then.type.numeric else then.type)


def _alike(a: Type, b: Type) -> bool:
    return a is b or (a.numeric and b.numeric)


def _depth(tree: ast.expr) -> int:
    """Levels of a tree, found without recursion."""
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return depth
