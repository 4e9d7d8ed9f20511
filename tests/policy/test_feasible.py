"""What is called impossible never happens: proofs against a slow, obvious evaluator, on conditions drawn at random."""

from collections.abc import Mapping
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.facts import VOCABULARY, Type, Value
from router.policy import expression as ex
from router.policy import ranges as r
from router.policy.feasible import Feasibility
from router.policy.parse import parse
from tests.policy.reference import evaluate_tree, known
from tests.policy.test_row import NAMES, SCOPE, expressions, facts

ANYTHING: Mapping[Type, r.Possible] = {Type.TEXT: r.Words(), Type.YES_NO: r.Answer()}


def around(name: str, value: Value, width: float) -> r.Possible:
    """What a fact can be where it has that value: that alone, or anything up to ``width`` away."""
    found = known(value)
    if found is None:
        return r.only_missing(ANYTHING.get(VOCABULARY[name].type, r.Range()))
    if isinstance(found, str):
        return r.Words(frozenset({found}), missing=False) if width < inf else r.Words()
    if isinstance(found, bool):
        return r.Answer(yes=found, no=not found, missing=False) if width < inf else r.Answer()
    return r.Range(found - width, found + width, missing=width > 0)


@given(expressions, facts, st.sampled_from([0.0, 1.0, inf]))
def test_no_case_meets_what_cannot_hold_and_every_case_what_always_does(
    pair: tuple[str, str], given_facts: Mapping[str, Value], width: float
) -> None:
    typed, _ = parse(pair[1], SCOPE, condition=True)
    assert typed is not None
    truth = evaluate_tree(typed.node, {name: known(value) for name, value in given_facts.items()})
    possible = Feasibility({name: around(name, given_facts[name], width) for name in NAMES}, {})
    if truth is True:
        assert possible.can_hold(typed.node)
    else:
        assert not possible.always_holds(typed.node)


@given(expressions, facts)
def test_a_number_is_in_its_range(pair: tuple[str, str], given_facts: Mapping[str, Value]) -> None:
    typed, _ = parse(pair[0], SCOPE, condition=False)
    assert typed is not None
    value = evaluate_tree(typed.node, {name: known(value) for name, value in given_facts.items()})
    for width in (0.0, 1.0):
        state = {name: around(name, given_facts[name], width) for name in NAMES}
        found = Feasibility(state, {}).number(typed.node, state)
        assert found.missing if value is None else found.low <= float(value) <= found.high


def some(condition: str) -> ex.Node:
    typed, mistakes = parse(condition, SCOPE, condition=True)
    assert typed is not None, mistakes
    return typed.node


@pytest.mark.parametrize(
    ("conditions", "unless", "can"),
    [
        (["case.chases > 2"], ["case.chases > 2"], False),
        (["case.chases > 2"], ["case.chases > 3"], True),  # 3
        (["case.chases > 2"], ["case.chases >= 3"], False),  # a count is whole
        (["customer.tenure_years > 2"], ["customer.tenure_years >= 3"], True),
        (["customer.tenure_years >= 3"], ["customer.tenure_years >= 1 or customer.subscribed"], False),
        (["customer.subscribed"], ["customer.tenure_years >= 1 or customer.subscribed is not missing"], False),
        (["case.chases < 9"], ["case.chases < 5", "case.chases > 4"], False),
        (["customer.plan == 'premier'"], ["customer.plan in plans"], False),
    ],
)
def test_what_others_leave_of_a_condition(conditions: list[str], unless: list[str], *, can: bool) -> None:
    start = {name: r.of_fact(VOCABULARY[name], {}) for name in NAMES}
    assert Feasibility(start, {}).can_hold(*map(some, conditions), unless=map(some, unless)) is can
