"""Why a decision is what it is: every rule of every section, fired or not, with the values that decided it.

The row back end is asked again, for each part of each condition whether it is known to be true and whether it is known to be
false; so there is no second reading of the language. What is neither is unknown: a fact that it reads is missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from router.decide.decider import case_layout, customer_layout
from router.decide.model import Decision, Records
from router.facts import Fact, Type, Value
from router.policy import expression as ex
from router.policy import plan as p
from router.policy.bounds import type_of
from router.policy.model import Policy, Rule
from router.policy.plan import Column, Plan
from router.policy.row import compile_row


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, or a part of one: its text, whether it is true (``None``: unknown), and the values that it compares.

    ``joined`` says how its ``parts`` make it up: ``all of``, ``any of``, ``if``; a comparison has none.
    """

    text: str
    truth: bool | None
    values: tuple[tuple[str, Value], ...] = ()
    joined: str = ""
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Traced:
    """A rule, a tier or a row of commitments: its id, whether it fired (a tier: was given), its condition (``None``: it has
    none), and what it gives: the expression and its value. ``why_not`` says why it did not, whatever its condition is."""

    id: str
    fired: bool
    condition: Part | None
    gives: tuple[tuple[str, Value], ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the policy, and its rules in order."""

    name: str
    rules: tuple[Traced, ...]


class Tracer:
    """Traces the decisions of one policy over one kind of records."""

    def __init__(self, policy: Policy, records: Records) -> None:
        self.policy = policy
        self._columns: dict[tuple[ex.Node, str], str] = {}
        conditions = [
            *(tier.when for tier in policy.tiers),
            *(rule.when for rule in policy.rules),
            *(row.when for row in policy.commitments),
        ]
        for condition in conditions:
            self._ask(condition)
        own = [Column(name, _kind(node, asked), _question(node, asked)) for (node, asked), name in self._columns.items()]
        self._wanted = [*(column.name for column in policy.plan.columns), *(column.name for column in own)]
        layout = customer_layout(policy, records.layout, records.currency)
        padded = [fact or Fact("", Type.TEXT, "") for fact in layout]
        self._row = compile_row(Plan((*policy.plan.columns, *own)), self._wanted, padded, case_layout(policy))

    def trace(self, decision: Decision) -> tuple[Section, ...]:
        """Every section of the policy as the facts of a decision met it."""
        out = dict(zip(self._wanted, self._row(decision.customer, decision.state.facts), strict=True))
        return tuple(self._sections(out))

    def _sections(self, out: dict[str, Value]) -> Iterator[Section]:
        policy = self.policy
        tiers = [(tier.name, tier.when) for tier in reversed(policy.tiers)]
        yield Section("tiers", self._first(tiers, [name == out["tier"] for name, _ in tiers].index(True), out))
        for name in ("priority", "escalation", "entitlements", "recompense"):
            yield Section(name, self._rules(name, out))
        rows = [(str(index), row.when) for index, row in enumerate(policy.commitments, start=1)]
        chosen = [index == out["commitments.row"] for index, _ in enumerate(rows)].index(True)
        yield Section("commitments", self._first(rows, chosen, out, "row "))
        for name in ("likely_reasons", "guidance"):
            yield Section(name, self._rules(name, out))

    def _first(
        self, rows: Sequence[tuple[str, ex.Node]], chosen: int, out: dict[str, Value], what: str = ""
    ) -> tuple[Traced, ...]:
        """The rows of a section of which the first that fits is taken; a stranger has the last tier, whatever fits."""
        found = []
        for index, (name, when) in enumerate(rows):
            part = self._part(when, out)
            passed = "the customer is not known" if part is not None and part.truth and index < chosen else ""
            why_not = f"{what}{rows[chosen][0]} fitted before" if index > chosen else passed
            found.append(Traced(name, index == chosen, part, (), why_not))
        return tuple(found)

    def _rules(self, section: str, out: dict[str, Value]) -> tuple[Traced, ...]:
        rules: Sequence[Rule] = getattr(self.policy, section)
        met = (
            Traced(rule.id, bool(out[p.fired(rule.id)]), self._part(rule.when, out), tuple(self._gives(rule, out)))
            for rule in rules
        )
        off = (
            Traced(rule, fired=False, condition=None, why_not="switched off") for rule in self.policy.off.get(section, ())
        )
        return (*met, *off)

    def _gives(self, rule: Rule, out: dict[str, Value]) -> Iterator[tuple[str, Value]]:
        if rule.gives is None or not out[p.fired(rule.id)]:
            return
        text = ex.write(rule.gives)
        if p.points(rule.id) in out:
            yield f"points {text}", out[p.points(rule.id)]
        else:
            exponent = 10**self.policy.exponent
            for what, name in ((f"amount {text}", p.asked(rule.id)), ("left by the caps", p.amount(rule.id))):
                minor = out[name]
                yield what, minor / exponent if isinstance(minor, int | float) else None

    # the parts of a condition

    def _ask(self, node: ex.Node) -> None:
        """Note what has to be known of a condition."""
        for asked in ("yes", "no"):
            self._columns.setdefault((node, asked), f"trace.{len(self._columns)}")
        below = _parts(node)
        for part in below:
            self._ask(part)
        for value in () if below else _values(node):
            self._columns.setdefault((value, "value"), f"trace.{len(self._columns)}")

    def _part(self, node: ex.Node, out: dict[str, Value]) -> Part | None:
        return None if node == p.ALWAYS else self._seen(node, out)

    def _seen(self, node: ex.Node, out: dict[str, Value]) -> Part:
        yes, no = (out[self._columns[node, asked]] for asked in ("yes", "no"))
        truth = True if yes else False if no else None
        below = _parts(node)
        if below:
            joined = "all of" if isinstance(node, ex.All) else "any of" if isinstance(node, ex.Either) else "if, then, else"
            return Part(ex.write(node), truth, (), joined, tuple(self._seen(part, out) for part in below))
        values = ((ex.write(value), out[self._columns[value, "value"]]) for value in _values(node))
        return Part(ex.write(node), truth, tuple(values))


def _parts(node: ex.Node) -> tuple[ex.Node, ...]:
    """The conditions that a condition is made of."""
    match node:
        case ex.All(parts) | ex.Either(parts):
            return parts
        case ex.If(test, then, otherwise):
            return (test, then, otherwise)
    return ()


def _values(node: ex.Node) -> Sequence[ex.Node]:
    """What a comparison compares that is no literal, and the facts in it: each once."""
    sides = (node,) if isinstance(node, ex.Ref) else tuple(ex.children(node))
    computed = [side for side in sides if not isinstance(side, ex.Number | ex.Text | ex.YesNo | ex.Ref)]
    return list(dict.fromkeys([*(side for side in computed if type_of(side) is not Type.YES_NO), *_refs(node)]))


def _refs(node: ex.Node) -> Iterator[ex.Ref]:
    if isinstance(node, ex.Ref):
        yield node
    for child in ex.children(node):
        yield from _refs(child)


def _question(node: ex.Node, asked: str) -> ex.Node:
    if asked == "value":
        return node
    return ex.If(node if asked == "yes" else ex.negate(node), ex.YesNo(value=True), ex.YesNo(value=False))


def _kind(node: ex.Node, asked: str) -> Type:
    return type_of(node) if asked == "value" else Type.YES_NO
