"""The mutation of policies finds what scenarios do not look at."""

from pathlib import Path

from router.yaml import load
from tests.mutate_policies import Change, changes, flipped, noticed
from tests.policy.small import write

SCENARIOS = """\
- name: chased once
  now: 2016-06-01T10:00:00Z
  customer: {tenure_years: 4}
  case:
    opened_at: 2016-06-01T10:00:00Z
    timeline:
      - {at: 2016-06-01T10:00:00Z, customer_contacted: }
      - {at: 2016-06-01T10:00:00Z, customer_contacted: }
  expect: {tier: gold, fired: [chased]}
"""


def test_a_comparison_is_flipped_in_every_way_one_at_a_time() -> None:
    assert sorted(text for text, _ in flipped("a > 1 and b <= 2 or\n c in ('x', 'y')")) == [
        "a < 1 and b <= 2 or c in ('x', 'y')",
        "a > 1 and b < 2 or c in ('x', 'y')",
        "a > 1 and b <= 2 or c not in ('x', 'y')",
        "a > 1 and b >= 2 or c in ('x', 'y')",
        "a >= 1 and b <= 2 or c in ('x', 'y')",
    ]


def test_every_rule_is_deleted_but_what_has_no_condition_to_lose(tmp_path: Path) -> None:
    path = write(tmp_path)
    found = [(change.line, change.what) for change in changes(load(path.read_text(), str(path)))]
    assert found == [
        (5, "gold: deleted"),
        (6, "gold: customer.tenure_years >= 3 -> customer.tenure_years > 3"),
        (6, "gold: customer.tenure_years >= 3 -> customer.tenure_years <= 3"),
        (12, "chased: deleted"),
        (13, "chased: case.chases > 0 -> case.chases >= 0"),
        (13, "chased: case.chases > 0 -> case.chases < 0"),
    ]


def test_what_no_scenario_looks_at_survives(tmp_path: Path) -> None:
    path = write(tmp_path)
    (path.parent / "tests").mkdir()
    (path.parent / "tests" / "chased.yaml").write_text(SCENARIOS)
    survived = [change.what for change in changes(load(path.read_text(), str(path))) if not noticed(path.parent, change)]
    assert survived == [
        "gold: customer.tenure_years >= 3 -> customer.tenure_years > 3",
        "chased: case.chases > 0 -> case.chases >= 0",
    ]
    assert not noticed(path.parent, Change(("description",), 0, "anything", "nothing"))
