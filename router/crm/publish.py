"""Publish a snapshot: written apart, read back, and made current by one rename, so that there is always a whole one.

DIR/current.json                    which content is current
DIR/<id>/manifest.json              what it is
DIR/<id>/customers.arrow            a row for each customer, in the order of the hash of the id
DIR/<id>/orders.arrow               order ids, in the same order; only with an orders table

Cut into shards, say 4, the files are called ``customers-0000-of-0004.arrow`` and so on.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import polars as pl

from router.crm.data import canonical, in_order, write_shards
from router.crm.lookup import layout_of
from router.crm.manifest import Manifest, SourceEntry
from router.crm.shards import CUSTOMERS, ORDERS
from router.crm.snapshot import CURRENT, MANIFEST, Snapshot
from router.errors import Problem, SnapshotError
from router.facts import Fact
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


def publish(content: Content, directory: Path, *, shards: int = 1, keep: int = 2) -> Manifest:
    """Write a snapshot under ``directory`` and make it the current one; older ones are removed but for the last ``keep``.

    What was written is read back and its digest compared before it becomes current. Raises ``SnapshotError`` if an id comes
    twice, if the folder cannot be written or another build is writing there; what was current then stays current.
    """
    return put(lambda folder: _write(content, folder, shards), directory, keep)


def put(write: Callable[[Path], Manifest], directory: Path, keep: int) -> Manifest:
    """Have a snapshot written into an empty folder, and make it the current one of ``directory`` as ``publish`` does."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _alone(directory), whole.scratch(directory / _BUILDING) as folder:
            manifest = replace(write(folder), engine=_engine())
            whole.write_json(folder / MANIFEST, manifest.to_dict())
            Snapshot.open(folder)
            before = _current(directory)
            _move(folder, directory / manifest.id)
            whole.write_json(directory / CURRENT, {"id": manifest.id})
            _prune(directory, {manifest.id, before} if keep > 1 else {manifest.id}, keep)
            return manifest
    except OSError as error:
        raise not_written(directory, error.strerror or str(error)) from error


def not_written(directory: Path, why: str) -> SnapshotError:
    """The error of a snapshot that could not be published."""
    said = f"the snapshot cannot be written: {why}; the one before stays current"
    return SnapshotError([Problem("snapshot-not-written", said, str(directory))])


def _write(content: Content, folder: Path, shards: int) -> Manifest:
    facts = canonical(content.facts.lazy(), layout_of(content.extras)).collect()
    tables = {CUSTOMERS: facts}
    if content.order_ids is not None:
        tables[ORDERS] = content.order_ids.alias("order_id").str.normalize("NFC").to_frame()
    written = [shard for name, rows in tables.items() for shard in write_shards(in_order(rows), name, folder, shards)]
    return Manifest(
        as_of=content.as_of,
        currency=content.currency,
        facts=tuple(facts.columns[1:]),
        extras=tuple(sorted(content.extras, key=lambda fact: fact.name)),
        sources=content.sources,
        warnings=content.warnings,
    ).of(written)


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
    """The new content in its place; where the same is there already, its files are replaced, the manifest after the data."""
    if target.exists():
        names = [file.name for file in folder.iterdir()]
        for name in sorted(names, key=MANIFEST.__eq__):
            (folder / name).replace(target / name)
        for file in target.iterdir():
            if file.name not in names:  # it was cut into other shards
                file.unlink()
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
