"""A queue from a cluster with executors of their own is that of the local engine, whatever befalls them."""

import json
import os
import shutil
import signal
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import polars as pl
import pytest

from benchmarks.bulk_data import NOW as LATER
from benchmarks.bulk_data import made_up_backlog
from examples.service_desk import incidents
from router.errors import TableError
from router.time import parse_instant
from tests.bulk.backlog import ROOT
from tests.spark.runs import files, read, same, there

pytestmark = pytest.mark.filterwarnings("ignore")  # Spark's own

CASES = 100_000
GROUPS = 6
INCIDENTS = (
    ROOT.parent / "shared" / "data" / "service_desk" / "incident_events.parquet",
    ROOT / "examples" / "service_desk" / "data" / "incident_events.parquet",
)
"""All incidents where they are at hand, else some of them."""


def texts(*paths: Path) -> list[list[str]]:
    return [[str(path)] for path in paths]


@pytest.fixture
def big(tmp_path: Path, whole: None) -> list[list[str]]:  # noqa: ARG001 - asked for as a condition
    return texts(*made_up_backlog(tmp_path / "big", CASES, 5, CASES))


def test_the_example_is_decided_as_here(spark: Any, tmp_path: Path) -> None:
    found = same(spark, tmp_path, *texts(*files(tmp_path)), with_accepted=True)
    assert found.height == 8
    assert not list(tmp_path.glob(".*"))


def test_a_hundred_thousand_cases_are_decided_as_here(spark: Any, big: list[list[str]], tmp_path: Path) -> None:
    found = same(spark, tmp_path, *big, now=LATER, groups=GROUPS)
    assert found["rank"].to_list() == list(range(1, found.height + 1))


def test_an_executor_that_is_killed_changes_nothing(spark: Any, big: list[list[str]], tmp_path: Path) -> None:
    killed: list[int] = []

    def kill() -> None:
        sleep(4)
        found = executors()
        if found:
            os.kill(found[0], signal.SIGKILL)
            killed.append(found[0])

    thread = Thread(target=kill)
    thread.start()
    same(spark, tmp_path, *big, now=LATER, groups=GROUPS)
    thread.join()
    assert killed


def executors() -> list[int]:
    """The processes of executors that this one began."""
    parents = {}
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if b"CoarseGrainedExecutorBackend" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue

    def ours(process: int) -> bool:
        return process == os.getpid() or (process > 1 and ours(parents.get(process, 0)))

    return [process for process in found if ours(process)]


@pytest.mark.usefixtures("whole")
def test_another_version_on_an_executor_is_refused(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from router.spark import run

    monkeypatch.setattr(run, "version", lambda _: "9.9.9")
    with pytest.raises(TableError, match=r"an executor has case-router 0\.1\.0, and the driver 9\.9\.9.*\[other-version\]"):
        there(spark, tmp_path / "queue.parquet", *texts(*files(tmp_path)))
    assert not (tmp_path / "queue.parquet").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.usefixtures("whole")
def test_cases_over_many_files_and_groups_without_any(spark: Any, tmp_path: Path) -> None:
    tables = []
    for file in files(tmp_path):
        rows = pl.read_parquet(file)
        folder = tmp_path / file.stem
        folder.mkdir()
        for number in range(rows.height):
            rows.slice(number, 1).write_parquet(folder / f"{number:03}.parquet")
        tables.append([str(folder / "*.parquet")])
    same(spark, tmp_path, *tables, groups=40)


@pytest.mark.usefixtures("whole")
def test_an_empty_backlog_is_an_empty_queue(spark: Any, tmp_path: Path) -> None:
    cases, _ = files(tmp_path)
    pl.read_parquet(cases).clear().write_parquet(cases)
    assert same(spark, tmp_path, [str(cases)], []).height == 0


def test_one_customer_with_all_cases_does_no_harm(spark: Any, big: list[list[str]], tmp_path: Path) -> None:
    one = tmp_path / "one.parquet"
    pl.scan_parquet(big[0]).with_columns(customer_id=pl.lit("C1")).sink_parquet(one)
    same(spark, tmp_path, [str(one)], [], now=LATER, groups=GROUPS)


def test_customers_of_a_snapshot_are_joined(spark: Any, big: list[list[str]], tmp_path: Path) -> None:
    from benchmarks.snapshot import made_up_snapshot

    same(spark, tmp_path, *big, now=LATER, groups=GROUPS, snapshot=made_up_snapshot(CASES))


@pytest.mark.usefixtures("whole")
def test_all_real_incidents_are_decided_as_here(spark: Any, tmp_path: Path) -> None:
    log = incidents.read_log(next(path for path in INCIDENTS if path.exists()))
    incidents.cases(log).sink_parquet(tmp_path / "cases.parquet")
    incidents.events(log).sink_parquet(tmp_path / "events.parquet")
    tables = texts(tmp_path / "cases.parquet", tmp_path / "events.parquet")
    desk = ROOT / "policies" / "service_desk" / "1.0.0.yaml"
    now = parse_instant("2017-03-01T00:00:00Z")
    assert same(spark, tmp_path, *tables, now=now, policy=desk, groups=GROUPS).height > 1000


@pytest.mark.usefixtures("whole")
def test_what_is_wrong_is_told_by_file_row_and_partition(spark: Any, tmp_path: Path) -> None:
    cases, events = files(tmp_path)
    rows = pl.read_parquet(cases)
    rows.with_columns(channel=pl.lit("pigeon")).slice(1, 1).write_parquet(tmp_path / "more.parquet")
    with pytest.raises(TableError, match=r'more\.parquet: row 1, column channel: "pigeon" is not known; .*\(partition \d\)'):
        there(spark, tmp_path / "queue.parquet", [str(cases), str(tmp_path / "more.parquet")], [str(events)])
    rows.slice(1, 1).write_parquet(tmp_path / "more.parquet")
    with pytest.raises(TableError, match=r"is there already, in cases\.parquet row 2"):
        there(spark, tmp_path / "queue.parquet", [str(cases), str(tmp_path / "more.parquet")], [str(events)])


@pytest.mark.usefixtures("whole")
def test_a_lost_folder_or_a_failed_write_leaves_what_was_there(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from router.spark import run

    tables = texts(*files(tmp_path))
    before = read(there(spark, tmp_path / "queue.parquet", *tables))

    def lost(*_: Any) -> Any:
        shutil.rmtree(tmp_path / ".queue.parquet.making")
        raise OSError("the folder is gone")

    monkeypatch.setattr(run, "in_order", lost)
    with pytest.raises(TableError, match="the folder is gone"):
        there(spark, tmp_path / "queue.parquet", *tables)
    assert not list(tmp_path.glob(".*"))

    def cancelled(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "in_order", cancelled)
    with pytest.raises(KeyboardInterrupt):
        there(spark, tmp_path / "queue.parquet", *tables)
    assert not list(tmp_path.glob(".*"))
    assert pl.read_parquet(tmp_path / "queue.parquet" / "*.parquet").equals(before)
    manifest = json.loads((tmp_path / "queue.parquet.manifest.json").read_text())
    assert manifest["output"]["rows"] == before.height
