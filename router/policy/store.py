"""The policies that are served: every version in its file, and which is in force when."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from router.errors import PolicyError, Problem, UnknownPolicyError, nearby
from router.policy.compile import Written, compile_written
from router.policy.model import Policy
from router.policy.releases import (
    RELEASES,
    Release,
    edited,
    in_force,
    misplaced,
    name_of,
    on_trial,
    order_of,
    read_releases,
    recorded_holidays,
    share_of,
    steady,
)
from router.policy.trial import Trial
from router.time import format_instant

_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One policy: the versions that are served, the entries of its releases, drafts that are not served, and what is wrong
    with files that were never released, by the version in their names."""

    name: str
    versions: Mapping[str, Policy]
    releases: tuple[Release, ...]
    drafts: tuple[str, ...]
    unread: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    def get(self, version: str, now: int) -> Policy:
        """``version``, or without one that in force at ``now``, else the newest draft.

        Raises :class:`UnknownPolicyError`, and :class:`PolicyError` for a draft that cannot be read.
        """
        if version:
            if version in self.unread:
                raise PolicyError(self.unread[version])
            if version in self.versions:
                return self.versions[version]
            if version in self.drafts:
                said = f"version {version} of {self.name} is a draft; release it, or serve with drafts"
            else:
                said = f"policy {self.name} has no version {version}; {nearby(version, self.versions)}"
            raise UnknownPolicyError(Problem("unknown-version", said), self.versions)
        current = in_force(self.releases, now)
        if current is not None:
            return self.versions[current.version]
        drafts = (self.versions.keys() | self.unread.keys()) - {entry.version for entry in self.releases}
        if drafts:
            return self.get(max(drafts, key=order_of), now)
        said = f"no version of {self.name} is in force at {format_instant(now)}"
        if first := [entry.effective_from for entry in self.releases if entry.trial is None]:
            said += f"; the first is from {format_instant(min(first))}"
        elif self.drafts:
            said += f"; there are drafts: {', '.join(self.drafts)}"
        raise UnknownPolicyError(Problem("unknown-version", said), self.versions)

    def trial(self, now: int) -> Trial | None:
        """The version on trial at ``now``."""
        entry = on_trial(self.releases, now)
        return Trial(self.versions[entry.version], share_of(entry.trial or "")) if entry is not None else None

    def steady(self, now: int) -> tuple[int, int]:
        """The time around ``now`` in which nothing takes effect, without its end."""
        return steady(self.releases, now)


@dataclass(frozen=True, slots=True)
class PolicyStore:
    """Every policy below one folder, compiled; one state of the releases."""

    shelves: Mapping[str, Shelf]

    @classmethod
    def open(cls, root: Path, *, drafts: bool = False) -> "PolicyStore":
        """Read ``<root>/<name>/<version>.yaml`` and ``<root>/<name>/releases.yaml``.

        ``drafts`` serves versions without an entry too. Raises :class:`PolicyError` with every problem of every file.
        """
        folders = policy_folders(root)
        shelves: dict[str, Shelf] = {}
        problems: list[Problem] = []
        if not folders:
            problems.append(Problem("missing-version", "there is no policy below this folder", str(root)))
        for folder in folders:
            shelf = _read_shelf(folder, problems, drafts=drafts)
            problems += (problem for wrong in shelf.unread.values() for problem in wrong)
            shelves[shelf.name] = shelf
        if problems:
            raise PolicyError(problems)
        return cls(shelves)

    def get(self, name: str, version: str, now: int) -> Policy:
        """The policy ``name`` (empty: the only one there is) in ``version`` (empty: that in force at ``now``).

        Raises :class:`UnknownPolicyError` naming what exists.
        """
        if not name and len(self.shelves) == 1:
            return next(iter(self.shelves.values())).get(version, now)
        if name in self.shelves:
            return self.shelves[name].get(version, now)
        said = f"no policy {name}; {nearby(name, self.shelves)}" if name else f"name one policy: {', '.join(self.shelves)}"
        raise UnknownPolicyError(Problem("unknown-policy", said), self.shelves)

    def trial(self, name: str, now: int) -> Trial | None:
        """The version of the policy ``name`` on trial at ``now``."""
        return self.shelves[name].trial(now)

    def steady(self, name: str, now: int) -> tuple[int, int]:
        """The time around ``now`` in which nothing of the policy ``name`` takes effect, without its end."""
        return self.shelves[name].steady(now)

    def remarks(self, now: int) -> Iterator[str]:
        """What is said of each policy of which no version decides at ``now``, and of each draft that may decide."""
        for policy, _, draft in self.versions(now):
            if draft:
                yield f"{policy.name} {policy.version} is served as a draft; `policy check` says whether it is fair"
        for shelf in self.shelves.values():
            try:
                shelf.get("", now)
            except UnknownPolicyError as error:
                yield f"{error}; release one, or serve with drafts" if shelf.drafts else str(error)

    def versions(self, now: int) -> Iterator[tuple[Policy, bool, bool]]:
        """Every policy that is served, whether it is in force at ``now``, and whether it is a draft."""
        for shelf in self.shelves.values():
            current = in_force(shelf.releases, now)
            released = {entry.version for entry in shelf.releases}
            for version, policy in shelf.versions.items():
                yield policy, current is not None and current.version == version, version not in released


