"""case-router policy diff, explain, and what policy test tells and rewrites."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from tests.cli.running import ROOT, SHOP, Run
from tests.policy.small import write

# policy diff


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    old, new = write(tmp_path), write(tmp_path, "1.1.0")
    new.write_text(new.read_text().replace("10 * case.chases", "12 * case.chases"))
    return old, new


def test_versions_are_compared_by_file_or_by_name(run: Run, tmp_path: Path, pair: tuple[Path, Path]) -> None:
    told = (
        "priority rule chased: points was `10 * case.chases`, is `12 * case.chases`\n"
        "small 1.0.0 against small 1.1.0: 1 difference\n"
    )
    assert run("policy", "diff", *pair) == (0, told, "")
    assert run("policy", "diff", "small@1.0.0", "small@1.1.0", "--policies", tmp_path).out == told
    assert run("policy", "diff", "small@1.0.0", "small", "--policies", tmp_path).out == told  # the newest draft
    assert run("policy", "diff", pair[0], pair[0]).out == "small 1.0.0 against small 1.0.0: no difference\n"


def test_differences_for_machines(run: Run, pair: tuple[Path, Path]) -> None:
    assert json.loads(run("policy", "diff", *pair, "--json").out) == {
        "before": "small 1.0.0",
        "after": "small 1.1.0",
        "changes": [
            {
                "section": "priority rule",
                "name": "chased",
                "field": "points",
                "before": "10 * case.chases",
                "after": "12 * case.chases",
                "note": "",
            }
        ],
    }


def test_a_version_that_is_not_there_cannot_be_compared(run: Run, tmp_path: Path, pair: tuple[Path, Path]) -> None:
    ran = run("policy", "diff", pair[0], "small@1.2.0", "--policies", tmp_path)
    assert (ran.code, "policy small has no version 1.2.0; did you mean" in ran.err) == (1, True)


# policy explain

CASE = """\
now: 2016-06-01T10:00:00Z
customer: {tenure_years: 3.1}
case:
  issue: delivery_failed
  opened_at: 2016-05-31T10:00:00Z
  value_at_stake: {amount: 49.99, currency: GBP}
  timeline:
    - {at: 2016-05-31T11:00:00Z, promise_made: {id: p1, due_at: 2016-06-01T09:00:00Z}}
"""


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "case.yaml"
    path.write_text(CASE)
    return path


def test_a_rule_is_explained_with_the_truth_of_each_part_and_its_values(run: Run, case: Path) -> None:
    rules = ("--rule", "call-from-a-person", "--rule", "platinum", "--rule", "late-credit")
    failing = "'delivery_failed', 'delivery_late'"
    told = run("policy", "explain", case, *rules).out
    assert re.sub(rf"\(({failing}).*?\)", r"(\1 …)", told) == (
        """\
Tiers
  no  platinum
        ?   any of
            no  all of
                no  customer.tenure_years >= 5  (customer.tenure_years = 3.1)
                ?   customer.spend_12m >= 1000  (customer.spend_12m = missing)
            ?   customer.spend_percentile >= 95  (customer.spend_percentile = missing)
Recompense
  yes late-credit: amount min(0.2 * case.value_at_stake, 25) = 10; left by the caps = 10
        yes case.issue in ('delivery_failed', 'delivery_late' …)  (case.issue = delivery_failed)
  no  call-from-a-person
        ?   any of
            no  case.promises_broken >= 2  (case.promises_broken = 1)
            no  case.escalations_refused > 0  (case.escalations_refused = 0)
            no  case.adverse_action  (case.adverse_action = no)
            ?   all of
                yes case.issue in ('delivery_failed', 'delivery_late' …)  (case.issue = delivery_failed)
                ?   any of
                    no  tier.rank >= 3  (tier.rank = 1)
                    ?   customer.vulnerable  (customer.vulnerable = missing)
