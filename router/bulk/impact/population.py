"""The cases that two versions of a policy decide, to be compared: a backlog in files, or what the decision log holds."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Protocol, TypeAlias

import polars as pl
from polars import col

from router.bulk import tables
from router.bulk.local import check_ids
from router.bulk.parts import LARGEST, Split, available_memory, parts_for, split
from router.bulk.reading import case_frame, event_frame, read_backlog
from router.errors import LogError, PolicyError, Problem
from router.frame.customers import Customers
from router.frame.decide import FrameDecider
from router.log.choose import Wanted, chosen
from router.log.files import Torn
from router.log.frame import columns_for, decided
from router.policy.model import Policy


class Versions(NamedTuple):
    """The two that are compared."""

    before: Policy
    after: Policy


Sides: TypeAlias = tuple[pl.LazyFrame, pl.LazyFrame]
"""Some cases as each version decides them."""


class Population(Protocol):
    """Cases that both versions can decide."""

    @property
    def versions(self) -> Versions:
        """Those that decide."""

    @property
    def told(self) -> str:
        """Which cases these are, in words."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about them."""

    def sides(self, columns: Sequence[str], only: Sequence[str] | None = None) -> Iterator[Sides]:
        """All cases, or ``only`` those with some ids, a part at a time: by each version, with these columns, lazily."""


def check_versions(versions: Versions) -> None:
    """Raise ``PolicyError`` where amounts of the one say nothing beside those of the other."""
    before, after = versions
    if before.currency != after.currency:
        said = f"the money of the one is in {before.currency}, of the other in {after.currency}; only the words are compared"
        raise PolicyError([Problem("bad-value", said)])


@dataclass(frozen=True, slots=True)
class BacklogCases:
    """A backlog, read and cut into parts that fit in memory; each version has its own table of cases."""

    versions: Versions
    told: str
    remarks: tuple[str, ...]
    cases: tuple[Split, Split]
    events: Split | None
    deciders: tuple[FrameDecider, FrameDecider]
    now: int

    def sides(self, columns: Sequence[str], only: Sequence[str] | None = None) -> Iterator[Sides]:
        """See :class:`Population`."""
        for before, after, events in zip(*self.cases, self.events or repeat(None, len(self.cases[0])), strict=True):
            happened = None if events is None else _only(events, only)
            first, second = (
                decider.decide(_only(cases, only), happened, self.now, columns)
                for decider, cases in zip(self.deciders, (before, after), strict=True)
            )
            yield first, second


def _only(frame: pl.LazyFrame, ids: Sequence[str] | None) -> pl.LazyFrame:
    return frame if ids is None else frame.filter(col("case_id").is_in(list(ids)))


@contextmanager
def backlog_cases(
    versions: Versions,
    cases: Sequence[str],
    events: Sequence[str],
    customers: Callable[[Policy], Customers],
    now: int,
    *,
    memory: int = 0,
) -> Iterator[BacklogCases]:
    """The backlog in some files, as ``case-router reprioritize`` reads it; ``customers`` are those that a policy can read.

    ``memory`` is in bytes, 0: half of the machine's. Raises ``TableError`` with everything that is wrong.
    """
    check_versions(versions)
    with TemporaryDirectory(prefix="case-router-") as folder:
        read = read_backlog(cases, events, versions.before)
        rows = 0 if read.events is None else read.events.rows
        parts = parts_for(read.cases.rows, rows, memory or available_memory())
        scratch = Path(folder)
        before = after = split(case_frame(read.cases, versions.before), scratch / "before", parts)
        if [*tables.attributes(versions.before)] != [*tables.attributes(versions.after)]:
            again = read_backlog(cases, [], versions.after)
            after = split(case_frame(again.cases, versions.after), scratch / "after", parts)
        happened = None
        if read.events is not None:
            happened = split(event_frame(read.events, versions.before), scratch / "events", parts)
        remarks = (*(said for table in read.tables for said in table.warnings), *check_ids(read, before, happened))
        deciders = (
            FrameDecider(versions.before, customers(versions.before)),
            FrameDecider(versions.after, customers(versions.after)),
        )
        told = f"the backlog {', '.join(cases)}"
        yield BacklogCases(versions, told, remarks, (before, after), happened, deciders, now)


@dataclass(frozen=True, slots=True)
class LoggedCases:
    """What a decision log holds of one policy: of each case the facts of its last decision."""

    versions: Versions
    told: str
    remarks: tuple[str, ...]
    records: pl.DataFrame

    def sides(self, columns: Sequence[str], only: Sequence[str] | None = None) -> Iterator[Sides]:
        """See :class:`Population`."""
        for start in range(0, self.records.height, LARGEST):
            part = _only(self.records.slice(start, LARGEST).lazy(), only)
            yield decided(part, self.versions.before, columns), decided(part, self.versions.after, columns)


def logged_cases(versions: Versions, log: Path, *, since: int | None = None, until: int | None = None) -> LoggedCases:
    """The cases of a log that were decided by any version of the policy ``before``, from ``since`` until before ``until``.

    Raises ``LogError`` where the log cannot be read, or holds none.
    """
    check_versions(versions)
    policy = versions.before
    torn = Torn()
    wanted = Wanted(policy=policy.name, since=since, until=until)
    columns = list(dict.fromkeys([*columns_for(versions), "opened_at", "decided_at", "currency"]))
    found = list(chosen(log, wanted, torn, columns))
    if not found:
        said = f"no decision of the policy {policy.name} in this time stands in the log"
        raise LogError([Problem("no-log", said, str(log))])
    records = pl.concat(found)
    ours = records.filter(col("currency") == policy.currency)
    last = ours.sort("decided_at", maintain_order=True).unique("case_id", keep="last", maintain_order=True)
    remarks = [f"the last line of {file.name} was cut off and is left out" for file in torn.files]
    if ours.height < records.height:
        remarks.append(f"{records.height - ours.height:,} decisions in another currency are left out")
    told = f"the decision log {log}: {records.height:,} decisions, of each case the last"
    return LoggedCases(versions, told, tuple(remarks), last)
