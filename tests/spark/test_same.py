"""A queue from a cluster with executors of their own is that of the local engine, to the byte, whatever it is made from."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks.bulk_data import NOW as LATER
from benchmarks.bulk_data import made_up_backlog
from examples.service_desk import incidents
from router.errors import TableError
from router.time import HOUR, parse_instant
from tests.bulk.backlog import NOW, ROOT
from tests.spark.runs import files, here, same, there

pytestmark = pytest.mark.filterwarnings("ignore")  # Spark's own

CASES = 100_000
PARTS = 6
INCIDENTS = (
    ROOT.parent / "shared" / "data" / "service_desk" / "incident_events.parquet",
    ROOT / "examples" / "service_desk" / "data" / "incident_events.parquet",
)
"""All incidents where they are at hand, else some of them."""


def texts(*paths: Path) -> list[list[str]]:
    return [[str(path)] for path in paths]


@pytest.fixture
def big(tmp_path: Path) -> list[list[str]]:
    return texts(*made_up_backlog(tmp_path / "big", CASES, 10, CASES))


def test_with_every_option(spark: Any, tmp_path: Path) -> None:
    tables = texts(*files(tmp_path))
    old = here(tmp_path / "old.csv", *tables, now=NOW - 30 * HOUR).out
    page, log = tmp_path / "page.html", tmp_path / "log"
    options: dict[str, Any] = {"previous": old, "budget": 3000, "with_accepted": True, "report": page, "parts": 3}
    found = same(spark, tmp_path, *tables, **options)
    assert found.height == 8
    assert {"previous_rank", "moved"} <= set(found.columns)
    theirs = page.read_bytes()
    here(tmp_path / "here" / "queue.parquet", *tables, **options | {"parts": 0})
    assert page.read_bytes() == theirs
    there(spark, tmp_path / "queue.ndjson", *tables, log=log, asked_at=NOW)
    assert len(list(log.glob("runs/date=2016-06-01/*.json"))) == 1


@pytest.mark.parametrize(("given", "out"), [("csv", "queue.csv"), ("csv.gz", "queue.ndjson"), ("ndjson", "queue.csv")])
def test_tables_and_queues_of_text(given: str, out: str, spark: Any, tmp_path: Path) -> None:
    tables = texts(*files(tmp_path, given))
    (tmp_path / "here").mkdir()
    found, wanted = there(spark, tmp_path / out, *tables), here(tmp_path / "here" / out, *tables)
    assert found.out.read_bytes() == wanted.out.read_bytes()
    assert found.manifest["tables"] == wanted.manifest["tables"]


def test_tables_and_a_queue_in_a_store(spark: Any, tmp_path: Path) -> None:
    cases, events = files(tmp_path)
    (tmp_path / "lake").mkdir()
    for number, rows in enumerate(pl.read_parquet(events).iter_slices(5)):
        rows.write_parquet(tmp_path / "lake" / f"part-{number}.parquet")
    wanted = here(tmp_path / "queue.parquet", [str(cases)], [str(tmp_path / "lake" / "*.parquet")])
    out = tmp_path / "store" / "queue.parquet"
    out.parent.mkdir()
    there(spark, out.as_uri(), [cases.as_uri()], [])
    found = there(spark, out.as_uri(), [cases.as_uri()], [f"{tmp_path}/lake"])  # takes its place
    assert out.read_bytes() == wanted.out.read_bytes()
    assert found.manifest["output"] == wanted.manifest["output"] | {"path": out.as_uri()}
    digests = [sorted(each["sha256"] for each in result.manifest["tables"]["events"]["files"]) for result in (found, wanted)]
    assert digests[0] == digests[1]
    assert sorted(each.name for each in out.parent.iterdir()) == ["queue.parquet", "queue.parquet.manifest.json"]


def test_cases_over_many_files_and_groups_without_any(spark: Any, tmp_path: Path) -> None:
    tables = []
    for file in files(tmp_path):
        folder = tmp_path / file.stem
        folder.mkdir()
        for number, rows in enumerate(pl.read_parquet(file).iter_slices(1)):
            rows.write_parquet(folder / f"{number:03}.parquet")
        tables.append([str(folder / "*.parquet")])
    same(spark, tmp_path, *tables, parts=20)


def test_an_empty_backlog_is_an_empty_queue(spark: Any, tmp_path: Path) -> None:
    cases, _ = files(tmp_path)
    pl.read_parquet(cases).clear().write_parquet(cases)
    assert same(spark, tmp_path, [str(cases)], []).height == 0


def test_a_hundred_thousand_cases_of_a_snapshot(spark: Any, big: list[list[str]], tmp_path: Path) -> None:
    from benchmarks.snapshot import made_up_snapshot

    old = here(tmp_path / "old.parquet", *big, now=LATER - 50 * HOUR).out
    options: dict[str, Any] = {"now": LATER, "snapshot": made_up_snapshot(CASES), "previous": old, "budget": 1_000_000}
    found = same(spark, tmp_path, *big, parts=PARTS, **options)
    assert found["rank"].to_list() == list(range(1, found.height + 1))


def test_a_snapshot_in_a_store(spark: Any, tmp_path: Path) -> None:
    from benchmarks.snapshot import make

    tables = texts(*made_up_backlog(tmp_path / "some", 3000, 3, 2000))
    folder = tmp_path / "snapshots"
    for shards in (1, 5):
        make(2000, folder, shards)
        wanted = here(tmp_path / "here.parquet", *tables, now=LATER, snapshot=folder)
        for address in (folder.as_uri(), f"{folder.as_uri()}/{wanted.manifest['snapshot']['id']}/"):
            found = there(spark, tmp_path / "there.parquet", *tables, now=LATER, snapshot=address)
            assert found.out.read_bytes() == wanted.out.read_bytes()
            assert found.manifest["snapshot"] == wanted.manifest["snapshot"]


def test_a_million_events_of_one_customer(spark: Any, big: list[list[str]], tmp_path: Path) -> None:
    from benchmarks.snapshot import made_up_snapshot

    one = tmp_path / "one.parquet"
    pl.scan_parquet(big[0]).with_columns(customer_id=pl.lit("C1")).sink_parquet(one)
    same(spark, tmp_path, [str(one)], big[1], now=LATER, parts=PARTS, snapshot=made_up_snapshot(CASES))


def test_one_case_with_two_hundred_thousand_events(spark: Any, tmp_path: Path) -> None:
    cases, events = made_up_backlog(tmp_path / "big", 20_000, 20, 20_000)
    skewed = tmp_path / "skewed.parquet"
    half = pl.int_range(pl.len()) % 2 == 0
    pl.scan_parquet(events).with_columns(case_id=pl.when(half).then(pl.lit("case-7")).otherwise("case_id")).sink_parquet(
        skewed
    )
    same(spark, tmp_path, *texts(cases, skewed), now=LATER, parts=PARTS)


def test_all_real_incidents(spark: Any, tmp_path: Path) -> None:
    log = incidents.read_log(next(path for path in INCIDENTS if path.exists()))
    incidents.cases(log).sink_parquet(tmp_path / "cases.parquet")
    incidents.events(log).sink_parquet(tmp_path / "events.parquet")
    tables = texts(tmp_path / "cases.parquet", tmp_path / "events.parquet")
    desk = ROOT / "policies" / "service_desk" / "1.0.0.yaml"
    now = parse_instant("2017-03-01T00:00:00Z")
    found = same(spark, tmp_path, *tables, now=now, policy=desk, parts=PARTS, with_accepted=True)
    assert found.height == pl.scan_parquet(tables[0]).select(pl.len()).collect().item() > 300


def test_a_delta_table_as_it_is_now(spark: Any, tmp_path: Path) -> None:
    from deltalake import DeltaTable, write_deltalake

    cases, events = (pl.read_parquet(file) for file in files(tmp_path))
    table = str(tmp_path / "table")
    write_deltalake(table, cases.drop("brand").to_arrow(), partition_by=["channel"])
    write_deltalake(table, cases.to_arrow(), mode="overwrite", schema_mode="overwrite", partition_by=["channel"])
    gone = cases.item(2, "case_id")
    DeltaTable(table).delete(f"case_id = '{gone}'")
    happened = str(tmp_path / "happened")
    write_deltalake(happened, events.drop("level").to_arrow())
    write_deltalake(happened, events.head(0).to_arrow(), mode="append", schema_mode="merge")
    cases.filter(pl.col("case_id") != gone).write_parquet(tmp_path / "cases.parquet")
    wanted = here(tmp_path / "here.parquet", *texts(tmp_path / "cases.parquet", tmp_path / "events.parquet"))
    found = there(spark, tmp_path / "there.parquet", [table], [happened])
    rows, expected = pl.read_parquet(found.out), pl.read_parquet(wanted.out)
    assert rows.equals(expected)


def test_a_delta_table_whose_files_do_not_say_it_all(spark: Any, tmp_path: Path) -> None:
    from deltalake import write_deltalake

    cases, _ = files(tmp_path)
    table = str(tmp_path / "table")
    write_deltalake(table, pl.read_parquet(cases).to_arrow(), configuration={"delta.enableDeletionVectors": "true"})
    with pytest.raises(TableError, match=r"table: is a Delta table with deletionVectors, so its files do not say what"):
        there(spark, tmp_path / "queue.parquet", [table], [])
    (tmp_path / "none" / "_delta_log").mkdir(parents=True)
    with pytest.raises(TableError, match="is no Delta table"):
        there(spark, tmp_path / "queue.parquet", [str(tmp_path / "none")], [])
