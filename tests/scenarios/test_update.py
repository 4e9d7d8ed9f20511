"""Expectations are rewritten to what was decided: those that failed, and nothing else in the file."""

from pathlib import Path

import pytest

from router.errors import PolicyError
from router.scenarios.choose import PolicyChooser
from router.scenarios.coverage import coverage
from router.scenarios.load import bind, read_files, scenario_files
from router.scenarios.model import Outcome
from router.scenarios.run import run
from router.scenarios.update import edits, rewritten

HERE = Path(__file__).parent


def outcomes(*files: Path) -> tuple[Outcome, ...]:
    return run(bind(read_files(files), PolicyChooser(HERE, "shop")))


def updated(text: str, file: Path) -> tuple[str, list[str]]:
    """The text of a scenario file once all its edits were made, and what is left to people."""
    file.write_text(text)
    found, left = edits(outcomes(file))
    return rewritten(text, str(file), found), list(left)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


WRONG = """\
# kept
- name: all wrong   # kept too
  now: 2016-06-01T10:00:00Z
  customer: {tenure_years: 3.1, known: true}
  case:
    issue: delivery_failed
    opened_at: 2016-05-31T10:00:00Z
    channel: social
    value_at_stake: {amount: 49.99, currency: GBP}
    timeline:
      - {at: 2016-05-31T11:00:00Z, promise_made: {id: p1, due_at: 2016-06-01T09:00:00Z}}
  expect:
    tier: "standard"            # a quoted one
    priority: {band: P1, at_least: 1000}
    fired:
      - loyal
      - call                    # a block list
    not_fired: [broken-promise, no-such-rule, call]
    recompense: {kinds: [], total: 1}
    commitments:
      acknowledge: {due_at: 2016-05-31T11:00:01Z, state: open}
    facts:
      customer.tenure_years: 3
      case.chases: missing

    may_close: true
  # the end
"""
RIGHT = """\
# kept
- name: all wrong   # kept too
  now: 2016-06-01T10:00:00Z
  customer: {tenure_years: 3.1, known: true}
  case:
    issue: delivery_failed
    opened_at: 2016-05-31T10:00:00Z
    channel: social
    value_at_stake: {amount: 49.99, currency: GBP}
    timeline:
      - {at: 2016-05-31T11:00:00Z, promise_made: {id: p1, due_at: 2016-06-01T09:00:00Z}}
  expect:
    tier: gold            # a quoted one
    priority: {band: P2, at_least: 228}
    fired:
      [loyal]                    # a block list
    not_fired: [call]
    recompense: {kinds: [credit, apology], total: 10}
    commitments:
      acknowledge: {due_at: 2016-05-31T11:00:00Z, state: met}
    facts:
      customer.tenure_years: 3.1
      case.chases: 0

    may_close: false
  # the end
"""


def test_only_what_failed_is_rewritten_at_its_place(tmp_path: Path) -> None:
    assert updated(WRONG, tmp_path / "wrong.yaml") == (RIGHT, [])
    (tmp_path / "right.yaml").write_text(RIGHT)
    assert [outcome.failures for outcome in outcomes(tmp_path / "right.yaml")] == [()]


def test_what_only_a_person_can_decide_is_left_and_said(tmp_path: Path) -> None:
    pair = WRONG + WRONG.replace("all wrong", "the same").replace("  expect:", "  better_than: all wrong\n  expect:")
    text, left = updated(pair, tmp_path / "pair.yaml")
    assert "better_than: all wrong" in text
    assert left == [f"{tmp_path / 'pair.yaml'}:29: the same: better_than is for a person to decide"]


def test_every_failure_can_be_rewritten_or_is_left(tmp_path: Path) -> None:
    file = tmp_path / "failing.yaml"
    text, left = updated((HERE / "failing.yaml").read_text(), file)
    file.write_text(text)
    again = {failure.field for outcome in outcomes(file) for failure in outcome.failures}
    assert {line.rsplit(": ", 1)[1].partition(" ")[0] for line in left} >= {field.partition(".")[0] for field in again}
    assert again <= {"permitted", "better_than", "better_than.score", "better_than.total"}


def test_an_expectation_that_stands_for_several_scenarios_is_left_to_people(tmp_path: Path) -> None:
    first = WRONG.replace("expect:\n    tier", "expect: &both\n    tier").replace("  # the end\n", "")
    second = "- {name: other, now: 2016-06-01T10:00:00Z, case: {opened_at: 2016-06-01T10:00:00Z}, expect: *both}\n"
    with pytest.raises(PolicyError, match="rewrite this file by hand"):
        updated(first + second, tmp_path / "both.yaml")


def test_what_no_scenario_tries_is_named() -> None:
    (each,) = coverage(run(bind(read_files([Path("anywhere.yaml")]), PolicyChooser(HERE, "shop"))))
    assert (each.scenarios, each.policy.version) == (1, "1.10.0")
    fired = {rule for rule, count in each.fired.items() if count}
    assert set(each.missed) >= {f"rule {rule.id}" for rule in each.policy.rules if rule.id not in fired}
    whole = coverage(run(bind(read_files(scenario_files(Path("shop/tests"))), PolicyChooser(HERE, "shop"))))
    assert sum(len(one.missed) for one in whole) > 0
