"""Who decides at which time, asked in any order."""

import random
from pathlib import Path

import pytest

from router.errors import UnknownPolicyError
from router.policy.store import PolicyStore
from router.serve.state import Choice, NoRecords, State
from router.time import parse_instant
from tests.serve.changing import put
from tests.serve.engine import ENGINE_VERSION
from tests.serve.shop import write_policies

TIMES = [
    parse_instant(time)
    for time in ("2010-01-01T00:00:00Z", "2016-01-01T00:00:00Z", "2017-01-01T00:00:00Z", "2018-01-01T00:00:00Z")
]


def decides(state: State, policy: str, version: str, now: int) -> object:
    try:
        choice = state.choose(policy, version, now)
    except UnknownPolicyError as error:
        return str(error)
    pairs = (choice.pair, choice.canary, choice.shadow)
    return [pair and (pair.decider.policy.name, pair.decider.policy.version) for pair in pairs], choice.trial


@pytest.fixture
def store(tmp_path: Path) -> PolicyStore:
    write_policies(tmp_path)
    put(tmp_path, "1.2.0", "2018-01-01T00:00:00Z", trial="shadow")
    return PolicyStore.open(tmp_path)


def test_a_choice_that_is_kept_is_the_one_that_would_be_made(store: PolicyStore) -> None:
    asked = [
        (policy, version, time + shift)
        for policy, version in (("shop", ""), ("shop", "1.0.0"), ("desk", ""), ("", ""), ("shop", "9.0.0"))
        for time in TIMES
        for shift in (-1, 0, 1)
    ]
    fresh = {each: decides(State(store, NoRecords(), ENGINE_VERSION), *each) for each in asked}
    assert len(set(map(str, fresh.values()))) > 5
    kept = State(store, NoRecords(), ENGINE_VERSION)
    for each in random.Random(1).choices(asked, k=400):
        assert decides(kept, *each) == fresh[each]


def test_between_two_releases_the_choice_is_one_and_the_same(store: PolicyStore) -> None:
    state = State(store, NoRecords(), ENGINE_VERSION)

    def at(now: int) -> Choice:
        return state.choose("shop", "", now)

    assert at(TIMES[0]) is at(TIMES[2] - 1)
    assert at(TIMES[2]) is not at(TIMES[2] - 1)
