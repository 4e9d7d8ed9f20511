"""case-router policy release, rollback, list and show: what is put in force, what is refused, and what is told of it."""

import json
from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.policy.small import write

SCENARIOS = """\
- name: chased
  now: 2026-06-01T10:00:00Z
  case: {issue: question, opened_at: 2026-06-01T08:00:00Z, channel: email}
  expect: {tier: %s}
"""


class Desk:
    """A folder of policies, and the commands that release from it."""

    def __init__(self, run: Run, root: Path) -> None:
        self.run, self.root = run, root
        self.folder = root / "small"

    def __call__(self, *arguments: object, by: str = "ann", note: str = "because") -> tuple[int, str]:
        """How a release or a rollback ended, and what it said."""
        ran = self.run("policy", *arguments, "--policies", self.root, "--by", by, "--note", note)
        return ran.code, ran.out + ran.err

    def release(self, version: str, *more: object, by: str = "ann") -> tuple[int, str]:
        return self("release", "small", version, "--no-fairness", *more, by=by)

    def versions(self) -> list[str]:
        file = self.folder / "releases.yaml"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.removeprefix("- version: ") for line in lines if line.startswith("- version: ")]


@pytest.fixture
def desk(run: Run, tmp_path: Path) -> Desk:
    for version in ("1.0.0", "1.1.0"):
        write(tmp_path, version)
    return Desk(run, tmp_path)


def test_a_version_never_goes_backwards_but_by_a_rollback(desk: Desk) -> None:
    assert desk.release("1.1.0")[0] == 0
    code, said = desk.release("1.0.0")
    assert (code, "version 1.0.0 is lower than 1.1.0, which was released before" in said) == (1, True)
    assert "give it a number above 1.1.0 [version-backwards]" in said
    write(desk.root, "1.2.0")
    assert desk.release("1.2.0")[0] == 0
    code, said = desk.release("1.1.0")
    assert (code, "case-router policy rollback small 1.1.0 [version-backwards]" in said) == (1, True)
    assert desk.versions() == ["1.1.0", "1.2.0"]


def test_a_rollback_goes_to_the_version_before_or_to_one_that_is_named(desk: Desk) -> None:
    write(desk.root, "1.2.0")
    for version, since in (("1.0.0", "2026-01-01"), ("1.1.0", "2026-02-01"), ("1.2.0", "2026-03-01")):
        assert desk.release(version, "--effective-from", since)[0] == 0
    assert desk("rollback", "small")[0] == 0
    assert desk("rollback", "small", "1.0.0")[0] == 0
    assert desk.versions() == ["1.0.0", "1.1.0", "1.2.0", "1.1.0", "1.0.0"]
    for version, reason in (("1.0.0", "is in force already"), ("3.0.0", "was never released")):
        code, said = desk("rollback", "small", version)
        assert (code, reason in said) == (1, True)


def test_a_rollback_that_is_said_twice_does_not_lead_forward_again(desk: Desk) -> None:
    for version, since in (("1.0.0", "2026-01-01"), ("1.1.0", "2026-02-01")):
        assert desk.release(version, "--effective-from", since)[0] == 0
    assert desk("rollback", "small")[0] == 0
    code, said = desk("rollback", "small")
    assert (code, "no lower version of small was in force before; name one that was released" in said) == (1, True)
    assert desk.versions() == ["1.0.0", "1.1.0", "1.0.0"]


def test_a_release_that_cannot_be_written_leaves_everything_as_it_was(desk: Desk) -> None:
    assert desk.release("1.0.0")[0] == 0
    changelog = (desk.folder / "CHANGELOG.md").read_bytes()
    (desk.folder / ".releases.yaml.new").mkdir()  # where it would be written
    code, said = desk.release("1.1.0")
    assert (code, "releases.yaml.new: cannot be read or written" in said) == (1, True)
    assert (desk.folder / "CHANGELOG.md").read_bytes() == changelog
    assert desk.versions() == ["1.0.0"]


def test_a_folder_of_policies_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    for command in (("list",), ("show", "small")):
        ran = run("policy", *command, "--policies", tmp_path / "none")
        assert (ran.code, f"{tmp_path / 'none'}: there is no such folder of policies" in ran.err) == (1, True)