def open_shelf(folder: Path) -> Shelf:
    """One policy's folder, compiled, drafts too; what is wrong with a draft stands in the way of who asks for it alone.

    Raises :class:`PolicyError` with every other problem of every file.
    """
    problems: list[Problem] = []
    shelf = _read_shelf(folder, problems, drafts=True)
    if problems:
        raise PolicyError(problems)
    return shelf


def named_shelf(root: Path, name: str) -> Shelf:
    """One policy below ``root``, drafts too. Raises :class:`UnknownPolicyError`, and :class:`PolicyError` as above."""
    known = [folder.name for folder in policy_folders(root)]
    if name not in known:
        raise UnknownPolicyError(Problem("unknown-policy", f"no policy {name}; {nearby(name, known)}"), known)
    return open_shelf(root / name)


def shipped_policies() -> Path:
    """The folder of the policies that come with the package."""
    return Path(str(files("router"))) / "_shipped" / "policies"


def policy_folders(root: Path) -> list[Path]:
    """The folders below ``root`` that hold a policy."""
    if not root.is_dir():
        return []
    return [f for f in sorted(root.iterdir()) if f.is_dir() and ((f / RELEASES).is_file() or version_files(f))]


def is_policy_folder(folder: Path) -> bool:
    """Whether releases, or a file named as a version, stand directly in ``folder``."""
    return (folder / RELEASES).is_file() or any(_VERSION.fullmatch(path.stem) for path in version_files(folder))


def version_files(folder: Path) -> list[Path]:
    """The policy files of a folder, oldest version first."""
    found = [path for path in folder.glob("*.y*ml") if path.suffix in {".yaml", ".yml"}]
    found = [path for path in found if path.name != RELEASES and not path.name.startswith(".")]
    return sorted(found, key=lambda path: (order_of(path.stem), path.name))


def newest_file(folder: Path) -> Path | None:
    """The file of the newest version in a policy's folder, draft or not."""
    return max(version_files(folder), key=lambda path: order_of(path.stem), default=None)


def read_policy(path: Path) -> Policy:
    """Compile one policy file, with the public holidays recorded when it was released, else with today's.

    Raises :class:`PolicyError` with every problem.
    """
    return read_written(path).policy


def read_written(path: Path) -> Written:
    """The same, with the text that it was compiled from."""
    return compile_written(read_text(path), str(path), recorded_holidays(path.parent, path.stem))


