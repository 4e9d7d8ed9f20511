"""A run with a budget and with a report: what they add, and that all appears whole or not at all."""

import errno
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from router.bulk import local, report
from router.bulk.manifest import manifest_of
from router.bulk.run import reprioritize
from router.errors import TableError
from router.frame.answer import DECISION
from tests.bulk.backlog import run_of

BUDGET = 2_000
"""Twenty pounds: enough for some of what is suggested in the example, not for all."""


def test_a_budget_marks_the_suggestions_and_lowers_the_totals(tmp_path: Path) -> None:
    plain, paid = tmp_path / "plain.parquet", tmp_path / "paid.parquet"
    before = reprioritize(run_of(plain)).summary
    result = reprioritize(run_of(paid, budget=BUDGET))
    assert result.funding is not None
    assert 0 < result.funding.spent <= BUDGET < before.recompense
    assert result.summary.recompense == result.funding.spent == before.recompense - result.funding.withheld
    queue = pl.read_parquet(paid)
    assert queue["recompense_total"].sum() * 100 == result.funding.spent
    assert queue.drop("suggestions", "recompense_total").equals(
        pl.read_parquet(plain).drop("suggestions", "recompense_total")
    )
    offers = queue["suggestions"].explode(empty_as_null=False).struct.unnest()
    assert offers.filter(~pl.col("funded"))["reason"].str.starts_with("not funded: worth ").all()
    assert offers.filter(~pl.col("funded")).height == result.funding.not_funded > 0
    assert json.loads(manifest_of(paid).read_text())["options"]["budget_minor"] == BUDGET


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_a_budget_is_spent_alike_however_the_backlog_is_cut(tmp_path: Path, suffix: str) -> None:
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    first = reprioritize(run_of(whole, budget=BUDGET, with_accepted=True))
    other = reprioritize(run_of(cut, budget=BUDGET, with_accepted=True, parts=3))
    assert whole.read_bytes() == cut.read_bytes()
    assert first.funding == other.funding


def test_without_a_budget_nothing_is_marked(tmp_path: Path) -> None:
    out = tmp_path / "queue.parquet"
    assert reprioritize(run_of(out)).funding is None
    offers = pl.read_parquet(out).select(pl.col("suggestions").explode(empty_as_null=False)).unnest("suggestions")
    assert offers.columns == [field.name for field in DECISION["suggestions"].inner.fields]  # type: ignore[attr-defined] # it is a list of structs


def test_a_report_tells_of_the_queue_that_was_written(tmp_path: Path) -> None:
    out, page = tmp_path / "queue.parquet", tmp_path / "queue.html"
    reprioritize(run_of(out, report=page, budget=BUDGET))
    text = page.read_text()
    head = pl.read_parquet(out).row(0, named=True)
    assert head["case_id"] in text
    assert json.loads(manifest_of(out).read_text())["output"]["sha256"] in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["queue.html", "queue.parquet", "queue.parquet.manifest.json"]


def test_a_report_that_cannot_be_written_leaves_the_queue_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:  # noqa: ANN401 - whatever it takes
        raise OSError(errno.ENOSPC, "no space left")

    out, page = tmp_path / "queue.parquet", tmp_path / "queue.html"
    reprioritize(run_of(out, report=page))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(report, "write_page", full)
    with pytest.raises(TableError, match="the disk is full"):
        reprioritize(run_of(out, report=page, budget=BUDGET))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none/page.html", "there is no folder"),
        (".", "is a folder"),
        ("queue.parquet", "is the output and the report at once"),
        ("queue.parquet.manifest.json", "is the output and the report at once"),
    ],
)
def test_a_place_where_no_report_can_go_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setattr(local, "read_backlog", pytest.fail)
    with pytest.raises(TableError, match=said):
        reprioritize(run_of(tmp_path / "queue.parquet", report=tmp_path / name))
    assert list(tmp_path.iterdir()) == []
