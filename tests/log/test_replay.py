"""Decisions are made again from their records alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.cases import model as m
from router.decide.decider import Decider
from router.log.decisions import DECISIONS
from router.log.files import frames
from router.log.compact import compact
from router.log.record import Manner
from router.log.replay import compare, replay, rows
from router.policy.compile import compile_policy
from router.policy.model import Policy
from router.policy.store import PolicyStore, shipped_policies
from tests.decide.strategies import ISSUES, OPENED, cases, nows, policies, records
from tests.log.records import KEY, MANNER, decided, logged
from tests.serve.engine import shipped_scenarios

SHELVES = PolicyStore.open(shipped_policies(), drafts=True)


def shipped(name: str, version: str) -> Policy:
    return SHELVES.get(name, version, 0)


@pytest.mark.parametrize("hash_ids", [False, True], ids=["plain", "hashed"])
@pytest.mark.parametrize("full", [True, False], ids=["full", "basic"])
def test_every_scenario_of_every_policy_comes_out_as_it_was(tmp_path: Path, *, full: bool, hash_ids: bool) -> None:
    scenarios = shipped_scenarios()
    records = logged(tmp_path, decided(scenarios, full=full), Manner(KEY, hash_ids))
    found = replay(records, shipped)
    assert (found.differences, found.unknown, found.records) == ([], {}, len(scenarios))
    compact(tmp_path, KEY)
    again = replay(rows(frames(tmp_path, DECISIONS)), shipped)
    assert (again.differences, again.records) == ([], len(scenarios))