def test_there_is_no_way_back_from_the_first_release(desk: Desk) -> None:
    assert desk.release("1.0.0")[0] == 0
    assert "no lower version of small was in force before" in desk("rollback", "small")[1]


def test_a_rollback_takes_back_what_was_to_come(desk: Desk, run: Run) -> None:
    desk.release("1.0.0", "--effective-from", "2026-01-01")
    desk.release("1.1.0", "--effective-from", "2100-01-01")
    listed = run("policy", "list", "--policies", desk.root, "--json").out
    assert json.loads(listed)["policies"][0]["to_come"] == ["1.1.0 from 2100-01-01T00:00:00Z"]
    assert desk("rollback", "small", "1.0.0")[0] == 0
    (row,) = json.loads(run("policy", "list", "--policies", desk.root, "--json").out)["policies"]
    assert (row["in_force"], row["to_come"], row["released"], row["drafts"]) == ("1.0.0", [], ["1.0.0", "1.1.0"], [])


def test_a_version_is_put_on_trial_and_taken_back(desk: Desk, run: Run) -> None:
    desk.release("1.0.0", "--effective-from", "2026-01-01")
    told = [desk.release("1.1.0", *trial)[1] for trial in (["--shadow"], ["--canary", "5%"])]
    assert ["is on trial in shadow from" in told[0], "is on trial for 5% of the customers from" in told[1]] == [True, True]
    (row,) = json.loads(run("policy", "list", "--policies", desk.root, "--json").out)["policies"]
    assert (row["in_force"], row["trial"]) == ("1.0.0", "1.1.0 (5%)")
    assert desk("rollback", "small")[0] == 0
    (row,) = json.loads(run("policy", "list", "--policies", desk.root, "--json").out)["policies"]
    assert (row["in_force"], row["trial"]) == ("1.0.0", None)


@pytest.mark.parametrize("trial", [["--canary", "5"], ["--canary", "100%"], ["--canary", "5%", "--shadow"]])
def test_what_is_no_trial_is_refused(desk: Desk, trial: list[str]) -> None:
    desk.release("1.0.0")
    code, said = desk.release("1.1.0", *trial)
    assert (code, "between 0% and 100%" in said) == (2, True)
    assert desk.versions() == ["1.0.0"]


def test_two_files_of_one_version_and_an_edited_release_stand_in_the_way(desk: Desk) -> None:
    desk.release("1.0.0")
    copy = desk.folder / "copy.yaml"
    copy.write_text((desk.folder / "1.1.0.yaml").read_text())
    code, said = desk.release("1.1.0")
    assert (code, "is there already, in copy.yaml; give one of them a number of its own [duplicate-version]" in said) == (
        1,
        True,
    )
    copy.unlink()
    released = desk.folder / "1.0.0.yaml"
    released.write_text(released.read_text() + "description: edited\n")
    for code, said in (desk.release("1.1.0"), desk("rollback", "small")):
        assert (code, "or release the change as a new version [edited-release]" in said) == (1, True)
    assert desk.versions() == ["1.0.0"]


BEYOND = "9999-12-31T23:59:59-01:00"


def test_a_time_beyond_all_times_is_none(desk: Desk, tmp_path: Path) -> None:
    code, said = desk.release("1.0.0", "--effective-from", BEYOND)
    assert (code, "is no time" in said) == (2, True)
    assert desk.release("1.0.0", "--effective-from", "2026-01-01")[0] == 0
    case = tmp_path / "case.yaml"
    case.write_text("case: {opened_at: 2026-06-01T08:00:00Z}\n")
    ran = desk.run("policy", "explain", case, "--policy", "small", "--policies", desk.root, "--now", BEYOND)
    assert (ran.code, "is no time" in ran.err) == (2, True)
    file = desk.folder / "releases.yaml"
    file.write_text(file.read_text().replace("2026-01-01T00:00:00Z", BEYOND))
    for code, said in (desk.release("1.1.0"), desk("rollback", "small", "1.0.0")):
        assert (code, f"[0].effective_from: '{BEYOND}' is no time; write it as" in said) == (1, True)


