"""Erases a customer from a log: every record that names them, leaving a tombstone that does not."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_
from pathlib import Path

import orjson
import polars as pl
from polars import col

from router.files import whole
from router.log import files
from router.log.compact import KINDS, Keep, compact, replace
from router.log.decisions import DECISIONS, OUTCOMES
from router.log.files import Torn, alone, read_frame, read_manifest
from router.log.key import Key
from router.text import nfc

TOMBSTONES = "tombstones.ndjson"
_TEXT = r'("(?:[^"\\]|\\.)*")'
_WHOSE = {DECISIONS: re.compile(f'"customer_id":{_TEXT}'.encode()), OUTCOMES: re.compile(f'"decision_id":{_TEXT}'.encode())}
"""Finds in a line, however damaged, whom it is of."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of an erased customer: a keyed hash, when it was done, by whom, and the ids of the decisions, which tell
    what came of them wherever it stands."""

    customer: str
    at: int
    by: str
    decisions: Sequence[str] = ()


@dataclass(slots=True)
class Erased:
    """What an erasure did: records that are gone, files whose last line was cut off, files that grow and hold some."""

    tombstone: Tombstone
    decisions: int = 0
    outcomes: int = 0
    torn: Torn = field(default_factory=Torn)
    growing: dict[Path, int] = field(default_factory=dict)


def tombstones(log: Path) -> list[Tombstone]:
    """All tombstones of a log. Raises :class:`LogError`."""
    try:
        lines = (log / TOMBSTONES).read_bytes().splitlines()
        return [Tombstone(**orjson.loads(line)) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise files.damaged(log / TOMBSTONES, f"it cannot be read: {error}") from error


def erase(log: Path, customer_id: str, key: Key, *, at: int, by: str) -> Erased:
    """Erase a customer: the tombstone first, so that an interrupted erasure goes on with the next compaction or erasure.

    Records that a running process still writes to go with the compaction after it has ended the file. Raises
    :class:`LogError`, also if the log was written with another key.
    """
    stone = _stone(log, Tombstone(key.exact(nfc(customer_id)), at, by), key)
    _bury(log, stone)
    done = Erased(stone)
    done.torn = compact(log, key, keepers(log, key, done)).torn
    with alone(log):
        keep = keepers(log, key, done)
        for name in read_manifest(log, key).files:
            _rewrite(log, name, key, keep)
    clear_damaged(log, key)
    stones = [each for each in tombstones(log) if each.customer == stone.customer]
    for kind in KINDS:
        for date in files.dates(log, kind) if (log / kind).is_dir() else ():
            for path in files.current(log, date):
                held = _held(path, kind, key, stones)
                if held:
                    done.growing[path] = held
    return done


def clear_damaged(log: Path, key: Key) -> None:
    """Of the lines that were set apart, only those stay that surely are of nobody who was erased."""
    stones = tombstones(log)
    gone = {DECISIONS: {stone.customer for stone in stones}, OUTCOMES: _gone(stones)}
    with alone(log):
        for kind in KINDS if stones else ():
            for path in (log / kind).glob(f"date=*/*{files.DAMAGED}"):
                kept = [line for line in path.read_bytes().split(b"\n") if _of_others(line, kind, gone[kind], key)]
                if kept:
                    whole.write(path, b"\n".join(kept) + b"\n")
                else:
                    path.unlink()


def _of_others(line: bytes, kind: str, gone: set[str], key: Key) -> bool:
    """Whether a line says whom it is of, and that is nobody who was erased."""
    try:
        ids = [orjson.loads(each) for each in _WHOSE[kind].findall(line)]
    except ValueError:
        return False
    return bool(ids) and gone.isdisjoint([*ids, *map(key.exact, ids)])


def _stone(log: Path, stone: Tombstone, key: Key) -> Tombstone:
    """The tombstone with the decisions that are to go, in files that still grow too.

    Raises :class:`LogError` unless every record was written with the key: with another nobody would be found.
    """
    ids: set[str] = set()
    for frame in files.frames(log, DECISIONS):
        files.check_key(frame, key, log)
        ids.update(frame.filter(_named(frame, [stone], key)).get_column("decision_id"))
    return with_(stone, decisions=sorted(ids))


def keepers(log: Path, key: Key, done: Erased | None = None) -> dict[str, Keep]:
    """What leaves out the records of all who were erased: decisions, and what came of those."""
    stones = tombstones(log)
    gone = _gone(stones)

    def decisions(frame: pl.DataFrame) -> pl.DataFrame:
        erased = frame.filter(_named(frame, stones, key))
        gone.update(erased.get_column("decision_id"))
        if done is not None:
            done.decisions += erased.height
        return frame.filter(~_named(frame, stones, key))

    def outcomes(frame: pl.DataFrame) -> pl.DataFrame:
        kept = frame.filter(~col("decision_id").is_in(list(gone)))
        if done is not None:
            done.outcomes += frame.height - kept.height
        return kept

    return {DECISIONS: decisions, OUTCOMES: outcomes}


def _gone(stones: Iterable[Tombstone]) -> set[str]:
    return {decision for stone in stones for decision in stone.decisions}


def _named(frame: pl.DataFrame, stones: Iterable[Tombstone], key: Key) -> pl.Expr:
    """Which records are of somebody who was erased after they were written; ids are hashed once for each that is there."""
    until = {stone.customer: stone.at for stone in stones}
    ids = frame.filter(~col("ids_hashed")).get_column("customer_id").unique().to_list()
    plain = {name: until[key.exact(name)] for name in ids if key.exact(name) in until}
    found = pl.when(col("ids_hashed"))
    at = found.then(_lookup(until)).otherwise(_lookup(plain))
    return (col("decided_at") <= at).fill_null(value=False)


def _lookup(times: dict[str, int]) -> pl.Expr:
    if not times:
        return pl.lit(None, pl.Int64)
    return col("customer_id").replace_strict(times, default=None, return_dtype=pl.Int64)


def _rewrite(log: Path, name: str, key: Key, keep: dict[str, Keep]) -> None:
    """A Parquet file without who was erased; it stays as it is if it holds nobody of them."""
    path, kind = log / name, name.partition("/")[0]
    with path.open("rb") as file:
        frame = read_frame(path, file, kind)
    kept = keep[kind](frame)
    if kept.height < frame.height:
        replace(log, kind, path.parent, kept, (name,), key)


def _held(path: Path, kind: str, key: Key, stones: Sequence[Tombstone]) -> int:
    with path.open("rb") as file:
        frame = read_frame(path, file, kind)
    theirs = _named(frame, stones, key) if kind == DECISIONS else col("decision_id").is_in(list(_gone(stones)))
    return frame.filter(theirs).height


def _bury(log: Path, stone: Tombstone) -> None:
    line = orjson.dumps(stone) + b"\n"
    handle = os.open(log / TOMBSTONES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
