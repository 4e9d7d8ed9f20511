"""The SQL back end: a plan becomes one SELECT for DuckDB. An oracle for the others, so it takes no shortcut that they take.

Missing and unknown are NULL. Every result of arithmetic is a column of its own in a subquery and is looked at there: what is
not finite is NULL.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from router.facts import Type
from router.policy import expression as ex
from router.policy.plan import Plan
from router.policy.steps import balanced

_TYPES = {kind: "VARCHAR" if kind is Type.TEXT else "BOOLEAN" if kind is Type.YES_NO else "DOUBLE" for kind in Type}

_SIGNS = {"==": "=", "!=": "<>"}


def select(plan: Plan, wanted: Sequence[str], relation: str, columns: Sequence[str]) -> str:
    """One SELECT of the ``wanted`` columns, of ``plan`` or of ``relation``, whose ``columns`` are facts by name.

    Numbers are DOUBLE, texts VARCHAR, yes/no BOOLEAN; a fact that is not among ``columns`` is missing. What is wanted and no
    column of the plan is one of ``relation``, as it is. Rows keep their order where DuckDB keeps that of ``relation``.
    """
    writer = _Writer(columns)
    for column in plan.only(wanted).columns:
        term = writer.term(column.node)
        if column.type is Type.YES_NO:
            term = _Term(f"coalesce({term}, FALSE)", term.depth)
        writer.named[column.name] = writer.kept(term)
    source = relation
    for stage in writer.stages:
        source = f"(SELECT *, {', '.join(stage)} FROM {source})"  # noqa: S608 - names are quoted, literals written here
    made = (f"{writer.named.get(name, _quoted(name))} AS {_quoted(name)}" for name in wanted)
    return f"SELECT {', '.join(made)} FROM {source}"  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class _Term:
    """A text of SQL, and how many subqueries stand below what it reads."""

    text: str
    depth: int = 0

    def __str__(self) -> str:
        return self.text


def _joined(template: str, *terms: _Term) -> _Term:
    return _Term(template.format(*terms), max(term.depth for term in terms))


def _listed(joint: str, terms: Sequence[_Term]) -> _Term:
    return _Term(f"({joint.join(map(str, terms))})", max(term.depth for term in terms))


def _not(negated: bool) -> _Term:  # noqa: FBT001 - a field of a node
    return _Term("NOT " if negated else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: float | str) -> str:
    """A literal; a number is written with an exponent, which makes it a DOUBLE and not a DECIMAL."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    text = repr(value)
    return f"({text})" if "e" in text else f"({text}e0)"


class _Writer:
    def __init__(self, columns: Sequence[str]) -> None:
        self.facts = frozenset(columns)
        self.named: dict[str, _Term] = {}
        self.stages: list[list[str]] = []
        self.count = 0

    def kept(self, term: _Term) -> _Term:
        """The name of a new column, in the first subquery that can have it; a column keeps its own."""
        if term.text.startswith('"'):
            return term
        if term.depth == len(self.stages):
            self.stages.append([])
        name = _quoted(f"plan {self.count}")
        self.count += 1
        self.stages[term.depth].append(f"{term} AS {name}")
        return _Term(name, term.depth + 1)

    def finite(self, term: _Term) -> _Term:
        return _joined("CASE WHEN isfinite({0}) THEN {0} END", self.kept(term))

    def term(self, node: ex.Node) -> _Term:
        match node:
            case ex.Number(value) | ex.Text(value):
                return _Term(_literal(value))
            case ex.Ref(name, kind):
                return self.read(name, kind)
            case ex.Arithmetic(op, left, right):
                return self.finite(_joined(f"({{}} {op} {{}})", self.term(left), self.term(right)))
            case ex.Sum(parts):
                return self.finite(balanced(self.terms(parts), lambda a, b: _joined("({} + {})", a, b)))
            case ex.Extreme(op, parts):
                return self.extreme(op, parts)
            case ex.Floor(part, bias):
                return self.finite(_joined(f"floor({{}} + {_literal(bias)})", self.term(part)))
            case ex.Default(part, fallback):
                return _joined("coalesce({}, {})", self.term(part), self.term(fallback))
            case ex.If(test, then, otherwise):
                terms = (self.term(test), self.term(then), self.term(otherwise))
                return _joined("CASE WHEN {} THEN {} ELSE {} END", *terms)
        return self.condition(node)

    def condition(self, node: ex.Node) -> _Term:
        match node:
            case ex.YesNo(value):
                return _Term("TRUE" if value else "FALSE")
            case ex.Compare(op, left, right):
                return _joined(f"({{}} {_SIGNS.get(op, op)} {{}})", self.term(left), self.term(right))
            case ex.OneOf(part, options, negated):
                listed = _Term(", ".join(map(_literal, options)))
                return _joined("({} {}IN ({}))", self.term(part), _not(negated), listed)
            case ex.SameText(left, right, negated):
                return _joined("({} {} {})", self.term(left), _Term("<>" if negated else "="), self.term(right))
            case ex.Missing(part, negated):
                return _joined("({} IS {}NULL)", self.term(part), _not(negated))
            case ex.No(part):
                return _joined("(NOT {})", self.term(part))
            case ex.All(parts):
                return _listed(" AND ", self.terms(parts)) if parts else _Term("TRUE")
            case ex.Either(parts):
                return _listed(" OR ", self.terms(parts)) if parts else _Term("FALSE")
        message = f"no SQL for {type(node).__name__}"
        raise TypeError(message)

    def terms(self, nodes: Sequence[ex.Node]) -> list[_Term]:
        return [self.term(node) for node in nodes]

    def read(self, name: str, kind: Type) -> _Term:
        if name in self.named:
            return self.named[name]
        return _Term(_quoted(name) if name in self.facts else f"CAST(NULL AS {_TYPES[kind]})")

    def extreme(self, op: str, parts: Sequence[ex.Node]) -> _Term:
        """``least`` and ``greatest`` pass over NULL, so it is looked for first."""
        values = [self.kept(self.term(part)) for part in parts]
        some = _listed(" OR ", [_joined("{} IS NULL", value) for value in values])
        chosen = _listed(", ", values)
        return _joined("CASE WHEN {} THEN NULL ELSE {}{} END", some, _Term("least" if op == "min" else "greatest"), chosen)
