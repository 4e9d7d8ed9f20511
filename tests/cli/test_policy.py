"""case-router policy."""

import json
import re
import shutil
from pathlib import Path

import pytest

from router.cli.vocabulary import facts_page
from router.policy.document import json_schema
from tests.cli.running import ROOT, SHOP, Run
from tests.policy.small import CALENDAR, write


def test_the_version_is_the_one_of_the_package(run: Run) -> None:
    assert re.fullmatch(r"case-router \d+\.\d+\.\d+\n", run("--version").out)


def test_a_command_that_is_not_there_is_wrong_usage(run: Run) -> None:
    assert run("polcy").code == 2


# policy check


def test_a_sound_policy_checks(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path)
    assert run("policy", "check", path, "--no-fairness") == (0, "1 policy checked, no problem\n", "")
    write(tmp_path, "1.1.0")
    assert run("policy", "check", tmp_path, "--no-fairness").out == "2 policies checked, no problem\n"
    assert run("policy", "check", tmp_path / "small", path, "--no-fairness").out == "3 policies checked, no problem\n"


def test_every_problem_of_every_file_is_printed_with_its_line_and_a_caret(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace("case.chases > 0", "case.chasses > 0"))
    other = write(tmp_path, "1.1.0")
    other.write_text(other.read_text().replace("currency: GBP", "currency: GBX"))
    ran = run("policy", "check", tmp_path)
    assert ran.code == 1
    assert (
        ran.out
        == f"""\
{path}:13:13: no fact case.chasses; did you mean case.chases or case.channel? [unknown-fact]
   13 |       when: case.chasses > 0
      |             ^^^^^^^^^^^^
{other}:3:11: currency: 'GBX' is no ISO 4217 currency [bad-value]
    3 | currency: GBX
      |           ^^^
0 policies checked, 2 problems
"""
    )


def test_an_edited_release_and_an_absent_folder_are_problems_too(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path)
    assert run("policy", "release", "small", "1.0.0", "--policies", tmp_path, "--by", "ann", "--note", "a").code == 0
    path.write_text(path.read_text() + "description: edited\n")
    for given in (tmp_path, path.parent, path):
        ran = run("policy", "check", given, "--no-fairness")
        assert (ran.code, "[edited-release]" in ran.out) == (1, True)
    (tmp_path / "empty").mkdir()
    assert "there is no policy in this folder [bad-file]" in run("policy", "check", tmp_path / "empty").out
    assert "cannot be read" in run("policy", "check", tmp_path / "nowhere").out


def test_a_copy_that_kept_its_number_is_told(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path)
    copy = path.with_name("1.1.0.yaml")
    shutil.copy(path, copy)
    ran = run("policy", "check", copy, "--no-fairness")
    assert (ran.code, "the place of this file is small/1.0.0.yaml [misplaced-policy]" in ran.out) == (1, True)


def test_a_check_for_machines(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path)
    sound = json.loads(run("policy", "check", path, "--no-fairness", "--json").out)
    assert [(p["policy"], p["version"], p["rules"]) for p in sound["policies"]] == [("small", "1.0.0", 1)]
    path.write_text("policy: [\n")
    (problem,) = json.loads(run("policy", "check", path, "--json").out)["problems"]
    assert (problem["code"], problem["where"], problem["line"]) == ("bad-yaml", str(path), 2)


# policy test


def test_scenarios_that_hold(run: Run) -> None:
    assert run("policy", "test", SHOP) == (0, "10 scenarios of shop 1.0.0, shop 1.10.0: all as expected\n", "")


def test_scenarios_that_fail_are_explained(run: Run) -> None:
    ran = run("policy", "test", ROOT / "tests/scenarios/failing.yaml", "--policy", "shop", "--policies", SHOP.parent)
    assert ran.code == 1
    assert "priority.band: expected P1, found P2" in ran.out
    assert ran.out.endswith("6 scenarios of shop 1.10.0: 6 failed\n")


def test_a_policy_file_that_is_given_decides(run: Run) -> None:
    ran = run("policy", "test", SHOP / "tests", "--policy", SHOP / "1.0.0.yaml")
    assert ran.out.endswith("10 scenarios of shop 1.0.0: 1 failed\n")
    assert run("policy", "test", SHOP / "1.0.0.yaml").out == ran.out


def test_scenarios_of_an_edited_release_are_run_and_it_is_told(run: Run, tmp_path: Path) -> None:
    shutil.copytree(SHOP, tmp_path / "shop")
    file = tmp_path / "shop" / "1.10.0.yaml"
    assert run("policy", "release", "shop", "1.10.0", "--policies", tmp_path, "--by", "ann", "--note", "a").code == 0
    whole = run("policy", "test", tmp_path / "shop")
    file.write_text(file.read_text() + "description: edited\n")
    for given in (tmp_path / "shop", file):
        ran = run("policy", "test", given)
        assert (ran.code, ran.out) == (1, whole.out)
        assert f"{file}: version 1.10.0 was released and has changed since" in ran.err
    told = json.loads(run("policy", "test", file, "--json").out)
    assert [problem["code"] for problem in told["problems"]] == ["edited-release"]


