"""Turns files of lines that no process writes any more into Parquet, and leaves out who was erased."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import polars as pl

from router.errors import LogError, Problem
from router.files import whole
from router.log import files
from router.log.decisions import DECISIONS, OUTCOMES
from router.log.files import Manifest, Sealed, Torn, alone, read_frame, read_manifest, write_manifest
from router.log.key import Key
from router.log.schema import SCHEMAS, TIME
from router.log.writer import SUFFIX

KINDS = (DECISIONS, OUTCOMES)
MOST = 512 << 20
"""Bytes of lines that go into one Parquet file, about."""
Keep = Callable[[pl.DataFrame], pl.DataFrame]
"""Leaves out records that were erased."""


@dataclass(slots=True)
class Compacted:
    """What a compaction did: files and records that it took, those that were erased, and files that it left as they are.

    ``torn`` are files whose last line was cut off, and went with them.
    """

    files: int = 0
    records: int = 0
    erased: int = 0
    growing: list[Path] = field(default_factory=list)
    torn: Torn = field(default_factory=Torn)
    problems: list[Problem] = field(default_factory=list)


def compact(log: Path, key: Key, keep: dict[str, Keep] | None = None) -> Compacted:
    """Put the records of every file that no process writes any more into Parquet files, under a sealed manifest.

    A file that cannot be read stays as it is and is told. Raises :class:`LogError` where there is no log, it was written
    or sealed with another key, or another command rewrites it.
    """
    done = Compacted()
    folders = [(kind, date) for kind in KINDS if (log / kind).is_dir() for date in files.dates(log, kind)]
    if not folders:
        files.dates(log, DECISIONS)
    with alone(log):
        read_manifest(log, key)
        tidy(log)
        for kind, date in folders:
            for group in _groups(log, date, done):
                _seal(log, kind, date, group, key, (keep or {}).get(kind), done)
    return done


def tidy(log: Path) -> None:
    """Remove what an interrupted command left: files that others replace, Parquet that nothing names."""
    manifest = read_manifest(log)
    for name in manifest.replaced:
        (log / name).unlink(missing_ok=True)
    for kind in KINDS:
        for path in (log / kind).glob("date=*/*"):
            left = path.suffix == files.PARQUET and str(path.relative_to(log)) not in manifest.files
            if left or path.name.endswith(".new"):
                path.unlink(missing_ok=True)


def _groups(log: Path, date: Path, done: Compacted) -> Iterable[list[Path]]:
    """Files to put together."""
    group: list[Path] = []
    size = 0
    for path in files.current(log, date):
        if path.suffix != SUFFIX:
            continue
        if files.growing(path):
            done.growing.append(path)
            continue
        group.append(path)
        size += path.stat().st_size
        if size >= MOST:
            yield group
            group, size = [], 0
    if group:
        yield group


def _seal(log: Path, kind: str, date: Path, group: list[Path], key: Key, keep: Keep | None, done: Compacted) -> None:
    frames, taken = [], []
    for path in group:
        try:
            with path.open("rb") as file:
                frames.append(read_frame(path, file, kind, done.torn))
            taken.append(path)
        except LogError as error:
            done.problems += error.problems
    if not taken:
        return
    frame = pl.concat(frames)
    if kind == DECISIONS:
        files.check_key(frame, key, log)
    kept = frame if keep is None else keep(frame)
    replace(log, kind, date, kept, tuple(str(path.relative_to(log)) for path in taken), key)
    done.files += len(taken)
    done.records += frame.height
    done.erased += frame.height - kept.height


def replace(log: Path, kind: str, date: Path, frame: pl.DataFrame, replaced: tuple[str, ...], key: Key) -> None:
    """Write records to a Parquet file, make it stand for others by one rename of the manifest, and remove those."""
    frame = frame.select(list(SCHEMAS[kind])).sort(TIME[kind], "n", maintain_order=True)
    name = blake2b("\n".join([*replaced, str(frame.height)]).encode(), digest_size=8).hexdigest()
    path = date / f"{name}{files.PARQUET}"
    new = date / f".{name}.new"
    frame.write_parquet(new, compression="zstd")
    whole.put(new, path)
    before = read_manifest(log, key)
    earlier = [name for each in replaced if each in before.files for name in before.files[each].replaces]
    sealed = Sealed(frame.height, path.stat().st_size, files.digest(path), (*replaced, *earlier))
    left = {each: entry for each, entry in before.files.items() if each not in replaced}
    write_manifest(log, Manifest(left | {str(path.relative_to(log)): sealed}), key)
    for each in replaced:
        (log / each).unlink(missing_ok=True)
