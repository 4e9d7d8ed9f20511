"""One plan over one table of facts by every back end, and where they differ."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan, nextafter

import duckdb
import polars as pl

from router.facts import Fact, Type, Value
from router.policy import expression as ex
from router.policy import frame, sql
from router.policy.plan import Plan
from router.policy.row import compile_row

LARGEST = 1.7976931348623157e308
EDGES = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, 0.1, 3.0, 49.99, 1.005, 0.49999999999999994),
    *(2.0**52 + 1, 2.0**53, 2.0**53 + 2, 1e15, 1e30, 1e308, -1e308, LARGEST, 5e-324, -5e-324),
]
NOT_FINITE = [nan, inf, -inf]
_DTYPES = {kind: pl.String if kind is Type.TEXT else pl.Boolean if kind is Type.YES_NO else pl.Float64 for kind in Type}


@dataclass(frozen=True)
class Table:
    """Facts of many cases: a layout, and for each fact its values, as they come in."""

    layout: tuple[Fact, ...]
    columns: Mapping[str, Sequence[Value]]

    def rows(self) -> Iterable[tuple[Value, ...]]:
        """Each case as the row back end takes it: what is no finite number is missing."""
        entered = [[nan if _no_number(value) else value for value in self.columns[fact.name]] for fact in self.layout]
        return zip(*entered, strict=True)

    def frame(self) -> pl.DataFrame:
        """All cases as the others take them: what is no finite number is null."""
        return pl.DataFrame(
            [
                pl.Series(
                    fact.name,
                    [None if _no_number(value) else value for value in self.columns[fact.name]],
                    _DTYPES[fact.type],
                    strict=False,  # whole numbers come as int
                )
                for fact in self.layout
            ]
        )


def _no_number(value: Value) -> bool:
    return isinstance(value, float) and not isfinite(value)


def table(layout: Sequence[Fact], plan: Plan, size: int, seed: int) -> Table:
    """Random cases, full of values at which something changes in ``plan``."""
    drawn = random.Random(seed)
    literals = [node for column in plan.columns for node in walk(column.node)]
    limits = {node.value for node in literals if isinstance(node, ex.Number)}
    words = [node.value for node in literals if isinstance(node, ex.Text)]
    for node in literals:
        if isinstance(node, ex.OneOf):
            for option in node.options:
                words.append(option) if isinstance(option, str) else limits.add(option)
    near = sorted({side for limit in limits for side in (limit, nextafter(limit, -inf), nextafter(limit, inf))})
    return Table(
        tuple(layout), {fact.name: drawn.choices(_pool(fact, [*EDGES, *near], words, drawn), k=size) for fact in layout}
    )


def walk(node: ex.Node) -> Iterable[ex.Node]:
    """Every node of an expression."""
    yield node
    for child in ex.children(node):
        yield from walk(child)


def _pool(fact: Fact, numbers: Sequence[float], words: Sequence[str], drawn: random.Random) -> list[Value]:
    """Values that the fact can have; every fourth is missing where it can be."""
    found: list[Value]
    if fact.type is Type.YES_NO:
        found = [True, False]
    elif fact.type is Type.TEXT:
        found = ["", "premier", "caf\u00e9", "O'Brien", *words]
    else:
        wide = fact.of_customer or fact.low == fact.high
        largest = LARGEST if wide else 2.0**40 if fact.type is Type.INTEGER else 1e9
        low = fact.low if not wide and isfinite(fact.low) else -largest
        within = [value for value in numbers if low <= value <= largest] or [0.0]
        if not wide and fact.type is Type.INTEGER:
            found = [*range(7), *(int(value) for value in within)]
        else:
            found = [*within, *(drawn.uniform(max(low, -100), 1000) for _ in within)]
    missing: list[Value] = [*NOT_FINITE, nan] if fact.type.numeric else [None]
    return [*found, *drawn.choices(missing, k=len(found) // 3 + 1)] if fact.missing else found


def by_row(plan: Plan, wanted: Sequence[str], facts: Table) -> list[list[Value]]:
    customer = tuple(fact for fact in facts.layout if fact.of_customer)
    case = tuple(fact for fact in facts.layout if not fact.of_customer)
    decide = compile_row(plan, wanted, customer, case)
    places = {fact.name: place for place, fact in enumerate(facts.layout)}
    of_customer, of_case = ([places[fact.name] for fact in side] for side in (customer, case))
    made = (decide([row[i] for i in of_customer], [row[i] for i in of_case]) for row in facts.rows())
    return [list(column) for column in zip(*made, strict=True)]


def by_frame(plan: Plan, wanted: Sequence[str], facts: Table, *, enums: bool = False) -> list[list[Value]]:
    made = frame.apply(facts.frame().lazy(), plan, wanted, enums=enums).select(wanted)
    return [column.to_list() for column in made.collect(engine="streaming")]


def by_sql(plan: Plan, wanted: Sequence[str], facts: Table) -> list[list[Value]]:
    with duckdb.connect(config={"threads": 1}) as base:
        base.register("facts", facts.frame())
        made = base.sql(sql.select(plan, wanted, "facts", [fact.name for fact in facts.layout])).pl()
    return [column.to_list() for column in made]


def differences(plan: Plan, facts: Table, wanted: Sequence[str] = ()) -> list[str]:
    """Each column in which two back ends differ by a bit (but for the sign of a zero), with the first case of it."""
    wanted = wanted or [column.name for column in plan.columns]
    kinds = {column.name: column.type for column in plan.columns}
    found = []
    row = by_row(plan, wanted, facts)
    for other, made in (("frame", by_frame(plan, wanted, facts)), ("SQL", by_sql(plan, wanted, facts))):
        for name, ours, theirs in zip(wanted, row, made, strict=True):
            yes_no = kinds[name] is Type.YES_NO
            for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
                expected = bool(a) if yes_no else None if _no_number(a) else a
                if expected != b or (b is None) != (expected is None):
                    case = {fact.name: facts.columns[fact.name][place] for fact in facts.layout}
                    read = {key: value for key, value in case.items() if key in plan.only([name]).reads()}
                    found.append(f"{name}: row {expected!r}, {other} {b!r} of {read}")
                    break
    return found