"""
    )


def test_every_rule_of_every_section_is_explained_to_machines(run: Run, case: Path) -> None:
    told = json.loads(run("policy", "explain", case, "--json").out)
    assert (told["policy"], told["version"]) == ("retail", "1.0.0")
    sizes = {section["name"]: len(section["rules"]) for section in told["sections"]}
    assert sizes["tiers"] == 4
    assert sum(sizes.values()) - sizes["tiers"] - sizes["commitments"] == 114
    fired = {rule["id"] for section in told["sections"] for rule in section["rules"] if rule["fired"]}
    decision = json.loads(run("route", case, "--json").out)
    assert {rule["rule"] for rule in decision["priority"]["contributions"]} - {"ageing"} <= fired
    ran = run("policy", "explain", case, "--rule", "late-kredit")
    assert (ran.code, "no rule late-kredit; did you mean late-credit?" in ran.err) == (1, True)


def test_of_tiers_and_commitments_those_below_the_first_that_fits_are_told_as_such(run: Run, case: Path) -> None:
    case.write_text(CASE.replace("tenure_years: 3.1", "tenure_years: 3.1, spend_12m: 820, subscribed: true"))
    told = run("policy", "explain", case).out
    assert "\n  yes gold\n" in told
    assert "\n  no  silver: gold fitted before\n        yes any of\n" in told
    assert "\n  no  standard: gold fitted before\n" in told
    rows = told.partition("Commitments\n")[2].partition("Likely reasons")[0]
    (chosen,) = re.findall(r"^  yes (\d)", rows, re.MULTILINE)
    below = re.findall(rf"^  no  (\d): row {chosen} fitted before$", rows, re.MULTILINE)
    assert below == [str(row) for row in range(int(chosen) + 1, int(chosen) + 1 + len(below))] != []


def test_a_tier_that_fits_a_stranger_is_explained_too(run: Run, tmp_path: Path) -> None:
    file, case = write(tmp_path), tmp_path / "case.yaml"
    file.write_text(file.read_text().replace("customer.tenure_years >= 3", "case.chases >= 0"))
    case.write_text("case: {opened_at: 2016-05-31T10:00:00Z}\n")
    told = run("policy", "explain", case, "--policy", file, "--rule", "gold", "--rule", "standard").out
    assert told.startswith("Tiers\n  no  gold: the customer is not known\n        yes case.chases >= 0")
    assert told.endswith("\n  yes standard\n")


def test_rules_that_are_switched_off_are_explained_as_such(run: Run, tmp_path: Path, case: Path) -> None:
    text = (ROOT / "policies" / "retail" / "1.0.0.yaml").read_text()
    file = tmp_path / "retail.yaml"
    file.write_text(
        text.replace("switches: {money: true}", "switches: {money: false}").replace(
            "- id: subscriber ", "- enabled: false\n      id: subscriber "
        )
    )
    off = run("policy", "explain", case, "--policy", file, "--rule", "late-credit", "--rule", "subscriber")
    assert off.out == "Priority\n  no  subscriber: switched off\nRecompense\n  no  late-credit: switched off\n"


# policy test


FAILING = """\
- name: a stranger
  now: 2016-06-01T10:00:00Z
  case: {issue: question, opened_at: 2016-06-01T10:00:00Z, channel: phone}
  expect:
    tier: gold   # a remark
"""


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    path = tmp_path / "failing.yaml"
    path.write_text(FAILING)
    return path


def test_a_rule_that_reads_the_rank_of_the_tier_is_told_with_it(run: Run, failing: Path) -> None:
    failing.write_text(failing.read_text().replace("tier: gold ", "fired: [call-from-a-person] "))
    assert ", tier.rank = 0)\n" in run("policy", "test", failing).out


def update(run: Run, file: Path, *options: str) -> tuple[int, str]:
    ran = run("policy", "test", file, "--policy", SHOP, "--update", *options)
    return ran.code, ran.out


def test_nothing_is_rewritten_without_consent(run: Run, failing: Path) -> None:
    before = failing.read_text()
    code, out = update(run, failing)
    assert (code, failing.read_text()) == (1, before)
    assert "  tier: gold becomes standard\n" in out
    assert out.endswith("nothing was rewritten; --yes rewrites\n")


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_on_a_terminal_one_is_asked(
    run: Run, failing: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    ended, out = update(run, failing)
    assert (ended, "in 1 file? [y/N]" in out) == (code, True)
    assert ("tier: gold" in failing.read_text()) is (code == 1)


def test_expectations_are_rewritten_once_that_was_agreed_to(run: Run, failing: Path) -> None:
    assert update(run, failing, "--yes")[0] == 0
    assert "tier: standard   # a remark" in failing.read_text()
    assert run("policy", "test", failing, "--policy", SHOP).code == 0


def test_line_ends_stay_what_they_are(run: Run, failing: Path) -> None:
    failing.write_bytes(failing.read_bytes().replace(b"\n", b"\r\n"))
    assert update(run, failing, "--yes")[0] == 0
    assert failing.read_bytes() == FAILING.replace("gold", "standard").replace("\n", "\r\n").encode()


def test_coverage_names_what_no_scenario_tries(run: Run) -> None:
    ran = run("policy", "test", ROOT / "tests/scenarios/anywhere.yaml", "--coverage")
    assert "of 114 rules fired\n" in ran.out
    assert "  no scenario tries tier platinum\n" in ran.out
    told = json.loads(run("policy", "test", SHOP / "tests", "--coverage", "--json").out)
    assert {each["version"] for each in told["coverage"]} == {"1.0.0", "1.10.0"}


# policy check --on


def test_rules_are_tried_on_scenarios(run: Run, failing: Path) -> None:
    ran = run("policy", "check", SHOP / "1.0.0.yaml", "--no-fairness", "--on", failing)
    assert ran.code == 0
    assert "rule broken-promise fired in none of the 1 cases given [never-fires]" in ran.out


MAPPING = """\
currency: GBP
tables:
  customers: {files: customers.csv}
"""


def test_protected_facts_are_looked_for_in_a_snapshot(run: Run, tmp_path: Path) -> None:
    crm = tmp_path / "crm"
    crm.mkdir()
    rows = "".join(f"c{i},{'2000' if i % 2 else '2020'}-01-01,{'true' if i % 2 else 'false'}\n" for i in range(80))
    (crm / "customers.csv").write_text("customer_id,customer_since,vulnerable\n" + rows)
    (crm / "mapping.yaml").write_text(MAPPING)
    ran = run(
        "snapshot", "build", "--mapping", crm / "mapping.yaml", "--out", tmp_path / "snapshot", "--as-of", "2026-06-01"
    )
    assert ran.code == 0, ran.err
    path = write(tmp_path, more="protected: [customer.vulnerable]\n")
    told = run("policy", "check", path, "--no-fairness", "--on", tmp_path / "snapshot").out
    assert "customer.tenure_years goes along with customer.vulnerable: Cramér's V 1.00 over 80 customers" in told
    assert told.endswith("1 policy checked, no problem, 1 warning\n")
