"""A published snapshot: opened, looked up, verified. Opening reads the manifest and the heads of the files, nothing more."""

import json
from hashlib import file_digest
from pathlib import Path
from typing import Any

from router.crm import arrow
from router.crm.arrow import Batch
from router.crm.lookup import Row, finder, layout_of, reader, stranger_of
from router.crm.manifest import SCHEMA, Manifest, from_dict
from router.errors import Problem, SnapshotError
from router.facts import Type

CURRENT, MANIFEST, CUSTOMERS, ORDERS = "current.json", "manifest.json", "customers.arrow", "orders.arrow"
"""The files of a snapshot folder: which content is current; and, in the folder of each content, what it is."""
_AGAIN = "build it again with `case-router snapshot build`"


class Snapshot:
    """One published snapshot, open; a :class:`router.crm.lookup.Customers`. ``Snapshot.open`` makes one.

    Its look-ups may run in several threads. The files of a snapshot never change, so a newer one does it no harm.
    """

    def __init__(self, path: Path, manifest: Manifest, customers: Batch, orders: Batch | None) -> None:
        self.path = path
        self.manifest = manifest
        self.id = manifest.id
        self.as_of = manifest.as_of
        self.currency = manifest.currency
        self.rows = manifest.rows
        self.layout = layout_of(manifest.extras)
        self.stranger = stranger_of(self.layout)
        self._find = finder(customers)
        self._read = reader(self.layout, customers)
        self._find_order = finder(orders) if orders else None

    @classmethod
    def open(cls, path: Path) -> "Snapshot":
        """Open the current snapshot of a folder, or one by its own folder; manifest, lengths and schema are checked.

        Raises ``SnapshotError``, which says what to do.
        """
        folder = path if (path / MANIFEST).is_file() else path / str(_json(path / CURRENT).get("id", ""))
        manifest = read_manifest(folder)
        batches = {entry.name: _file(folder, manifest, entry.name) for entry in manifest.files}
        return cls(folder, manifest, batches[CUSTOMERS], batches.get(ORDERS))

    def customer(self, customer_id: str, now: int) -> Row | None:
        """The facts of one customer at ``now``, in the order of ``layout``, or ``None`` if unknown."""
        try:
            row = self._find(customer_id)
            return None if row < 0 else self._read(row, now - self.as_of)
        except (ValueError, IndexError) as error:
            raise damaged(self.path, f"the row of a customer cannot be read: {error}") from error

    def has_order(self, order_id: str) -> bool | None:
        """Whether an order is on record, or ``None`` without an orders table."""
        return None if self._find_order is None else self._find_order(order_id) >= 0


def verify(snapshot: Snapshot) -> None:
    """Read every byte and compare it with the manifest; other threads run on meanwhile. Raises ``SnapshotError``."""
    for entry in snapshot.manifest.files:
        try:
            with (snapshot.path / entry.name).open("rb") as file:
                found = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise damaged(snapshot.path, f"{entry.name} cannot be read: {error.strerror}") from error
        if found != entry.sha256:
            raise damaged(snapshot.path, f"{entry.name} is not what was published, its SHA-256 differs")


def read_manifest(folder: Path) -> Manifest:
    """The manifest in the folder of one content. Raises ``SnapshotError`` if it is absent, of another schema, or changed."""
    data = _json(folder / MANIFEST)
    if data.get("schema") != SCHEMA:
        said = f"the snapshot has schema {data.get('schema')}, this version reads {SCHEMA}; {_AGAIN}"
        raise SnapshotError([Problem("snapshot-schema", said, str(folder))])
    try:
        return from_dict(data)
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(folder, f"{MANIFEST} was changed") from error


def damaged(folder: Path, what: str) -> SnapshotError:
    """The error of a snapshot that cannot be trusted."""
    return SnapshotError([Problem("snapshot-damaged", f"the snapshot is damaged: {what}; {_AGAIN}", str(folder))])


def _json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        said = f"no snapshot here, {file.name} is not there; {_AGAIN}"
        raise SnapshotError([Problem("no-snapshot", said, str(file.parent))]) from error
    except (OSError, ValueError) as error:
        raise damaged(file.parent, f"{file.name} cannot be read") from error
    if not isinstance(data, dict):
        raise damaged(file.parent, f"{file.name} cannot be read")
    return data


def _file(folder: Path, manifest: Manifest, name: str) -> Batch:
    """One data file, mapped; its length, rows and columns are what the manifest and the vocabulary say."""
    entry = next(entry for entry in manifest.files if entry.name == name)
    try:
        length = (folder / name).stat().st_size
        if length != entry.bytes:
            raise damaged(folder, f"{name} has {length} bytes instead of {entry.bytes}")
        batch = arrow.read(folder / name)
    except FileNotFoundError as error:
        raise damaged(folder, f"{name} is not there") from error
    except (OSError, ValueError) as error:
        raise damaged(folder, f"{name} cannot be read") from error
    kinds = {fact.name: _kind(fact.type) for fact in layout_of(manifest.extras)}
    wanted = {"order_id": arrow.TEXT}
    if name == CUSTOMERS:
        wanted = {"customer_id": arrow.TEXT} | {fact: kinds.get(fact, "") for fact in manifest.facts}
    if {column.name: column.kind for column in batch.columns} != wanted or batch.rows != entry.rows:
        raise damaged(folder, f"{name} has other rows or columns than {MANIFEST} says")
    return batch


def _kind(fact: Type) -> str:
    return arrow.NUMBER if fact.numeric else arrow.TEXT if fact is Type.TEXT else arrow.FLAG
