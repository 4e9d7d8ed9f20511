"""The guide works from top to bottom: each command runs, in order, in a folder with only the policies and a backlog."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from router.cli import main
from router.policy.releasing import release
from router.policy.store import PolicyStore
from router.time import parse_instant
from router.yaml import load
from tests.policy.small import write

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "policy-guide.md"


class Block(NamedTuple):
    """A block of the guide: its language, what stands beside it, and its text."""

    language: str
    more: str
    text: str


def blocks() -> list[Block]:
    return [
        Block(*found)
        for found in re.findall(r"^```(sh|yaml)([^\n]*)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    ]


def called(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of one command."""
    words = shlex.split(command)
    if words[0] != "case-router":
        return subprocess.run(words, check=False).returncode
    monkeypatch.setattr(sys, "argv", words)
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def test_the_guide_works_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("policies", "examples/backlog"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    ran = 0
    for language, more, text in blocks():
        if language == "yaml":
            Path(more.strip().removeprefix("file=")).write_text(text)
            continue
        for command in text.splitlines():
            code = called(command, monkeypatch)
            assert (code != 0) is (more.strip() == "fails"), (command, capsys.readouterr())
            ran += 1
    assert ran == GUIDE.read_text().count("\ncase-router ") + GUIDE.read_text().count("\nsed ") + GUIDE.read_text().count(
        "\ncp "
    )
    store = PolicyStore.open(Path("my-policies"))
    assert [entry.version for entry in store.shelves["retail"].releases] == ["1.0.0", "1.1.0", "1.0.0", "1.2.0"]
    assert not store.get("retail", "", parse_instant("2100-01-01")).money
    changelog = Path("my-policies/retail/CHANGELOG.md").read_text()
    assert "\nAgainst 1.0.0:\n\n- switches: money was yes, is no\n\n##" in changelog
    assert "- recompense rule delivery-fee-back: amount was `4.99`, is `5.99`\n" in changelog


SCENARIO = """\
- name: a stranger
  now: 2026-06-01T10:00:00Z
  case: {opened_at: 2026-06-01T08:00:00Z, channel: email}
  expect: {tier: standard}
"""
HOOK = load((ROOT / ".pre-commit-hooks.yaml").read_text(), "hooks").data


def test_the_hook_checks_and_tests_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(HOOK, list)
    (hook,) = HOOK
    assert isinstance(hook, dict)
    path = write(tmp_path)
    scenarios = path.parent / "tests" / "tiers.yaml"
    scenarios.parent.mkdir()
    scenarios.write_text(SCENARIO)
    release(tmp_path, "small", "1.0.0", effective_from=0, by="ann", note="first")
    monkeypatch.chdir(tmp_path)
    entry = str(hook["entry"])
    assert called(f"{entry} small/1.0.0.yaml small/tests/tiers.yaml elsewhere.yaml", monkeypatch) == 0
    assert capsys.readouterr().out == "small: 0 problems, 0 failed scenarios\n"
    scenarios.write_text(SCENARIO.replace("standard", "gold"))
    assert called(f"{entry} small/tests/tiers.yaml", monkeypatch) == 1
    assert "small: 0 problems, 1 failed scenario\n" in capsys.readouterr().out
    path.write_text(path.read_text() + "# edited\n")
    assert called(f"{entry} small/tests/tiers.yaml", monkeypatch) == 1
    assert "[edited-release]" in capsys.readouterr().out
    assert called(f"{entry} elsewhere.yaml", monkeypatch) == 0


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("policies/retail/1.10.0.yaml", True),
        ("policies/retail/releases.yaml", True),
        ("retail/tests/a/b.yaml", True),
        ("policies/retail/holidays/1.0.0.txt", True),
        ("policies/schema.json", False),
        ("docs/policy-guide.md", False),
    ],
)
def test_the_hook_is_run_for_files_of_policies(path: str, *, wanted: bool) -> None:
    assert isinstance(HOOK, list)
    (hook,) = HOOK
    assert isinstance(hook, dict)
    assert bool(re.search(str(hook["files"]), path)) is wanted
