"""A whole log decided at once comes out as each record alone."""

from pathlib import Path

import polars as pl
import pytest

from router.log.again import Again
from router.log.decisions import DECISIONS
from router.log.files import frames
from router.log.frame import columns_for, decided
from router.log.key import Key
from router.log.record import Manner
from router.log.replay import rows
from router.policy.model import Policy
from router.policy.store import read_policy, shipped_policies
from tests.log.records import KEY, logged
from tests.log.records import decided as deciding
from tests.serve.engine import shipped_scenarios

COLUMNS = ("case_id", "status", "tier", "score", "band", "level", "recompense_total", "entitlements", "points")
POLICIES = shipped_policies()


def other(policy: Path, folder: Path) -> Policy:
    """A version that reads its cases otherwise: other hours, an issue that it does not know any more."""
    text = policy.read_text()
    file = folder / "9.0.0.yaml"
    file.write_text(text.replace('"08:00-20:00"', '"00:00-23:59"').replace("09:00-17:00", "00:00-23:59"))
    return read_policy(file)


@pytest.mark.parametrize("full", [True, False], ids=["full", "basic"])
@pytest.mark.parametrize("name", ["retail", "service_desk"])
def test_a_log_is_decided_as_each_record_alone(tmp_path: Path, name: str, *, full: bool) -> None:
    scenarios = [each for each in shipped_scenarios() if each.policy.name == name]
    logged(tmp_path / "log", deciding(scenarios, full=full), Manner(KEY if full else Key(b"k"), hash_ids=full))
    frame = pl.concat(frames(tmp_path / "log", DECISIONS)).with_columns(view=pl.lit("full"))
    for policy in (scenarios[0].policy, other(POLICIES / name / "1.0.0.yaml", tmp_path)):
        found = decided(frame.select(columns_for([policy])).lazy(), policy, COLUMNS).collect()
        again = Again()
        alone = [again(record, policy) for record in rows([frame])]
        assert found.height == len(alone) > 50
        assert found.get_column("tier").to_list() == [each.tier.name for each in alone]
        assert found.get_column("score").to_list() == [each.score for each in alone]
        assert found.get_column("band").to_list() == [each.band for each in alone]
        assert found.get_column("level").to_list() == [each.level.name for each in alone]
        assert found.get_column("recompense_total").to_list() == [each.total for each in alone]
        assert found.get_column("entitlements").to_list() == [[rule.id for rule in each.entitlements] for each in alone]
        earned = [[{"rule": rule.id, "points": points} for rule, points in each.contributions] for each in alone]
        assert found.get_column("points").to_list() == earned
