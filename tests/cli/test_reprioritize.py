"""case-router reprioritize."""

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from router.cli.reprioritize import _bytes
from tests.cli.running import OF_SHOP, ROOT, Run

BACKLOG = ("--cases", ROOT / "examples/backlog/cases.csv", "--events", ROOT / "examples/backlog/events.csv")
RETAIL = ("--policy", "retail", "--policy-version", "1.0.0", "--now", "2016-06-01T10:00:00Z")


def test_a_backlog_is_put_in_order_and_told_in_tables(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    old = run("reprioritize", *BACKLOG[:2], *RETAIL, "--out", "old.csv")
    assert (old.code, old.err) == (0, "")
    ran = run("reprioritize", *BACKLOG, *RETAIL, "--out", "queue.parquet", "--previous", "old.csv")
    assert (ran.code, ran.err) == (0, "")
    told = re.sub(r"\([0-9a-f]{12}\)", "…", ran.out)
    assert told == (ROOT / "tests/cli/reprioritize.txt").read_text()
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "old.csv", "old.csv.manifest.json", "queue.parquet", "queue.parquet.manifest.json",
    ]  # fmt: skip


def test_the_summary_for_machines(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "queue.ndjson"
    told = json.loads(run("reprioritize", *BACKLOG, *OF_SHOP, "--out", out, "--json").out)
    assert (told["cases"], told["queue"], told["accepted"]) == (8, 7, 1)
    assert told["manifest"] == json.loads((tmp_path / "queue.ndjson.manifest.json").read_text())
    assert told["movement"] is None
    assert [row["rank"] for row in told["first"]] == list(range(1, 8))


def test_a_log_keeps_the_manifest_of_a_run(run: Run, tmp_path: Path) -> None:
    out, log = tmp_path / "queue.csv", tmp_path / "log"
    assert run("reprioritize", *BACKLOG, *OF_SHOP, "--out", out, "--log", log).code == 0
    (kept,) = log.glob("runs/date=*/*.json")
    assert json.loads(kept.read_text()) == json.loads((tmp_path / "queue.csv.manifest.json").read_text())


def test_there_is_no_queue_of_which_the_log_knows_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("no folder")
    ran = run("reprioritize", *BACKLOG, *OF_SHOP, "--out", tmp_path / "queue.csv", "--log", tmp_path / "log")
    assert ran.code == 1
    assert "the manifest of the run cannot be kept" in ran.err
    assert [file.name for file in tmp_path.iterdir()] == ["log"]


def test_accepted_cases_may_be_kept(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "queue.parquet"
    assert run("reprioritize", *BACKLOG, *OF_SHOP, "--out", out, "--with-accepted").code == 0
    assert pl.read_parquet(out)["rank"].null_count() == 1


def test_files_may_be_named_several_times(run: Run, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("case_id,opened_at,channel,touchpoint\nK-1,2016-06-01,,\n")
    (tmp_path / "some.csv").write_text("case_id,opened_at,channel,touchpoint\nK-2,2016-06-01,,\n")
    named = ("--cases", tmp_path / "more.csv", "--cases", tmp_path / "some.csv")
    told = json.loads(run("reprioritize", *named, *OF_SHOP, "--out", tmp_path / "queue.csv", "--json").out)
    assert told["cases"] == 2


def test_what_is_wrong_is_told_and_ends_with_1(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "cases.csv"
    bad.write_text("case_id,opened_at\na,soon\n")
    ran = run("reprioritize", "--cases", bad, *OF_SHOP, "--out", tmp_path / "queue.csv")
    assert (ran.code, ran.out) == (1, "")
    said = 'row 1, column opened_at: "soon" is not a time such as 2016-05-29T18:00:00Z [bad-cell]'
    assert ran.err == f"{bad}: {said}\n"
    assert [file.name for file in tmp_path.iterdir()] == ["cases.csv"]


@pytest.mark.parametrize("wrong", [("--memory", "much"), ("--memory", "0"), ("--now", "soon")])
def test_wrong_usage_ends_with_2(run: Run, wrong: tuple[str, str], tmp_path: Path) -> None:
    assert run("reprioritize", *BACKLOG, "--out", tmp_path / "queue.csv", *wrong).code == 2


@pytest.mark.parametrize("option", ["--events", "--snapshot", "--out"])
def test_an_address_is_for_a_cluster(option: str, run: Run, tmp_path: Path) -> None:
    ran = run("reprioritize", *BACKLOG, "--out", tmp_path / "queue.csv", option, "hdfs://lake/it")
    assert ran.code == 2
    assert f"Invalid value for {option}: hdfs://lake/it is an address" in ran.err


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("12", 12), ("500M", 500 * 2**20), ("4g", 2**32), ("1 GiB", 2**30), ("2TB", 2**41)]
)
def test_a_size_is_read_as_people_write_it(text: str, size: int) -> None:
    assert _bytes(text) == size


SLOW = """
import sys, time
from router.bulk import local
split = local.split
def slowly(*arguments):
    print("cutting", flush=True)
    time.sleep(60)
local.split = slowly
from router.cli import main
sys.argv = ["case-router", "reprioritize", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_what_was_there(number: signal.Signals, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "queue.csv"
    assert run("reprioritize", *BACKLOG, *OF_SHOP, "--out", out).code == 0
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    arguments = [*map(str, (*BACKLOG, *OF_SHOP)), "--out", str(out)]
    with subprocess.Popen([sys.executable, "-c", SLOW, *arguments], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"cutting\n"
        time.sleep(0.1)
        assert (tmp_path / ".queue.csv.making").is_dir()
        process.send_signal(number)
        assert process.wait() == 128 + number
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_the_examples_of_the_document_run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    block = re.search(r"```sh\n(.*?)```", (ROOT / "docs" / "bulk.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    commands = [shlex.split(line) for line in block[1].replace("\\\n", " ").splitlines()]
    assert [run(*arguments).code for _, *arguments in commands] == [0, 0, 0]
    outputs = {"queue.parquet", "later.csv", "heads.ndjson"}
    assert {file.name for file in tmp_path.iterdir() if file.is_file()} == outputs | {f"{o}.manifest.json" for o in outputs}
