"""Whether a log is what was written: every sealed file byte for byte, every line whole and in its place."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from router.errors import LogError, Problem
from router.files import whole
from router.log import files
from router.log.compact import KINDS
from router.log.erase import tombstones
from router.log.files import alone, read_manifest
from router.log.key import Key
from router.log.layout import PLACE
from router.log.writer import SUFFIX


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
    """Read every byte of a log: it is what was written, and with ``key``; who was erased can be read.

    ``repair`` cuts off torn lines, and sets lines apart that cannot be read, in ``*.damaged``. Raises :class:`LogError`
    where there is no log.
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
    try:
        tombstones(log)
    except LogError as error:
        found.problems += error.problems
    with alone(log):
        for kind in KINDS:
            for path in sorted((log / kind).glob(f"date=*/*{SUFFIX}")):
                if str(path.relative_to(log)) not in manifest.replaced:
                    _lines(path, key, found, repair=repair)
    return found


def _lines(path: Path, key: Key, found: Verified, *, repair: bool) -> None:
    grows = files.growing(path)
    data = path.read_bytes()
    found.open += 1
    found.growing += grows
    lines = data.split(b"\n")
    tail = lines.pop()
    if tail and not grows:
        found.torn.append(path)
    records = [_record(line) for line in lines]
    bad = [line for line, record in zip(lines, records, strict=True) if record is None]
    places = [record[PLACE] for record in records if record is not None]
    found.records += len(places)
    others = {record.get("key", key.name) for record in records if record is not None} - {key.name}
    if others:
        found.wrong(path, f"it was written with key {', '.join(map(str, others))}, this one is {key.name}")
    if bad:
        found.wrong(path, f"{len(bad)} line(s) cannot be read")
    missing = max(places, default=-1) + 1 - len(set(places)) - len(bad)
    if missing > 0:
        found.wrong(path, f"{missing} line(s) are missing")
    if len(set(places)) < len(places) or places != sorted(places):
        found.wrong(path, "lines come twice or out of order")
    if repair and not grows and (tail or bad):
        _set_apart(path, [*bad, tail] if tail else bad)
        whole.write(path, b"".join(line + b"\n" for line, record in zip(lines, records, strict=True) if record is not None))
        found.repaired += 1


def _record(line: bytes) -> dict[str, Any] | None:
    """The record of a line; ``None`` if it is none, with a place in its file."""
    try:
        record = orjson.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get(PLACE), int) else None


def _set_apart(path: Path, lines: list[bytes]) -> None:
    with path.with_name(path.name + files.DAMAGED).open("ab") as file:
        file.write(b"\n".join(lines) + b"\n")
