"""The decision log as a server uses it: a line for each decision, written before the reply."""

import json
import logging
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from secrets import token_hex

from router.decide.model import Decision
from router.errors import LogError, Problem
from router.files import whole
from router.log.layout import LAYOUT, layout_file
from router.log.outcomes import Outcome
from router.log.record import Manner, Recorders
from router.log.writer import FULL_FILE, GroupCommit, Writer

_LOG = logging.getLogger("case_router.log")
DECISIONS, OUTCOMES, RUNS, SHADOW = "decisions", "outcomes", "runs", "shadow"
"""The folders of a log."""


class Durability(StrEnum):
    """What a reply waits for: that the operating system has the record, or that the disk has it."""

    SYSTEM = "system"
    SYNC = "sync"


class OnFull(StrEnum):
    """What becomes of a decision that cannot be logged: it is refused, or given with a warning and counted."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(slots=True)
class Log:
    """Lines below one folder; ``commit`` waits for the disk, if somebody wants to."""

    writer: Writer
    commit: GroupCommit | None


@dataclass(slots=True)
class DecisionLog:
    """Writes decisions into a folder, and where a version in shadow would have decided otherwise.

    ``lost`` counts decisions that were given and could not be logged.
    """

    decisions: Log
    outcomes: Log
    shadow: Writer
    recorders: Recorders
    on_full: OnFull
    lost: int = 0

    def line(self, decision: Decision, decided_at: int) -> bytes:
        """What :meth:`keep` takes for a decision."""
        return self.recorders.line(decision, decided_at)

    def keep(self, lines: list[bytes], decided_at: int) -> bool:
        """Hand decisions to the operating system, all or none, before their reply is sent; where it ``waits``, it waits for
        :meth:`on_disk` too. False if that failed and they may be given all the same.

        Raises :class:`LogError` if it failed and they may not.
        """
        try:
            self.decisions.writer.append(lines, decided_at)
        except LogError as error:
            self._lose(len(lines), error)
            return False
        return True

    @property
    def waits(self) -> bool:
        """Whether a reply waits for the disk."""
        return self.decisions.commit is not None

    async def on_disk(self, count: int) -> bool:
        """Wait until the disk has what was kept, the last ``count`` among it; answers and raises as :meth:`keep`."""
        try:
            await _synced(self.decisions)
        except LogError as error:
            self._lose(count, error)
            return False
        return True

    def _lose(self, count: int, error: LogError) -> None:
        if self.on_full is OnFull.REFUSE:
            raise error
        if not self.lost:
            _LOG.error("%s; decisions are given without a record", error)
        self.lost += count

    async def tell(self, outcome: Outcome, recorded_at: int) -> None:
        """Keep what came of a decision. Raises :class:`LogError`."""
        self.outcomes.writer.append([outcome.line(recorded_at)], recorded_at)
        await _synced(self.outcomes)

    def differ(self, line: bytes, at: int) -> None:
        """Keep what a version in shadow would have decided otherwise; nobody waits for it. Raises :class:`LogError`."""
        self.shadow.append([line], at)

    def close(self) -> None:
        """Close the files being written."""
        self.decisions.writer.close()
        self.outcomes.writer.close()
        self.shadow.close()


async def _synced(log: Log) -> None:
    if log.commit is not None:
        await log.commit.wait()


def open_log(
    folder: Path,
    manner: Manner,
    *,
    durability: Durability = Durability.SYSTEM,
    on_full: OnFull = OnFull.REFUSE,
    full: int = FULL_FILE,
) -> DecisionLog:
    """A log in ``folder``, which is made if need be; the first decision begins a file. Raises :class:`LogError`."""
    try:
        (folder / DECISIONS).mkdir(parents=True, exist_ok=True)
        _keep_layout(folder / DECISIONS)
    except OSError as error:
        said = f"the folder of the log cannot be made: {error.strerror}"
        raise LogError([Problem("log-not-written", said, str(folder))]) from error
    if not os.access(folder / DECISIONS, os.W_OK):
        raise LogError([Problem("log-not-written", "the folder of the log cannot be written to", str(folder))])

    def below(name: str) -> Log:
        writer = Writer(folder / name, full, syncs=waits)
        return Log(writer, GroupCommit(writer) if waits else None)

    waits = durability is Durability.SYNC
    shadow = Writer(folder / SHADOW, full)
    return DecisionLog(below(DECISIONS), below(OUTCOMES), shadow, Recorders(manner), on_full)


def _keep_layout(folder: Path) -> None:
    """Put beside the lines what stands where in them. Several processes may do so at once."""
    if not layout_file(folder).is_file():
        new = folder / f".layout-{token_hex(4)}"
        new.write_text(json.dumps(LAYOUT, indent=1) + "\n", encoding="utf-8")
        whole.put(new, layout_file(folder))