def test_a_file_of_another_encoding_is_told_and_left_alone(desk: Desk) -> None:
    assert desk.release("1.0.0")[0] == 0
    log = desk.folder / "CHANGELOG.md"
    log.write_bytes(log.read_bytes() + b"caf\xe9\n")
    code, said = desk.release("1.1.0")
    assert (code, f"{log}: byte" in said, "save the file as UTF-8 [bad-file]" in said) == (1, True, True)
    assert (desk.versions(), log.read_bytes()[-5:]) == (["1.0.0"], b"caf\xe9\n")


def test_scenarios_that_fail_refuse_a_release_and_are_told(desk: Desk) -> None:
    tests = desk.folder / "tests"
    tests.mkdir()
    (tests / "tiers.yaml").write_text(SCENARIOS % "gold")
    code, said = desk.release("1.0.0")
    assert (code, "tier: expected gold, found standard" in said) == (1, True)
    assert "1 of 1 scenarios do not hold for 1.0.0; it was not released [scenarios-failed]" in said
    assert desk.versions() == []
    code, said = desk.release("1.0.0", "--no-scenarios")
    assert (code, "no scenario of small was run" in said) == (0, True)
    (tests / "tiers.yaml").write_text(SCENARIOS % "standard")
    assert desk.release("1.0.0")[0] == 0


def test_a_scenario_of_an_earlier_version_stays_one_of_that_version(desk: Desk) -> None:
    (desk.folder / "tests").mkdir()
    newer = desk.folder / "1.1.0.yaml"
    newer.write_text(newer.read_text().replace("tier: standard", "tier: silver"))
    old, new = SCENARIOS.replace("  now", "  policy_version: 1.0.0\n  now", 1) % "standard", SCENARIOS % "silver"
    (desk.folder / "tests" / "tiers.yaml").write_text(old + new.replace("chased", "chased since"))
    assert desk.release("1.1.0")[0] == 0
    for given in (desk.folder, newer):
        assert desk.run("policy", "test", given).out == "2 scenarios of small 1.0.0, small 1.1.0: all as expected\n"
    code, said = desk.release("1.0.0")
    assert (code, "1 of 2 scenarios do not hold for 1.0.0" in said) == (1, True)


def test_nobody_approves_their_own_release(desk: Desk) -> None:
    code, said = desk.release("1.0.0", "--approved-by", " Ann ")
    assert (code, "ann cannot approve their own release" in said) == (1, True)
    assert desk.versions() == []
    assert desk.release("1.0.0", "--approved-by", "Ben")[0] == 0
    assert 'approved_by: "Ben"' in (desk.folder / "releases.yaml").read_text()


@pytest.mark.parametrize(
    "approver",
    ["ZOË  LEE", "Zoë\u00a0Lee", "Zoë\u200b Lee", "Zoe\u0308 Lee", "\u202aZoë Lee\u202c", "Zo\u00adë Lee", "\uff3aoë Lee"],
)
def test_nobody_approves_their_own_release_by_another_spelling(desk: Desk, approver: str) -> None:
    code, said = desk.release("1.0.0", "--approved-by", approver, by="Zoë Lee")
    assert (code, "Zoë Lee cannot approve their own release" in said) == (1, True)
    assert desk.release("1.0.0", "--approved-by", "Zoe Lee", by="Zoë Lee")[0] == 0


@pytest.mark.parametrize("blank", ["", "  ", "\u00a0", "\u200b"])
def test_a_release_says_who_and_why(desk: Desk, blank: str) -> None:
    for code, said in (
        desk.release("1.0.0", by=blank),
        desk("release", "small", "1.0.0", "--no-fairness", note=blank),
        desk.release("1.0.0", "--approved-by", blank),
    ):
        assert (code, "is blank; a release says who made it, why, and who approved it [bad-release]" in said) == (1, True)
    assert desk.versions() == []


