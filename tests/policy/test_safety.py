"""Text of a user is never evaluated: what is not of the language is refused, and a literal stays a literal."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.decide.decider import case_layout
from router.errors import PolicyError
from router.facts import CUSTOMER_FACTS, VOCABULARY, Type, Value
from router.policy.compile import compile_policy
from router.policy.parse import parse
from router.policy.plan import Column, Plan
from router.policy.row import compile_row
from router.policy.scope import Scope
from router.policy.store import read_policy
from tests.policy.small import SMALL

CUSTOMER = (VOCABULARY["customer.spend"], VOCABULARY["customer.plan"])
SCOPE = Scope({fact.name: fact.type for fact in CUSTOMER})

HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "case.__class__",
    "customer.spend.__class__ == 1",
    "(lambda: 1)() > 0",
    "[x for x in (1, 2)] == 1",
    "f'{customer.spend}' == 'a'",
    "exec('1') > 0",
    "(y := 3) > 2",
    "customer.spend > 0; import os",
    "print(1) > 0",
    "globals() is missing",
    "min(*(1, 2)) > 0",
    "max(1, 2, key=3) > 0",
    "customer['spend'] > 0",
    "await customer.spend",
    "nan > 0",
    "customer",
    "t1 > 0",
    "c0 > 0",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_but_the_language_gets_through(text: str) -> None:
    typed, mistakes = parse(text, SCOPE, condition=True)
    assert typed is None
    assert mistakes


PIECES = [
    *"()[]{}'\",.:=!<>+-*/%~@&|^\\#\n\t 09aéß",
    *("customer.spend", "customer.plan", "missing", "not", "and", "or", "in", "is", "if", "else", "lambda", "for", "await"),
    *("min", "max", "round", "default", "True", "None", "1e999", "0x", "1_0", "'a'", "f'{x}'", "\ud800", "\x00", "\u2028"),
]


@settings(max_examples=500)
@given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_becomes_a_tree_or_mistakes_inside_it(text: str) -> None:
    for condition in (True, False):
        typed, mistakes = parse(text, SCOPE, condition=condition)
        assert (typed is None) == bool(mistakes)
        assert all(0 <= mistake.start <= len(text) and mistake.width > 0 for mistake in mistakes)


@given(
    st.text() | st.lists(st.sampled_from(PIECES)).map("".join),
    st.sampled_from(["when: case.chases > 0", "10 * case.chases", "1h"]),
)
def test_any_text_in_a_policy_is_compiled_or_told(text: str, place: str) -> None:
    with suppress(PolicyError):
        compile_policy(SMALL.replace(place, text), "small.yaml")


HOSTILE_TEXTS = ["' + __import__('os').system('true') + '", '"""', "\\", "\n", "{customer.spend}", "\u2028", "t1", "nan"]


@pytest.mark.parametrize("literal", HOSTILE_TEXTS)
def test_a_text_literal_stays_a_text(literal: str) -> None:
    typed, mistakes = parse(f"customer.plan == {literal!r}", SCOPE, condition=True)
    assert not mistakes
    assert typed is not None
    plan = Plan((Column("result", Type.YES_NO, typed.node),))
    function = compile_row(plan, ["result"], CUSTOMER, ())
    row: list[Value] = [0.0, literal]
    assert function(row, ()) == (True,)
    assert not any("__import__" in name for name in function.__code__.co_names)


def test_the_generated_function_can_reach_no_builtin() -> None:
    retail = read_policy(Path(__file__).parents[2] / "policies" / "retail" / "1.0.0.yaml")
    function = compile_row(retail.plan, ["score"], CUSTOMER_FACTS, case_layout(retail))
    assert function.__globals__["__builtins__"] == {}
