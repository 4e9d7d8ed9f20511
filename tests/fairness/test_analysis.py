"""The analysis is never wrong: what it says of an expression holds for every two moments between which facts only rise."""

from dataclasses import dataclass
from math import isnan, nan

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.facts import Fact, Type, Value
from router.fairness.analysis import Reader
from router.fairness.trend import Shape, Trend
from router.policy import expression as ex
from router.policy.plan import Column, Plan
from router.policy.row import compile_row

RISES, FALLS, EITHER, STILL = Trend.RISES, Trend.FALLS, Trend.EITHER, Trend.STILL
WORDS = ("standard", "silver", "gold")


@dataclass(frozen=True)
class Moving:
    """A fact, its shape, and what it can be (missing first): later values are higher, and a ``still`` one never changes."""

    fact: Fact
    shape: Shape
    steps: tuple[Value, ...]
    still: bool = False


def number(name: str, *, low: float, high: float, value: Trend, known: Trend = STILL, gone: bool = False) -> Moving:
    steps = tuple(float(x) for x in (low, low / 2, 0, 0.5, 1, 2, high) if low <= x <= high)
    ordered = tuple(sorted(set(steps), reverse=value is FALLS))
    fact = Fact(f"customer.{name}", Type.NUMBER, "", low=low, high=high, missing="at times" if gone else "")
    return Moving(fact, Shape(value, known, low, high, gone), (*([nan] if gone else []), *ordered), still=not value and not known)


FACTS = (
    number("gains", low=0, high=50, value=RISES, known=RISES, gone=True),
    number("rises", low=-20, high=20, value=RISES),
    number("falls", low=-3, high=5, value=FALLS),
    number("still", low=-10, high=10, value=STILL, gone=True),
    Moving(
        Fact("customer.loyal", Type.YES_NO, "", missing="at times"),
        Shape(RISES, RISES, missing=True, no=EITHER),
        (None, False, True),
    ),
    Moving(Fact("customer.failed", Type.YES_NO, ""), Shape(RISES, no=FALLS), (False, True)),
    Moving(Fact("customer.fixed", Type.YES_NO, "", missing="at times"), Shape(missing=True), (None, False, True), still=True),
    Moving(Fact("customer.word", Type.TEXT, "", missing="at times"), Shape(missing=True), (None, "p", "q"), still=True),
    Moving(Fact("customer.rank", Type.NUMBER, ""), Shape(RISES, low=0, high=2), (0.0, 1.0, 2.0)),
)
LAYOUT = tuple(moving.fact for moving in FACTS)
ORDERED = {"tier": ("customer.rank", WORDS)}
TIER = Column(
    "tier",
    Type.TEXT,
    ex.If(
        ex.Compare("==", ex.Ref("customer.rank", Type.NUMBER), ex.Number(0.0)),
        ex.Text(WORDS[0]),
        ex.If(ex.Compare("==", ex.Ref("customer.rank", Type.NUMBER), ex.Number(1.0)), ex.Text(WORDS[1]), ex.Text(WORDS[2])),
    ),
)


def ref(name: str) -> ex.Ref:
    return ex.Ref(f"customer.{name}", next(f.type for f in LAYOUT if f.key == name))


literals = st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 7.0]).map(ex.Number)
numbers_below = st.sampled_from(["gains", "rises", "falls", "still", "rank"]).map(ref) | literals
flags = st.sampled_from(["loyal", "failed", "fixed"]).map(ref)
comparisons = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def conditions_over(numbers: st.SearchStrategy[ex.Node], conditions: st.SearchStrategy[ex.Node]) -> st.SearchStrategy[ex.Node]:
    pairs = st.tuples(conditions, conditions)
    return st.one_of(
        st.builds(ex.Compare, comparisons, numbers, numbers),
        pairs.map(ex.All),
        pairs.map(ex.Either),
        st.builds(ex.If, conditions, conditions, conditions),
        st.builds(ex.Default, flags | flags.map(ex.No), conditions | st.booleans().map(ex.YesNo)),
        st.builds(ex.Missing, numbers | flags | st.just(ref("word")), st.booleans()),
        st.builds(ex.OneOf, numbers, st.sampled_from([(0.0,), (1.0, 2.0), (7.0,)]), st.booleans()),
    )


def numbers_over(numbers: st.SearchStrategy[ex.Node], conditions: st.SearchStrategy[ex.Node]) -> st.SearchStrategy[ex.Node]:
    return st.one_of(
        st.builds(ex.Arithmetic, st.sampled_from(["+", "-", "*", "/"]), numbers, numbers),
        st.builds(ex.Extreme, st.sampled_from(["min", "max"]), st.tuples(numbers, numbers)),
        st.builds(ex.Floor, numbers, st.just(0.5)),
        st.builds(ex.Default, numbers, numbers),
        st.builds(ex.If, conditions, numbers, numbers),
    )


simple_conditions: st.SearchStrategy[ex.Node] = st.one_of(
    flags,
    flags.map(ex.No),
    st.builds(ex.Compare, comparisons, numbers_below, literals),
    st.builds(ex.SameText, st.just(ref("word")), st.just(ex.Text("p")), st.booleans()),
    st.builds(ex.SameText, st.just(ex.Ref("tier", Type.TEXT)), st.sampled_from(WORDS).map(ex.Text), st.booleans()),
    st.builds(ex.OneOf, st.just(ex.Ref("tier", Type.TEXT)), st.sampled_from([WORDS[1:], WORDS[:2]]), st.booleans()),
)
numbers_1 = numbers_below | numbers_over(numbers_below, simple_conditions)
conditions_1 = simple_conditions | conditions_over(numbers_1, simple_conditions)
numbers_2 = numbers_1 | numbers_over(numbers_1, conditions_1)
conditions_2 = conditions_1 | conditions_over(numbers_1, conditions_1)


