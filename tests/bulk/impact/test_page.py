"""The page about a comparison: drawn, whole in itself, and what it says."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from router.bulk.impact.figures import judge, read_conditions
from router.bulk.impact.moves import Move, Reason
from router.bulk.impact.page import page as made
from router.bulk.impact.page import write_report
from router.policy.difference import Change
from router.report import render
from tests.bulk.impact.test_figures import counted
from tests.report.browser import Tab, browser

EVIL = "<img src=x onerror=alert(1)>&\"'"
MOVE = Move(
    EVIL,
    ("gold", "silver"),
    ("P2", "P1"),
    ("frontline", "frontline"),
    (480, 760),
    (500, 0),
    (Reason("late", "", 280, -500),),
)
CHANGE = Change("priority rule", "late", "points", "40", EVIL)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = replace(counted(), moves=[MOVE], told=f"the backlog {EVIL}")
    verdicts = judge(read_conditions(["p1 > before", "lost > 5"], found.versions, 4), found)
    path = tmp_path_factory.mktemp("impact") / "diff.html"
    write_report(path, found, [CHANGE], verdicts)
    return path


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with browser() as found:
        yield found


@pytest.mark.parametrize("width", [1280, 420])
def test_in_a_browser_every_plot_is_drawn_and_nothing_is_asked_for(tab: Tab, page: Path, width: int) -> None:
    tab.open(page, width=width)
    boxes = "[...document.querySelectorAll('#{} .mark')].filter(m => m.getBoundingClientRect().width > 0).length"
    assert {plot: tab.ask(boxes.format(plot)) > 0 for plot in ("bands", "effects", "recompense")} == {
        "bands": True,
        "effects": True,
        "recompense": True,
    }
    assert tab.requests == [page.as_uri()]
    assert tab.complaints == []
    assert tab.ask("document.images.length + document.scripts.length") == 0
    assert EVIL in tab.ask("document.body.innerText")
    assert tab.ask("document.documentElement.scrollWidth <= innerWidth")


def test_a_page_names_no_other_place_and_tells_the_verdicts(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"<(script|link|iframe|img)|<[^>]*\s(src|href)=|url\(\s*[^#]|@import", text)
    assert "p1 &gt; before: p1 is 5, was 3" in text
    assert "late: +280 points, −5.00 GBP" in text
    assert "112.50 GBP" in text


def test_a_page_without_any_difference_says_so() -> None:
    text = render(made(replace(counted(), cases=0, tiers=counted().tiers - counted().tiers), []))
    assert "retail 1.0.0 against retail 1.1.0" in text
