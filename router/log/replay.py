"""Decides logged facts again by the version that each record names, to find any difference."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import polars as pl

from router.decide.model import Decision
from router.errors import UnknownPolicyError
from router.log.again import OF_READING, Again, Record
from router.log.events import AsIs
from router.log.lines import read_lines
from router.log.record import Manner, Recorders
from router.log.tables import COLUMNS_COMPARED, Alike, alike, decide_again, without
from router.policy.model import Policy

COMPARED = (*COLUMNS_COMPARED, "timeline")
"""What has to come out as it was; the timeline is made again only from one record alone."""
AT_ONCE = 100_000
"""Records that are decided together; more take more memory."""

Policies = Callable[[str, str], Policy]
"""The policy of a name and version. Raises ``UnknownPolicyError``."""


class Difference(NamedTuple):
    """One column of one record that comes out otherwise."""

    decision_id: str
    case_id: str
    column: str
    logged: object
    now: object


@dataclass(slots=True)
class Replayed:
    """What a replay found. ``unknown`` counts records whose version is not there, or has another content."""

    records: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)


class Same:
    """Writes a decision that was made again as a record, to compare it with the one it was made from."""

    def __init__(self) -> None:
        self._recorders = Recorders(Manner(AsIs()))

    def __call__(self, decisions: Iterable[Decision]) -> list[Record]:
        """The records of decisions, as a reader has them."""
        lines = b"".join([b"{" + self._recorders.line(decision, 0) for decision in decisions])
        return list(read_lines(lines).iter_rows(named=True)) if lines else []


def rows(frames: Iterable[pl.DataFrame]) -> Iterator[Record]:
    """The records of frames, one by one."""
    for frame in frames:
        yield from frame.iter_rows(named=True)


def replay(frames: Iterable[pl.DataFrame], policies: Policies, *, most: int = 1_000) -> Replayed:
    """Decide records again by the version that each names, as columns. Of many differences the first ``most`` are kept."""
    done = Replayed()
    with ThreadPoolExecutor() as pool:
        for part in (part for frame in frames for part in frame.iter_slices(AT_ONCE)):
            done.records += part.height
            known: list[tuple[Alike, Policy]] = []
            for group in alike(part):
                policy = _policy(group.policy, group.version, group.digest, group.records.height, policies, done)
                if policy is not None:
                    known.append((group, policy))
            for differing, found in pool.map(lambda pair: _compare(pair[0], pair[1], most), known):
                done.differing += differing
                done.differences += found[: most - len(done.differences)]
    return done


def _compare(group: Alike, policy: Policy, most: int) -> tuple[int, list[Difference]]:
    """Decide records that are alike again: how many differ, and what does."""
    logged = group.records.with_columns(without(OF_READING, "warnings"))
    again = decide_again(group, policy)
    differ = pl.repeat(value=False, n=logged.height, dtype=pl.Boolean, eager=True)
    differences: list[Difference] = []
    for name in COLUMNS_COMPARED:
        before, after = logged.get_column(name), again.get_column(name)
        other = before.ne_missing(after)
        if other.any():
            differ |= other
            both = pl.DataFrame([logged["decision_id"], logged["case_id"], before.alias("logged"), after.alias("now")])
            found = both.filter(other).head(most - len(differences))
            differences += [
                Difference(decision, case, name, plain(was), plain(now)) for decision, case, was, now in found.iter_rows()
            ]
    return int(differ.sum()), differences


def replay_rows(records: Iterable[Record], policies: Policies, *, most: int = 1_000) -> Replayed:
    """As :func:`replay`, one by one by the row back end: a second opinion."""
    again, same, done = Again(), Same(), Replayed()
    for some in _batches(records):
        done.records += len(some)
        known = []
        for record in some:
            policy = _policy(record["policy"], record["policy_version"], record["policy_digest"], 1, policies, done)
            if policy is not None:
                known.append((record, policy))
        for (record, _), now in zip(known, same(again(*each) for each in known), strict=True):
            found = differences(record, now)
            done.differing += bool(found)
            done.differences += found[: most - len(done.differences)]
    return done


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """A thousand at a time."""
    rest = iter(records)
    while some := list(islice(rest, 1_000)):
        yield some


def _policy(name: str, version: str, digest: str, records: int, policies: Policies, done: Replayed) -> Policy | None:
    """The version that records name, if it is there with the content that it had."""
    try:
        policy = policies(name, version)
    except UnknownPolicyError:
        done.unknown[f"{name} {version} is not there"] += records
        return None
    if policy.digest != digest:
        done.unknown[f"{name} {version} has another content than {digest[:12]}"] += records
        return None
    return policy


def differences(record: Record, again: Record) -> list[Difference]:
    """The columns that differ."""
    pairs = ((name, plain(record.get(name)), plain(again.get(name))) for name in COMPARED)
    return [
        Difference(record["decision_id"], record["case_id"], name, logged, now)
        for name, logged, now in pairs
        if logged != now
    ]


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """A value without the fields that are missing, as one file has them and another has not."""
    if isinstance(value, list):
        return list(map(plain, value))
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items() if part is not None}
    return value