def test_a_scenario_of_no_policy_is_decided_by_the_shipped_retail_policy(run: Run) -> None:
    assert (
        run("policy", "test", ROOT / "tests/scenarios/anywhere.yaml").out == "1 scenario of retail 1.0.0: all as expected\n"
    )


def test_a_scenario_file_that_is_wrong_ends_with_2(run: Run) -> None:
    ran = run("policy", "test", ROOT / "tests/scenarios/bad/twice.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert "a scenario 'one' is there already [duplicate-id]" in ran.err
    told = json.loads(run("policy", "test", ROOT / "tests/scenarios/bad/twice.yaml", "--json").out)
    assert [problem["code"] for problem in told["problems"]] == ["duplicate-id"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("[]", "there is no scenario in it"), ("name: one\nexpect: {tier: gold}\n", "a scenario file is a list; begin each")],
)
def test_a_scenario_file_without_a_scenario_is_wrong(run: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "tests.yaml").write_text(text)
    ran = run("policy", "test", tmp_path / "tests.yaml")
    assert (ran.code, said in ran.err) == (2, True)


def test_outcomes_for_machines(run: Run) -> None:
    ran = run("policy", "test", ROOT / "tests/scenarios/failing.yaml", "--policy", SHOP, "--json")
    outcome = json.loads(ran.out)["scenarios"][2]
    assert ran.code == 1
    assert outcome["failures"] == [
        {"field": "recompense.kinds", "expected": "nothing", "found": "credit, apology", "rule": ""}
    ]
    assert (outcome["holds"], outcome["decision"]["tier"], outcome["decision"]["total"]) == (False, "gold", 10.0)


# policy release, show, schema, facts


def test_a_release_puts_a_version_in_force(run: Run, tmp_path: Path) -> None:
    write(tmp_path, more=CALENDAR)
    common = ("--policies", tmp_path, "--by", "ann", "--note", "first", "--no-fairness")
    ran = run("policy", "release", "small", "1.0.0", "--effective-from", "2026-06-01T00:00:00Z", *common)
    assert ran.code == 0
    assert re.fullmatch(r"small 1\.0\.0 \([0-9a-f]{12}\) is in force from 2026-06-01T00:00:00Z\n", ran.out)
    shown = json.loads(run("policy", "show", "small", "--policies", tmp_path, "--now", "2026-07-01", "--json").out)
    assert shown["in_force"] == "1.0.0"
    assert [(entry["version"], entry["by"], entry["note"]) for entry in shown["entries"]] == [("1.0.0", "ann", "first")]
    assert (
        json.loads(run("policy", "show", "small", "--policies", tmp_path, "--now", "2026-05-01", "--json").out)["in_force"]
        is None
    )


def test_a_release_of_what_does_not_check_changes_nothing(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace("case.chases > 0", "case.chasses > 0"))
    ran = run("policy", "release", "small", "1.0.0", "--policies", tmp_path, "--by", "ann", "--note", "a")
    assert (ran.code, ran.out) == (1, "")
    assert "no fact case.chasses" in ran.err
    assert [file.name for file in path.parent.iterdir()] == ["1.0.0.yaml"]


def test_what_is_in_force_is_shown(run: Run, tmp_path: Path) -> None:
    write(tmp_path)
    assert "draft" in run("policy", "show", "small", "--policies", tmp_path).out
    ran = run("policy", "show", "smal", "--policies", tmp_path)
    assert (ran.code, ran.err) == (1, "no policy smal; did you mean small? [unknown-policy]\n")


def test_the_schema_is_printed(run: Run) -> None:
    assert run("policy", "schema").out == json_schema()


def test_the_vocabulary_is_printed(run: Run) -> None:
    assert "customer.spend_percentile" in run("policy", "facts").out
    assert {"name": "case.chases", "type": "integer"}.items() <= next(
        fact for fact in json.loads(run("policy", "facts", "--json").out) if fact["name"] == "case.chases"
    ).items()
    assert run("policy", "facts", "--markdown").out == facts_page()


def test_the_page_of_facts_is_the_vocabulary() -> None:
    """``case-router policy facts --markdown > docs/facts.md`` puts it right."""
    assert (ROOT / "docs" / "facts.md").read_text() == facts_page()


def test_a_policy_that_lowers_the_loyal_is_refused_unless_fairness_is_left_out(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace("when: case.chases > 0", "when: customer.tenure_years < 1"))
    ran = run("policy", "check", path)
    assert (ran.code, "[loyalty-lowers]" in ran.out) == (1, True)
    assert run("policy", "check", path, "--no-fairness").code == 0
    ran = run("policy", "release", "small", "1.0.0", "--policies", tmp_path, "--by", "ann", "--note", "a")
    assert (ran.code, "[loyalty-lowers]" in ran.err) == (1, True)
    assert not (tmp_path / "small" / "releases.yaml").exists()