def test_with_four_eyes_every_release_and_rollback_has_an_approver(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.release("1.0.0")
    monkeypatch.setenv("CASE_ROUTER_FOUR_EYES", "true")
    for code, said in (desk.release("1.1.0"), desk("rollback", "small", "1.0.0")):
        assert (code, "needs the approval of a second person here; name them with --approved-by [not-approved]" in said) == (
            1,
            True,
        )
    assert desk.release("1.1.0", "--approved-by", "Ben")[0] == 0
    assert desk("rollback", "small", "--approved-by", "Ben")[0] == 0
    assert desk.versions() == ["1.0.0", "1.1.0", "1.0.0"]


def test_the_changelog_tells_what_each_release_changed(desk: Desk) -> None:
    path = desk.folder / "1.1.0.yaml"
    path.write_text(path.read_text().replace("10 * case.chases", "12 * case.chases"))
    desk.release("1.0.0", "--effective-from", "2026-01-01")
    desk.release("1.1.0", "--effective-from", "2026-02-01", "--approved-by", "Ben")
    desk("rollback", "small", "--effective-from", "2026-03-01", note="too much")
    assert (
        (desk.folder / "CHANGELOG.md").read_text()
        == """\
# Changes of policy small

Newest first; written by `case-router policy release` and `case-router policy rollback`.

## 1.0.0, in force from 2026-03-01T00:00:00Z

too much (ann)

Against 1.1.0:

- priority rule chased: points was `12 * case.chases`, is `10 * case.chases`

## 1.1.0, in force from 2026-02-01T00:00:00Z

because (ann, approved by Ben)

Against 1.0.0:

- priority rule chased: points was `10 * case.chases`, is `12 * case.chases`

## 1.0.0, in force from 2026-01-01T00:00:00Z

because (ann)

The first release.
"""
    )


def test_a_release_that_is_dated_back_is_told_against_what_was_in_force_until_now(desk: Desk) -> None:
    path = desk.folder / "1.1.0.yaml"
    path.write_text(path.read_text().replace("10 * case.chases", "12 * case.chases"))
    desk.release("1.0.0", "--effective-from", "2026-01-01")
    desk.release("1.1.0", "--effective-from", "2000-01-01")
    newest = (desk.folder / "CHANGELOG.md").read_text().split("\n## ")[1]
    assert newest.startswith("1.1.0, in force from 2000-01-01T00:00:00Z\n")
    assert "Against 1.0.0:\n\n- priority rule chased: points was `10 * case.chases`, is `12 * case.chases`\n" in newest


def test_a_policy_is_shown_as_of_a_date(desk: Desk, run: Run) -> None:
    path = desk.folder / "1.1.0.yaml"
    path.write_text(path.read_text().replace("10 * case.chases", "12 * case.chases"))
    desk.release("1.0.0", "--effective-from", "2026-01-01")
    desk.release("1.1.0", "--effective-from", "2026-02-01")

    def points(*options: object) -> str:
        shown = json.loads(run("policy", "show", "small", "--policies", desk.root, "--json", *options).out)
        (line,) = shown["says"]["Priority"]
        return f"{shown['version']}: {line['name']} when {line['when']} gives {line['gives']}"

    assert points("--now", "2026-01-15") == "1.0.0: chased when case.chases > 0 gives 10 * case.chases points"
    assert points("--now", "2026-02-15") == "1.1.0: chased when case.chases > 0 gives 12 * case.chases points"
    assert points("--version", "1.0.0", "--now", "2026-02-15").startswith("1.0.0:")


def test_only_the_rules_that_touch_a_tier_or_an_issue_are_shown(run: Run) -> None:
    def ids(*options: object) -> set[str]:
        shown = json.loads(run("policy", "show", "retail", "--json", *options).out)
        return {line["name"] for lines in shown["says"].values() for line in lines} - {""}

    assert {"platinum", "gold", "late-credit", "vulnerable"} <= ids()
    gold = ids("--tier", "gold")
    assert {"gold", "tier-gold-or-better", "goodwill-credit", "thank-for-loyalty"} <= gold
    assert not gold & {"platinum", "tier-platinum", "late-credit", "vulnerable"}
    late = ids("--issue", "delivery_late")
    assert {"own-failure", "late-credit", "delivery-fee-back", "redelivery-or-refund"} <= late
    assert not late & {"poor-goods-credit", "tier-gold-or-better", "gold"}
    assert "loyal-and-let-down" in ids("--tier", "gold", "--issue", "delivery_late")
    ran = run("policy", "show", "retail", "--tier", "silber")
    assert (ran.code, ran.err) == (1, "retail 1.0.0 has no tier silber; did you mean silver? [unknown-value]\n")
