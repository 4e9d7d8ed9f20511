"""The project says the same about itself everywhere: code, build, commands and documents agree."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions, version
from importlib.resources import files as resources
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NOT_OURS = [".git/", "_shipped/", *(line for line in (ROOT / ".gitignore").read_text().split() if line.endswith("/"))]
"""Folders, by name, that are not the project's text: of tools, built, or links to folders found under their own names."""
LONGEST = 350
GENERATED = ROOT / "router" / "v1"
COMES_WITH = {"zen": "zen-engine", "pydantic-core": "pydantic", "py4j": "pyspark"}
"""Libraries that are half of another, which pins them and hands out their types."""


def walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir():
            yield entry
        elif not any(fnmatch(f"{entry.name}/", pattern) for pattern in NOT_OURS):
            yield from walk(entry)


FILES = list(walk(ROOT))
PYTHON = [path for path in FILES if path.suffix == ".py" and not path.is_relative_to(GENERATED)]
MARKDOWN = [path for path in FILES if path.suffix == ".md"]


def texts() -> Iterator[tuple[Path, str]]:
    for path in FILES:
        try:
            yield path.relative_to(ROOT), path.read_text()
        except UnicodeDecodeError:
            continue


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].replace("_", "-").lower()


def requirements(*extras: str) -> set[str]:
    project = PYPROJECT["project"]
    wanted = [*project["dependencies"], *(each for extra in extras for each in project["optional-dependencies"][extra])]
    return {name_of(each) for each in wanted}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in PYTHON}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_the_installed_version_is_the_declared_one() -> None:
    assert version("case-router") == PYPROJECT["project"]["version"]


def test_the_changelog_tells_of_this_version() -> None:
    assert f"## [{PYPROJECT['project']['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_make_alone_lists_every_target() -> None:
    make = shutil.which("make")
    assert make is not None
    listed = subprocess.run([make, "--no-print-directory", "-C", ROOT], check=True, capture_output=True, text=True).stdout
    assert set(re.findall(r"^  ([a-z-]+)  +\S", listed, re.MULTILINE)) == targets()


def test_every_target_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets()


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_only_targets_that_exist(path: Path) -> None:
    named = re.findall(r"(?:^|`)make ([a-z][a-z-]*)", path.read_text(), re.MULTILINE)
    assert set(named) - targets() == set()


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_link_only_to_files_that_exist(path: Path) -> None:
    links = re.findall(r"\]\((?!\w+:|#)([^)#]+)[^)]*\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_two_commands_of_the_readme_are_demo_and_test() -> None:
    block = re.search(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    assert re.findall(r"^make ([a-z-]+)", block[1], re.MULTILINE) == ["demo", "test"]


def test_ci_ends_with_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "make test"


def test_no_text_names_a_folder_of_the_machine_it_was_written_on() -> None:
    absolute = re.compile(r"(?<![\w.:/])/(?:work|root|home|Users)/[\w.]")
    assert [str(path) for path, text in texts() if absolute.search(text)] == []


def test_constraints_are_plain_names_and_versions() -> None:
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.+!]+", pin)] == []
    assert requirements("dev", "report", "bench", "spark") - {name_of(pin) for pin in pins} == set()


def test_every_dependency_has_its_reason_on_record() -> None:
    record = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text()
    rows = re.findall(r"^\| ([\w., -]+) \|", record, re.MULTILINE)
    assert {name_of(name) for row in rows for name in row.split(", ")} - {"package"} == requirements(
        "dev", "report", "bench", "spark"
    )


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"router", "tests", "benchmarks", "examples"}


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("router", ("report", "spark")),
        ("tests", ("dev", "report", "spark")),
        ("benchmarks", ("dev", "bench", "spark")),
        ("examples", ()),
    ],
    ids=["router", "tests", "benchmarks", "examples"],
)
def test_every_library_imported_is_asked_for(folder: str, extras: tuple[str, ...]) -> None:
    asked_for = requirements(*extras)
    distributions = packages_distributions()
    for path in PYTHON:
        if path.is_relative_to(ROOT / folder):
            beside = {each.stem for each in path.parent.glob("*.py")}
            for name in imported(path) - beside:
                # What is not installed (an extra that was not asked for) has to be named as its distribution is.
                offers = {COMES_WITH.get(each, each) for each in map(name_of, distributions.get(name, [name]))}
                assert offers & asked_for, f"{path.relative_to(ROOT)} imports {name}, which pyproject.toml does not ask for"


def test_every_rule_that_is_not_followed_has_its_reason_beside_it() -> None:
    settings = (ROOT / "pyproject.toml").read_text()
    ignored = re.findall(r'^.*"(?!ALL")[A-Z]+\d*",.*$', settings, re.MULTILINE)
    assert len(ignored) > 1
    assert [line for line in ignored if "#" not in line] == []


def test_every_excuse_in_a_line_says_why() -> None:
    excuse = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<codes>:\s*[A-Z\d, ]+|\[[\w, -]+\])?(?P<reason>.*)$")
    bare = []
    for path in PYTHON:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            found = excuse.search(line)
            if found and not (found["codes"] and re.search(r"\w\W+\w", found["reason"])):
                bare.append(f"{path.relative_to(ROOT)}:{number}")
    assert bare == []


@pytest.mark.parametrize("name", ["policies", "demo"])
def test_what_the_wheel_ships_is_what_the_checkout_has(name: str) -> None:
    assert resources("router").joinpath("_shipped", name).is_dir()
    assert (ROOT / "router" / "_shipped" / name).resolve() == ROOT / name
