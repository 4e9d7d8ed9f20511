"""What cannot be used is told as by the local engine, with the partition that it was found in."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from router.errors import SnapshotError, TableError
from tests.spark.runs import files, here, there

pytestmark = pytest.mark.filterwarnings("ignore")  # Spark's own

BAD = Path(__file__).parents[1] / "bulk" / "bad"


def told(spark: Any, out: Path | str, *tables: list[str], **options: Any) -> str:
    with pytest.raises(TableError) as caught:
        there(spark, out, *tables, **options)
    return str(caught.value)


def test_every_mistake_is_told_at_once_with_its_place(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in sorted(BAD.iterdir()):
        monkeypatch.chdir(folder)
        found = told(spark, tmp_path / "queue.csv", ["cases*"], ["events*"] if list(folder.glob("events*")) else [])
        wanted = Path("expected.txt").read_text(encoding="utf-8").strip()
        assert re.sub(r" \(partition \d+\)", "", found) == wanted
        cells = [line for line in found.splitlines() if "[bad-cell]" in line and "more rows" not in line]
        assert all(re.search(r" \(partition \d+\) \[bad-cell\]$", line) for line in cells)
    assert list(tmp_path.iterdir()) == []


def test_files_of_a_store_are_told_by_their_rows(spark: Any, tmp_path: Path) -> None:
    cases, events = files(tmp_path)
    rows = pl.read_parquet(cases)
    more = tmp_path / "more.parquet"
    rows.with_columns(channel=pl.lit("pigeon")).slice(1, 1).write_parquet(more)
    found = told(spark, tmp_path / "queue.parquet", [cases.as_uri(), more.as_uri()], [str(events)])
    assert re.search(r'more\.parquet: row 1, column channel: "pigeon" is not known; .*\(partition \d+\)', found)
    rows.slice(1, 1).write_parquet(more)
    found = told(spark, tmp_path / "queue.parquet", [cases.as_uri(), more.as_uri()], [str(events)])
    assert re.search(r"is there already, in cases\.parquet row 2 \(partition \d+\) \[repeated-id\]", found)
    assert "no such file" in told(spark, tmp_path / "queue.parquet", [str(tmp_path / "none.parquet")], [])
    found = told(spark, tmp_path / "queue.parquet", [f"{tmp_path.as_uri()}/cases.csv"], [])
    assert "CSV and NDJSON are read from a folder that all machines share" in found
    assert "there is no folder" in told(spark, f"{tmp_path.as_uri()}/none/queue.parquet", [str(cases)], [])


def test_a_snapshot_of_a_store_that_cannot_be_used(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.snapshot import make
    from router.spark import snapshot

    cases, _ = files(tmp_path)
    address = (tmp_path / "snapshots").as_uri()

    def refused() -> str:
        with pytest.raises(SnapshotError) as caught:
            there(spark, tmp_path / "queue.parquet", [str(cases)], [], snapshot=address)
        return str(caught.value)

    assert f"{address}: no snapshot here, current.json is not there" in refused()
    make(100, tmp_path / "snapshots", shards=2)
    monkeypatch.setattr(snapshot, "MOST", 4000)
    assert re.search(r"Spark fetches files of 4,000 at most from a store; build it with --shards \d+ or more", refused())
    monkeypatch.undo()
    file = next(tmp_path.glob("snapshots/*/customers-0001-of-0002.arrow"))
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"!")
    damaged = told(spark, tmp_path / "queue.parquet", [str(cases)], [], snapshot=address)
    assert "customers-0001-of-0002.arrow is not what was published, its SHA-256 differs" in damaged
    file.unlink()
    assert "customers-0001-of-0002.arrow" in told(spark, tmp_path / "queue.parquet", [str(cases)], [], snapshot=address)
    assert not (tmp_path / "queue.parquet").exists()


def test_an_earlier_output_that_is_none(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cases, _ = files(tmp_path)
    old = Path("old.csv")
    for content in ("case_id,rank\na,1\n", "case_id,rank,score,band,points\na,first,1,P1,[]\n"):
        old.write_text(content)
        with pytest.raises(TableError) as caught:
            here(tmp_path / "queue.csv", [str(cases)], [], previous=old)
        found = told(spark, tmp_path / "queue.csv", [str(cases)], [], previous=old)
        assert re.sub(r" \(partition \d+\)", "", found) == str(caught.value)


@pytest.mark.usefixtures("spark")
def test_a_file_that_an_executor_cannot_read_is_told_with_the_reason(tmp_path: Path) -> None:
    from router.spark.files import seen

    assert seen(0, tmp_path / "none.csv").error == "No such file or directory"
    (tmp_path / "cases.parquet").write_text("no Parquet")
    assert "Parquet" in seen(1, tmp_path / "cases.parquet").error
    (tmp_path / "cases.csv").write_text("case_id\na\nb\n")
    assert (seen(2, tmp_path / "cases.csv").length, seen(2, tmp_path / "cases.csv").runs) == (12, (3,))