def read_text(path: Path) -> str:
    """The text of a file. Raises :class:`PolicyError` if it cannot be read."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        said = f"byte {error.start} is not UTF-8; save the file as UTF-8"
        raise PolicyError([Problem("bad-file", said, str(path))]) from error
    except OSError as error:
        raise PolicyError([Problem("bad-file", f"cannot be read: {error.strerror}", str(path))]) from error


def released_digests(folder: Path) -> Mapping[str, str]:
    """The versions that the releases of a folder name, each with its digest; none where they cannot be read."""
    file = folder / RELEASES
    try:
        return {e.version: e.digest for e in read_releases(read_text(file), str(file))} if file.is_file() else {}
    except PolicyError:
        return {}


def beside_releases(path: Path, policy: Policy) -> Iterator[Problem]:
    """What is said of a single policy file if it is named as another version, or was released and has changed since."""
    if _VERSION.fullmatch(path.stem) and path.stem != policy.version:
        yield misplaced(path, policy)
    if released_digests(path.parent).get(policy.version, policy.digest) != policy.digest:
        yield edited(path, policy.version)


def check_folder(folder: Path) -> tuple[tuple[Written, ...], tuple[Problem, ...]]:
    """Every version of one policy, drafts too, and everything that is wrong in its folder."""
    problems: list[Problem] = []
    _, versions, unread = _read_folder(folder, problems)
    return tuple(versions.values()), (*problems, *(problem for wrong in unread.values() for problem in wrong))


def _read_shelf(folder: Path, problems: list[Problem], *, drafts: bool) -> Shelf:
    releases, versions, unread = _read_folder(folder, problems)
    versions = {version: each for version, each in versions.items() if Path(each.source.name).stem not in unread}
    unreleased = tuple(version for version in versions if all(entry.version != version for entry in releases))
    served = {version: each.policy for version, each in versions.items() if drafts or version not in unreleased}
    return Shelf(name_of(folder), served, tuple(releases), () if drafts else unreleased, unread)


def _read_folder(
    folder: Path, problems: list[Problem]
) -> tuple[Sequence[Release], Mapping[str, Written], Mapping[str, tuple[Problem, ...]]]:
    """The releases and the versions of a folder, and what is wrong with each file that was never released; with all else
    are ``problems``."""
    releases: Sequence[Release] = ()
    file = folder / RELEASES
    try:
        releases = read_releases(read_text(file), str(file)) if file.is_file() else ()
    except PolicyError as error:
        problems += error.problems
    digests = {entry.version: entry.digest for entry in releases}
    missing = list(digests)
    versions: dict[str, Written] = {}
    unread: dict[str, tuple[Problem, ...]] = {}
    for path in sorted(version_files(folder), key=lambda path: path.stem not in digests):
        version, wrong = _read_version(folder, path, versions, digests)
        missing = [each for each in missing if each != version]
        if version in digests:
            problems += wrong
        elif wrong:
            unread[path.stem] = wrong
    for version in missing:
        index = next(index for index, entry in enumerate(releases) if entry.version == version)
        said = f"version {version} was released and its file {version}.yaml is not there; restore it"
        problems.append(Problem("missing-version", said, str(file), field=f"[{index}]"))
    return releases, versions, unread


def _read_version(
    folder: Path, path: Path, versions: dict[str, Written], digests: Mapping[str, str]
) -> tuple[str, tuple[Problem, ...]]:
    """Read one file into ``versions``, the released ones before all others: the version that it is, and what is wrong."""
    try:
        written = read_written(path)
    except PolicyError as error:
        return path.stem, error.problems
    policy = written.policy
    if policy.version in versions:
        other = Path(versions[policy.version].source.name).name
        said = f"version {policy.version} is there already, in {other}; give one of them a number of its own"
        return path.stem, (Problem("duplicate-version", said, str(path)),)
    versions[policy.version] = written
    wrong = []
    if (name_of(folder), path.name) != (policy.name, f"{policy.version}.yaml"):
        wrong.append(misplaced(path, policy))
    if digests.get(policy.version, policy.digest) != policy.digest:
        wrong.append(edited(path, policy.version))
    return policy.version, tuple(wrong)
