"""Appends lines to files of one process: a folder for each date, a new file when the date changes or one is full.

FOLDER/date=2026-11-22/20261122T101500.123456-9f86d081.ndjson

A line that was written is with the operating system and outlives the process. The file being written is locked by its
process, and the lock goes with it: so everybody can tell a file that still grows from one that does not.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from router.errors import LogError, Problem
from router.time import DAY, to_datetime

SUFFIX = ".ndjson"
FULL_FILE = 128 << 20
"""Bytes after which a file is full."""


@dataclass(slots=True)
class Writer:
    """Writes below one folder; one for each process, used by one thread. ``rows`` are those of the file being written.

    With ``syncs``, a file that is full stays open until :meth:`sync` has waited for it.
    """

    folder: Path
    full: int = FULL_FILE
    syncs: bool = False
    rows: int = 0
    _file: int = -1
    _size: int = 0
    _from: int = 0
    _until: int = 0
    _ended: list[int] = field(default_factory=list)
    """Files that are full and not yet on the disk."""

    def append(self, lines: list[bytes], at: int) -> None:
        """Hand lines to the operating system: all of them or, with :class:`LogError`, none.

        A line comes without its place in the file, with which it begins. ``at`` is the time by the clock.
        """
        if not self._from <= at < self._until or self._size >= self.full:
            self._turn(at)
        data = placed(lines, self.rows)
        try:
            written = os.write(self._file, data)
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise _not_written(self.folder, error) from error
        self._size += len(data)
        self.rows += len(lines)

    def _turn(self, at: int) -> None:
        """Begin a new file."""
        time = to_datetime(at)
        folder = self.folder / f"date={time:%Y-%m-%d}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{time:%Y%m%dT%H%M%S.%f}-{token_hex(4)}{SUFFIX}"  # no name comes twice, ever
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise _not_written(self.folder, error) from error
        if self._file >= 0:
            self._ended.append(self._file)
        if not self.syncs:
            self._retire()
        self._file, self._size, self.rows = file, 0, 0
        self._from = at // DAY * DAY
        self._until = self._from + DAY

    def _retire(self) -> None:
        """Close the files that are full, without waiting for the disk."""
        while self._ended:
            os.close(self._ended.pop())

    def sync(self) -> None:
        """Wait until all that was written before is on the disk. May run in another thread than the writing."""
        current = self._file
        ended = tuple(self._ended)  # the current one too, if it was full just now
        for file in ended:
            os.fdatasync(file)
            self._ended.remove(file)
            os.close(file)
        if current >= 0 and current not in ended:
            os.fdatasync(current)

    def close(self) -> None:
        """Close the file; the next line begins a new one."""
        self._retire()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._until = self._from


def placed(lines: Iterable[bytes], first: int = 0) -> bytes:
    r"""The lines, each with its place in the file.

    >>> placed([b'"a":1}\n', b'"a":2}\n'], first=7)
    b'{"n":7,"a":1}\n{"n":8,"a":2}\n'
    """
    return b"".join([b'{"n":%d,%b' % each for each in enumerate(lines, first)])


class GroupCommit:
    """Lets many callers wait for one sync: who comes while one runs waits for the next, together with all others."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._next: asyncio.Future[None] | None = None
        self._running: asyncio.Task[None] | None = None

    async def wait(self) -> None:
        """Wait until what was written before the call is on the disk. Raises :class:`LogError`."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        waiting = self._next
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        try:
            await asyncio.shield(waiting)
        except OSError as error:
            raise _not_written(self._writer.folder, error) from error

    async def _run(self) -> None:
        """Sync for whoever waits, as long as somebody does."""
        while (waiting := self._next) is not None:
            self._next = None
            try:
                await asyncio.to_thread(self._writer.sync)
            except OSError as error:
                waiting.set_exception(error)
                waiting.exception()  # who waited may be gone
            else:
                waiting.set_result(None)
        self._running = None


def _not_written(folder: Path, error: OSError) -> LogError:
    said = f"the decision cannot be logged: {error.strerror or error}; make room, or see `log_on_full`"
    return LogError([Problem("log-not-written", said, str(folder))])
