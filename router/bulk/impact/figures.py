"""The figures of a comparison by name, and conditions over them under which a change is not to be merged."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from router.bulk.impact.comparison import CHANGES, GAINED, LOST, MEASURES, MIXED, Comparison, sides
from router.bulk.impact.population import Versions
from router.errors import Problem, SettingsError
from router.facts import Fact, Type
from router.money import POWERS
from router.policy import expression as ex
from router.policy.parse import parse
from router.policy.plan import Column, Plan
from router.policy.row import compile_row
from router.policy.scope import Mistake, Scope

BEFORE = "before"
OPTION = "--fail-if"
_ALONE = re.compile(rf"\b{BEFORE}\b(?!\s*\.)")
_FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a comparison; ``before`` is ``None`` where it is about the change itself. Money is in major units."""

    name: str
    after: float
    before: float | None = None

    def told(self) -> str:
        """In words.

        >>> Figure("p1", 210, 180).told(), Figure("changed_tier", 12.0).told()
        ('p1 is 210, was 180', 'changed_tier is 12')
        """
        was = "" if self.before is None else f", was {_number(self.before)}"
        return f"{self.name} is {_number(self.after)}{was}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def figures(found: Comparison) -> dict[str, Figure]:
    """Every figure of a comparison by its name, in the order of the documentation. In the name of a tier, `-` is `_`."""
    return {figure.name: figure for figure in _figures(found)}


def _figures(found: Comparison) -> Iterator[Figure]:
    yield Figure("cases", found.cases)
    yield Figure("changed", found.changed["any"])
    for name in CHANGES:
        yield Figure(f"changed_{name}", found.changed[name])
    for way in (GAINED, LOST, MIXED):
        yield Figure(way, sum(count for (_, balance), count in found.balance.items() if balance == way))
    for measure in MEASURES:
        for way in (GAINED, LOST):
            count = sum(count for (_, of, which), count in found.effects.items() if (of, which) == (measure, way))
            yield Figure(f"{way}_{measure}", count)
    scale = POWERS[found.versions.after.exponent]
    before, after = found.recompense_total()
    yield Figure("recompense_total", after / scale, before / scale)
    for band in found.versions.after.bands:
        yield _both(band.lower(), found.band(band))
    if found.capacity is not None:
        capacity = found.capacity
        over = [max(0, count - capacity) for count in found.band("P1")]
        yield _both("over_capacity", (over[0], over[1]))
    lowest = [policy.levels[0].name for policy in found.versions]
    yield Figure(
        "escalated", found.cases - sides(found.levels, lowest[1])[1], found.cases - sides(found.levels, lowest[0])[0]
    )
    for tier in found.tier_names():
        name = tier.replace("-", "_")
        yield _both(f"cases.{name}", sides(found.tiers, tier))
        spent = [sums[tier] / scale for sums in found.recompense]
        yield Figure(f"recompense.{name}", spent[1], spent[0])
        for way in (GAINED, LOST):
            yield Figure(f"{way}.{name}", found.balance[tier, way])


def _both(name: str, counts: tuple[int, int]) -> Figure:
    return Figure(name, counts[1], counts[0])


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it was written, its tree, and the figure that ``before`` alone stands for (empty: none)."""

    text: str
    node: ex.Node
    before_of: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds, so that the change is not to be merged, and the figures that it reads."""

    condition: str
    holds: bool
    read: tuple[Figure, ...]

    def told(self) -> str:
        """The condition with its numbers."""
        return f"{self.condition}: {'; '.join(figure.told() for figure in self.read)}"


def read_conditions(texts: Sequence[str], versions: Versions, capacity: int | None) -> tuple[Condition, ...]:
    """The conditions that were given. Raises ``SettingsError`` with every mistake in all of them, each at its place."""
    known = figures(Comparison(versions, capacity=capacity))
    problems: list[Problem] = []
    found = [_condition(line, text, known, problems) for line, text in enumerate(texts, start=1)]
    if problems:
        raise SettingsError(problems)
    return tuple(condition for condition in found if condition is not None)


def _condition(line: int, text: str, known: Mapping[str, Figure], problems: list[Problem]) -> Condition | None:
    both = [name for name, figure in known.items() if figure.before is not None]
    refs = dict.fromkeys([*known, *(f"{BEFORE}.{name}" for name in both), BEFORE], Type.NUMBER)
    later = {} if "over_capacity" in known else {"over_capacity": "give --p1-capacity"}
    typed, mistakes = parse(text, Scope(refs, later=later, kind="figure"), condition=True)
    shown = " ".join(text.splitlines())
    if typed is not None:
        of = [name for name in both if name in ex.names(typed.node)]
        if BEFORE not in ex.names(typed.node):
            return Condition(text, typed.node, "")
        if len(of) == 1:
            return Condition(text, typed.node, of[0])
        mistakes = tuple(_ambiguous(text, of, both))
    problems += (Problem(m.code, m.message, OPTION, line, m.start + 1, shown, m.width) for m in mistakes)
    return None


def _ambiguous(text: str, of: Sequence[str], both: Sequence[str]) -> Iterator[Mistake]:
    stands = f"{BEFORE} stands for the same figure of the version before"
    if of:
        said = f"{stands}, and here are several; write {' or '.join(f'{BEFORE}.{name}' for name in of)}"
    else:
        said = f"{stands}, and here is none that has one; such are {', '.join(both)}"
    for place in _ALONE.finditer(text):
        yield Mistake("bad-expression", said, place.start(), len(BEFORE))


def judge(conditions: Iterable[Condition], found: Comparison) -> tuple[Verdict, ...]:
    """Whether each condition holds. One that cannot be known (a share of no cases) does not."""
    known = figures(found)
    return tuple(_judge(condition, known) for condition in conditions)


def _judge(condition: Condition, known: Mapping[str, Figure]) -> Verdict:
    values: dict[str, float] = {name: figure.after for name, figure in known.items()}
    values |= {f"{BEFORE}.{name}": figure.before for name, figure in known.items() if figure.before is not None}
    if condition.before_of:
        values[BEFORE] = values[f"{BEFORE}.{condition.before_of}"]
    layout = [Fact(name, Type.NUMBER, "") for name in values]
    fails = Column(_FAILS, Type.YES_NO, ex.If(condition.node, ex.YesNo(value=True), ex.YesNo(value=False)))
    (holds,) = compile_row(Plan((fails,)), [_FAILS], [], layout)([], [float(value) for value in values.values()])
    named = {name.removeprefix(f"{BEFORE}.") for name in ex.names(condition.node)}
    return Verdict(condition.text, bool(holds), tuple(figure for name, figure in known.items() if name in named))
