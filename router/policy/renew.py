"""Policies read again while they are served: what is good is taken over, what is not leaves the last good in its place.

A server must not be brought down by a file that is half written, edited by mistake, or gone. So a version that was compiled
stays as it was released, each policy is taken over or refused by itself, and releases that became fewer are refused.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from router.errors import PolicyError, Problem
from router.policy.compile import digest_of
from router.policy.model import Policy
from router.policy.releases import RELEASES, Release, edited, misplaced, name_of, read_releases, recorded_holidays
from router.policy.store import PolicyStore, Shelf, policy_folders, read_policy, read_text, version_files

_MadeT = TypeVar("_MadeT")


def renewed(last: PolicyStore, root: Path, *, drafts: bool = False) -> tuple[PolicyStore, tuple[Problem, ...]]:
    """The policies below ``root`` now, and what is wrong with those that stay as they were; ``last`` itself if all do."""
    problems: list[Problem] = []
    folders = _reading(root, problems, lambda: {name_of(folder): folder for folder in policy_folders(root)}) or {}
    for name in last.shelves.keys() - folders.keys():
        said = f"policy {name} is gone and is served as it was; restore its folder, or start the server again without it"
        problems.append(Problem("missing-version", said, str(root / name)))
    shelves = dict(last.shelves)
    for name, folder in folders.items():
        before = last.shelves.get(name, Shelf(name, {}, (), ()))
        after = _reading(folder, problems, _shelf(before, folder, problems, drafts=drafts))
        if after is not None and (after.versions or name in shelves):
            shelves[name] = after
    same = shelves.keys() == last.shelves.keys() and all(shelves[name] is last.shelves[name] for name in shelves)
    return (last if same else PolicyStore(dict(sorted(shelves.items())))), tuple(dict.fromkeys(problems))


def _shelf(last: Shelf, folder: Path, problems: list[Problem], *, drafts: bool) -> Callable[[], Shelf]:
    """Reads a policy's folder; gives ``last`` if nothing changed."""

    def read() -> Shelf:
        file = folder / RELEASES
        releases = read_releases(read_text(file), str(file)) if last.releases or file.is_file() else ()
        if releases[: len(last.releases)] != last.releases:
            said = (
                "entries that are served are gone or changed; releases only grow: restore them, and add what takes them back"
            )
            raise PolicyError([Problem("bad-release", said, str(file))])
        versions = {entry.version: _released(last, entry, folder, problems) for entry in releases}
        others = [path for path in version_files(folder) if path.stem not in versions]
        if drafts:
            for path in others:
                policy = _reading(path, problems, partial(read_policy, path)) or last.versions.get(path.stem)
                versions |= {path.stem: policy} if policy is not None else {}
        shelf = Shelf(last.name, versions, releases, () if drafts else tuple(path.stem for path in others))
        return last if _told(shelf) == _told(last) else shelf

    return read


def _told(shelf: Shelf) -> tuple[object, ...]:
    """What makes a shelf another one; a draft that is not served does not."""
    return shelf.releases, {version: policy.digest for version, policy in shelf.versions.items()}


def _released(last: Shelf, entry: Release, folder: Path, problems: list[Problem]) -> Policy:
    """A released version: as it was compiled before, whatever became of its file; else from its file.

    Raises :class:`PolicyError`.
    """
    path, known = folder / f"{entry.version}.yaml", last.versions.get(entry.version)
    if known is not None and known.digest == entry.digest:
        found = _reading(path, problems, lambda: digest_of(read_text(path), recorded_holidays(folder, path.stem) or ()))
        if found not in {None, entry.digest}:
            problems.append(edited(path, entry.version))
        return known
    policy = read_policy(path)
    if (policy.name, policy.version) != (last.name, entry.version):
        raise PolicyError([misplaced(path, policy)])
    if policy.digest != entry.digest:
        raise PolicyError([edited(path, entry.version)])
    return policy


def _reading(path: Path, problems: list[Problem], read: Callable[[], _MadeT]) -> _MadeT | None:
    """What ``read`` gives, or nothing and one more problem."""
    try:
        return read()
    except PolicyError as error:
        problems += error.problems
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem("bad-file", f"cannot be read: {error}", str(path)))
    return None
