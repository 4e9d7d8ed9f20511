"""Whether a log is what was written: every sealed file byte for byte, every line whole and in its place."""

from dataclasses import dataclass, field
from pathlib import Path

import orjson

from router.errors import LogError, Problem
from router.files import whole
from router.log import files
from router.log.compact import KINDS
from router.log.files import alone, read_manifest
from router.log.key import Key
from router.log.layout import PLACE
from router.log.writer import SUFFIX

DAMAGED = ".damaged"
"""What lines that cannot be read are set apart under."""


@dataclass(slots=True)
class Verified:
    """What was found: sealed files with their records, files of lines with theirs, those that still grow, and what is wrong.

    ``torn`` counts files whose last line was cut off: that is what a kill leaves, and no reply went out for it.
    """

    sealed: int = 0
    open: int = 0
    records: int = 0
    growing: int = 0
    torn: list[Path] = field(default_factory=list)
    repaired: int = 0
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: Path, what: str) -> None:
        """Tell of a file."""
        self.problems.append(Problem("log-damaged", what, str(path)))


def verify(log: Path, key: Key, *, repair: bool = False) -> Verified:
    """Read every byte of a log. ``repair`` cuts off torn lines, and sets lines apart that cannot be read, in ``*.damaged``.

    Raises :class:`LogError` where there is no log.
    """
    found = Verified()
    for kind in KINDS:
        if kind == KINDS[0] or (log / kind).is_dir():
            files.dates(log, kind)
    try:
        manifest = read_manifest(log, key)
    except LogError as error:
        found.problems += error.problems
        return found
    for name, entry in manifest.files.items():
        found.sealed += 1
        found.records += entry.rows
        path = log / name
        if not path.is_file():
            found.wrong(path, f"the file is not there; it held {entry.rows:,} records")
        elif path.stat().st_size != entry.bytes or files.digest(path) != entry.sha256:
            found.wrong(path, "the file is not what was sealed, its SHA-256 differs")
    with alone(log):
        for kind in KINDS:
            for path in sorted((log / kind).glob(f"date=*/*{SUFFIX}")):
                if str(path.relative_to(log)) not in manifest.replaced:
                    _lines(path, found, repair=repair)
    return found


def _lines(path: Path, found: Verified, *, repair: bool) -> None:
    grows = files.growing(path)
    data = path.read_bytes()
    found.open += 1
    found.growing += grows
    lines = data.split(b"\n")
    tail = lines.pop()
    if tail and not grows:
        found.torn.append(path)
    bad = [line for line in lines if _place(line) is None]
    places = [place for line in lines if (place := _place(line)) is not None]
    found.records += len(places)
    if bad:
        found.wrong(path, f"{len(bad)} line(s) cannot be read")
    missing = max(places, default=-1) + 1 - len(set(places)) - len(bad)
    if missing > 0:
        found.wrong(path, f"{missing} line(s) are missing")
    if len(set(places)) < len(places) or places != sorted(places):
        found.wrong(path, "lines come twice or out of order")
    if repair and not grows and (tail or bad):
        _set_apart(path, [*bad, tail] if tail else bad)
        whole.write(path, b"".join(line + b"\n" for line in lines if _place(line) is not None))
        found.repaired += 1


def _place(line: bytes) -> int | None:
    """The place of a record in its file; ``None`` if this is no record."""
    try:
        place = orjson.loads(line)[PLACE]
    except (ValueError, KeyError, TypeError):
        return None
    return place if isinstance(place, int) else None


def _set_apart(path: Path, lines: list[bytes]) -> None:
    with path.with_name(path.name + DAMAGED).open("ab") as file:
        file.write(b"\n".join(lines) + b"\n")
