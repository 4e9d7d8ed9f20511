"""What cannot be used, as files: each folder under ``bad`` has a backlog, and the exact message beside it."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from router.bulk.run import reprioritize
from router.errors import TableError
from tests.bulk.backlog import run_of

BAD = Path(__file__).parent / "bad"


def told(folder: Path, out: Path, **options: object) -> str:
    """What is said of a backlog that cannot be used."""
    events = ["events*"] if list(folder.glob("events*")) else []
    with pytest.raises(TableError) as caught:
        reprioritize(run_of(out, **{"cases": ["cases*"], "events": events} | options))
    return str(caught.value) + "\n"


@pytest.mark.parametrize("case", sorted(folder.name for folder in BAD.iterdir()))
def test_every_mistake_is_told_at_once_with_its_place(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD / case)
    assert told(BAD / case, tmp_path / "queue.csv") == Path("expected.txt").read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


def test_types_that_cannot_be_read_are_told_with_what_was_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pl.DataFrame(
        {"case_id": [1.5], "opened_at": [1_464_775_200], "channel": [True], "value_amount": [datetime(2016, 6, 1)]}  # noqa: DTZ001 - a naive one
    ).write_parquet("cases.parquet")
    pl.DataFrame({"case_id": ["a"], "at": [b"x"], "kind": ["reopened"], "public": [0.5], "sequence": [1.0]}).write_parquet(
        "events.parquet"
    )
    assert told(tmp_path, tmp_path / "queue.csv") == (
        "cases.parquet: column case_id holds Float64, which cannot be read as a text [bad-column]\n"
        "cases.parquet: column opened_at holds Int64, which cannot be read as a time; "
        "give times as such, or as texts like 2016-06-01T10:00:00Z [bad-column]\n"
        "cases.parquet: column channel holds Boolean, which cannot be read as a text [bad-column]\n"
        "cases.parquet: column value_amount holds Datetime(time_unit='us', time_zone=None), "
        "which cannot be read as a number [bad-column]\n"
        "events.parquet: column at holds Binary, which cannot be read as a time; "
        "give times as such, or as texts like 2016-06-01T10:00:00Z [bad-column]\n"
        "events.parquet: column sequence holds Float64, which cannot be read as a whole number [bad-column]\n"
        "events.parquet: column public holds Float64, which cannot be read as yes or no [bad-column]\n"
    )


def test_times_that_no_calendar_has_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    late = pl.Series("opened_at", [253_402_300_800_000_000]).cast(pl.Datetime("us", "UTC"))
    pl.DataFrame({"case_id": ["a"], "opened_at": late}).write_parquet("cases.parquet")
    assert "is not between the years 1 and 9999 [bad-cell]" in told(tmp_path, tmp_path / "queue.csv")


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("queue.txt", "the name of the output tells its format: .parquet, .csv or .ndjson [no-format]"),
        ("queue.csv.gz", "the name of the output tells its format: .parquet, .csv or .ndjson [no-format]"),
        ("nowhere/queue.csv", "there is no folder nowhere to write to [bad-file]"),
        ("cases.csv", "is an input and the output at once; write to another file [bad-file]"),
    ],
)
def test_an_output_that_cannot_be_is_told(out: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text("case_id,opened_at\na,2016-06-01\n")
    assert told(tmp_path, Path(out)) == f"{out}: {said}\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("old.csv", "case_id,rank\na,1\n", 'unable to find column "score"'),
        ("old.csv", "case_id,rank,score,band,points\na,first,1,P1,[]\n", "conversion from `str` to `i64` failed"),
        ("old.txt", "", "its name tells no format"),
        ("nowhere.parquet", None, "No such file"),
    ],
)
def test_an_earlier_output_that_is_none_is_told(
    name: str, content: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cases.csv").write_text("case_id,opened_at\na,2016-06-01\n")
    if content is not None:
        Path(name).write_text(content)
    found = told(tmp_path, Path("queue.csv"), previous=Path(name))
    assert found.startswith(f"{name}: is no earlier output of reprioritize: ")
    assert said in found
