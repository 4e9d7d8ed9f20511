"""Cramér's V against numbers worked out by hand, and what it is whatever the data."""

from collections.abc import Sequence
from math import sqrt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.frame.association import LEAST_ROWS, PROXY, cramers_v, proxies


def table(**columns: Sequence[object]) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series(values, strict=False) for name, values in columns.items()})


def test_a_table_of_two_by_two_by_hand() -> None:
    # 30, 10 / 10, 30: chi-squared 20 of 80; p = 0.25 - 1/79, and both sides have 2 - 1/79 groups
    facts = table(a=["x"] * 40 + ["y"] * 40, b=["u"] * 30 + ["v"] * 10 + ["u"] * 10 + ["v"] * 30)
    assert cramers_v(facts, "a", "b") == pytest.approx(sqrt((0.25 - 1 / 79) / (1 - 1 / 79)))


def test_what_never_varies_goes_along_with_nothing() -> None:
    facts = table(a=[True] * 60, b=[True, False] * 30)
    assert cramers_v(facts, "a", "b") == cramers_v(facts, "b", "a") == 0


def test_missing_is_a_group_and_many_numbers_are_read_by_fifths() -> None:
    facts = table(age=[float(year) for year in range(100)], old=[year >= 60 for year in range(100)])
    assert cramers_v(facts, "age", "old") > 0.95
    facts = facts.with_columns(paid=pl.when("old").then(pl.lit(12.5)))
    assert cramers_v(facts, "paid", "old") > 0.95


def test_a_text_with_very_many_values_says_nothing_by_being_an_id() -> None:
    facts = table(name=[f"n{i}" for i in range(400)], odd=[i % 2 == 1 for i in range(400)])
    assert cramers_v(facts, "name", "odd") < PROXY


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1.0, 2.0, None]), st.booleans()), min_size=2))
def test_it_is_between_none_and_all_the_same_both_ways_and_of_itself_all(rows: list[tuple[object, ...]]) -> None:
    facts = table(**{name: [row[index] for row in rows] for index, name in enumerate(("a", "b", "c"))})
    for first, second in (("a", "b"), ("b", "c"), ("a", "c")):
        v = cramers_v(facts, first, second)
        assert 0 <= v <= 1
        assert v == pytest.approx(cramers_v(facts, second, first), abs=1e-6)


def test_only_what_is_close_is_told_the_closest_first_and_nothing_of_few() -> None:
    women = [i % 2 == 0 for i in range(200)]
    facts = table(
        woman=women,
        same=women,
        often=[woman if i % 10 else not woman for i, woman in enumerate(women)],
        never=[i % 4 < 2 for i in range(200)],
    )
    found = list(proxies(facts, ["woman", "absent"], ["never", "often", "same", "woman", "elsewhere"]))
    assert [(each.first, each.second, each.rows) for each in found] == [("same", "woman", 200), ("often", "woman", 200)]
    assert list(proxies(facts.head(LEAST_ROWS - 1), ["woman"], ["same"])) == []
