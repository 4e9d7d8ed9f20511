"""Policies that compile and can hardly be meant, each beside exactly what is said of it."""

from pathlib import Path

import pytest

from router.errors import PolicyError
from router.policy.compile import compile_written
from router.policy.lint import lint
from router.policy.summary import summary

DOUBTFUL = sorted((Path(__file__).parent / "doubtful").glob("*.yaml"))
SHIPPED = sorted((Path(__file__).parents[2] / "policies").glob("*/*.*.*.yaml"))


@pytest.mark.parametrize("path", DOUBTFUL, ids=lambda path: path.stem)
def test_what_is_doubtful_is_said_at_its_place(path: Path) -> None:
    found = PolicyError(lint(compile_written(path.read_text(), path.name)))
    assert str(found) + "\n" == path.with_suffix(".txt").read_text()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_of_the_shipped_policies_only_issues_that_cases_come_with_are_doubtful(path: Path) -> None:
    assert {problem.code for problem in lint(compile_written(path.read_text(), path.name, ()))} <= {"unused-issue"}


def test_money_that_is_switched_off_is_neither_doubted_nor_shown_as_given() -> None:
    text = (Path(__file__).parent / "doubtful" / "unused.yaml").read_text() + "switches: {money: false}\n"
    written = compile_written(text, "unused.yaml")
    assert "amount-without-cap" not in {problem.code for problem in lint(written)}
    (recompense,) = (section for section in summary(written) if section.title == "Recompense")
    assert {line.name: line.gives for line in recompense.lines} == {
        "open-ended": "switched off",
        "limited-by-when": "switched off",
        "limited": "switched off",
        "by-gender": "call",
    }