@st.composite
def two_moments(draw: st.DrawFn) -> tuple[list[Value], list[Value]]:
    """The facts, and the facts later: each where it was or further on."""
    before, after = [], []
    for moving in FACTS:
        first = draw(st.integers(0, len(moving.steps) - 1))
        second = first if moving.still else draw(st.integers(first, len(moving.steps) - 1))
        before.append(moving.steps[first])
        after.append(moving.steps[second])
    return before, after


def gone(value: Value) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def reader() -> Reader:
    found = Reader({moving.fact.name: moving.shape for moving in FACTS}, ORDERED)
    found.columns([TIER])
    return found


def both(columns: tuple[Column, ...], moments: tuple[list[Value], list[Value]]) -> tuple[Value, Value]:
    """The last column at both moments."""
    row = compile_row(Plan((TIER, *columns)), [columns[-1].name], LAYOUT, ())
    first, second = (row(moment, ())[0] for moment in moments)
    return first, second


def holds(shape: Shape, before: Value, after: Value) -> None:
    """Everything that a shape says of a number."""
    for value in (before, after):
        assert shape.missing or not gone(value)
        assert gone(value) or (isinstance(value, float | int) and shape.low <= value <= shape.high)
    assert shape.known & FALLS or gone(before) or not gone(after)
    assert shape.known & RISES or gone(after) or not gone(before)
    if isinstance(before, float | int) and isinstance(after, float | int) and not gone(before) and not gone(after):
        assert shape.value & FALLS or before <= after
        assert shape.value & RISES or before >= after


@settings(max_examples=600)
@given(node=numbers_2, moments=two_moments())
def test_a_number_moves_as_its_shape_says(node: ex.Node, moments: tuple[list[Value], list[Value]]) -> None:
    holds(reader().number(node), *both((Column("x", Type.NUMBER, node),), moments))


@settings(max_examples=600)
@given(node=conditions_2, moments=two_moments())
def test_a_condition_moves_as_its_trend_says(node: ex.Node, moments: tuple[list[Value], list[Value]]) -> None:
    trend = reader().truth(node)
    known = ex.If(node, ex.YesNo(value=True), ex.YesNo(value=False))
    before, after = both((Column("x", Type.YES_NO, known),), moments)
    assert trend & FALLS or not before or after
    assert trend & RISES or not after or before


@settings(max_examples=300)
@given(node=conditions_2, moments=two_moments())
def test_so_does_its_opposite(node: ex.Node, moments: tuple[list[Value], list[Value]]) -> None:
    test_a_condition_moves_as_its_trend_says.hypothesis.inner_test(ex.negate(node), moments)  # type: ignore[attr-defined]


@settings(max_examples=400)
@given(when=conditions_2, gives=numbers_1, moments=two_moments())
def test_the_points_of_a_rule_move_as_their_shape_says(
    when: ex.Node, gives: ex.Node, moments: tuple[list[Value], list[Value]]
) -> None:
    fired = Column("fired.x", Type.YES_NO, ex.If(when, ex.YesNo(value=True), ex.YesNo(value=False)))
    points = Column("points.x", Type.NUMBER, ex.If(ex.Ref("fired.x", Type.YES_NO), ex.Floor(gives, 0.5), ex.Number(0.0)))
    score = Column("score", Type.NUMBER, ex.Sum((ex.Default(ex.Ref("points.x", Type.NUMBER), ex.Number(0.0)),)))
    found = reader()
    found.columns([fired, points, score])
    holds(found.names["score"], *both((fired, points, score), moments))


@settings(max_examples=100)
@given(node=numbers_2, moments=two_moments())
def test_what_stands_still_is_said_to(node: ex.Node, moments: tuple[list[Value], list[Value]]) -> None:
    """An expression over facts that do not move has no trend at all."""
    assume(ex.names(node) <= {"customer.still", "customer.fixed", "customer.word"})
    shape = reader().number(node)
    assert (shape.value, shape.known) == (STILL, STILL)
    first, second = both((Column("x", Type.NUMBER, node),), moments)
    assert first == second or (gone(first) and gone(second))


def test_what_people_write_is_proven() -> None:
    """The trends of some expressions that a rule may well have."""
    gains, rises = ref("gains"), ref("rises")
    found = reader()
    assert found.truth(ex.Compare(">=", gains, ex.Number(3.0))) is RISES
    assert found.truth(ex.Compare("<", rises, ex.Number(3.0))) is FALLS
    assert found.truth(ex.Compare("<", gains, ex.Number(3.0))) is EITHER  # unknown, then true, then false
    assert found.truth(ex.Missing(gains, negated=False)) is FALLS
    assert found.number(ex.Default(gains, ex.Number(0.0))).value is RISES
    assert found.number(ex.Default(gains, ex.Number(1.0))).value is EITHER
    assert found.truth(ex.OneOf(ex.Ref("tier", Type.TEXT), WORDS[1:], negated=False)) is RISES
    assert found.truth(ex.SameText(ex.Ref("tier", Type.TEXT), ex.Text("silver"), negated=False)) is EITHER
