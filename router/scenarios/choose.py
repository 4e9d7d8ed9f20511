"""Which scenario files a path stands for, and which policy decides them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from router.errors import PolicyError, Problem, nearby
from router.policy.model import Policy
from router.policy.store import is_policy_folder, newest_file, policy_folders, read_policy, read_text, version_files
from router.scenarios.load import scenario_files
from router.yaml import load

DEFAULT = "retail"
"""The policy for a scenario file that stands in no policy's folder."""


@dataclass(slots=True)
class PolicyChooser:
    """The policy for each scenario file; each policy is compiled once.

    ``given`` is what was asked for: a policy file, which decides all, a policy's folder, or a name below ``root``. Without
    it, a scenario is decided by the policy in whose folder its file stands, else by the default one below ``root``.
    ``newest`` decides where a scenario names no version; by default it is the file of the newest.
    """

    root: Path
    given: str = ""
    newest: Path | None = None
    compiled: dict[Path, Policy] = field(default_factory=dict)

    def __call__(self, file: Path, version: str) -> Policy:
        """The policy for a scenario file; ``version`` empty: the newest. Raises :class:`PolicyError`."""
        path = self.path(file, version)
        if path not in self.compiled:
            self.compiled[path] = read_policy(path)
        return self.compiled[path]

    def path(self, file: Path, version: str) -> Path:
        """Where that policy stands."""
        if self.given and Path(self.given).is_file():
            return Path(self.given)
        if self.newest is not None and version in {"", self.newest.stem}:
            return self.newest
        folder = self._folder(file)
        newest = newest_file(folder)
        if newest is None:
            raise PolicyError([Problem("missing-version", "there is no policy file in this folder", str(folder))])
        if not version or version == newest.stem:
            return newest
        versions = {path.stem: path for path in version_files(folder)}
        if version not in versions:
            said = f"there is no version {version} of {folder.name}; {nearby(version, versions)}"
            raise PolicyError([Problem("unknown-version", said, str(file))])
        return versions[version]

    def _folder(self, file: Path) -> Path:
        if self.given:
            return self._named(self.given)
        for parent in file.absolute().parents:
            if is_policy_folder(parent):
                return file.parent if parent == file.absolute().parent else _as_written(file, parent)
        return self._named(DEFAULT)

    def _named(self, name: str) -> Path:
        for folder in (self.root / name, Path(name)):
            if folder.is_dir() and is_policy_folder(folder):
                return folder
        known = [folder.name for folder in policy_folders(self.root) if is_policy_folder(folder)]
        said = f"no policy {name}: neither a file nor a folder, nor a name below {self.root}; {nearby(name, known)}"
        raise PolicyError([Problem("unknown-policy", said)])


def _as_written(file: Path, parent: Path) -> Path:
    """An absolute parent of ``file`` in the form in which the file was given, relative or not."""
    up = len(file.absolute().parts) - len(parent.parts)
    return file.parents[up - 1] if up <= len(file.parents) else parent


@dataclass(frozen=True, slots=True)
class Chosen:
    """Scenario files, and the one policy file to decide them with, if the path named one."""

    files: tuple[Path, ...]
    policy: Path | None = None


def choose(path: Path) -> Chosen:
    """The scenario files of a path: one of them, a folder, a policy file, a policy's folder, or the folder of all policies.

    Raises :class:`PolicyError` where there are none.
    """
    policy = None
    if path.is_file():
        data = load(read_text(path), str(path)).data
        if not isinstance(data, dict):
            return Chosen((path,))
        if "expect" in data or "case" in data:
            said = "a scenario file is a list; begin each scenario with a dash, as - name: …"
            raise PolicyError([Problem("bad-file", said, str(path))])
        policy, files = path, scenario_files(path.parent / "tests")
    elif not path.is_dir():
        raise PolicyError([Problem("bad-file", "there is no such file or folder", str(path))])
    elif is_policy_folder(path):
        files = scenario_files(path / "tests")
    elif folders := [folder for folder in policy_folders(path) if is_policy_folder(folder)]:
        files = [file for folder in folders for file in scenario_files(folder / "tests")]
    else:
        files = scenario_files(path)
    if not files:
        raise PolicyError(
            [Problem("bad-file", "there is no scenario file; they stand in the policy's folder tests/", str(path))]
        )
    return Chosen(tuple(files), policy)


def all_files(chosen: Iterable[Chosen]) -> tuple[Path, ...]:
    """Every file once, in order."""
    return tuple(dict.fromkeys(file for each in chosen for file in each.files))
