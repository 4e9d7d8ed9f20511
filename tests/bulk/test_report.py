"""The report of a queue: looked at in a real browser, and what it says."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from router.bulk.budget import choose
from router.bulk.report import report, write_report
from router.errors import SettingsError
from router.report import page as pages
from router.report import render
from tests.bulk.queues import MANIFEST, NOW, counted, queue, retail
from tests.report.browser import Tab, browser

POLICY = retail()
PLOTS = {"bands", "ages", "risk", "moves", "causes"}
MARKS = """[...document.querySelectorAll('#{plot} .mark')].map(mark => mark.getBoundingClientRect())
    .filter(box => box.width > 0 && box.height > 0).length"""
EVIL = "<img src=x onerror=alert(1)>&\"'"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with all it can have, of cases whose ids are not to be trusted."""
    frame = queue(POLICY, 500, previous=True)
    evil = pl.concat_str(pl.lit(EVIL), pl.col("case_id"))
    choice = choose(frame.lazy(), 200_000, POLICY)
    marked = choice.mark(frame.lazy().with_columns(case_id=evil)).collect()
    path = tmp_path_factory.mktemp("report") / "queue.html"
    write_report(path, *counted(POLICY, marked), MANIFEST, choice.funding)
    return path


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with browser() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_in_a_browser_every_plot_is_drawn_nothing_is_asked_for_and_nothing_is_wrong(
    tab: Tab, page: Path, scheme: str, width: int
) -> None:
    tab.open(page, scheme=scheme, width=width)
    marks = {
        plot: tab.ask(MARKS.format(plot=plot)) for plot in tab.ask("[...document.querySelectorAll('figure')].map(f => f.id)")
    }
    assert set(marks) == PLOTS
    assert all(marks.values())
    assert tab.requests == [page.as_uri()]
    assert tab.complaints == []
    assert tab.ask("document.documentElement.scrollWidth <= innerWidth")


def test_in_a_browser_marks_have_colours_that_differ_from_their_ground_in_either_scheme(tab: Tab, page: Path) -> None:
    seen: dict[str, tuple[set[str], str]] = {}
    for scheme in ("light", "dark"):
        tab.open(page, scheme=scheme)
        fills = "[...new Set([...document.querySelectorAll('#bands .mark')].map(mark => getComputedStyle(mark).fill))]"
        ground = "getComputedStyle(document.querySelector('.card')).backgroundColor"
        seen[scheme] = (set(tab.ask(fills)), tab.ask(ground))
    for colours, behind in seen.values():
        assert len(colours) == len(POLICY.bands)
        assert behind not in colours
    assert seen["light"][1] != seen["dark"][1]
    assert seen["light"][0].isdisjoint(seen["dark"][0])


def test_in_a_browser_a_keyboard_opens_the_numbers_below_a_plot(tab: Tab, page: Path) -> None:
    tab.open(page)
    tab.ask("document.querySelector('#bands summary').focus()")
    assert tab.ask("document.activeElement.tagName") == "SUMMARY"
    for kind in ("keyDown", "keyUp"):
        tab.send("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert tab.ask("document.querySelector('#bands details').open")
    assert tab.ask("document.querySelectorAll('#bands tbody tr').length") == len(POLICY.tiers)


def test_in_a_browser_a_case_id_is_text(tab: Tab, page: Path) -> None:
    tab.open(page)
    assert tab.ask("document.images.length + document.scripts.length") == 0
    assert EVIL in tab.ask("document.body.innerText")


def test_a_page_names_no_other_place(page: Path) -> None:
    seen: list[tuple[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.extend([(tag, None), *attrs])

    text = page.read_text()
    Reader().feed(text)
    names = {name for name, _ in seen}
    assert {"svg", "table"} <= names
    assert names.isdisjoint({"src", "href", "xlink:href", "script", "link", "iframe", "img"})
    assert not re.search(r"url\(\s*[^#]|@import", text)


def test_a_page_of_many_cases_is_as_small_as_one_of_few() -> None:
    few, many = (len(render(report(*counted(POLICY, queue(POLICY, cases), 10_000), MANIFEST))) for cases in (500, 5_000))
    assert many < 1.5 * few


def test_an_empty_queue_has_a_report() -> None:
    text = render(report(*counted(POLICY, queue(POLICY, 0)), MANIFEST))
    assert "Queue of 0 cases" in text
    assert text.count("Nothing to show.") == 3


def test_the_figures_are_those_of_the_queue() -> None:
    frame = queue(POLICY, 300)
    shown = {each.label: each.value for each in report(*counted(POLICY, frame), MANIFEST).figures}
    breached = pl.any_horizontal(pl.col("^.*_state$") == "breached")
    assert shown["Cases in the queue"] == "300"
    assert shown["Broken commitments"] == str(frame.filter(breached).height)
    assert shown["Recompense suggested"] == f"{frame['recompense_total'].sum() / 100:,.2f} GBP"
    assert sum(int(shown[f"Band {band}"]) for band in POLICY.bands) == 300


def test_the_plots_count_every_case_once() -> None:
    frame = queue(POLICY, 300, previous=True)
    _, picture = counted(POLICY, frame)
    assert picture.ages.total() == 300
    assert picture.steps.total() == 300
    soon = [
        frame.filter(
            (pl.col(f"{kind}_state") == "open")
            & pl.col(f"{kind}_by").is_between(NOW, NOW + 24 * 3_600_000_000, closed="left")
        )
        for kind in ("acknowledge", "next_update", "resolve", "final_response")
    ]
    assert picture.due.total() == sum(each.height for each in soon)


def test_a_queue_counted_in_other_ranges_is_the_same() -> None:
    frame = queue(POLICY, 300, previous=True)
    (_, some), (_, all_at_once) = (counted(POLICY, frame, rows) for rows in (7, 300))
    assert some == all_at_once


def test_the_provenance_is_that_of_the_manifest() -> None:
    told = dict(report(*counted(POLICY, queue(POLICY, 3)), MANIFEST).provenance)
    assert told["Digest"] == MANIFEST["policy"]["digest"]
    assert told["cases.parquet"] == "SHA-256 " + "ab" * 32


def test_texts_of_a_page_are_escaped() -> None:
    page = replace(report(*counted(POLICY, queue(POLICY, 3)), MANIFEST), title=EVIL, provenance=[(EVIL, EVIL)])
    assert "<img" not in render(page)


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install 'case-router\[report\]'"):
        write_report(tmp_path / "x.html", *counted(POLICY, queue(POLICY, 1)), MANIFEST)
    assert list(tmp_path.iterdir()) == []
