"""What an expression may name, what can be wrong with it, and its leaves: names and literals."""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TypeAlias

from router.errors import nearby
from router.facts import Type
from router.policy import expression as ex
from router.text import nfc

Literals: TypeAlias = tuple[float, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name: facts and columns with their types, parameters with their values, conditions with a name,
    the closed lists of values that some texts have, and names that only a later section knows (with a hint). ``kind`` is
    what a name is called, where it is neither a fact nor a parameter."""

    refs: Mapping[str, Type]
    constants: Mapping[str, ex.Node | Literals] = field(default_factory=dict)
    conditions: Mapping[str, ex.Node] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    later: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in an expression: a code, a sentence, and the characters it is about."""

    code: str
    message: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Typed:
    """A tree and the type of its value."""

    node: ex.Node
    type: Type


REFUSED: Mapping[type[ast.AST], str] = {
    ast.Mod: "% is not part of the language",
    ast.FloorDiv: "// is not part of the language; use round(x / y)",
    ast.Pow: "** is not part of the language",
    ast.Subscript: "brackets are not part of the language",
    ast.Lambda: "lambda is not part of the language",
}


class Leaves:
    """A walk over Python's syntax that knows names and literals; every mistake is collected at its place."""

    lead = 0
    line = ""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.mistakes: list[Mistake] = []

    def wrong(self, node: ast.expr, code: str, message: str) -> None:
        """Note a mistake at the characters of a node."""
        line = self.line.encode()
        start = len(line[: node.col_offset].decode())
        end = len(line[: node.end_col_offset or node.col_offset + 1].decode())
        self.mistakes.append(Mistake(code, message, self.lead + start, max(1, end - start)))

    def visit(self, node: ast.expr) -> Typed | None:
        """The typed tree of a node, or ``None`` with its mistakes noted."""
        method: Callable[[ast.expr], Typed | None] | None = getattr(self, f"visit_{type(node).__name__}", None)
        if method is None:
            said = REFUSED.get(type(node), f"{type(node).__name__} is not part of the language")
            self.wrong(node, "bad-expression", said)
            return None
        return method(node)

    def visit_all(self, nodes: Iterable[ast.expr]) -> list[Typed] | None:
        """Every node visited, so that all mistakes are found; ``None`` if one has any."""
        found = [self.visit(node) for node in nodes]
        return None if any(typed is None for typed in found) else [typed for typed in found if typed is not None]

    # names and literals

    def visit_Constant(self, node: ast.Constant) -> Typed | None:
        """A literal."""
        value = node.value
        if isinstance(value, bool):
            return Typed(ex.YesNo(value), Type.YES_NO)
        if isinstance(value, int | float):
            try:
                number = float(value)
            except OverflowError:
                number = float("inf")
            if isfinite(number):
                return Typed(ex.Number(number), Type.NUMBER)
            self.wrong(node, "bad-expression", "a number has to be finite")
        elif isinstance(value, str):
            return Typed(ex.Text(nfc(value)), Type.TEXT)
        elif value is None:
            self.wrong(node, "bad-expression", "there is no None; write: x is missing")
        else:
            self.wrong(node, "bad-expression", f"{value!r} is not part of the language")
        return None

    def visit_Name(self, node: ast.Name) -> Typed | None:
        """A parameter or a result with a plain name."""
        return self.named(node, node.id)

    def visit_Attribute(self, node: ast.Attribute) -> Typed | None:
        """A fact: a name with a dot."""
        name = dotted(node)
        if name is None:
            self.wrong(node, "bad-expression", "a dot stands only inside the name of a fact")
            return None
        return self.named(node, name)

    def named(self, node: ast.expr, name: str) -> Typed | None:
        """The fact, condition or parameter of that name."""
        scope = self.scope
        if name in scope.refs:
            return Typed(ex.Ref(name, scope.refs[name]), scope.refs[name])
        if name in scope.conditions:
            return Typed(scope.conditions[name], Type.YES_NO)
        constant = scope.constants.get(name)
        if isinstance(constant, ex.Number):
            return Typed(constant, Type.NUMBER)
        if isinstance(constant, ex.Text):
            return Typed(constant, Type.TEXT)
        if isinstance(constant, ex.YesNo):
            return Typed(constant, Type.YES_NO)
        if constant is not None:
            self.wrong(node, "wrong-type", f"parameter {name} is a list; it stands only after: in")
        elif name in scope.later:
            self.wrong(node, "unknown-fact", f"{name} is not known here: {scope.later[name]}")
        elif name == "missing":
            self.wrong(node, "bad-expression", "missing stands only in: x is missing, x is not missing")
        else:
            known = [*scope.refs, *scope.conditions, *scope.constants]
            kind = scope.kind or ("fact" if "." in name else "fact or parameter")
            self.wrong(node, "unknown-fact", f"no {kind} {name}; {nearby(name, known)}")
        return None


def a_kind(kind: Type) -> str:
    """A type with its article, as a sentence names it."""
    return {Type.INTEGER: "a number", Type.MONEY: "a number"}.get(kind, f"a {kind.value}")


def dotted(node: ast.expr) -> str | None:
    """The name that a chain of attributes spells."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None
