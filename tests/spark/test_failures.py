"""Whatever befalls a cluster in the middle of a run: the queue is the same, or what was there before stays as it was."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest

from benchmarks.bulk_data import NOW as LATER
from benchmarks.bulk_data import made_up_backlog
from router.bulk.manifest import manifest_of
from router.cli.cluster import policy_text
from router.errors import TableError
from router.time import format_instant
from tests.bulk.backlog import NOW
from tests.spark.conftest import MASTER
from tests.spark.runs import files, here, run_of

pytestmark = pytest.mark.filterwarnings("ignore")  # Spark's own

CASES = 20_000
PARTS = 4
SECONDS = 900
"""So long nothing takes on the slowest machine: a limit, no measure."""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    made = made_up_backlog(tmp_path_factory.mktemp("big"), CASES, 10, CASES)
    return [[str(file)] for file in made]


def wait(until: Callable[[], Any]) -> Any:
    """What there is to wait for, when it is there."""
    end = monotonic() + SECONDS
    while not (found := until()):
        assert monotonic() < end
        sleep(0.02)
    return found


def executors(of: int) -> list[int]:
    """The processes of executors among the children of a process."""
    parents, found = {}, []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if b"CoarseGrainedExecutorBackend" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue

    def ours(process: int) -> bool:
        return process == of or (process > 1 and ours(parents.get(process, 0)))

    return [process for process in found if ours(process)]


def works(process: int) -> bool:
    """Whether an executor has Python at work for it."""
    return any(_parent(child) == process and b"pyspark.daemon" in _command(child) for child in _processes())


def _processes() -> Iterator[int]:
    yield from (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


# in a session of the tests


def decide(spark: Any, out: Path, tables: list[list[str]], doing: str, do: Callable[[], None]) -> Any:
    """A run in the middle of which, once executors are at work on what it is ``doing``, something befalls it."""
    from router.spark.run import reprioritize

    tracker = spark.sparkContext.statusTracker()
    threads: list[Thread] = []

    def at_work() -> bool:
        stages = (tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds())
        return any(stage and stage.numActiveTasks and stage.numCompletedTasks < stage.numTasks for stage in stages)

    def then() -> None:
        wait(at_work)
        do()

    def progress(now: str, *_: int) -> None:
        if now == doing and not threads:
            threads.append(Thread(target=then))
            threads[0].start()

    run, file = run_of(out, *tables, now=LATER, parts=PARTS)
    try:
        return reprioritize(replace(run, progress=progress), spark, policy_text(str(file), Path(), run.policy))
    finally:
        threads[0].join()


@pytest.mark.parametrize("doing", ["cutting", "deciding"])
def test_an_executor_that_is_killed_changes_nothing(doing: str, spark: Any, tables: list[list[str]], tmp_path: Path) -> None:
    killed: list[int] = []

    def kill() -> None:
        killed.append(next(process for process in executors(os.getpid()) if works(process)))
        os.kill(killed[0], signal.SIGKILL)

    found = decide(spark, tmp_path / "queue.parquet", tables, doing, kill)
    (tmp_path / "here").mkdir()
    assert found.out.read_bytes() == here(tmp_path / "here" / "queue.parquet", *tables, now=LATER).out.read_bytes()
    wait(lambda: len(executors(os.getpid())) == 2 and killed[0] not in executors(os.getpid()))  # another one came


def test_a_folder_that_goes_away_leaves_nothing(spark: Any, tables: list[list[str]], tmp_path: Path) -> None:
    folder = tmp_path / "queues"
    folder.mkdir()
    with pytest.raises(TableError, match=r"the queue could not be written: .*No such file or directory"):
        decide(spark, folder / "queue.parquet", tables, "deciding", lambda: shutil.rmtree(folder))
    assert not folder.exists()


def test_what_was_there_stays_when_a_run_fails(spark: Any, tmp_path: Path) -> None:
    from router.spark.run import reprioritize

    tables = [[str(file)] for file in files(tmp_path)]
    before = here(tmp_path / "queue.parquet", *tables)
    content = before.out.read_bytes(), manifest_of(before.out).read_bytes()

    def stop(doing: str, *_: int) -> None:
        if doing == "writing":
            raise KeyboardInterrupt

    run, file = run_of(tmp_path / "queue.parquet", *tables)
    with pytest.raises(KeyboardInterrupt):
        reprioritize(replace(run, progress=stop), spark, policy_text(str(file), Path(), run.policy))
    assert (before.out.read_bytes(), manifest_of(before.out).read_bytes()) == content
    assert not list(tmp_path.glob(".*"))


# as a command


class Command:
    """``case-router reprioritize``, with what Spark needs on this machine."""

    def __init__(self, folder: Path) -> None:
        import pyspark

        self.folder = folder
        (folder / "conf").mkdir()
        (folder / "conf" / "spark-defaults.conf").write_text("spark.ui.enabled false\nspark.sql.shuffle.partitions 4\n")
        self.environment = os.environ | {
            "SPARK_HOME": str(Path(pyspark.__file__).parent),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_CONF_DIR": str(folder / "conf"),
            "SPARK_WORKER_DIR": str(folder / "work"),
            "SPARK_LOCAL_DIRS": str(folder / "local"),
        }
        (folder / "local").mkdir()

    def begin(self, tables: list[list[str]], now: int, *options: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Start the command, whose output goes to ``queue.parquet`` in the folder."""
        given = ("--cases", *tables[0], "--events", *tables[1], "--now", format_instant(now), "--out", "queue.parquet")
        command = (Path(sys.executable).with_name("case-router"), "reprioritize", *given, *options)
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment | environment, text=True, **streams)

    def run(self, tables: list[list[str]], now: int, *options: str | Path, **environment: str) -> tuple[int, str]:
        """Its code and what it said."""
        process = self.begin(tables, now, *options, **environment)
        out, err = process.communicate(timeout=SECONDS)
        return process.returncode, out + err

    @property
    def left(self) -> list[str]:
        """What is in the folder, but for what Spark has to itself."""
        return sorted(
            each.name for each in self.folder.iterdir() if each.name not in {"conf", "work", "local", "metastore_db"}
        )


