"""Drafts that are wrong: in nobody's way but of who asks for them."""

import json
from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.cli.test_policy_release import Desk
from tests.policy.small import SMALL, write


@pytest.fixture
def desk(run: Run, tmp_path: Path) -> Desk:
    for version in ("1.0.0", "1.1.0"):
        write(tmp_path, version)
    return Desk(run, tmp_path)


BAD_DRAFTS = {
    "1.2.0": "policy: small\n",
    "1.3.0": "{policy: [",
    "1.4.0": SMALL.replace("1.0.0", "1.1.0"),
    "1.5.0": SMALL.replace("1.0.0", "1.6.0"),
    "1.7.0": SMALL.replace("1.0.0", "1.7.0").replace("case.chases >", "case.chasses >"),
    "1.8.0": SMALL.replace("1.0.0", "1.8.0").replace("policy: small", "policy: other"),
    "copy": SMALL,
}


def test_drafts_that_are_wrong_stand_in_nobodys_way(desk: Desk, tmp_path: Path) -> None:
    assert desk.release("1.0.0")[0] == 0
    for version, text in BAD_DRAFTS.items():
        (desk.folder / f"{version}.yaml").write_text(text)
    assert desk.release("1.1.0")[0] == 0
    (tmp_path / "log" / "decisions").mkdir(parents=True)
    case = tmp_path / "case.yaml"
    case.write_text("case: {issue: question, opened_at: 2026-06-01T08:00:00Z, channel: email}\n")
    for command in (
        ("policy", "show", "small"),
        ("policy", "diff", "small@1.0.0", "small@1.1.0"),
        ("policy", "explain", case, "--policy", "small"),
        ("route", case, "--policy", "small"),
        ("replay", tmp_path / "log"),
    ):
        assert desk.run(*command, "--policies", desk.root).code == 0
    (row,) = json.loads(desk.run("policy", "list", "--policies", desk.root, "--json").out)["policies"]
    assert (row["in_force"], row["released"]) == ("1.1.0", ["1.0.0", "1.1.0"])
    assert sorted(row["drafts"]) == [f"{version} (cannot be read)" for version in BAD_DRAFTS]
    assert desk("rollback", "small", "1.0.0")[0] == 0
    assert desk.versions() == ["1.0.0", "1.1.0", "1.0.0"]


def test_who_asks_for_a_draft_that_is_wrong_is_told_what_is(desk: Desk) -> None:
    desk.release("1.0.0")
    (desk.folder / "1.7.0.yaml").write_text(BAD_DRAFTS["1.7.0"])
    for command in (("show", "small", "--version", "1.7.0"), ("diff", "small@1.0.0", "small@1.7.0")):
        ran = desk.run("policy", *command, "--policies", desk.root)
        assert (ran.code, "no fact case.chasses; did you mean case.chases" in ran.err) == (1, True)


def test_a_released_version_that_stands_elsewhere_is_no_draft(desk: Desk) -> None:
    desk.release("1.0.0")
    (desk.folder / "1.0.0.yaml").rename(desk.folder / "1.9.0.yaml")
    for code, said in (desk.release("1.1.0"), desk("rollback", "small", "1.0.0")):
        assert (code, "by its policy and version the place of this file is small/1.0.0.yaml" in said) == (1, True)
