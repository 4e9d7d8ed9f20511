"""Cases that starve, and cases whose points only fall as far as a bound."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.cases.facts import read_case
from router.cases.model import Case
from router.decide.decider import case_layout, terms_of
from router.facts import Value
from router.fairness import check_fairness, proven
from router.fairness.customers import same
from router.fairness.episodes import timeline
from router.fairness.scenes import scene
from router.fairness.values import Values
from router.fairness.waiting import later
from router.fairness.world import World
from router.time import HOUR, parse_instant
from tests.fairness.small import policy

NOW = parse_instant("2024-06-03T12:00:00Z")
WORLD = World(policy())
VALUES = Values(WORLD)


@given(seed=st.integers(0, 2**32), hours=st.integers(1, 10**6))
def test_what_comes_later_is_what_the_timeline_gives_later(seed: int, hours: int) -> None:
    """With no promise running, the facts of a case that waits are those that its timeline gives so much later."""
    story = scene(VALUES, {}, Random(seed)).story
    episodes = [e for e in story.episodes if e.kind not in {"promise", "late promise"}]
    terms = terms_of(WORLD.policy)
    case = Case("case", NOW - round(story.age * HOUR), timeline=timeline(episodes, NOW, "GBP"))
    names = [fact.name for fact in case_layout(WORLD.policy)]

    def at(now: int) -> dict[str, Value]:
        return dict(zip(names, read_case(case, terms, now, as_of=now).facts, strict=True))

    _, expected = later(WORLD, WORLD.history.stranger(), at(NOW), hours)
    found = at(NOW + hours * HOUR)
    differ = [
        name for name in names if not same(found[name], expected[name]) and found[name] != pytest.approx(expected[name])
    ]
    assert set(differ) <= {"case.out_of_hours"}


STARVING = [
    "-2 * case.age_hours",
    "100 - 0.1 * case.age_hours",
    "min(50, 200 - case.hours_since_reply)",
    "-1 * customer.days_since_last_order",
    "0.1 * customer.days_to_renewal",
    "round(0 - case.age_hours / 24) * 3",
    "(0 - case.age_hours) if case.out_of_hours else 0",
    "-0.001 * case.age_hours * case.age_hours",
    "default(customer.days_since_last_bill, 0) - 2 * case.age_hours",
    "100 / case.age_hours",
    "100 / (48 - case.age_hours)",
]
BOUNDED = [
    "max(-2 * case.age_hours, -1000)",
    "max(0, 100 - case.age_hours)",
    "100 / (1 + case.age_hours)",
    "min(100 / case.age_hours, 60)",
    "50 if case.age_hours < 24 else 0",
    "100 - 2 * case.age_hours if case.age_hours < 48 else 0",
    "case.age_hours - min(case.age_hours, 500)",
    "2 * case.age_hours - case.hours_unanswered - case.age_hours",
    "max(-10 * customer.days_since_last_order, -300) + min(case.age_hours, 100)",
    "0 - min(case.age_hours, case.value_at_stake)",
    "-1000000",
    "10 * customer.tenure_years",
]


def with_points(points: str, issue: str = "late") -> list[str]:
    return [f"{{id: a, when: case.issue == '{issue}', points: '{points}', because: x}}"]


@pytest.mark.parametrize("points", STARVING)
def test_points_that_fall_without_end_are_found(points: str) -> None:
    assert "case-starves" in {problem.code for problem in check_fairness(policy(rules=with_points(points)))}


@pytest.mark.parametrize("points", BOUNDED)
def test_points_that_are_bounded_or_never_fall_are_none(points: str) -> None:
    made = policy(rules=with_points(points))
    assert "case-starves" not in {problem.code for problem in check_fairness(made, thorough=True, cases=100)}


def test_what_one_rule_takes_another_may_give() -> None:
    made = policy(rules=[*with_points("-1 * case.age_hours"), "{id: b, points: case.age_hours, because: x}"])
    assert "case-starves" not in proven(made)
    assert check_fairness(made) == ()


def test_only_where_both_apply() -> None:
    other = "{id: b, when: case.channel == 'phone', points: case.age_hours, because: x}"
    assert check_fairness(policy(rules=[*with_points("-1 * case.age_hours"), other]))
