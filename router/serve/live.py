"""Watches the folders of the policies and of the snapshot, and replaces the state of a service when they change."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from watchfiles import awatch

from router.crm.snapshot import CURRENT, Snapshot, verify
from router.decide.model import Records
from router.errors import Problem, SnapshotError
from router.policy.renew import renewed
from router.policy.store import PolicyStore
from router.serve import memory
from router.serve.service import CaseRouter
from router.serve.state import Policies, State

_LOG = logging.getLogger("case_router.serve")
_WATCHED = ("*/*.y*ml", "*/holidays/*.txt")
"""Files of the policies, below their folder."""
_SHORTEST = 0.05
"""Seconds between two looks, at least."""

Seen: TypeAlias = tuple[tuple[object, ...], ...]
"""What files looked like: a file that was written, replaced or linked anew looks otherwise, whatever its clock says."""


@dataclass(slots=True)
class Live:
    """Keeps a service up to date with its folders; ``now`` is the clock of what it reports.

    What changed is read, compiled and made ready in a thread, while calls go on; then the state is replaced as a whole.
    Releases of the future are part of it, so every process comes to them at the same instant. What cannot be taken over
    is reported, and what was good stays.
    """

    service: CaseRouter
    policies: Path
    snapshot: Path | None
    now: Callable[[], int]
    shards: Sequence[int] = ()
    drafts: bool = False
    seconds: float = 2.0
    _seen: Seen = ()

    async def run(self) -> None:
        """Look after each event of the file system, and every so many seconds in case it has none; until cancelled."""
        await self.look(certain=True)  # what changed between the start and now
        async for told in self._wakes():
            await self.look(certain=told)

    async def look(self, *, certain: bool = False) -> None:
        """Take over what changed. ``certain``: something did, even if it looks the same."""
        seen = self.seen()
        if seen == self._seen and not certain:
            return
        self._seen = seen  # as it was before it is read: what changes meanwhile is seen at the next look
        last = self.service.state
        try:
            state, problems = await asyncio.to_thread(self._read, last)
        except Exception as error:  # noqa: BLE001 - whatever it is, the server goes on with what it has
            _LOG.error("policies and snapshot stay as they were", exc_info=error)
            state, problems = last, (Problem("reload-failed", f"the server could not read its files: {error!r}"),)
        self.service.state = state
        if self.service.log is not None and state.records is not last.records:
            self.service.log.recorders.forget()  # or a snapshot that was deleted would keep its place on the disk
        self._report(problems, taken=state is not last)

    def seen(self) -> Seen:
        """What the files look like now; nothing if the folder cannot be read, which reading them then tells."""
        try:
            paths = [path for pattern in _WATCHED for path in self.policies.glob(pattern)]
        except OSError:
            return ()
        return tuple(_looks(path) for path in sorted(paths) + ([self.snapshot / CURRENT] if self.snapshot else []))

    async def _wakes(self) -> AsyncIterator[bool]:
        """When to look, and whether the file system told that something changed."""
        pause = max(self.seconds, _SHORTEST)
        try:
            async for changes in awatch(
                self.policies, watch_filter=None, debounce=500, rust_timeout=round(pause * 1000), yield_on_timeout=True
            ):
                yield bool(changes)
        except (OSError, RuntimeError) as error:
            _LOG.warning("%s cannot be watched (%s); it is looked at every %s seconds", self.policies, error, pause)
        while True:
            await asyncio.sleep(pause)
            yield False

    # in a thread

    def _read(self, last: State) -> tuple[State, tuple[Problem, ...]]:
        """The state by the files as they are now, ready to decide, or ``last`` if it is the same; and what is wrong."""
        with memory.aside():
            policies, problems = self._policies(last.policies)
            records, wrong = self._records(last.records)
            if policies is last.policies and records is last.records:
                return last, problems + wrong
            return State(policies, records, last.engine_version).prepare(last), problems + wrong

    def _policies(self, last: Policies) -> tuple[Policies, tuple[Problem, ...]]:
        if not isinstance(last, PolicyStore):
            return last, ()
        policies, problems = renewed(last, self.policies, drafts=self.drafts)
        return policies, _below(problems, self.policies)

    def _records(self, last: Records) -> tuple[Records, tuple[Problem, ...]]:
        """The snapshot that is current now, every byte verified if it is a new one, or an old one cut anew."""
        if self.snapshot is None:
            return last, ()
        try:
            current = Snapshot.open(self.snapshot, self.shards)
            if isinstance(last, Snapshot) and (current.id, current.shards) == (last.id, last.shards):
                return last, ()
            verify(current)
        except SnapshotError as error:
            return last, _below(error.problems, self.snapshot)
        return current, ()

    def _report(self, problems: tuple[Problem, ...], *, taken: bool) -> None:
        report = self.service.reloads
        if taken:
            report.taken, report.taken_at = report.taken + 1, self.now()
            _LOG.info("policies and snapshot are taken over as they are now")
        if problems and problems != report.problems:
            report.refused, report.refused_at = report.refused + 1, self.now()
            _LOG.error("refused, what was good before stays:\n%s", "\n".join(map(str, problems)))
        report.problems = problems


def _looks(path: Path) -> tuple[object, ...]:
    try:
        found = path.stat()
    except OSError:
        return (str(path),)
    return str(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _below(problems: Iterable[Problem], root: Path) -> tuple[Problem, ...]:
    """Their files as seen from a folder: a client need not know where that stands."""
    return tuple(replace(each, where=os.path.relpath(each.where, root) if each.where else "") for each in problems)
