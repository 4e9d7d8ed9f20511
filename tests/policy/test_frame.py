"""The plan by row, by frame and by DuckDB: the same to the last bit, and a mistake in any of them is noticed."""

import ast
import operator
from functools import cache, reduce
from math import inf
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.decide.decider import case_layout
from router.decide.records import facts_layout
from router.facts import Type
from router.policy import expression as ex
from router.policy import frame, row, sql
from router.policy.model import Policy
from router.policy.parse import parse
from router.policy.plan import Column, Plan, amount
from router.policy.store import read_policy
from tests.decide import strategies
from tests.decide.strategies import compiled, policies
from tests.policy.backends import Table, by_frame, differences, table
from tests.policy.test_row import AWKWARD, CASE, CUSTOMER, SCOPE, expressions

LAYOUT = (*CUSTOMER, *CASE)
POLICIES = Path(__file__).parents[2] / "policies"


def plan_of(pairs: list[tuple[str, str]]) -> Plan:
    """A plan of numbers and conditions given as texts: for each condition also its opposite."""
    columns = []
    for place, (number, condition) in enumerate(pairs):
        for name, text in (("number", number), ("is", condition), ("not", f"not {condition}")):
            typed, mistakes = parse(text, SCOPE, condition=name != "number")
            assert typed is not None, mistakes
            kind = Type.NUMBER if name == "number" else Type.YES_NO
            node = typed.node if name == "number" else ex.If(typed.node, ex.YesNo(value=True), ex.YesNo(value=False))
            columns.append(Column(f"{name} {place}", kind, node))
    return Plan(tuple(columns))


def whole_layout(policy: Policy) -> tuple[Any, ...]:
    return (*facts_layout(policy), *case_layout(policy))


seeds = st.integers(0, 2**32)


@settings(max_examples=40)
@given(st.lists(expressions, min_size=3, max_size=6), seeds)
@example([("0.0", "customer.subscribed"), ("(0.0 / 0.0)", "1 > 2"), ("(1.0 / 0.0 + customer.spend)", "1 > 2")], 0)
def test_every_expression_is_the_same_by_row_by_frame_and_by_duckdb(pairs: list[tuple[str, str]], seed: int) -> None:
    plan = plan_of(pairs)
    assert differences(plan, table(LAYOUT, plan, 500, seed)) == []


@settings(max_examples=25)
@given(policies, seeds)
def test_every_column_of_a_policy_is_the_same_by_row_by_frame_and_by_duckdb(policy: Policy, seed: int) -> None:
    assert differences(policy.plan, table(whole_layout(policy), policy.plan, 250, seed)) == []


@settings(max_examples=20)
@given(policies, st.data())
def test_what_is_wanted_alone_is_the_same(policy: Policy, data: st.DataObject) -> None:
    names = [column.name for column in policy.plan.columns]
    wanted = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    assert differences(policy.plan, table(whole_layout(policy), policy.plan, 250, data.draw(seeds)), wanted) == []


@settings(max_examples=10)
@given(policies, st.data())
def test_a_fact_that_no_back_end_is_given_is_missing_for_each(policy: Policy, data: st.DataObject) -> None:
    layout = whole_layout(policy)
    given_facts = data.draw(st.lists(st.sampled_from(layout), unique_by=lambda fact: fact.name, min_size=1))
    assert differences(policy.plan, table(given_facts, policy.plan, 100, data.draw(seeds))) == []


@pytest.mark.parametrize("name", ["retail", "service_desk"])
def test_every_column_of_a_shipped_policy_is_the_same_over_thousands_of_cases(name: str) -> None:
    policy = read_policy(POLICIES / name / "1.0.0.yaml")
    assert differences(policy.plan, table(whole_layout(policy), policy.plan, 4000, 1)) == []


# what a frame is given, and what it gives


def retail() -> Policy:
    return read_policy(POLICIES / "retail" / "1.0.0.yaml")


def test_a_frame_keeps_its_columns_and_gets_the_wanted_ones_and_no_others() -> None:
    given_frame = pl.LazyFrame({"case_id": ["a"], "case.chases": [2.0], "tier": ["of old"]})
    made = frame.apply(given_frame, retail().plan, ["score", "tier"]).collect()
    assert made.schema == {"case_id": pl.String, "case.chases": pl.Float64, "score": pl.Float64, "tier": pl.String}
    assert made["tier"].to_list() == ["standard"]


