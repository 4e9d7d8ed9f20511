"""Twins differ in one event, and only failures are more; every failure of the vocabulary has a twin that tells it."""

from dataclasses import replace
from random import Random

import pytest

from router.facts import CASE_FACTS, INPUTS, Direction
from router.fairness.customers import Facts, no_lower, same
from router.fairness.episodes import KINDS, Episode, timeline
from router.fairness.scenes import COUNTED, TIMED, scene
from router.fairness.search import touching
from router.fairness.values import Values
from router.fairness.world import Story, World
from router.time import HOUR
from tests.fairness.small import policy

WORLD = World(policy())
TWINS = [name for name, kind in KINDS.items() if kind.twins]
FAILURES = {fact.name for fact in CASE_FACTS if fact.direction is Direction.FAILURE}
NOW = 500_000 * HOUR


def told(kind: str, *, bad: bool) -> Story:
    """A case with a little going on, in which one episode goes well or badly."""
    around = (Episode("owner", 30.0), Episode("contact", 20.0), Episode("reply", 9.0))
    episodes = (*around, Episode(kind, 6.0, bad), Episode("contact without reply", 2.0))
    return Story(age=40.0, given={"case.issue": "late"}, episodes=episodes)


def facts(story: Story) -> Facts:
    return WORLD.case(story)


@pytest.mark.parametrize("kind", TWINS)
def test_twins_differ_in_one_event(kind: str) -> None:
    """One event is another one, or is there in one of them only, or comes before what it came after."""
    well, badly = (timeline([Episode(kind, 6.0, bad)], NOW, "GBP") for bad in (False, True))
    first, second = ([(event.at, type(event.what).__name__, event.what) for event in events] for events in (well, badly))
    assert first != second
    without = (
        [tuple(first[:i] + first[i + 1 :]) for i in range(len(first))],
        [tuple(second[:i] + second[i + 1 :]) for i in range(len(second))],
    )
    assert set(without[0]) & set(without[1]) or tuple(first) in without[1] or tuple(second) in without[0]


@pytest.mark.parametrize("kind", TWINS)
def test_only_failures_are_more_where_an_episode_goes_badly(kind: str) -> None:
    well, badly = facts(told(kind, bad=False)), facts(told(kind, bad=True))
    differ = {name for name in well if not same(well[name], badly[name])}
    assert differ
    assert differ <= FAILURES
    assert differ & set(KINDS[kind].facts)
    assert all(no_lower(well[name], badly[name]) for name in differ)


def test_every_failure_of_a_case_has_a_twin() -> None:
    assert all(touching([name]) for name in FAILURES)


@pytest.mark.parametrize(("name", "kind"), sorted(COUNTED.items()))
def test_an_episode_gives_the_fact_that_it_is_for(name: str, kind: str) -> None:
    told_twice = [Episode(kind, ago, KINDS[kind].twins, amount=500) for ago in (6.0, 5.0)]
    if kind == "handoff":
        told_twice.insert(0, Episode("owner", 30.0))
    found = facts(Story(age=40.0, episodes=tuple(told_twice)))[name]
    assert found
    assert found is True or isinstance(found, int | float)


@pytest.mark.parametrize("name", sorted(TIMED))
def test_an_episode_gives_the_hours_that_it_is_for(name: str) -> None:
    kind, times = TIMED[name]
    found = facts(Story(age=40.0, episodes=(Episode(kind, 6.0 * times, KINDS[kind].twins),)))[name]
    assert found == pytest.approx(6.0)


@pytest.mark.parametrize(
    "wishes",
    [
        {"case.promises_broken": 3.0, "case.age_hours": 100.0},
        {"case.contradictions": 2.0, "case.channel": "phone", "case.issue": "question"},
        {"case.hours_unanswered": 12.0, "case.hours_since_reply": 12.0},
        {"case.status": "waiting", "case.out_of_hours": True},
        {"case.chases": 2.0, "case.unanswered": 3.0},
        {"case.handoffs": 2.0, "case.redirects": 1.0, "case.value_at_stake": 49.99},
        {"case.leaving_signalled": True, "case.closed_without_acceptance": True, "case.repairs": 4.0},
        {"case.status": "accepted"},
    ],
    ids=" ".join,
)
def test_most_scenes_grant_what_is_wished(wishes: dict[str, float]) -> None:
    values = Values(World(policy(rules=["{id: a, when: case.repairs > 3, points: 1, because: x}"])))
    scenes = [facts(scene(values, wishes, Random(seed)).story) for seed in range(40)]
    granted = [all(found[name] == pytest.approx(wish) for name, wish in wishes.items()) for found in scenes]
    assert sum(granted) > 20


def test_a_case_is_read_at_its_own_age() -> None:
    """The facts are those of the real timeline: opened so long ago, in or out of the hours of business."""
    story = told("promise", bad=True)
    assert facts(story)["case.age_hours"] == 40
    assert facts(replace(story, age=0.0))["case.age_hours"] == 0
    assert facts(story)["case.out_of_hours"] is False
    assert facts(replace(story, is_open=False))["case.out_of_hours"] is True


def test_no_input_of_the_floor_is_a_failure() -> None:
    assert not [fact for fact in INPUTS if fact.direction is not Direction.NEITHER]
