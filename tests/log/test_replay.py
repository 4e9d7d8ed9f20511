"""Decisions are made again from their records alone."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from router.cases import model as m
from router.errors import UnknownPolicyError
from router.facts import Type
from router.log.again import Record
from router.log.compact import compact
from router.log.compare import compare
from router.log.decisions import DECISIONS
from router.log.files import frames
from router.log.record import Manner
from router.log.replay import replay, replay_rows
from router.log.schema import DECISION
from router.policy.model import Policy
from router.policy.store import PolicyStore, shipped_policies
from tests.decide import deciding
from tests.decide.deciding import BASE, decider
from tests.decide.strategies import compiled
from tests.log.records import KEY, decided, logged
from tests.serve.engine import shipped_scenarios


def framed(records: Sequence[Record]) -> pl.DataFrame:
    """Records as a file has them."""
    return pl.DataFrame(records, dict(DECISION))


SHELVES = PolicyStore.open(shipped_policies(), drafts=True)


def shipped(name: str, version: str) -> Policy:
    return SHELVES.get(name, version, 0)


@pytest.mark.parametrize(("full", "hash_ids"), [(True, True), (False, False)], ids=["full-hashed", "basic-plain"])
def test_every_scenario_of_every_policy_comes_out_as_it_was(tmp_path: Path, *, full: bool, hash_ids: bool) -> None:
    scenarios = shipped_scenarios()
    records = logged(tmp_path, decided(scenarios, full=full), Manner(KEY, hash_ids))
    one_by_one = replay_rows(records, shipped)
    assert (one_by_one.differences, one_by_one.unknown, one_by_one.records) == ([], {}, len(scenarios))
    assert len(scenarios) > 250
    for _ in range(2):
        found = replay(frames(tmp_path, DECISIONS), shipped)
        assert (found.differences, found.differing, found.unknown, found.records) == ([], 0, {}, len(scenarios))
        compact(tmp_path, KEY)


def earning(points: int) -> dict[str, Any]:
    """A section of priority by which a late case earns so many points."""
    rule = {"id": "late", "when": "case.issue == 'late'", "points": points, "because": "Late."}
    return {**BASE["priority"], "rules": [rule]}


FACTS = {f"case.{each.name.lower()}": {"type": each.value, "meaning": "one of each type"} for each in Type}
GIVEN = ["a text", "", True, 3.0, 1.5, -0.0, nan, inf, m.Money(300, "GBP"), m.Money(300, "EUR"), m.Money(300, "of Zebedee")]


@pytest.mark.parametrize("full", [True, False], ids=["full", "basic"])
def test_attributes_of_another_type_than_declared_come_out_as_they_were(tmp_path: Path, *, full: bool) -> None:
    policy, names = compiled({**BASE, "facts": FACTS}), [name.removeprefix("case.") for name in FACTS]
    given = [{name: value} for name in (*names, "undeclared") for value in GIVEN]
    given += [dict.fromkeys([*names, "undeclared"], value) for value in GIVEN]
    of = decider(facts=FACTS)
    asked = [deciding.decide(of, deciding.case(attributes=each), full=full) for each in given]
    assert {"unknown-attribute", "other-currency"} <= {each.code for decision in asked for each in decision.warnings}
    records = logged(tmp_path, asked)
    for found in (replay([framed(records)], lambda *_: policy), replay_rows(records, lambda *_: policy)):
        assert (found.differences, found.unknown, found.records) == ([], {}, len(given))


EARNS, MORE = earning(50), earning(75)


def test_a_record_of_a_version_with_another_content_is_told_and_not_decided(tmp_path: Path) -> None:
    records = logged(tmp_path, [deciding.decide(decider(priority=EARNS), deciding.case())])
    found = replay([framed(records)], lambda *_: compiled({**BASE, "priority": MORE}))
    assert (found.differing, sum(found.unknown.values())) == (0, 1)
    assert "small 1.0.0 has another content" in next(iter(found.unknown))


def test_a_record_of_a_version_that_is_not_there_is_told(tmp_path: Path) -> None:
    records = logged(tmp_path, [deciding.decide(decider(), deciding.case())])
    assert replay([framed(records)], shipped).unknown == {"small 1.0.0 is not there": 1}
    with pytest.raises(UnknownPolicyError):
        shipped("small", "1.0.0")


@pytest.mark.parametrize("engine", ["frame", "row"])
def test_a_record_that_was_changed_comes_out_otherwise_field_by_field(tmp_path: Path, engine: str) -> None:
    (record,) = logged(tmp_path, [deciding.decide(decider(priority=EARNS), deciding.case())])
    policy = compiled({**BASE, "priority": EARNS})
    changed = {**record, "score": 49, "points": [{"rule": "late", "points": 49}]}
    both = [record, changed]
    found = replay([framed(both)], lambda *_: policy) if engine == "frame" else replay_rows(both, lambda *_: policy)
    assert [(each.column, each.logged, each.now) for each in found.differences if each.column == "score"] == [
        ("score", 49, 50)
    ]
    assert {each.column for each in found.differences} == {"score", "points"}
    assert (found.records, found.differing) == (2, 1)


def test_what_another_version_would_have_said(tmp_path: Path) -> None:
    records = logged(
        tmp_path, [deciding.decide(decider(priority=EARNS), deciding.case(id=f"c{place}")) for place in range(3)]
    )
    found = compare([framed(records)], compiled({**BASE, "priority": MORE, "version": "2.0.0"}))
    assert (found.records, found.changed["band"], found.changed["tier"]) == (3, 0, 0)
    assert [(move.score, move.rules) for move in found.moves] == [(25, ())] * 3
    assert found.before == found.after


def test_a_release_and_a_rollback_change_no_logged_decision(tmp_path: Path) -> None:
    """Records name their version, so it does not matter which one is in force."""
    old = {**BASE, "priority": EARNS}
    new = {**BASE, "priority": MORE, "version": "2.0.0"}
    versions = {"1.0.0": compiled(old), "2.0.0": compiled(new)}
    asked = [deciding.decide(decider(priority=EARNS), deciding.case())]
    asked += [deciding.decide(decider(priority=MORE, version="2.0.0"), deciding.case())]
    found = replay([framed(logged(tmp_path, asked))], lambda _, version: versions[version])
    assert (found.records, found.differences, found.unknown) == (2, [], {})


def test_a_newer_calendar_library_changes_no_logged_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holidays of a released version stand beside it; a library that knows other ones is not asked."""
    scenarios = shipped_scenarios()[:20]
    records = logged(tmp_path, decided(scenarios))
    monkeypatch.setattr("router.policy.compile.holiday_dates", lambda *_: frozenset())
    newer = PolicyStore.open(shipped_policies(), drafts=True)
    found = replay([framed(records)], lambda name, version: newer.get(name, version, 0))
    assert (found.records, found.differences, found.unknown) == (20, [], {})
