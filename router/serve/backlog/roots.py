"""Where the files of a backlog may lie: below the server's roots, whatever a request, a pattern or a link says."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path, PurePath

from router.errors import Problem, RouterError

_LONGEST_NAME, _LONGEST = 200, 3_000
"""Bytes; a system takes 255 and 4,095, and a run adds some of its own."""
_CODE = "bad-location"


class LocationRefusedError(RouterError):
    """A location is not below the roots."""

    def __init__(self, problems: Iterable[Problem], roots: Sequence[Path]) -> None:
        super().__init__(problems)
        self.roots = tuple(map(str, roots))


class LocationError(RouterError):
    """A location is none."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders of files of one use; a relative location starts from the first."""

    folders: tuple[Path, ...]

    def files(self, field: str, location: str) -> list[Path]:
        """The files that a location means, links followed: those that match its patterns, else one that is not there.

        Nothing outside the roots is looked at; a pattern that matches a link to there is refused.
        Raises :class:`LocationRefusedError`, or :class:`LocationError`.
        """
        parts = self._below(field, location)
        found = [self._start(field, location)]
        for part in parts:
            named = [each for folder in found for each in _named(folder, part)]
            found = [self._inside(field, location, each) for each in named or [found[0] / part]]
        return found

    def file(self, field: str, location: str) -> Path:
        """The one file that a location names, links followed; a pattern is a name like any other."""
        found = self._start(field, location)
        for part in self._below(field, location):
            found = self._inside(field, location, found / part)
        return found

    def _below(self, field: str, location: str) -> tuple[str, ...]:
        """The names of a location from its root down."""
        if not location:
            raise LocationError([Problem(_CODE, "is required", field=field)])
        path = PurePath(location)
        long = len(location.encode()) > _LONGEST or any(len(part.encode()) > _LONGEST_NAME for part in path.parts)
        if "\0" in location or long or "**" in path.parts:
            said = "is no location: it is too long, holds a NUL, or has ** for folders at any depth"
            raise LocationError([Problem(_CODE, said, field=field)])
        parts = path.relative_to(self._root(field, location)).parts if path.is_absolute() else path.parts
        if not parts or ".." in parts:
            raise self._refused(field, location)
        return parts

    def _root(self, field: str, location: str) -> Path:
        for folder in self.folders:
            for root in (folder, folder.resolve()):
                if PurePath(location).is_relative_to(root):
                    return root
        raise self._refused(field, location)

    def _start(self, field: str, location: str) -> Path:
        return (self._root(field, location) if location.startswith(os.sep) else self.folders[0]).resolve()

    def _inside(self, field: str, location: str, path: Path) -> Path:
        found = Path(os.path.realpath(path))  # never fails, not even where links go round in a circle
        if not any(folder.resolve() in found.parents for folder in self.folders):
            raise self._refused(field, location)
        return found

    def _refused(self, field: str, location: str) -> LocationRefusedError:
        known = ", ".join(map(str, self.folders))
        said = f"{location} is not below a root of the server; roots: {known}"
        return LocationRefusedError([Problem(_CODE, said, field=field)], self.folders)


def _named(folder: Path, part: str) -> list[Path]:
    """What a name, or a pattern of names, means in a folder; nothing if there is no such thing."""
    if os.path.lexists(folder / part):
        return [folder / part]
    names = glob(part, root_dir=folder) if has_magic(part) else []  # noqa: PTH207 - names alone, hidden ones left out
    return [folder / name for name in sorted(names)]
