"""A published snapshot: opened, looked up, verified. Opening reads the manifest and the heads of the files, nothing more."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any, NoReturn
from zlib import crc32

from router.crm import arrow
from router.crm.arrow import Batch
from router.crm.lookup import Find, Read, Row, finder, key_of, layout_of, reader, stranger_of
from router.crm.manifest import SCHEMA, Manifest, from_dict
from router.crm.shards import BUCKETS, CUSTOMERS, ORDERS, REST_BITS, file_name, shard_of_bucket
from router.errors import OtherShardError, Problem, SnapshotError
from router.facts import Type

CURRENT, MANIFEST = "current.json", "manifest.json"
"""The files of a snapshot folder: which content is current; and, in the folder of each content, what it is."""
_AGAIN = "build it again with `case-router snapshot build`"


class Snapshot:
    """One published snapshot, open; a :class:`router.crm.lookup.Customers`. ``Snapshot.open`` makes one.

    It is cut into ``shards``, of which it looks into those that it ``serves``; of the ids of orders it has all. Its look-ups
    may run in several threads. The files of a snapshot never change, so a newer one does it no harm.
    """

    def __init__(self, path: Path, manifest: Manifest, customers: Mapping[int, Batch], orders: Sequence[Batch]) -> None:
        self.path = path
        self.manifest = manifest
        self.id = manifest.id
        self.as_of = manifest.as_of
        self.currency = manifest.currency
        self.rows = manifest.rows
        self.layout = layout_of(manifest.extras)
        self.stranger = stranger_of(self.layout)
        self.shards = manifest.shards
        self.serves = tuple(customers)
        opened = {shard: (finder(batch), reader(self.layout, batch)) for shard, batch in customers.items()}
        found = [opened.get(shard) or _elsewhere(shard, manifest, self.serves) for shard in range(self.shards)]
        of_bucket = [shard_of_bucket(bucket, self.shards) for bucket in range(BUCKETS)]
        self._customers = [found[shard] for shard in of_bucket]
        finders = [finder(batch) for batch in orders]
        self._orders = [finders[shard] for shard in of_bucket] if finders else None

    @classmethod
    def open(cls, path: Path, shards: Sequence[int] = ()) -> "Snapshot":
        """Open the current snapshot of a folder, or one by its own folder; manifest, lengths and schema are checked.

        Only the files of the ``shards`` that are told, by number, are opened and need to be there; of none told, all.
        Raises ``SnapshotError``, which says what to do.
        """
        found, manifest = current(_bytes, str(path))
        folder = Path(found)
        others = sorted(shard for shard in set(shards) if not 0 <= shard < manifest.shards)
        if others:
            raise SnapshotError([_no_shard(shard, manifest.shards, folder) for shard in others])
        served = sorted(set(shards)) or range(manifest.shards)
        customers = {shard: _file(folder, manifest, CUSTOMERS, shard) for shard in served}
        orders = range(0 if manifest.orders is None else manifest.shards)
        return cls(folder, manifest, customers, [_file(folder, manifest, ORDERS, shard) for shard in orders])

    def customer(self, customer_id: str, now: int) -> Row | None:
        """The facts of one customer at ``now``, in the order of ``layout``, or ``None`` if unknown.

        Raises ``OtherShardError`` where that is not for these shards to say.
        """
        key = key_of(customer_id)
        code = crc32(key)
        find, read = self._customers[code >> REST_BITS]
        try:
            row = find(key, code)
            return None if row < 0 else read(row, now - self.as_of)
        except (ValueError, IndexError) as error:
            raise damaged(self.path, f"the row of a customer cannot be read: {error}") from error

    def has_order(self, order_id: str) -> bool | None:
        """Whether an order is on record, or ``None`` without an orders table."""
        if self._orders is None:
            return None
        key = key_of(order_id)
        code = crc32(key)
        return self._orders[code >> REST_BITS](key, code) >= 0

    def whole(self) -> Path:
        """The folder, for who needs all shards. Raises ``OtherShardError`` if one that is not served is not there."""
        for shard, file in enumerate(self.files(CUSTOMERS)):
            if shard not in self.serves and not file.exists():
                said = f"a backlog needs all {self.shards} shards of the snapshot, and shard {shard} is not here"
                raise OtherShardError(Problem("other-shard", said), shard, self.shards, self.id)
        return self.path

    def files(self, table: str, shards: Iterable[int] = ()) -> list[Path]:
        """The files of a table, all of them or those of some shards; none where there is no such table."""
        if table == ORDERS and self.manifest.orders is None:
            return []
        return [self.path / file_name(table, shard, self.shards) for shard in shards or range(self.shards)]


def _elsewhere(shard: int, manifest: Manifest, serves: Sequence[int]) -> tuple[Find, Read]:
    """A look-up of whoever is in a shard that is not served."""
    served = ", ".join(map(str, serves))
    said = f"the customer is in shard {shard} of {manifest.shards}, and here is {served}; ask a server of shard {shard}"

    def refuse(*_: object) -> NoReturn:
        raise OtherShardError(Problem("other-shard", said), shard, manifest.shards, manifest.id)

    return refuse, refuse


def verify(snapshot: Snapshot) -> None:
    """Read every byte that is looked into and compare it with the manifest; other threads run on meanwhile.

    Raises ``SnapshotError``.
    """
    opened = {path.name for path in (*snapshot.files(CUSTOMERS, snapshot.serves), *snapshot.files(ORDERS))}
    for entry in snapshot.manifest.files:
        if entry.name not in opened:
            continue
        try:
            with (snapshot.path / entry.name).open("rb") as file:
                found = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise damaged(snapshot.path, f"{entry.name} cannot be read: {error.strerror}") from error
        if found != entry.sha256:
            raise damaged(snapshot.path, f"{entry.name} is not what was published, its SHA-256 differs")


def current(read: Callable[[str], bytes | None], where: str) -> tuple[str, Manifest]:
    """The folder of the current content in a folder of snapshots, and its manifest; a content's own folder is that itself.

    ``read`` gives the bytes of a file by its path, or ``None`` if there is no such file. Raises ``SnapshotError`` if the
    manifest is absent, of another schema, or changed.
    """
    folder, content = where, read(f"{where}/{MANIFEST}")
    if content is None:
        folder = f"{where}/{_json(read(f'{where}/{CURRENT}'), where, CURRENT).get('id', '')}"
        content = read(f"{folder}/{MANIFEST}")
    data = _json(content, folder, MANIFEST)
    if data.get("schema") != SCHEMA:
        said = f"the snapshot has schema {data.get('schema')}, this version reads {SCHEMA}; {_AGAIN}"
        raise SnapshotError([Problem("snapshot-schema", said, folder)])
    try:
        return folder, from_dict(data)
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(folder, f"{MANIFEST} was changed") from error


def damaged(folder: Path | str, what: str) -> SnapshotError:
    """The error of a snapshot that cannot be trusted."""
    return SnapshotError([Problem("snapshot-damaged", f"the snapshot is damaged: {what}; {_AGAIN}", str(folder))])


def _bytes(path: str) -> bytes | None:
    file = Path(path)
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise damaged(file.parent, f"{file.name} cannot be read") from error


def _json(content: bytes | None, folder: str, name: str) -> dict[str, Any]:
    if content is None:
        said = f"no snapshot here, {name} is not there; {_AGAIN}"
        raise SnapshotError([Problem("no-snapshot", said, folder)])
    try:
        data = json.loads(content)
    except ValueError as error:
        raise damaged(folder, f"{name} cannot be read") from error
    if not isinstance(data, dict):
        raise damaged(folder, f"{name} cannot be read")
    return data


def _no_shard(shard: int, shards: int, folder: Path) -> Problem:
    there = f"there are {shards}, 0 to {shards - 1}" if shards > 1 else "it is in one piece, shard 0"
    return Problem("no-shard", f"the snapshot has no shard {shard}; {there}", str(folder))


def _file(folder: Path, manifest: Manifest, table: str, shard: int) -> Batch:
    """One data file, mapped; its length, rows and columns are what the manifest and the vocabulary say."""
    name = file_name(table, shard, manifest.shards)
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
    if table == CUSTOMERS:
        wanted = {"customer_id": arrow.TEXT} | {fact: kinds.get(fact, "") for fact in manifest.facts}
    if {column.name: column.kind for column in batch.columns} != wanted or batch.rows != entry.rows:
        raise damaged(folder, f"{name} has other rows or columns than {MANIFEST} says")
    return batch


def _kind(fact: Type) -> str:
    return arrow.NUMBER if fact.numeric else arrow.TEXT if fact is Type.TEXT else arrow.FLAG