SPARK = ("--engine", "spark", "--master", MASTER)


@pytest.fixture
def command(spark: Any, tmp_path: Path) -> Command:  # noqa: ARG001 - where there is Spark at all
    return Command(tmp_path)


def test_the_command_writes_the_same_file_with_one_option_more(command: Command) -> None:
    tables = [[str(file)] for file in files(command.folder)]
    code, said = command.run(tables, NOW)
    assert code == 0, said
    wanted = {name: (command.folder / name).read_bytes() for name in ("queue.parquet", "queue.parquet.manifest.json")}
    for name in wanted:
        (command.folder / name).unlink()
    code, theirs = command.run(tables, NOW, *SPARK)
    assert code == 0, theirs
    assert {name: (command.folder / name).read_bytes() for name in wanted} == wanted
    assert said in theirs  # beside what Spark says of itself


def test_a_command_that_is_stopped_leaves_what_was_there(command: Command, tables: list[list[str]]) -> None:
    (command.folder / "queue.parquet").write_bytes(b"before")
    process = command.begin(tables, LATER, *SPARK)
    wait(lambda: any(works(each) for each in executors(process.pid)) or process.poll() is not None)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + signal.SIGINT, said
    assert command.left == ["queue.parquet"]
    assert (command.folder / "queue.parquet").read_bytes() == b"before"
    wait(lambda: not executors(process.pid))


def test_another_version_on_an_executor_is_refused(command: Command) -> None:
    tables = [[str(file)] for file in files(command.folder)]
    other = command.folder / "local" / "other" / "case_router-0.0.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: case-router\nVersion: 0.0.9\n")
    python = command.folder / "local" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{other.parent}:$PYTHONPATH" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    code, said = command.run(tables, NOW, *SPARK, PYSPARK_PYTHON=str(python))
    assert code == 1
    wanted = "an executor has case-router 0.0.9, and the driver 0.1.0; install 0.1.0 on all of them [other-version]"
    assert wanted in " ".join(said.split())
    assert command.left == ["cases.parquet", "events.parquet"]


def test_a_full_disk_of_an_executor_leaves_what_was_there(command: Command, tables: list[list[str]]) -> None:
    disk = command.folder / "local"
    done = subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not tried on Spark: a full disk, since nothing may be mounted here")
    (command.folder / "queue.parquet").write_bytes(b"before")
    try:
        code, said = command.run(tables, LATER, *SPARK)
    finally:
        subprocess.run(["/bin/umount", "--lazy", disk], check=True)
    assert code == 1
    assert "No space left on device" in said
    assert command.left == ["queue.parquet"]
    assert (command.folder / "queue.parquet").read_bytes() == b"before"
