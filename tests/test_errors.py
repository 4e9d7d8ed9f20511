"""Every error code has a heading in the documentation, and every heading is a code."""

import ast
import re
from pathlib import Path

from router.errors import Problem, RouterError
from router.fairness.proofs import Demand

ROOT = Path(__file__).parents[1]
KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")
MAKERS = {"Problem", "problem", "wrong", "note", "Mistake", "Notice"}
"""What makes a problem or a warning; a code is the first or second thing it takes."""


def codes(source: str) -> set[str]:
    """The codes that a module gives."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    made = [call for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) in MAKERS]
    texts = [
        part.value for call in made for arg in call.args[:2] for part in ast.walk(arg) if isinstance(part, ast.Constant)
    ]
    return {text for text in texts if isinstance(text, str) and KEBAB.fullmatch(text)}


def test_every_code_has_its_heading_and_every_heading_its_code() -> None:
    source = [path for path in (ROOT / "router").rglob("*.py") if "v1" not in path.parts]
    given = set[str]().union(*(codes(path.read_text()) for path in source)) | {demand.value for demand in Demand}
    headings = re.findall(r"^### (.*)$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings) == given


def test_a_code_is_found_wherever_it_is_given() -> None:
    assert codes('Problem("bad-a", x); s.problem("bad-b" if y else "bad-c", z); self.wrong(node, "bad-d", "so-so")') == {
        "bad-a",
        "bad-b",
        "bad-c",
        "bad-d",
    }


def test_problems_are_sorted_by_place_and_underlined() -> None:
    later = Problem("bad-value", "later", "a.yaml", 2, 3, "a: b", 1)
    first = Problem("bad-value", "first", "a.yaml", 1, 1, field="x", warning=True)
    assert str(RouterError([later, first])) == (
        "a.yaml:1:1: warning: x: first [bad-value]\na.yaml:2:3: later [bad-value]\n    2 | a: b\n      |   ^"
    )