def test_a_select_hands_on_columns_that_are_not_of_the_plan() -> None:
    query = sql.select(retail().plan, ["case_id", "tier"], "(SELECT 'it''s' AS case_id)", ["case_id"])
    assert duckdb.execute(query).fetchall() == [("it's", "standard")]


def test_words_stay_enums_where_that_is_asked_for_and_are_the_same_words() -> None:
    plan, layout = retail().plan, whole_layout(retail())
    facts = table(layout, plan, 500, 2)
    wanted = ["tier", "band", "level"]
    assert by_frame(plan, wanted, facts, enums=True) == by_frame(plan, wanted, facts)
    made = frame.apply(facts.frame().lazy(), plan, wanted, enums=True).select(wanted).collect_schema()
    assert all(isinstance(dtype, pl.Enum) for dtype in made.dtypes())


def test_a_frame_without_cases_gives_every_column_of_its_type() -> None:
    plan, layout = retail().plan, whole_layout(retail())
    facts = table(layout, plan, 1, 2).frame().clear()
    names = [column.name for column in plan.columns]
    made = frame.apply(facts.lazy(), plan, names).select(names).collect(engine="streaming")
    kinds = {Type.NUMBER: pl.Float64, Type.TEXT: pl.String, Type.YES_NO: pl.Boolean}
    assert made.schema == {column.name: kinds[column.type] for column in plan.columns}
    assert made.height == 0


def test_a_fact_that_is_one_for_all_cases_divides_as_any_other() -> None:
    plan = plan_of([("case.age_hours / (case.chases + 3)", "True")])
    ages = [float(age) for age in range(500)]
    rows = pl.LazyFrame({"case.age_hours": ages}).with_columns(pl.lit(0.0).alias("case.chases"))
    for engine in ("in-memory", "streaming"):
        made = frame.apply(rows, plan, ["number 0"]).collect(engine=engine)
        assert made["number 0"].to_list() == [age / 3.0 for age in ages]


