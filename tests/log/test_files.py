"""The files of a log: cut off, full, out of time, compacted under reading, changed, and erased from."""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import orjson
import polars as pl
import pytest

from router.errors import LogError
from router.log import compact as compaction
from router.log import files
from router.log.compact import compact
from router.log.decisions import DECISIONS, DecisionLog, OnFull, open_log
from router.log.files import Torn, frames
from router.log.key import Key, read_key
from router.log.tail import Tail
from router.log.verify import verify
from router.time import DAY, HOUR
from tests.decide import deciding
from tests.decide.deciding import decider
from tests.log.records import KEY, MANNER, TODAY, keep, logged

OF = decider({"spend_12m": 200.0})
DECISION = deciding.decide(OF, deciding.case())
OF_BOB = OF.decide(deciding.case(id="c2", customer_id="bob"), b"another question", deciding.instant("2016-05-25T10:00"))


def ids(log: Path) -> list[str]:
    """The cases in a log, as its readers see them."""
    return [case for frame in frames(log, DECISIONS) for case in frame.get_column("case_id")]


def lines(log: Path) -> Path:
    (path,) = (log / DECISIONS).glob("date=*/*.ndjson")
    return path


def codes(error: pytest.ExceptionInfo[LogError]) -> set[str]:
    return {problem.code for problem in error.value.problems}


# the key


@pytest.mark.parametrize("text", ["", "short", "x" * 65])
def test_a_key_that_is_none_says_what_to_do(text: str) -> None:
    with pytest.raises(LogError, match="openssl rand -hex 32"):
        read_key(None, text)


def test_a_key_file_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="openssl rand -hex 32"):
        read_key(tmp_path / "no.key")
    (tmp_path / "a.key").write_text("0123456789abcdef\n")
    assert read_key(tmp_path / "a.key").name == Key(b"0123456789abcdef").name


# a last line that was cut off


def test_a_line_that_was_cut_off_is_skipped_counted_and_repaired(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION, OF_BOB])
    path = lines(tmp_path)
    os.truncate(path, path.stat().st_size - 100)
    torn = Torn()
    assert [frame.height for frame in frames(tmp_path, DECISIONS, torn)] == [1]
    assert torn.files == [path]
    assert verify(tmp_path, KEY).torn == [path]
    assert verify(tmp_path, KEY, repair=True).repaired == 1
    found = verify(tmp_path, KEY)
    assert (found.torn, found.problems, found.records) == ([], [], 1)
    assert path.read_bytes().endswith(b"\n")


def test_a_line_that_is_just_being_written_is_no_damage(tmp_path: Path) -> None:
    log = open_log(tmp_path, MANNER)
    keep(log, [DECISION])
    with lines(tmp_path).open("ab") as file:
        file.write(b'{"half')
    assert (ids(tmp_path), verify(tmp_path, KEY).torn) == (["c1"], [])
    log.close()


def test_lines_that_cannot_be_read_are_set_apart(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION, OF_BOB])
    path = lines(tmp_path)
    path.write_bytes(b"\0" * 64 + b"\n" + path.read_bytes())
    with pytest.raises(LogError) as error:
        ids(tmp_path)
    assert codes(error) == {"log-damaged"}
    verify(tmp_path, KEY, repair=True)
    assert ids(tmp_path) == ["c1", "c2"]
    assert path.with_name(path.name + ".damaged").read_bytes() == b"\0" * 64 + b"\n"


