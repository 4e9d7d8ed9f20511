"""The row back end against a slow, obvious evaluator of the same text: three-valued, one value at a time."""

import ast
from collections.abc import Callable, Mapping
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.decide.decider import case_layout
from router.facts import CUSTOMER_FACTS, VOCABULARY, Fact, Type, Value
from router.policy import expression as ex
from router.policy.model import Policy
from router.policy.parse import parse
from router.policy.plan import Column, Plan
from router.policy.row import Row, compile_row
from router.policy.scope import Scope
from router.policy.store import read_policy
from tests.policy.reference import LOYAL, PLANS, Known, evaluate, evaluate_tree, known

NAMES = (
    "case.chases",  # a count: whole, bounded, never missing
    "case.age_hours",  # bounded, never missing
    "case.hours_since_reply",  # bounded
    "case.value_at_stake",  # money of a case
    "customer.spend",  # not bounded
    "customer.tenure_years",
    "case.issue",
    "customer.plan",
    "customer.subscribed",
    "case.adverse_action",  # never missing
)
CASE = tuple(VOCABULARY[name] for name in NAMES if name.startswith("case."))
CUSTOMER = tuple(VOCABULARY[name] for name in NAMES if name.startswith("customer."))
SCOPE = Scope({name: VOCABULARY[name].type for name in NAMES}, {"loyal": ex.Number(LOYAL), "plans": PLANS})


# expressions and facts

EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    2.5,
    -0.5,
    0.1,
    3.0,
    2.0**53,
    2.0**53 + 2,
    1e308,
    -1e308,
    5e-324,
    0.49999999999999994,
]
TEXTS = ["premier", "basic", "", "damaged"]
SIGNS = ["<", "<=", ">", ">=", "==", "!="]
literals = st.sampled_from(EDGES) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5)
number_names = [name for name in NAMES if VOCABULARY[name].type.numeric]
text_names = [name for name in NAMES if VOCABULARY[name].type is Type.TEXT]
flag_names = [name for name in NAMES if VOCABULARY[name].type is Type.YES_NO]


