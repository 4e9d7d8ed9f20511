"""Releases: which version of a policy is in force from when, and the public holidays that it was compiled with.

``policies/<name>/releases.yaml`` only ever grows. In force at a time is its last entry that is effective by then, so a
rollback is one more entry. An entry may put its version on trial instead, in shadow or for a share of the customers: the
trial goes on beside what is in force until an entry after it is effective.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from router.errors import PolicyError, Problem
from router.policy.document import Version
from router.policy.model import Policy
from router.time import FIRST, LAST, parse_instant
from router.yaml import Like, load

RELEASES = "releases.yaml"
SHADOW = "shadow"
_SHARE = re.compile(r"\d+(\.\d+)?%")


@dataclass(frozen=True, slots=True)
class Release:
    """One entry: the version, the content hash it had, from when it is in force (an instant), and who said so, why, when,
    and who approved it. ``trial``: ``shadow``, or the share of the customers whom it decides for, as ``5%``."""

    version: str
    digest: str
    effective_from: int
    by: str
    note: str
    recorded_at: int | None = None
    approved_by: str | None = None
    trial: str | None = None


def _instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time; write it as 2026-06-01T00:00:00Z") from error
    return text


def _trial(text: str) -> str:
    if text != SHADOW and not 0 < share_of(text) < 1:
        raise ValueError(f"{text!r} is no trial; write shadow, or a share of the customers between 0% and 100%, as 5%")
    return text


_Instant = Annotated[str, AfterValidator(_instant)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Version
    digest: Annotated[str, Like(r"^[0-9a-f]{64}$", "64 hexadecimal digits")]
    effective_from: _Instant
    by: str = Field(min_length=1)
    note: str
    recorded_at: _Instant | None = None
    approved_by: str | None = Field(None, min_length=1)
    trial: Annotated[str, AfterValidator(_trial)] | None = None


class _Entries(RootModel[list[_Entry]]):
    """The file."""


def read_releases(text: str, name: str) -> tuple[Release, ...]:
    """The entries of the releases file ``name``, in order. Raises :class:`PolicyError` with every problem."""
    source = load(text, name)
    if source.data is None:
        source.data = []
    entries = source.read(_Entries)
    digests: dict[str, str] = {}
    for index, entry in enumerate(entries.root if entries else ()):
        if said := backwards(entry.version, digests):
            source.problems.append(source.problem("version-backwards", said, (index, "version")))
        if digests.setdefault(entry.version, entry.digest) != entry.digest:
            said = f"version {entry.version} was released before with another digest; a released version never changes"
            source.problems.append(source.problem("bad-release", said, (index, "digest")))
    if entries is None or source.problems:
        raise PolicyError(source.problems)
    return tuple(
        Release(
            e.version,
            e.digest,
            parse_instant(e.effective_from),
            e.by,
            e.note,
            parse_instant(e.recorded_at) if e.recorded_at else None,
            e.approved_by,
            e.trial,
        )
        for e in entries.root
    )


def share_of(trial: str) -> float:
    """The share of the customers that a trial takes, from 0 to 1; 0 if it is none.

    >>> share_of("5%"), share_of("12.5%"), share_of("shadow")
    (0.05, 0.125, 0.0)
    """
    return float(trial.removesuffix("%")) / 100 if _SHARE.fullmatch(trial) else 0.0


def in_force(releases: Sequence[Release], now: int) -> Release | None:
    """The last entry that is effective by ``now``, trials left out.

    >>> old, new = Release("1.0.0", "", 0, "me", ""), Release("2.0.0", "", 10, "me", "")
    >>> in_force((old, new), 5).version, in_force((old, new, old), 20).version, in_force((new,), 5)
    ('1.0.0', '1.0.0', None)
    """
    return next((entry for entry in reversed(releases) if entry.effective_from <= now and entry.trial is None), None)


def on_trial(releases: Sequence[Release], now: int) -> Release | None:
    """The last entry that is effective by ``now``, if it is a trial: the next one ends it.

    >>> old, new = Release("1.0.0", "", 0, "me", ""), Release("2.0.0", "", 10, "me", "", trial="5%")
    >>> on_trial((old, new), 5), on_trial((old, new), 10).version, on_trial((old, new, old), 10)
    (None, '2.0.0', None)
    """
    last = next((entry for entry in reversed(releases) if entry.effective_from <= now), None)
    return last if last is not None and last.trial is not None else None


def steady(releases: Sequence[Release], now: int) -> tuple[int, int]:
    """The time around ``now`` in which no entry takes effect: from the first instant, up to but without the second.

    >>> old, new = Release("1.0.0", "", 0, "me", ""), Release("2.0.0", "", 10, "me", "")
    >>> steady((old, new), 5), steady((old, new), 10) == (10, LAST + 1)
    ((0, 10), True)
    """
    times = [entry.effective_from for entry in releases]
    since = max((time for time in times if time <= now), default=FIRST)
    return since, min((time for time in times if time > now), default=LAST + 1)


def to_come(releases: Sequence[Release], now: int) -> tuple[Release, ...]:
    """The entries that will be in force at some time after ``now``, the earliest first; trials left out.

    >>> old, new = Release("1.0.0", "", 0, "me", ""), Release("2.0.0", "", 10, "me", "")
    >>> [entry.version for entry in to_come((old, new), 5)], to_come((old, new, old), 5)
    (['2.0.0'], ())
    """
    found = {entry.effective_from: in_force(releases, entry.effective_from) for entry in releases if entry.trial is None}
    current = in_force(releases, now)
    times = sorted(time for time in found if time > now)
    return tuple(entry for time in times if (entry := found[time]) is not None and entry is not current)


def read_holidays(text: str, name: str) -> frozenset[date]:
    """The days of a holidays file: ``YYYY-MM-DD`` and a name on each line. Raises :class:`PolicyError`."""
    days, problems = set(), []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            days.add(date.fromisoformat(line.partition(" ")[0]))
        except ValueError:
            said = "a line of public holidays is a day and a name, as 2026-12-25 Christmas Day"
            problems.append(Problem("bad-holidays", said, name, number, 1, line, len(line)))
    if problems:
        raise PolicyError(problems)
    return frozenset(days)


def write_holidays(days: Mapping[date, str]) -> str:
    r"""The text of a holidays file.

    >>> write_holidays({date(2026, 12, 25): "Christmas Day"})
    '2026-12-25 Christmas Day\n'
    """
    return "".join(f"{day.isoformat()} {' '.join(name.split())}\n" for day, name in sorted(days.items()))


def recorded_holidays(folder: Path, version: str) -> frozenset[date] | None:
    """The public holidays recorded with a release of ``version``; ``None`` if none were."""
    path = folder / "holidays" / f"{version}.txt"
    return read_holidays(path.read_text("utf-8"), str(path)) if path.is_file() else None


def order_of(version: str) -> tuple[int, ...]:
    """What versions are sorted by.

    >>> max(["1.9.0", "1.10.0"], key=order_of)
    '1.10.0'
    """
    return tuple(int(part) if part.isdigit() else -1 for part in version.split("."))


def backwards(version: str, released: Iterable[str]) -> str:
    """What is said of a version that was never released and is lower than one that was; nothing of any other."""
    known = frozenset(released)
    highest = max(known, key=order_of, default=version)
    if version in known or order_of(version) >= order_of(highest):
        return ""
    return f"version {version} is lower than {highest}, which was released before; give it a number above {highest}"


def name_of(folder: Path) -> str:
    """The policy that a folder holds: its name as it was asked for, whatever a link leads to."""
    return folder.resolve().name if folder.name in {"", ".."} else folder.name


def edited(path: Path, version: str) -> Problem:
    """What is said of a released file that is no longer what was released."""
    return Problem(
        "edited-release",
        f"version {version} was released and has changed since: it, or its public holidays; restore it as it was, "
        "or release the change as a new version",
        str(path),
    )


def misplaced(path: Path, policy: Policy) -> Problem:
    """What is said of a policy file that stands under another name than its own."""
    said = f"by its policy and version the place of this file is {policy.name}/{policy.version}.yaml"
    return Problem("misplaced-policy", said, str(path))
