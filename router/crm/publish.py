"""Publish a snapshot: written apart, read back, and made current by one rename, so that there is always a whole one.

DIR/current.json                    which content is current
DIR/<id>/manifest.json              what it is
DIR/<id>/customers.arrow            a row for each customer, sorted by id
DIR/<id>/orders.arrow               order ids, sorted; only with an orders table
"""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from importlib.metadata import PackageNotFoundError, version
from math import inf, nan
from pathlib import Path

import polars as pl
from polars import col

from router.crm import arrow
from router.crm.lookup import OVERDUE, layout_of
from router.crm.manifest import FileEntry, Manifest, SourceEntry
from router.crm.snapshot import CURRENT, CUSTOMERS, MANIFEST, ORDERS, Snapshot
from router.errors import Problem, SnapshotError
from router.facts import Fact, Type
from router.files import whole

_ID = re.compile(r"[0-9a-f]{32}")
_BUILDING, _LOCK = ".building", ".lock"


@dataclass(frozen=True, slots=True)
class Content:
    """What a snapshot is made of.

    ``facts`` has ``customer_id`` and a column for each fact that is known of anybody, by its name, one row a customer; a
    missing value is null or NaN. ``order_ids`` is ``None`` without an orders table. Neither has to be sorted.
    """

    as_of: int
    currency: str
    facts: pl.DataFrame
    order_ids: pl.Series | None = None
    extras: tuple[Fact, ...] = ()
    sources: tuple[SourceEntry, ...] = ()
    warnings: tuple[str, ...] = ()


def publish(content: Content, directory: Path, *, keep: int = 2) -> Manifest:
    """Write a snapshot under ``directory`` and make it the current one; older ones are removed but for the last ``keep``.

    What was written is read back and its digest compared before it becomes current. Raises ``SnapshotError`` if an id comes
    twice, if the folder cannot be written or another build is writing there; what was current then stays current.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _alone(directory), whole.scratch(directory / _BUILDING) as folder:
            manifest = _write(content, folder)
            Snapshot.open(folder)
            before = _current(directory)
            _move(folder, directory / manifest.id)
            whole.write_json(directory / CURRENT, {"id": manifest.id})
            _prune(directory, {manifest.id, before} if keep > 1 else {manifest.id}, keep)
            return manifest
    except OSError as error:
        said = f"the snapshot cannot be written: {error.strerror or error}; the one before stays current"
        raise SnapshotError([Problem("snapshot-not-written", said, str(directory))]) from error


def _write(content: Content, folder: Path) -> Manifest:
    frame = _canonical(content.facts, layout_of(content.extras))
    files = [_file(frame, "customer_id", folder / CUSTOMERS)]
    if content.order_ids is not None:
        ids = content.order_ids.alias("order_id").str.normalize("NFC").sort()
        files.append(_file(ids.to_frame(), "order_id", folder / ORDERS))
    manifest = Manifest(
        id="",
        as_of=content.as_of,
        currency=content.currency,
        rows=frame.height,
        orders=None if content.order_ids is None else content.order_ids.len(),
        facts=tuple(frame.columns[1:]),
        extras=tuple(sorted(content.extras, key=lambda fact: fact.name)),
        files=tuple(files),
        sources=content.sources,
        warnings=content.warnings,
        engine=_engine(),
    ).named()
    whole.write_json(folder / MANIFEST, manifest.to_dict())
    return manifest


def _canonical(facts: pl.DataFrame, layout: Sequence[Fact]) -> pl.DataFrame:
    """The columns of the file: one way to write each value, so that equal content has equal bytes."""
    present = [fact for fact in layout if fact.name in facts.columns]
    ids = col("customer_id").cast(pl.String).str.normalize("NFC")
    return facts.lazy().select(ids, *map(_column, present)).sort("customer_id").collect()


def _column(fact: Fact) -> pl.Expr:
    value = col(fact.name)
    if fact.type is Type.TEXT:
        return value.cast(pl.String).str.normalize("NFC")
    if fact.type is Type.YES_NO:
        return value.cast(pl.Int8).fill_null(-1)
    number = value.cast(pl.Float64)
    real = number.is_finite() | (number == -inf if fact.name == OVERDUE else pl.lit(value=False))
    return pl.when(number == 0).then(0.0).when(real).then(number).otherwise(nan).alias(fact.name)  # no -0.0, one NaN


def _file(frame: pl.DataFrame, key: str, path: Path) -> FileEntry:
    """Write one file; its ids have to differ, and what is read back has to be what was meant."""
    twice = frame.filter(col(key) <= col(key).shift(1)).get_column(key)
    if twice.len() or frame.get_column(key).null_count():
        said = f"{key} {twice[0]!r} comes twice" if twice.len() else f"a {key} is missing"
        raise SnapshotError([Problem("repeated-id", said, str(path.parent.parent))])
    content = arrow.write(frame, path)
    whole.sync(path)
    written = arrow.read(path)
    if arrow.digest(written.rows, written.columns) != content:
        raise OSError("what was written could not be read back")
    with path.open("rb") as file:
        return FileEntry(path.name, frame.height, path.stat().st_size, file_digest(file, "sha256").hexdigest(), content)


def _engine() -> str:
    with suppress(PackageNotFoundError):
        return version("case-router")
    return ""


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Nobody else publishes here meanwhile."""
    (directory / _LOCK).touch()
    try:
        with whole.locked(directory / _LOCK):
            yield
    except BlockingIOError as error:
        said = "another build is writing here; wait for it, or build into another folder"
        raise SnapshotError([Problem("snapshot-busy", said, str(directory))]) from error


def _move(folder: Path, target: Path) -> None:
    """The new content in its place; where the same is there already, each file is replaced by its equal."""
    if target.exists():
        for name in (CUSTOMERS, ORDERS, MANIFEST):
            if (folder / name).exists():
                (folder / name).replace(target / name)
        whole.sync(target)
    else:
        whole.sync(folder)
        folder.rename(target)
    whole.sync(target.parent)


def _current(directory: Path) -> str:
    with suppress(OSError, ValueError, AttributeError):
        return str(json.loads((directory / CURRENT).read_bytes()).get("id", ""))
    return ""


def _prune(directory: Path, kept: set[str], keep: int) -> None:
    """Remove older contents. Processes that have one open go on reading it."""
    found = [file.parent for file in directory.glob(f"*/{MANIFEST}") if _ID.fullmatch(file.parent.name)]
    found = [folder for folder in found if folder.name not in kept]
    found.sort(key=lambda folder: (folder / MANIFEST).stat().st_mtime_ns, reverse=True)
    for folder in found[max(0, keep - len(kept - {""})) :]:
        shutil.rmtree(folder, ignore_errors=True)