def deeper(inner: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    """Pairs of a number and a condition, made of smaller pairs."""
    number, condition = inner.map(lambda pair: pair[0]), inner.map(lambda pair: pair[1])

    def shape(text: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(lambda found: text.format(*found))

    numbers = st.one_of(
        shape("({} {} {})", number, st.sampled_from("+-*/"), number),
        shape("min({}, {})", number, number),
        shape("max({}, {}, {})", number, number, number),
        shape("round({})", number),
        shape("default({}, {})", number, number),
        shape("({} if {} else {})", number, condition, number),
        shape("-({})", number),
    )
    conditions = st.one_of(
        shape("({} {} {})", number, st.sampled_from(SIGNS), number),
        shape("({} {} {} {} {})", number, st.sampled_from(SIGNS), number, st.sampled_from(SIGNS), number),
        shape("({} is missing)", number),
        shape("({} is not missing)", number),
        shape("({} in (0, 1, 0.5))", number),
        shape("({} not in (3, 2.5))", number),
        shape("({} and {})", condition, condition),
        shape("({} or {} or {})", condition, condition, condition),
        shape("(not {})", condition),
        shape("({} if {} else {})", condition, condition, condition),
        shape("default({}, {})", st.sampled_from(flag_names), condition),
        shape("default(not {}, {})", st.sampled_from(flag_names), condition),
        shape("(('premier' if {} else customer.plan) == case.issue)", condition),
    )
    return st.tuples(numbers, conditions)


leaf_numbers = literals.map(repr) | st.sampled_from([*number_names, "loyal"])
leaf_conditions = st.one_of(
    st.sampled_from([*flag_names, "True", "False"]),
    st.tuples(
        st.sampled_from(text_names), st.sampled_from(["==", "!="]), st.sampled_from([*map(repr, TEXTS), *text_names])
    ).map(" ".join),
    st.sampled_from(
        [f"{name} {how}" for name in text_names for how in ("is missing", "in plans", "not in ('damaged', '')")]
    ),
    st.sampled_from([f"{name} is {how}missing" for name in flag_names for how in ("", "not ")]),
    st.sampled_from([f"default({name}, 'basic') == 'basic'" for name in text_names]),
)
expressions = st.recursive(st.tuples(leaf_numbers, leaf_conditions.map("({})".format)), deeper, max_leaves=12)


def values_of(fact: Fact) -> st.SearchStrategy[Value]:
    if fact.type is Type.TEXT:
        return st.none() | st.sampled_from(TEXTS)
    if fact.type is Type.YES_NO:
        return st.booleans() if not fact.missing else st.none() | st.booleans()
    if fact.type is Type.INTEGER:
        return st.integers(0, 5) | st.integers(0, 2**40)
    if fact.unit == "hours":
        numbers = st.floats(-1e9, 1e9) | st.sampled_from([0.0, 0.5, 1.5, 3.0])
    elif fact.name == "case.value_at_stake":
        numbers = st.floats(0, 9e15) | st.sampled_from([0.0, 49.99, 9e15])
    else:
        numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(EDGES)
    return numbers | st.just(nan) if fact.missing else numbers


facts = st.fixed_dictionaries({name: values_of(VOCABULARY[name]) for name in NAMES})


def absent(fact: Fact) -> Value:
    """The value of a fact that is missing, or the least there is of one that never is."""
    if fact.type is Type.YES_NO:
        return None if fact.missing else False
    return None if fact.type is Type.TEXT else nan if fact.missing else 0


KNOWN: Mapping[str, Value] = {
    "case.chases": 1,
    "case.age_hours": 4.5,
    "case.hours_since_reply": 2.0,
    "case.value_at_stake": 49.99,
    "customer.spend": 1e308,
    "customer.tenure_years": 3.0,
    "case.issue": "damaged",
    "customer.plan": "premier",
    "customer.subscribed": True,
    "case.adverse_action": False,
}


def decided(text: str, given_facts: Mapping[str, Value], *, condition: bool) -> Known:
    typed, mistakes = parse(text, SCOPE, condition=condition)
    assert not mistakes, (text, mistakes)
    assert typed is not None
    kind = Type.YES_NO if condition else Type.NUMBER
    function = compile_row(Plan((Column("result", kind, typed.node),)), ["result"], CUSTOMER, CASE)
    (result,) = function([given_facts[f.name] for f in CUSTOMER], [given_facts[f.name] for f in CASE])
    assert result not in {inf, -inf}
    return known(result)


@given(expressions, facts)
def test_a_number_is_what_the_reference_gives(pair: tuple[str, str], given_facts: Mapping[str, Value]) -> None:
    expected = evaluate(ast.parse(pair[0], mode="eval").body, {name: known(value) for name, value in given_facts.items()})
    assert decided(pair[0], given_facts, condition=False) == expected


MISSING: Mapping[str, Value] = {fact.name: absent(fact) for fact in map(VOCABULARY.__getitem__, NAMES)}
AWKWARD = [
    "('premier' is missing or 'premier' is not missing)",
    "(not (case.hours_since_reply > 3))",
    "(customer.spend != customer.spend)",
    "(1e308 * 10 > 5)",
    "(default(case.value_at_stake * 1e300 * 1e300, 7) == 7)",
    "(min(default(customer.tenure_years, case.hours_since_reply), 3) is missing)",
    "(max(1, customer.tenure_years, 2) is missing)",
    "(default(case.age_hours * 1e300 * 1e300, 7) == 7)",
    "(default(min(1, customer.tenure_years), 7) == 7)",
    "(default(round(customer.spend * 10), 7) == 7)",
    "(case.chases == 0 if customer.subscribed else case.adverse_action)",
    "(True if customer.subscribed else False)",
    "(customer.subscribed if case.adverse_action else True)",
    "default(not customer.subscribed, case.chases > 0)",
]


def tried(test: Callable[..., None]) -> Callable[..., None]:
    """The awkward conditions too, with everything missing that can be, and with everything known."""
    for text in AWKWARD:
        test = example(("0", text), MISSING)(example(("0", text), KNOWN)(test))
    return settings(max_examples=300)(test)


@tried
@given(expressions, facts)
def test_a_rule_fires_where_the_reference_knows_its_condition_to_be_true(
    pair: tuple[str, str], given_facts: Mapping[str, Value]
) -> None:
    expected = evaluate(ast.parse(pair[1], mode="eval").body, {name: known(value) for name, value in given_facts.items()})
    assert bool(decided(pair[1], given_facts, condition=True)) == (expected is True)


@tried
@given(expressions, facts)
def test_not_fires_where_the_reference_knows_it_to_be_false(pair: tuple[str, str], given_facts: Mapping[str, Value]) -> None:
    expected = evaluate(ast.parse(pair[1], mode="eval").body, {name: known(value) for name, value in given_facts.items()})
    assert bool(decided(f"not {pair[1]}", given_facts, condition=True)) == (expected is False)


@given(expressions)
def test_an_expression_written_back_reads_the_same(pair: tuple[str, str]) -> None:
    typed, _ = parse(pair[1], SCOPE, condition=True)
    assert typed is not None
    again, mistakes = parse(ex.write(typed.node), SCOPE, condition=True)
    assert not mistakes
    assert again is not None
    assert ex.write(again.node) == ex.write(typed.node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / 0", None),
        ("customer.spend / case.chases", None),
        ("1e308 * 10", None),
        ("-1e308 - 1e308", None),
        ("round(2.5)", 3.0),
        ("round(-2.5)", -2.0),
        ("round(0.49999999999999994)", 1.0),  # floor(x + 0.5), and the sum rounds up
        ("min(1, customer.tenure_years)", None),
        ("default(customer.tenure_years, 7)", 7.0),
        ("default(1 / 0, 7)", 7.0),
        ("round(customer.spend) + 1", 2.0**53 + 0),  # float64: one above 2**53 is not there
        ("1 if customer.subscribed else 2", 2.0),
    ],
)
def test_values_at_the_edges(text: str, expected: Known) -> None:
    assert decided(text, {**MISSING, "customer.spend": 2.0**53}, condition=False) == expected


def test_a_fact_that_neither_layout_has_is_missing() -> None:
    typed, _ = parse("customer.spend is missing and customer.plan is missing", SCOPE, condition=True)
    assert typed is not None
    function = compile_row(Plan((Column("result", Type.YES_NO, typed.node),)), ["result"], (), ())
    assert function((), ()) == (True,)


# the whole plan of a policy


@pytest.fixture(scope="module")
def retail() -> Policy:
    return read_policy(Path(__file__).parents[2] / "policies" / "retail" / "1.0.0.yaml")


@pytest.fixture(scope="module")
def every_column(retail: Policy) -> Row:
    return compile_row(retail.plan, [column.name for column in retail.plan.columns], CUSTOMER_FACTS, case_layout(retail))


def inputs_of(fact: Fact) -> st.SearchStrategy[Value]:
    """Values that a case or a customer can have."""
    if fact.type.numeric:
        whole = fact.type is Type.INTEGER
        low, high = max(fact.low, -1e6), min(fact.high, 1e6)
        numbers: st.SearchStrategy[Value] = st.integers(int(low), int(high)) if whole else st.floats(low, high)
        numbers |= st.integers(int(low), min(int(high), 6)).map(lambda n: n if whole else float(n))
        return numbers | st.just(nan) if fact.missing else numbers
    found = (
        st.booleans()
        if fact.type is Type.YES_NO
        else st.sampled_from(["delivery_failed", "damaged", "phone", "premier", "open"])
    )
    return st.none() | found if fact.missing else found


@given(st.data())
def test_every_column_of_the_retail_plan_is_what_the_reference_gives(
    retail: Policy, every_column: Row, data: st.DataObject
) -> None:
    customer, case = CUSTOMER_FACTS, case_layout(retail)
    of_customer = [data.draw(inputs_of(fact)) for fact in customer]
    of_case = [data.draw(inputs_of(fact)) for fact in case]
    at = {fact.name: known(value) for fact, value in zip((*customer, *case), (*of_customer, *of_case), strict=True)}
    for column, result in zip(retail.plan.columns, every_column(of_customer, of_case), strict=True):
        expected = at[column.name] = evaluate_tree(column.node, at)
        assert (bool(result) if column.type is Type.YES_NO else known(result)) == expected, column.name
