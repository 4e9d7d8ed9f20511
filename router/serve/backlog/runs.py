"""Runs over backlogs, each in a process of its own: started, listened to, and ended with the call that asked."""

import asyncio
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol

from router.files.whole import sweep
from router.serve.backlog.job import FAULT, HEAD, PROGRESS, REFUSED, Files, Job

_PULSE = 0.8
"""Seconds after which progress is told again although there is nothing new."""
COMMAND = (sys.executable, "-m", "router.serve.backlog.child")
"""What a run is started by."""


class Slots(Protocol):
    """A semaphore, which several processes may share."""

    def acquire(self, blocking: bool = ..., /) -> bool:  # noqa: FBT001 - the standard library's
        """Take one, if there is any left."""

    def release(self) -> None:
        """Give one back."""


class TooManyRunsError(Exception):
    """As many runs as are taken are going on."""


class RefusedError(Exception):
    """The run says what is wrong: ``status`` is a serialised ``google.rpc.Status``."""

    def __init__(self, status: bytes) -> None:
        super().__init__()
        self.status = status


class KilledError(Exception):
    """The system ended the run."""


class FailedError(Exception):
    """The run failed for a reason of its own, which the message tells."""


class Runs:
    """The runs of this process; together with those of others at most as many as there are ``slots``.

    ``command`` starts one; it reads a pickled job from its input and tells frames.
    """

    def __init__(self, slots: Slots, command: Sequence[str] = ()) -> None:
        self._slots = slots
        self._command = command
        self._going: dict[Process, object] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def take(self) -> None:
        """Take a slot, to be given back with :meth:`give_back`. Raises :class:`TooManyRunsError`."""
        if not self._slots.acquire(False):  # noqa: FBT003 - the standard library's
            raise TooManyRunsError

    def give_back(self) -> None:
        """The slot is free again."""
        self._slots.release()

    async def messages(self, job: object) -> AsyncGenerator[bytes, None]:
        """The serialised responses of a run, of progress at least one a second. Close it to end the run.

        Raises :class:`RefusedError`, :class:`KilledError` or :class:`FailedError`.
        """
        process = await asyncio.create_subprocess_exec(
            *(self._command or COMMAND), stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        self._going[process] = job
        try:
            with suppress(ConnectionError):  # it has ended before it had read all; what it says comes next
                process.stdin.write(await asyncio.to_thread(pickle.dumps, job))
                await process.stdin.drain()
            async for kind, body in _frames(process):
                if kind == REFUSED:
                    raise RefusedError(body)
                if kind == FAULT:
                    raise FailedError(body.decode())
                yield body
        finally:
            await self._end(process)

    async def close(self) -> None:
        """End all runs, and wait until they have gone."""
        await asyncio.gather(*map(self._end, self._going))

    async def _end(self, process: Process) -> None:
        """End a run at once, even while this task is cancelled again."""
        task = asyncio.ensure_future(self._kill(process))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        await asyncio.shield(task)

    async def _kill(self, process: Process) -> None:
        if process.returncode is None:
            process.kill()
            await process.wait()
        job = self._going.pop(process, None)
        if isinstance(job, Job) and isinstance(job.backlog, Files):
            await asyncio.to_thread(sweep, job.backlog.out)


async def _frames(process: Process) -> AsyncIterator[tuple[bytes, bytes]]:
    """What a run tells; its last progress again whenever it is silent, until there is an answer."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    progress, told = b"", False
    while True:
        reading = asyncio.ensure_future(_frame(process.stdout))
        try:
            while not (await asyncio.wait({reading}, timeout=_PULSE))[0]:
                if not told:
                    yield PROGRESS, progress
        finally:
            reading.cancel()
        found = reading.result()
        if found is None:
            break
        if found[0] == PROGRESS:
            progress = found[1]
        told = found[0] != PROGRESS
        yield found
    code = await process.wait()
    if code == -signal.SIGKILL:
        raise KilledError
    if code or not told:
        raise FailedError(f"the process of a run ended with {code}")


async def _frame(source: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """The next frame; ``None`` at the end, cut short or not."""
    try:
        head = await source.readexactly(HEAD)
        return head[:1], await source.readexactly(int.from_bytes(head[1:], "big"))
    except asyncio.IncompleteReadError:
        return None
