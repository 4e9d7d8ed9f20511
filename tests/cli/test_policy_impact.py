"""case-router policy diff --on: what it tells, what it exits with."""

import json
from pathlib import Path

import pytest

from tests.bulk.impact.versions import RETAIL, edited
from tests.cli.running import ROOT, Run
from tests.log.records import decided, logged
from tests.serve.engine import shipped_scenarios

EXAMPLE = ROOT / "examples" / "backlog"
ON = ("--on", EXAMPLE, "--now", "2016-06-01T10:00:00Z")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "1.1.0.yaml"
    path.write_text(edited(RETAIL.read_text()))
    return path


def test_words_first_then_who_is_treated_differently(run: Run, new: Path) -> None:
    ran = run("policy", "diff", RETAIL, new, *ON, "--p1-capacity", "1")
    assert ran.code == 0
    lines = ran.out.splitlines()
    words = next(place for place, line in enumerate(lines) if line.startswith("retail 1.0.0 against retail 1.1.0: "))
    assert "priority rule own-failure: points was `150`, is `380`" in lines[:words]
    told = "\n".join(lines[words:])
    assert "5 of 7 cases are decided otherwise; 1 accepted left out" in told
    assert "band: 2 change: P2 → P1 1, P3 → P2 1" in told
    assert "escalation level: 3 change: senior → specialist 2, specialist → senior 1" in told
    assert "P1: 1 before, 2 after; 1 can be served, 1 too many" in told
    assert "own-failure: +230 points" in told


def test_a_condition_that_holds_ends_with_1_and_names_both_numbers(run: Run, new: Path) -> None:
    wanted = ("--fail-if", "p1 > before", "--fail-if", "recompense_total > 1.1 * before", "--fail-if", "changed > 3")
    ran = run("policy", "diff", RETAIL, new, *ON, *wanted)
    assert ran.code == 1
    assert ran.err.splitlines() == ["fails: p1 > before: p1 is 2, was 1", "fails: changed > 3: changed is 5"]
    assert run("policy", "diff", RETAIL, new, *ON, "--fail-if", "p1 > 2 * before").code == 0


def test_a_condition_that_is_none_is_shown_before_anything_is_decided(run: Run, new: Path) -> None:
    ran = run("policy", "diff", RETAIL, new, "--on", "nothing.csv", "--fail-if", "p1 > befor")
    assert ran.code == 2
    assert "--fail-if:1:6: no figure befor; did you mean before? [unknown-fact]\n    1 | p1 > befor\n" in ran.err


def test_files_of_cases_and_events_are_taken_as_reprioritize_takes_them(run: Run, new: Path) -> None:
    files = ("--cases", EXAMPLE / "cases.csv", "--events", EXAMPLE / "events.csv", "--now", "2016-06-01T10:00:00Z")
    first, second = (
        json.loads(run("policy", "diff", RETAIL, new, *given, "--json").out)["figures"] for given in (files, ON)
    )
    assert first == second
    assert first["p1"] == {"before": 1, "after": 2}


def test_a_log_needs_no_snapshot_and_no_time(run: Run, new: Path, tmp_path: Path) -> None:
    ours = [each for each in shipped_scenarios() if each.policy.name == "retail"]
    logged(tmp_path / "log", decided(ours))
    ran = run("policy", "diff", RETAIL, new, "--on", tmp_path / "log", "--json", "--fail-if", "changed > 0")
    found = json.loads(ran.out)
    assert ran.code == 1
    assert found["before"] == "retail 1.0.0"
    assert found["conditions"][0]["holds"]
    cases = {each.case.id for each in ours}
    assert found["figures"]["cases"]["after"] + found["accepted"] == len(cases)
    assert len(found["moves"]) == 10
    assert run("policy", "diff", RETAIL, new, "--on", tmp_path / "log", "--events", "x.csv").code == 2
    assert run("policy", "diff", RETAIL, new, "--on", tmp_path / "log", "--until", "2000-01-01T00:00:00Z").code == 1


def test_a_page_is_written(run: Run, new: Path, tmp_path: Path) -> None:
    ran = run("policy", "diff", RETAIL, new, *ON, "--report", tmp_path / "diff.html")
    assert (ran.code, f"The report is in {tmp_path / 'diff.html'}." in ran.out.replace("\n", "")) == (0, True)
    assert "own-failure: +230 points" in (tmp_path / "diff.html").read_text()


def test_what_needs_cases_says_so(run: Run, new: Path) -> None:
    for option in (
        ("--fail-if", "p1 > 1"),
        ("--report", "x.html"),
        ("--events", "x.csv"),
        ("--p1-capacity", "0"),
        ("--since", "2016-01-01T00:00:00Z"),
        ("--until", "2016-01-01T00:00:00Z"),
        ("--snapshot", "x"),
    ):
        ran = run("policy", "diff", RETAIL, new, *option)
        assert (ran.code, "give --on" in ran.err, option[0] in ran.err) == (2, True, True)
    ran = run("policy", "diff", RETAIL, new, *ON, "--since", "2016-01-01T00:00:00Z")
    assert (ran.code, "for a decision log" in ran.err) == (2, True)


# policy check --on a backlog or a log


def test_rules_are_tried_on_a_backlog_and_on_a_log(run: Run, new: Path, tmp_path: Path) -> None:
    ours = [each for each in shipped_scenarios() if each.policy.name == "retail"]
    decisions = decided(ours)
    logged(tmp_path / "log", decisions)
    last = {decision.state.case.id: decision for decision in decisions}
    seen = {rule for decision in last.values() for rule in decision.fired}
    found = warned(run, new, tmp_path / "log")
    again = {rule.id for rule in decisions[0].policy.rules} - seen
    assert found - again <= CHANGED
    assert again - found <= CHANGED
    few = warned(run, new, EXAMPLE, "--now", "2016-06-01T10:00:00Z")
    assert ("week-six-warning" in few, "own-failure" in few) == (True, False)


def test_of_a_backlog_without_cases_that_alone_is_told(run: Run, new: Path, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text((EXAMPLE / "cases.csv").read_text().partition("\n")[0] + "\n")
    tried = run("policy", "check", new, "--no-fairness", "--json", "--on", tmp_path)
    told = [each["message"] for each in json.loads(tried.out)["problems"] if each["code"] == "never-fires"]
    assert [message for message in told if "no case" in message] == [
        f"no rule fires: there is no case in the backlog {tmp_path / 'cases*.*'}"
    ]
    assert not any("of the" in message for message in told)


def warned(run: Run, path: Path, *on: object) -> set[str]:
    """The rules of a draft that fire in none of the cases given."""
    ran = run("policy", "check", path, "--no-fairness", "--json", "--on", *on)
    told = [each["message"] for each in json.loads(ran.out)["problems"] if each["code"] == "never-fires"]
    return {message.split()[1] for message in told if "of the" in message}


CHANGED = {"redelivery-or-refund", "refusal-raises-level", "failures-pile-up", "thank-for-loyalty", "refused-again"}
"""Rules that the draft changes, or that read what it changes."""
