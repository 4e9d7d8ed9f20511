"""A goodwill budget is spent where it is worth most, and every suggestion that gets nothing says why."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from math import inf, nan
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.bulk.budget import Funding, budget_minor, by_rule, choose
from router.errors import SettingsError
from router.policy.store import newest_file, read_policy, shipped_policies

NEWEST = newest_file(shipped_policies() / "retail")
assert NEWEST is not None
RETAIL = read_policy(NEWEST)
VALUES = {"worthless": 0.0, "low": 1.0, "twin": 1.0, "middle": 2.5, "high": 4.0, "call": 3.0}
POLICY = replace(
    RETAIL, recompense=tuple(replace(RETAIL.recompense[0], id=rule, value=value) for rule, value in VALUES.items())
)
PARTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "rule": pl.String,
    "kind": pl.String,
    "amount": pl.Int64,
    "needs_approval": pl.Boolean,
}
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "rank": pl.Int64,
    "case_id": pl.String,
    "suggestions": pl.List(pl.Struct(PARTS)),
    "recompense_total": pl.Int64,
}

Case = dict[str, int]
"""What is suggested for one case: minor units by rule."""


def queue(cases: Sequence[Case]) -> pl.LazyFrame:
    """A queue; every suggestion of money brings the engine's apology, and every third case a call."""
    rows = []
    for rank, case in enumerate(cases, start=1):
        given = [
            {"rule": rule, "kind": "credit", "amount": amount, "needs_approval": False} for rule, amount in case.items()
        ]
        call = [{"rule": "call", "kind": "personal_call", "amount": None, "needs_approval": False}] * (rank % 3 == 0)
        sorry = [{"rule": "engine-apology", "kind": "apology", "amount": None, "needs_approval": False}] * bool(case)
        rows.append((rank, f"case-{rank}", [*given, *call, *sorry], sum(case.values())))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").lazy()


def funded(frame: pl.LazyFrame) -> list[tuple[int, str]]:
    flat = frame.explode("suggestions", empty_as_null=False).unnest("suggestions").collect()
    return sorted(flat.filter(pl.col("funded") & pl.col("amount").is_not_null()).select("rank", "rule").rows())


def run(cases: Sequence[Case], budget: int) -> tuple[pl.DataFrame, Funding]:
    frame = queue(cases)
    choice = choose(frame, budget, POLICY)
    return choice.mark(frame).collect(), choice.funding


FEW = settings(max_examples=40)
MONEY = st.dictionaries(st.sampled_from(["worthless", "low", "twin", "middle", "high"]), st.integers(1, 12), max_size=3)
CASES = st.lists(MONEY, max_size=6)
BUDGETS = st.integers(0, 60)


def best(cases: Sequence[Case], budget: int) -> float:
    """The most that a budget can be worth, by trying every choice."""
    offers = [(VALUES[rule], amount) for case in cases for rule, amount in case.items()]
    choices = (choice for size in range(len(offers) + 1) for choice in combinations(offers, size))
    return max(sum(value for value, _ in choice) for choice in choices if sum(amount for _, amount in choice) <= budget)


@FEW
@given(st.lists(MONEY, max_size=4), BUDGETS)
def test_no_choice_is_worth_more_by_as_much_as_the_first_that_was_passed_over(cases: list[Case], budget: int) -> None:
    frame, funding = run(cases, budget)
    flat = frame.explode("suggestions", empty_as_null=False).unnest("suggestions").filter(~pl.col("funded"))
    passed_over = [(VALUES[rule] / amount, -amount, VALUES[rule]) for rule, amount in flat.select("rule", "amount").rows()]
    most = best(cases, budget)
    if max(passed_over, default=(0.0, 0, 0.0))[2] == 0:
        assert funding.value == most
    else:
        assert most - max(passed_over)[2] < funding.value <= most


@FEW
@given(CASES, BUDGETS)
def test_the_budget_is_never_exceeded_and_the_sums_agree(cases: list[Case], budget: int) -> None:
    frame, funding = run(cases, budget)
    amounts = {(rank, rule): amount for rank, case in enumerate(cases, start=1) for rule, amount in case.items()}
    chosen = funded(frame.lazy())
    assert funding.spent == sum(amounts[each] for each in chosen) == frame["recompense_total"].sum() <= budget
    assert funding.value == sum(VALUES[rule] for _, rule in chosen)
    assert (funding.funded, funding.not_funded) == (len(chosen), len(amounts) - len(chosen))
    assert funding.withheld == sum(amounts.values()) - funding.spent
    assert funding.left == budget - funding.spent


@FEW
@given(CASES, BUDGETS, st.integers(1, 20))
def test_a_larger_budget_is_never_worth_less(cases: list[Case], budget: int, more: int) -> None:
    assert run(cases, budget)[1].value <= run(cases, budget + more)[1].value