def many(rules: int) -> Policy:
    """A policy of many rules, whose points, levels and amounts read one another."""
    names = [f"{name} > {limit}" for limit, name in enumerate(["case.chases", "customer.spend", "case.age_hours"])]
    when = [names[i % 3] for i in range(rules)]
    priority = [
        {"id": f"p{i}", "when": w, "points": "3" if i % 2 else "round(customer.orders / 7)", "because": "x"}
        for i, w in enumerate(when)
    ]
    lifts = [{"id": f"e{i}", "when": w, "at_least": "senior", "because": "x"} for i, w in enumerate(when)]
    money = [
        {"id": f"m{i}", "kind": "credit", "when": w, "amount": "0.01 * customer.orders", "because": "x"}
        for i, w in enumerate(when[: rules // 40])
    ]
    levels = [{"level": name, "role": "agent", "may_approve": i} for i, name in enumerate(strategies.LEVELS[:2])]
    row_of = {"acknowledge": "1h", "next_update": "1h", "resolve": "3 days", "final_response": "8 weeks"}
    return compiled(
        {
            "policy": "many",
            "version": "1.0.0",
            "currency": "GBP",
            "tiers": [{"tier": "standard"}],
            "priority": {"ageing": {"points_per_hour": 2}, "bands": {"P1": 300, "P2": 200, "P3": 100}, "rules": priority},
            "escalation": {"levels": levels, "outside": {"name": "x", "because": "x"}, "rules": lifts},
            "recompense": {"caps": {"per_case": 50, "per_customer_12m": 90, "share_of_price": 1}, "rules": money},
            "commitments": [row_of],
        }
    )


def test_hundreds_of_rules_that_read_one_another_are_the_same_too() -> None:
    policy = many(359)
    wanted = ["score", "band", "level", "recompense.total", amount("m7")]
    assert differences(policy.plan, table(whole_layout(policy), policy.plan, 100, 3), wanted) == []


# a mistake in a translation is noticed

HARD = [
    ("case.value_at_stake / 3", "(case.hours_since_reply < 3)"),
    ("customer.spend / customer.tenure_years", "(case.hours_since_reply <= 3)"),
    ("customer.spend * 1e300 - customer.spend * 1e300", "(case.hours_since_reply > 3)"),
    ("min(customer.spend, customer.tenure_years)", "(case.hours_since_reply >= 3)"),
    ("max(customer.spend, customer.tenure_years, 1)", "(customer.tenure_years == case.hours_since_reply)"),
    ("round(case.age_hours * 1.5)", "(customer.tenure_years != 3)"),
    ("default(customer.spend * 10, 7)", "(customer.tenure_years not in (3, 2.5))"),
    ("(1 if customer.subscribed else 2)", "(case.issue not in ('damaged', ''))"),
    ("1 / (1 / customer.spend)", "(case.issue != customer.plan)"),
    ("(3 if not customer.subscribed else 4)", "(case.issue in ('damaged', ''))"),
    ("case.value_at_stake + case.age_hours", "(customer.subscribed and case.chases > 1 or case.issue == 'damaged')"),
    *(("0", text) for text in AWKWARD),
]


@cache
def exam() -> tuple[Plan, Table]:
    plan = plan_of(HARD)
    return plan, table(LAYOUT, plan, 3000, 7)


def test_what_is_hard_is_the_same() -> None:
    assert differences(*exam()) == []


def swapped(table_of: Any, key: str, to: Any) -> dict[str, Any]:  # noqa: ANN401 - any table of operators
    return {**table_of, key: to}


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    **{
        f"frame {key} becomes {to.__name__}": (frame, "_OPERATORS", swapped(frame._OPERATORS, key, to))
        for key, to in [
            *[("<", operator.le), ("<=", operator.lt), (">", operator.ge), (">=", operator.gt)],
            *[("==", operator.ne), ("!=", operator.eq), ("+", operator.sub), ("-", operator.add), ("*", operator.add)],
        ]
    },
    **{
        f"frame: a missing side of {key} counts as the other end": (
            frame,
            "_FALSE_LEFT",
            swapped(frame._FALSE_LEFT, key, at),
        )
        for key, at in [("<", -inf), ("<=", -inf), (">", inf), (">=", inf)]
    },
    "frame: no look at what is finite": (frame._Compiler, "finite", lambda self, node: self.loose(node)),
    "frame: division by a constant": (
        frame._Compiler,
        "quotient",
        lambda self, left, right: self.loose(left) / self.value(right),
    ),
    "frame: a divisor that is not finite": (
        frame._Compiler,
        "quotient",
        lambda self, left, right: (a := self.hold(self.loose(left))) / (a * 0.0 + self.loose(right)),
    ),
    "frame: the least passes over what is missing": (
        frame._Compiler,
        "extreme",
        lambda self, op, parts: (pl.min_horizontal if op == "min" else pl.max_horizontal)(map(self.value, parts)),
    ),
    "frame: and becomes or": (
        frame._Compiler,
        "joined",
        lambda self, _op, parts, **_: reduce(operator.or_, map(self.condition, parts), pl.lit(value=False)),
    ),
    "frame: none of them becomes one of them": (
        frame._Compiler,
        "one_of",
        lambda self, part, options, **_: self.compared(part).is_in(list(options)),
    ),
    "row: < becomes <=": (row, "_OPERATORS", swapped(row._OPERATORS, "<", ast.LtE)),
    "row: >= becomes >": (row, "_OPERATORS", swapped(row._OPERATORS, ">=", ast.Gt)),
    "row: != takes what is missing": (
        row._Compiler,
        "compare",
        lambda self, op, left, right: row._compare(self.value(left), row._OPERATORS[op](), self.value(right)),
    ),
    "row: no look at what is finite": (row._Compiler, "finite", lambda _self, _node, value: value),
    "row: nothing can be missing": (row._Compiler, "can_be_missing", lambda _self, _node: False),
    "SQL: no look at what is finite": (sql._Writer, "finite", lambda _self, term: term),
    "SQL: = becomes <>": (sql, "_SIGNS", {"==": "<>", "!=": "<>"}),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_in_one_back_end_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, attribute, mistake = MUTANTS[name]
    monkeypatch.setattr(where, attribute, mistake)
    assert differences(*exam())
