"""A log whose replies wait for the disk: few syncs for many, and no file goes without."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.log.decisions import DecisionLog, Durability, open_log
from router.log.writer import FULL_FILE
from tests.decide import deciding
from tests.decide.deciding import decider
from tests.log.records import MANNER, TODAY, keep

DECISION = deciding.decide(decider(), deciding.case())


def open_synced(folder: Path, full: int = FULL_FILE) -> DecisionLog:
    return open_log(folder, MANNER, durability=Durability.SYNC, full=full)


def hand(log: DecisionLog) -> bool:
    return log.keep([log.line(DECISION, TODAY)], TODAY)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that the disk was waited for, by name."""
    found: list[str] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: found.append(Path(f"/proc/self/fd/{file}").readlink().name))
    return found


def test_many_who_wait_for_the_disk_wait_for_few_syncs(tmp_path: Path, synced: list[str]) -> None:
    log = open_synced(tmp_path)

    async def one() -> bool:
        return hand(log) and await log.on_disk(1)

    async def run() -> list[bool]:
        return await asyncio.gather(*(one() for _ in range(50)))

    assert asyncio.run(run()) == [True] * 50
    assert 1 <= len(synced) <= 2
    log.close()


def test_a_full_file_is_synced_before_it_is_closed(tmp_path: Path, synced: list[str]) -> None:
    log = open_synced(tmp_path, full=1)
    keep(log, [DECISION] * 3)
    assert len(set(synced)) == 3
    log.close()


def test_a_file_that_fills_up_while_it_is_synced_is_synced_once(tmp_path: Path, synced: list[str]) -> None:
    log = open_synced(tmp_path)
    writer = log.decisions.writer
    hand(log)

    class Ended(list[int]):
        """Before anybody looks at it, the thread of the calls begins a new file."""

        def __iter__(self) -> Iterator[int]:
            if not self:
                writer._turn(TODAY)
            return super().__iter__()

    writer._ended = Ended()
    writer.sync()
    assert (len(synced), writer._ended[:]) == (1, [])
    writer.sync()
    assert len(set(synced)) == 2
    log.close()


def test_files_that_could_not_be_synced_are_tried_again(
    tmp_path: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_synced(tmp_path, full=1)
    for _ in range(3):
        hand(log)

    def fail(_file: int) -> None:
        raise OSError(5, "input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="input/output"):
            log.decisions.writer.sync()
    log.decisions.writer.sync()
    assert len(set(synced)) == 3
    log.close()
