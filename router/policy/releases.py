"""Releases: which version of a policy is in force from when, and the public holidays that it was compiled with.

``policies/<name>/releases.yaml`` only ever grows. In force at a time is its last entry that is effective by then, so a
rollback is one more entry.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from router.errors import PolicyError, Problem
from router.policy.compile import compile_policy, holidays_of
from router.policy.document import Version
from router.policy.model import Policy
from router.time import format_instant, parse_instant
from router.yaml import Like, load

RELEASES = "releases.yaml"
HEADING = (
    "# Only ever grows. In force at a time is the last entry that is effective by then; a rollback is one more entry.\n"
)


@dataclass(frozen=True, slots=True)
class Release:
    """One entry: the version, the content hash it had, from when it is in force (an instant), and who said so, why, when."""

    version: str
    digest: str
    effective_from: int
    by: str
    note: str
    recorded_at: int | None = None


def _instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time; write it as 2026-06-01T00:00:00Z") from error
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
        )
        for e in entries.root
    )


def in_force(releases: Sequence[Release], now: int) -> Release | None:
    """The last entry that is effective by ``now``.

    >>> old, new = Release("1.0.0", "", 0, "me", ""), Release("2.0.0", "", 10, "me", "")
    >>> in_force((old, new), 5).version, in_force((old, new, old), 20).version, in_force((new,), 5)
    ('1.0.0', '1.0.0', None)
    """
    return next((release for release in reversed(releases) if release.effective_from <= now), None)


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


def release(
    root: Path, name: str, version: str, *, effective_from: int, by: str, note: str, recorded_at: int | None = None
) -> Release:
    """Put a version of a policy in force: compile it, record its public holidays, append an entry.

    A version that was released before is released again as it was (a rollback). Each file is written whole beside its place
    and then renamed, so that a reader sees all of it or nothing. Raises :class:`PolicyError`, and nothing is changed.
    """
    folder = root / name
    path = folder / f"{version}.yaml"
    if not path.is_file():
        raise PolicyError([Problem("missing-version", f"there is no file {path} to release", str(folder / RELEASES))])
    text = path.read_text("utf-8")
    with _locked(folder):
        file = folder / RELEASES
        before = file.read_text("utf-8") if file.is_file() else ""
        releases = read_releases(before, str(file))
        earlier = next((entry for entry in releases if entry.version == version), None)
        holidays = holidays_of(text, str(path)) if earlier is None else {}
        closed = frozenset(holidays) if earlier is None else recorded_holidays(folder, version) or frozenset()
        policy = compile_policy(text, str(path), closed)
        if (policy.name, policy.version) != (name, version):
            raise PolicyError([misplaced(path, policy)])
        entry = Release(version, policy.digest, effective_from, by, note, recorded_at)
        if earlier is not None and earlier.digest != entry.digest:
            raise PolicyError([edited(path, version)])
        after = (before or HEADING) + _written(entry)
        if read_releases(after, str(file)) != (*releases, entry):
            said = "the entry cannot be appended: write the file as a block list, and by and note in printable characters"
            raise PolicyError([Problem("bad-release", said, str(file))])
        if holidays:
            _replace(folder / "holidays" / f"{version}.txt", write_holidays(holidays))
        _replace(file, after)
    return entry


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


def _written(entry: Release) -> str:
    lines: Iterable[tuple[str, str]] = [
        ("version", entry.version),
        ("digest", entry.digest),
        ("effective_from", format_instant(entry.effective_from)),
        ("by", json.dumps(entry.by, ensure_ascii=False)),
        ("note", json.dumps(entry.note, ensure_ascii=False)),
    ]
    if entry.recorded_at is not None:
        lines = [*lines, ("recorded_at", format_instant(entry.recorded_at))]
    return "- " + "\n  ".join(f"{key}: {value}" for key, value in lines) + "\n"


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One release of a policy at a time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
