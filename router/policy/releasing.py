"""Releasing: puts a version of a policy in force, or an earlier one again, and tells of it in the changelog."""

import fcntl
import json
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from router.errors import PolicyError, Problem
from router.files import whole
from router.policy.changelog import CHANGELOG, told, with_entry
from router.policy.compile import Written, compile_written, holidays_of
from router.policy.difference import difference
from router.policy.releases import (
    RELEASES,
    Release,
    backwards,
    edited,
    in_force,
    misplaced,
    name_of,
    on_trial,
    order_of,
    read_releases,
    recorded_holidays,
    write_holidays,
)
from router.policy.store import read_text
from router.time import format_instant

HEADING = (
    "# Only ever grows. In force at a time is the last entry that is effective by then; a rollback is one more entry.\n"
)


def check_approval(by: str, approved_by: str | None, *, required: bool) -> None:
    """Four eyes: who approves a release is not who makes it, however they spell it. Raises :class:`PolicyError`."""
    said = ""
    if approved_by is not None and _seen(approved_by) == _seen(by):
        said = f"{by} cannot approve their own release; name somebody else with --approved-by"
    elif required and not _seen(approved_by or ""):
        said = "a release needs the approval of a second person here; name them with --approved-by"
    if said:
        raise PolicyError([Problem("not-approved", said)])