# a full disk


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """As on a full disk, a file takes so many bytes and no more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def try_to_keep(log: DecisionLog) -> bool:
    return log.keep([log.line(DECISION, TODAY)], TODAY)


def test_on_a_full_disk_a_decision_is_refused_and_no_part_of_it_stays(tmp_path: Path) -> None:
    log = open_log(tmp_path, MANNER)
    keep(log, [DECISION])
    size = lines(tmp_path).stat().st_size
    with no_file_above(size + 100), pytest.raises(LogError) as error:
        try_to_keep(log)
    assert codes(error) == {"log-not-written"}
    assert lines(tmp_path).stat().st_size == size
    assert try_to_keep(log)
    log.close()
    assert (ids(tmp_path), verify(tmp_path, KEY).problems) == (["c1", "c1"], [])


def test_or_it_is_given_with_a_warning_and_counted(tmp_path: Path) -> None:
    log = open_log(tmp_path, MANNER, on_full=OnFull.WARN)
    with no_file_above(100):
        assert [try_to_keep(log), try_to_keep(log)] == [False, False]
    assert log.lost == 2
    assert try_to_keep(log)
    log.close()
    assert ids(tmp_path) == ["c1"]


def test_a_folder_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError) as error:
        open_log(tmp_path / "file" / "log", MANNER)
    assert codes(error) == {"log-not-written"}


# time and size


def test_a_clock_that_jumps_does_no_harm(tmp_path: Path) -> None:
    log = open_log(tmp_path, MANNER)
    for at in (TODAY, TODAY - HOUR, TODAY + DAY, TODAY - 40 * DAY, TODAY, TODAY):
        keep(log, [DECISION], at)
    log.close()
    dates = [path.name.removeprefix("date=") for path in files.dates(tmp_path, DECISIONS)]
    assert dates == ["2025-10-13", "2025-11-22", "2025-11-23"]
    for frame in frames(tmp_path, DECISIONS):
        assert frame.height
    assert (len(ids(tmp_path)), verify(tmp_path, KEY).problems) == (6, [])
    assert compact(tmp_path, KEY).records == 6
    times = [row["decided_at"] for row in Tail(tmp_path).last(9)]
    assert times == sorted(times)


def test_a_file_that_is_full_is_followed_by_another(tmp_path: Path) -> None:
    log = open_log(tmp_path, MANNER, full=4_000)
    keep(log, [DECISION] * 9)
    log.close()
    sizes = [path.stat().st_size for path in (tmp_path / DECISIONS).glob("date=*/*.ndjson")]
    assert len(sizes) > 2
    assert max(sizes) < 8_000
    assert len(ids(tmp_path)) == 9


# compaction


def test_readers_see_each_record_once_while_a_compaction_runs(tmp_path: Path) -> None:
    for day in range(4):
        for _ in range(3):
            logged(tmp_path, [DECISION] * 5, at=TODAY + day * DAY)
    seen, done = [], threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(len(ids(tmp_path)))

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    compact(tmp_path, KEY)
    done.set()
    for reader in readers:
        reader.join()
    assert {*seen, len(ids(tmp_path))} == {60}


def test_a_reader_that_began_before_a_compaction_ends_as_if_there_were_none(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION, OF_BOB])
    (date,) = files.dates(tmp_path, DECISIONS)
    with files.opened(tmp_path, date) as found:
        compact(tmp_path, KEY)
        assert sum(files.read_frame(path, file, DECISIONS).height for path, file in found) == 2


@pytest.mark.parametrize("after", ["write_manifest", "unlink"])
def test_a_compaction_that_is_interrupted_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str) -> None:
    logged(tmp_path, [DECISION, OF_BOB])

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(compaction if after == "write_manifest" else Path, after, fail)
        with pytest.raises(KeyboardInterrupt):
            compact(tmp_path, KEY)
    assert sorted(ids(tmp_path)) == ["c1", "c2"]
    compact(tmp_path, KEY)
    assert sorted(ids(tmp_path)) == ["c1", "c2"]
    assert [path.suffix for path in (tmp_path / DECISIONS).glob("date=*/*")] == [".parquet"]


def test_a_file_that_grows_is_left_alone(tmp_path: Path) -> None:
    log = open_log(tmp_path, MANNER)
    keep(log, [DECISION])
    assert compact(tmp_path, KEY).growing == [lines(tmp_path)]
    keep(log, [DECISION])
    log.close()
    assert compact(tmp_path, KEY).records == 2


def test_what_is_compacted_is_what_was_written(tmp_path: Path) -> None:
    before = logged(tmp_path, [DECISION, OF_BOB])
    compact(tmp_path, KEY)
    after = [row for frame in frames(tmp_path, DECISIONS) for row in frame.to_dicts()]
    assert after == before
    pattern = f"{tmp_path}/{DECISIONS}/date=*/*.parquet"
    assert pl.scan_parquet(pattern).select("case_id").collect().height == 2
    query = f"SELECT date::VARCHAR, count(*) FROM read_parquet('{pattern}', hive_partitioning = true) GROUP BY 1"  # noqa: S608 - a test's own
    assert duckdb.execute(query).fetchall() == [("2025-11-22", 2)]


# what was changed


def test_a_sealed_file_that_was_changed_or_removed_is_noticed(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION, OF_BOB])
    compact(tmp_path, KEY)
    assert verify(tmp_path, KEY).problems == []
    (path,) = (tmp_path / DECISIONS).glob("date=*/*.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert [problem.code for problem in verify(tmp_path, KEY).problems] == ["log-damaged"]
    path.unlink()
    assert "held 2 records" in str(verify(tmp_path, KEY).problems[0])


def test_a_manifest_that_was_changed_is_noticed(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION])
    compact(tmp_path, KEY)
    manifest = tmp_path / files.MANIFEST
    data = orjson.loads(manifest.read_bytes())
    next(iter(data["files"].values()))["rows"] = 7
    manifest.write_bytes(orjson.dumps(data))
    assert "its seal does not fit" in str(verify(tmp_path, KEY).problems[0])


def test_a_line_that_was_removed_is_noticed(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION, OF_BOB, DECISION])
    path = lines(tmp_path)
    first, _, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + last)
    assert "1 line(s) are missing" in str(verify(tmp_path, KEY).problems[0])


def test_two_commands_do_not_rewrite_one_log(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION])
    with files.alone(tmp_path), pytest.raises(LogError) as error:
        compact(tmp_path, KEY)
    assert codes(error) == {"log-busy"}


def test_a_log_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION])
    path = lines(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(LogError) as error:
        ids(tmp_path)
    assert codes(error) == {"log-format"}
