"""The policies that a request means: versions of the server's own, and drafts that are sent."""

from dataclasses import dataclass, replace
from pathlib import Path

from router.errors import Problem, RouterError, UnknownPolicyError, nearby
from router.policy.compile import Written, compile_written
from router.policy.releases import RELEASES, in_force, read_releases
from router.policy.store import policy_folders, read_text, read_written, version_files


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version by its names, or the ``text`` of a draft; ``name`` is what problems call that."""

    name: str
    policy: str
    version: str
    text: str


@dataclass(frozen=True, slots=True)
class Shelves:
    """The policies below a folder, at one time. Nothing outside it is read, whatever a request says."""

    root: Path
    now: int

    def folder(self, name: str) -> Path:
        """The folder of the policy ``name`` (empty: the only one). Raises ``UnknownPolicyError``."""
        folders = {folder.name: folder for folder in policy_folders(self.root)}
        if not name and len(folders) == 1:
            return next(iter(folders.values()))
        if name not in folders:
            said = f"no policy {name}; {nearby(name, folders)}" if name else f"name one policy: {', '.join(folders)}"
            raise UnknownPolicyError(Problem("unknown-policy", said), folders)
        return folders[name]

    def file(self, name: str, version: str) -> Path:
        """The file of a version (empty: the one in force, else the newest). Raises ``UnknownPolicyError``."""
        folder = self.folder(name)
        files = {path.stem: path for path in version_files(folder)}
        chosen = version or self._in_force(folder) or next(reversed(files), "")
        if chosen not in files:
            said = f"policy {folder.name} has no version {chosen}; {nearby(chosen, files)}"
            raise UnknownPolicyError(Problem("unknown-version", said), files)
        return files[chosen]

    def written(self, wanted: Wanted) -> Written:
        """The version, compiled. Raises ``UnknownPolicyError``; ``PolicyError`` with all that is wrong."""
        if wanted.text:
            return compile_written(wanted.text, wanted.name)
        return read_written(self.file(wanted.policy, wanted.version))

    def _in_force(self, folder: Path) -> str:
        file = folder / RELEASES
        if not file.is_file():
            return ""
        current = in_force(read_releases(read_text(file), str(file)), self.now)
        return "" if current is None else current.version


def problems_of(error: RouterError, root: Path) -> tuple[Problem, ...]:
    """The problems, files by their places below the folder of the policies."""
    return tuple(_below(problem, root) for problem in error.problems)


def _below(problem: Problem, root: Path) -> Problem:
    where = Path(problem.where)
    if not where.is_absolute() or not where.is_relative_to(root):
        return problem
    told = problem.message.replace(f"{root}/", "")
    return replace(problem, message=told, where=str(where.relative_to(root)))
