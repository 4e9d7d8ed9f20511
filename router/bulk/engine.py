"""What a run asks for, and what an engine makes of it: whichever does, everything after that is one code."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from router.errors import Problem, TableError
from router.frame.customers import Customers
from router.policy.model import Policy

Progress: TypeAlias = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and how much there is."""


class Cancelled(Exception):  # noqa: N818 - what was asked for is no error
    """The run was asked to stop, and left everything as it was."""


def no_queue(out: str, why: str) -> TableError:
    """The error of an output that could not be written."""
    message = f"the queue could not be written: {why}; what was there before stays as it was"
    return TableError([Problem("queue-not-written", message, out)])


@dataclass(frozen=True, slots=True)
class Run:
    """What to decide: names or patterns of the files of both tables, by which policy, about which customers, as of when;
    and where the queue goes. ``memory`` is a limit in bytes (0: the engine's own), ``budget`` is for suggestions
    of money, in minor units, ``report`` where a page for people goes, ``log`` the decision log that keeps the
    manifest under ``asked_at``, the time by the clock. ``called`` is what people
    call the output, where that is not ``out``: it goes elsewhere from there."""

    cases: Sequence[str]
    events: Sequence[str]
    policy: Policy
    customers: Customers
    now: int
    out: Path
    previous: Path | None = None
    with_accepted: bool = False
    budget: int | None = None
    report: Path | None = None
    log: Path | None = None
    asked_at: int = 0
    memory: int = 0
    parts: int = 0
    called: str = ""
    progress: Progress = lambda *_: None
    cancelled: Callable[[], bool] = lambda: False

    @property
    def name(self) -> str:
        """What people call the output."""
        return self.called or self.out.as_posix()

    def tell(self, doing: str, done: int, of: int) -> None:
        """Report progress. Raises ``Cancelled`` if nobody waits for the end any more."""
        if self.cancelled():
            raise Cancelled
        self.progress(doing, done, of)

    def keep_apart(self, files: Iterable[Path]) -> None:
        """A pattern may mean the output of an earlier run, which is no input: raises ``TableError``."""
        outputs = {file.resolve() for file in (self.out, self.report) if file is not None}
        same = [file for file in files if file.resolve() in outputs]
        if same:
            said = "is an input and the output at once; write to another file"
            raise TableError([Problem("bad-file", said, str(same[0]))])


@dataclass(frozen=True, slots=True)
class Decided:
    """A backlog whose decisions stand in order.

    ``inputs`` is what a manifest says of everything that went in. ``ranges`` gives the queue, some rows at a time, as often
    as it is called: decisions with their ``rank`` first, and what an earlier output says of each, if there is one; accepted
    cases come last, without a rank. There are ``rows`` of them; ``left`` cases of the earlier output wait no more.
    """

    inputs: Mapping[str, Any]
    remarks: tuple[str, ...]
    rows: int
    left: int
    ranges: Callable[[], Iterator[pl.DataFrame]]


Engine: TypeAlias = Callable[[Run, Path], Decided]
"""Takes a run and an empty folder to work in. Raises ``TableError`` with everything that is wrong."""