@FEW
@given(CASES, BUDGETS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(cases: list[Case], budget: int, random: Random) -> None:
    frame = queue(cases)
    shuffled = frame.collect().sample(fraction=1, shuffle=True, seed=random.randrange(1000)).lazy()
    one, other = (choose(each, budget, POLICY) for each in (frame, shuffled))
    assert one.funding == other.funding
    assert one.mark(frame).collect().equals(other.mark(shuffled).collect().sort("rank"))


@FEW
@given(CASES, BUDGETS)
def test_a_queue_may_be_marked_row_by_row(cases: list[Case], budget: int) -> None:
    frame = queue(cases)
    choice = choose(frame, budget, POLICY)
    rows = [choice.mark(frame.slice(row, 1)).collect() for row in range(len(cases))]
    assert rows == [] or pl.concat(rows).equals(choice.mark(frame).collect())


@FEW
@given(CASES, BUDGETS)
def test_nothing_passed_over_would_still_fit(cases: list[Case], budget: int) -> None:
    frame, funding = run(cases, budget)
    flat = frame.explode("suggestions", empty_as_null=False).unnest("suggestions")
    assert flat.filter(~pl.col("funded"))["amount"].gt(funding.left).all()


@FEW
@given(CASES, BUDGETS)
def test_what_costs_nothing_is_kept_and_nothing_else_changes(cases: list[Case], budget: int) -> None:
    before = queue(cases).collect()
    after, _ = run(cases, budget)
    assert after.columns == before.columns
    bare = pl.col("suggestions").list.eval(pl.struct(pl.element().struct.field(list(PARTS))))
    assert after.with_columns(bare).drop("recompense_total").equals(before.drop("recompense_total"))
    flat = after.explode("suggestions", empty_as_null=False).unnest("suggestions")
    assert flat.filter(pl.col("amount").is_null()).select(
        pl.col("funded").all(), (pl.col("reason") == "costs nothing").all()
    ).row(0) == (True, True)


def test_of_one_price_the_case_ahead_in_the_queue_is_funded() -> None:
    frame, _ = run([{"low": 10}, {"twin": 10}, {"low": 10, "twin": 10}], 30)
    assert funded(frame.lazy()) == [(1, "low"), (2, "twin"), (3, "low")]


def test_every_suggestion_says_why() -> None:
    frame, funding = run([{"high": 1000}, {"middle": 2500}, {"low": 400}], 1500)
    assert [case[0]["reason"] for case in frame["suggestions"]] == [
        "funded: worth 0.4 per GBP",
        "not funded: worth 0.1 per GBP, and 1.00 GBP was left at its turn",
        "funded: worth 0.25 per GBP",
    ]
    assert funding == Funding("GBP", 1500, 1400, 5.0, 2, 1, 2500, 0.1)


def test_a_budget_of_nothing_funds_nothing() -> None:
    frame, funding = run([{"high": 1}, {}], 0)
    assert (funding.funded, funding.spent, frame["recompense_total"].sum()) == (0, 0, 0)
    assert [each["funded"] for each in frame["suggestions"][0]] == [False, True]


def test_a_budget_larger_than_everything_funds_everything() -> None:
    cases = [{"worthless": 3, "low": 4}, {"high": 5}]
    _, funding = run(cases, budget_minor(1e15, POLICY))
    assert (funding.funded, funding.not_funded, funding.spent, funding.reached) == (3, 0, 12, None)


def test_a_case_that_has_left_the_queue_gets_nothing() -> None:
    frame = queue([{"low": 4}, {"high": 1}]).with_columns(rank=pl.when(pl.col("rank") == 1).then("rank"))
    choice = choose(frame, 4, POLICY)
    marked = choice.mark(frame).collect()
    assert marked["recompense_total"].to_list() == [4, 0]
    assert [each["reason"] for each in marked["suggestions"][1]] == [
        "not funded: the case has left the queue",
        "costs nothing",
    ]


def test_an_empty_queue_is_a_queue() -> None:
    frame, funding = run([], 100)
    assert frame.height == 0
    assert funding == Funding("GBP", 100, 0, 0.0, 0, 0, 0, None)


def test_what_came_of_each_rule() -> None:
    frame, _ = run([{"high": 1000}, {"middle": 2500}, {"high": 3000, "low": 400}], 1500)
    assert by_rule(frame.lazy()).rows() == [("high", 1, 1000, 1, 3000), ("low", 1, 400, 0, 0), ("middle", 0, 0, 1, 2500)]


@pytest.mark.parametrize("amount", [-1.0, -0.01, nan, inf, -inf, 1e16])
def test_a_budget_that_is_no_amount_is_refused_with_what_to_do(amount: float) -> None:
    with pytest.raises(SettingsError, match=r"is no budget; give an amount in GBP from 0 to 1e\+15, as --budget 10000"):
        budget_minor(amount, POLICY)


def test_a_budget_is_rounded_as_all_money_is() -> None:
    assert budget_minor(100.005, POLICY) == 10_001