def _seen(text: str) -> str:
    r"""A text as two people would call it the same: without case, forms of a letter, blanks, and what nobody sees.

    >>> _seen("Ann  LEE\u200b") == _seen("\uff21nn\u00a0Lee ")
    True
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(sign for sign in folded if unicodedata.category(sign) != "Cf").split())


def release(  # noqa: PLR0913 - an argument for each part of an entry
    root: Path,
    name: str,
    version: str,
    *,
    effective_from: int,
    by: str,
    note: str,
    recorded_at: int | None = None,
    approved_by: str | None = None,
    trial: str | None = None,
) -> Release:
    """Put a version of a policy in force: compile it, record its public holidays, write the changelog, append an entry.

    With ``trial`` it is put on trial beside what is in force: ``shadow``, or a share of the customers as ``5%``. The highest
    version may be released again, as it was. Each file is written whole beside its place and then renamed, so
    that a reader sees all of it or nothing. Raises :class:`PolicyError`, and nothing is changed.
    """
    path = root / name / f"{version}.yaml"
    if not path.is_file():
        file = root / name / RELEASES
        raise PolicyError([Problem("missing-version", f"there is no file {path} to release", str(file))])
    with _opened(root / name) as book:
        known = {entry.version for entry in book.releases}
        said = backwards(version, known)
        if version in known and order_of(version) < max(map(order_of, known)):
            said = (
                f"version {version} was released before and is not the highest: case-router policy rollback {name} {version}"
            )
        if said:
            raise PolicyError([Problem("version-backwards", said, str(path))])
        if trial is not None and in_force(book.releases, effective_from) is None:
            said = f"no version of {name} is in force then, so there is nothing to try {version} beside"
            raise PolicyError([Problem("unknown-version", said, str(book.file))])
        return book.append(Release(version, "", effective_from, by, note, recorded_at, approved_by, trial))


def rollback(
    root: Path,
    name: str,
    version: str = "",
    *,
    effective_from: int,
    by: str,
    note: str,
    recorded_at: int | None = None,
    approved_by: str | None = None,
) -> Release:
    """Put a version in force again that was released before; without one, take back the last entry.

    Where that is still to come, or a trial, what is in force stays, and the trial ends; else the lower version comes back
    that was in force before. What was to come into force later no longer does: in force is the last entry. Raises
    :class:`PolicyError`.
    """
    with _opened(root / name) as book:
        current = in_force(book.releases, effective_from)
        stays = on_trial(book.releases, effective_from) or _to_come(book.releases, effective_from)
        version = version or (current.version if stays and current else _before(book.releases, effective_from, name))
        if version not in {entry.version for entry in book.releases}:
            said = f"version {version} of {name} was never released, so there is no way back to it"
            raise PolicyError([Problem("unknown-version", said, str(book.file))])
        if current is not None and current is book.releases[-1] and current.version == version:
            said = f"version {version} of {name} is in force already"
            raise PolicyError([Problem("unknown-version", said, str(book.file))])
        return book.append(Release(version, "", effective_from, by, note, recorded_at, approved_by))


def _to_come(releases: Sequence[Release], now: int) -> bool:
    """Whether the last entry is still to come at ``now``."""
    return bool(releases) and releases[-1].effective_from > now


def _before(releases: Sequence[Release], now: int, name: str) -> str:
    """The lower version that was in force last before the one that is at ``now``: to say it twice goes back twice, never
    forward again."""
    full = [
        entry.version
        for index, entry in enumerate(releases)
        if entry.trial is None
        and entry.effective_from <= now
        and not any(_since(later) <= entry.effective_from for later in releases[index + 1 :] if later.trial is None)
    ]
    found = next((version for version in reversed(full) if order_of(version) < order_of(full[-1])), "")
    if not found:
        said = f"no lower version of {name} was in force before; name one that was released"
        raise PolicyError([Problem("unknown-version", said)])
    return found


def _since(entry: Release) -> int:
    """When an entry took force: one that is dated back, when it was made."""
    return max(entry.effective_from, entry.recorded_at or entry.effective_from)


@dataclass(frozen=True, slots=True)
class _Book:
    """The releases of one policy, held alone while one is appended."""

    folder: Path
    file: Path
    text: str
    releases: tuple[Release, ...]

    def append(self, entry: Release) -> Release:
        """Write the entry, with the digest of its version."""
        for option, text in (("by", entry.by), ("note", entry.note), ("approved-by", entry.approved_by)):
            if text is not None and not _seen(text):
                said = f"--{option} is blank; a release says who made it, why, and who approved it"
                raise PolicyError([Problem("bad-release", said, str(self.file))])
        version = entry.version
        path = self.folder / f"{version}.yaml"
        earlier = next((each for each in self.releases if each.version == version), None)
        written, holidays = self.compiled(path, version, again=earlier is not None)
        if (written.policy.name, written.policy.version) != (name_of(self.folder), version):
            raise PolicyError([misplaced(path, written.policy)])
        entry = replace(entry, digest=written.policy.digest)
        if earlier is not None and earlier.digest != entry.digest:
            raise PolicyError([edited(path, version)])
        after = self.appended(entry)
        changes = self.changes(entry, written)
        log = self.folder / CHANGELOG
        before = read_text(log) if log.is_file() else ""
        if holidays:
            kept = self.folder / "holidays"
            kept.mkdir(exist_ok=True)
            whole.write(kept / f"{version}.txt", write_holidays(holidays).encode())
        whole.write(log, with_entry(before, name_of(self.folder), changes).encode())
        try:
            whole.write(self.file, after.encode())
        except OSError:
            whole.write(log, before.encode())
            raise
        return entry

    def appended(self, entry: Release) -> str:
        """The text with one more entry; of a list without any, the comments stay."""
        lines = [line for line in self.text.split("\n") if self.releases or line.startswith("#")]
        after = ("\n".join(lines).rstrip("\n") + "\n" if lines else HEADING) + _written(entry)
        read_releases(HEADING + _written(entry), str(self.file))  # refuses what is wrong with the entry itself
        try:
            read = read_releases(after, str(self.file))
        except PolicyError:
            read = ()
        if read != (*self.releases, entry):
            said = "the entry cannot be appended: write the file as a block list, and by and note in printable characters"
            raise PolicyError([Problem("bad-release", said, str(self.file))])
        return after

    def compiled(self, path: Path, version: str, *, again: bool) -> tuple[Written, Mapping[date, str]]:
        """A version with the public holidays recorded with it, else with today's, which are to be recorded."""
        text = read_text(path)
        if again:
            return compile_written(text, str(path), recorded_holidays(self.folder, version) or frozenset()), {}
        holidays = holidays_of(text, str(path))
        return compile_written(text, str(path), frozenset(holidays)), holidays

    def changes(self, entry: Release, written: Written) -> str:
        """What the changelog says: the differences from the version that was in force until then."""
        before = in_force(self.releases, _since(entry))
        if before is None:
            return told(entry, None, ())
        path = self.folder / f"{before.version}.yaml"
        text = read_text(path) if path.is_file() else ""
        old = compile_written(text, str(path), recorded_holidays(self.folder, before.version) or frozenset())
        return told(entry, before.version, difference(old, written))


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
    if entry.approved_by is not None:
        lines = [*lines, ("approved_by", json.dumps(entry.approved_by, ensure_ascii=False))]
    if entry.trial is not None:
        lines = [*lines, ("trial", entry.trial)]
    return "- " + "\n  ".join(f"{key}: {value}" for key, value in lines) + "\n"


@contextmanager
def _opened(folder: Path) -> Iterator[_Book]:
    """The releases of a policy; one at a time writes them."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        file = folder / RELEASES
        text = read_text(file) if file.is_file() else ""
        yield _Book(folder, file, text, read_releases(text, str(file)))
    finally:
        os.close(handle)
