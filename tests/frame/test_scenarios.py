"""The scenarios of the shipped policies hold through the frame back end, and each is decided as by the row back end."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.policy.store import policy_folders
from router.scenarios.choose import PolicyChooser, choose
from router.scenarios.explain import explain
from router.scenarios.load import bind, read_files
from router.scenarios.run import run
from tests.frame.engine import FrameEngine

SHIPPED = Path(__file__).parents[2] / "policies"


@pytest.mark.parametrize("folder", policy_folders(SHIPPED), ids=lambda folder: folder.name)
def test_the_scenarios_of_the_shipped_policies_hold_by_frame(folder: Path) -> None:
    scenarios = bind(read_files(choose(folder).files), PolicyChooser(SHIPPED))
    by_frame, by_row = run(scenarios, FrameEngine(scenarios)), run(scenarios)
    assert "\n".join(explain(outcome) for outcome in by_frame if outcome.failures) == ""
    seen = [replace(outcome.observed, facts=None) for outcome in by_row]  # a frame does not tell the facts
    assert [outcome.observed for outcome in by_frame] == seen
