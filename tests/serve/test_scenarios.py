"""Every scenario of every policy that ships is decided alike by the row back end and by a server over the wire."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from router.scenarios.check import check
from router.scenarios.model import Scenario
from router.scenarios.run import RowEngine
from tests.serve.engine import WireEngine, serving, shipped_scenarios, state_of

SCENARIOS = shipped_scenarios()
ROWS = RowEngine()


def name_of(scenario: Scenario) -> str:
    return f"{Path(scenario.where).stem}: {scenario.name}"


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireEngine]:
    with serving(state_of(SCENARIOS[0].policy)) as served:
        yield WireEngine(served, SCENARIOS, tmp_path_factory.mktemp("snapshots"))


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) > 60


@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_the_wire_shows_what_the_row_back_end_decides_and_the_scenario_expects(scenario: Scenario, wire: WireEngine) -> None:
    seen = wire(scenario)
    assert seen == replace(ROWS(scenario), facts=None)
    assert check(scenario, seen, wire(scenario.better_than) if scenario.better_than else None) == ()
