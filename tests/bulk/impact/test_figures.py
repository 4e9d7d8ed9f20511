"""Conditions for a merge check: parsed as a policy's, over figures, with every mistake at its place."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from router.bulk.impact.comparison import Comparison
from router.bulk.impact.figures import Verdict, figures, judge, read_conditions
from router.errors import SettingsError
from tests.bulk.impact.versions import versions


def counted(capacity: int | None = 4) -> Comparison:
    """Ten cases: two rise to P1, one falls out of gold; 100.00 becomes 112.50."""
    return Comparison(
        versions(),
        capacity=capacity,
        cases=10,
        tiers=Counter({("gold", "gold"): 3, ("gold", "silver"): 1, ("standard", "standard"): 6}),
        bands=Counter({("P1", "P1"): 3, ("P2", "P1"): 2, ("P4", "P4"): 5}),
        levels=Counter({("frontline", "frontline"): 8, ("frontline", "senior"): 1, ("senior", "frontline"): 1}),
        recompense=(Counter({"gold": 8_000, "standard": 2_000}), Counter({"gold": 9_250, "standard": 2_000})),
        changed=Counter({"any": 4, "tier": 1, "band": 2, "level": 2}),
        effects=Counter({("gold", "score", "gained"): 2, ("gold", "level", "lost"): 1}),
        balance=Counter({("gold", "gained"): 2, ("gold", "lost"): 1, ("standard", "mixed"): 1}),
    )


def verdict(condition: str, **given: Any) -> Verdict:  # noqa: ANN401 - of a comparison
    found = counted(**given)
    (only,) = judge(read_conditions([condition], found.versions, found.capacity), found)
    return only


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("recompense_total > 1.1 * before", True),
        ("recompense_total > 1.2 * before", False),
        ("p1 > 4", True),
        ("p1 > before", True),
        ("before.p1 >= 5 or before.p2 != 2", False),
        ("over_capacity > 0", True),
        ("over_capacity > before.over_capacity + 1", False),
        ("changed / cases > 0.3 and changed_tier > 0", True),
        ("lost.gold >= 1", True),
        ("lost > gained", False),
        ("mixed == 1", True),
        ("cases.gold < before", True),
        ("recompense.gold - before > 12.4", True),
        ("max(changed_band, changed_level) > 2", False),
        ("escalated == before", True),
        ("gained_score == 2 and lost_level == 1", True),
        ("recompense_total / changed_score > 1", False),  # what cannot be known does not hold
        ("not recompense_total <= 1.1 * before", True),
    ],
)
def test_a_condition_is_worked_out_over_the_figures(condition: str, *, holds: bool) -> None:
    assert verdict(condition).holds is holds


def test_a_verdict_names_the_condition_and_both_numbers() -> None:
    assert verdict("recompense_total > 1.1 * before").told() == (
        "recompense_total > 1.1 * before: recompense_total is 112.50, was 100"
    )
    assert (
        verdict("p1 > 200 or changed_tier > 0").told() == "p1 > 200 or changed_tier > 0: changed_tier is 1; p1 is 5, was 3"
    )


def test_every_mistake_of_all_conditions_is_told_with_a_caret() -> None:
    wrong = ["recompense_totl > 1", "p1 > before or p2 > before", "changed > before", "over_capacity > 0", "p1", "p1 >"]
    with pytest.raises(SettingsError) as error:
        read_conditions(wrong, versions(), None)
    told = str(error.value)
    assert [(p.line, p.column) for p in error.value.problems] == [(1, 1), (2, 6), (2, 21), (3, 11), (4, 1), (5, 1), (6, 4)]
    assert "no figure recompense_totl; did you mean recompense_total" in told
    assert "    2 | p1 > before or p2 > before\n      |      ^^^^^^" in told
    assert "write before.p1 or before.p2" in told
    assert "over_capacity is not known here: give --p1-capacity" in told


@pytest.mark.parametrize(
    "text", ["__import__('os').system('true')", "p1.__class__", "p1 ** 2 > 1", "[p1][0] > 1", "p1 > 1; p2"]
)
def test_nothing_but_an_expression_is_read(text: str) -> None:
    with pytest.raises(SettingsError):
        read_conditions([text], versions(), None)


def test_every_figure_is_told_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "compare.md").read_text()
    tiers = {tier.name for tier in versions().after.tiers}
    told = {
        row.split("|")[1]: "yes" in row.split("|")[3]
        for row in text.splitlines()
        if row.startswith("| `") and row.count("|") == 4
    }
    for name, figure in figures(counted()).items():
        general = name.partition(".")[0] + ".TIER" if name.partition(".")[2] in tiers else name
        (has_before,) = {before for names, before in told.items() if f"`{general}`" in names}
        assert has_before is (figure.before is not None), name


def test_tiers_of_either_version_have_figures() -> None:
    names = set(figures(counted()))
    assert {
        f"{what}.{tier.name}" for what in ("cases", "recompense", "gained", "lost") for tier in versions().after.tiers
    } <= names
