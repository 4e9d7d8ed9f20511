"""The analysis is never wrong: what it says of an expression holds for every two moments between which facts only rise."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan, nan
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from router.facts import Fact, Type, Value
from router.fairness.analysis import Reader
from router.fairness.trend import Shape, Trend
from router.policy import expression as ex
from router.policy.plan import Column, Plan
from router.policy.row import compile_row

RISES, FALLS, EITHER, STILL = Trend.RISES, Trend.FALLS, Trend.EITHER, Trend.STILL
PAIRS = 60
"""Pairs of moments that each expression is tried with."""
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
    return Moving(
        fact, Shape(value, known, low, high, gone), (*([nan] if gone else []), *ordered), still=not value and not known
    )


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
    Moving(
        Fact("customer.fixed", Type.YES_NO, "", missing="at times"), Shape(missing=True), (None, False, True), still=True
    ),
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


literals = st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 7.0, 50.0]).map(ex.Number)
numbers_below = st.sampled_from(["gains", "rises", "falls", "still", "rank"]).map(ref) | literals
flags = st.sampled_from(["loyal", "failed", "fixed"]).map(ref)
comparisons = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def conditions_over(
    numbers: st.SearchStrategy[ex.Node], conditions: st.SearchStrategy[ex.Node]
) -> st.SearchStrategy[ex.Node]:
    pairs = st.tuples(conditions, conditions)
    return st.one_of(
        st.builds(ex.Compare, comparisons, numbers, numbers),
        pairs.map(ex.All),
        pairs.map(ex.Either),
        st.builds(ex.If, conditions, conditions, conditions),
        st.builds(ex.Default, flags | flags.map(ex.No), conditions),
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


yes_or_no = st.booleans().map(ex.YesNo)
simple_conditions: st.SearchStrategy[ex.Node] = st.one_of(
    flags,
    yes_or_no,
    st.builds(ex.Default, flags | flags.map(ex.No), yes_or_no),
    st.builds(ex.If, flags, flags | yes_or_no, flags | yes_or_no),
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


Moments = tuple[list[Value], list[Value]]


def two_moments(seed: int) -> Iterator[Moments]:
    """Many times the facts, and the facts later: each where it was or further on."""
    rng = Random(seed)
    for _ in range(PAIRS):
        first = [rng.randrange(len(moving.steps)) for moving in FACTS]
        alone = rng.randrange(len(FACTS)) if rng.random() < 0.5 else None
        second = [
            place if moving.still or alone not in {None, number} else rng.randrange(place, len(moving.steps))
            for number, (place, moving) in enumerate(zip(first, FACTS, strict=True))
        ]
        yield (
            [moving.steps[place] for moving, place in zip(FACTS, first, strict=True)],
            [moving.steps[place] for moving, place in zip(FACTS, second, strict=True)],
        )


seeds = st.integers(0, 2**32)


def gone(value: Value) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def reader() -> Reader:
    found = Reader({moving.fact.name: moving.shape for moving in FACTS}, ORDERED)
    found.columns([TIER])
    return found


def both(columns: tuple[Column, ...], seed: int) -> Iterator[tuple[Value, Value]]:
    """The last column at two moments, many times."""
    row = compile_row(Plan((TIER, *columns)), [columns[-1].name], LAYOUT, ())
    for before, after in two_moments(seed):
        yield row(before, ())[0], row(after, ())[0]


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


@settings(max_examples=500)
@given(node=numbers_2, seed=seeds)
def test_a_number_moves_as_its_shape_says(node: ex.Node, seed: int) -> None:
    shape = reader().number(node)
    for before, after in both((Column("x", Type.NUMBER, node),), seed):
        holds(shape, before, after)


def as_its_trend_says(node: ex.Node, seed: int) -> None:
    trend = reader().truth(node)
    known = ex.If(node, ex.YesNo(value=True), ex.YesNo(value=False))
    for before, after in both((Column("x", Type.YES_NO, known),), seed):
        assert trend & FALLS or not before or after
        assert trend & RISES or not after or before


@settings(max_examples=500)
@given(node=conditions_2, seed=seeds)
def test_a_condition_moves_as_its_trend_says_and_so_does_its_opposite(node: ex.Node, seed: int) -> None:
    as_its_trend_says(node, seed)
    as_its_trend_says(ex.negate(node), seed)


@settings(max_examples=500)
@given(when=conditions_2, gives=numbers_1, seed=seeds)
def test_the_points_of_a_rule_move_as_their_shape_says(when: ex.Node, gives: ex.Node, seed: int) -> None:
    fired = Column("fired.x", Type.YES_NO, ex.If(when, ex.YesNo(value=True), ex.YesNo(value=False)))
    points = Column("points.x", Type.NUMBER, ex.If(ex.Ref("fired.x", Type.YES_NO), ex.Floor(gives, 0.5), ex.Number(0.0)))
    score = Column("score", Type.NUMBER, ex.Sum((ex.Default(ex.Ref("points.x", Type.NUMBER), ex.Number(0.0)),)))
    found = reader()
    found.columns([fired, points, score])
    for before, after in both((fired, points, score), seed):
        holds(found.names["score"], before, after)


@settings(max_examples=500)
@given(
    tests=st.lists(simple_conditions, min_size=2, max_size=3),
    gives=st.lists(numbers_below, min_size=4, max_size=4),
    seed=seeds,
)
def test_the_first_that_holds_moves_as_its_shape_says(tests: list[ex.Node], gives: list[ex.Node], seed: int) -> None:
    node = gives[-1]
    for test, value in zip(tests, gives, strict=False):
        node = ex.If(test, value, node)
    shape = reader().number(node)
    for before, after in both((Column("x", Type.NUMBER, node),), seed):
        holds(shape, before, after)


@settings(max_examples=100)
@given(node=numbers_2, seed=seeds)
def test_what_stands_still_is_said_to(node: ex.Node, seed: int) -> None:
    """An expression over facts that do not move has no trend at all."""
    assume(ex.names(node) <= {"customer.still", "customer.fixed", "customer.word"})
    shape = reader().number(node)
    assert (shape.value, shape.known) == (STILL, STILL)
    for before, after in both((Column("x", Type.NUMBER, node),), seed):
        assert before == after or (gone(before) and gone(after))


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


def test_what_cannot_be_told_is_not_claimed() -> None:
    """Bounds that are not narrow enough leave it open."""
    gains, rises, still = ref("gains"), ref("rises"), ref("still")
    found = reader()
    assert found.number(ex.Arithmetic("*", rises, gains)).value is EITHER
    above = ex.Compare(">", rises, still)  # so above -10, for all that is known
    assert found.number(ex.If(above, rises, ex.Number(-10.0))).value is RISES
    assert found.number(ex.If(above, rises, ex.Number(5.0))).value is EITHER
