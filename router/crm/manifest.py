"""The manifest of a snapshot: what it is of, what its files have to be, and where it came from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

from router.crm.shards import CUSTOMERS, ORDERS
from router.facts import Fact, Type
from router.time import format_instant, parse_instant

SCHEMA = 2
"""Version of what a snapshot holds and how; another one is refused."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One data file, a shard of a table: rows, length in bytes, SHA-256 of every byte."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of a table as it was written: its file, and a digest of each bucket that it has rows of, in their order."""

    table: str
    file: FileEntry
    buckets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One file that a snapshot was built from: its table, path beside the mapping, length in bytes and SHA-256."""

    table: str
    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a snapshot says of itself.

    ``id`` is a digest of everything that look-ups depend on (schema, as-of, currency, facts and content) and of nothing
    else: the same history gives the same id, whatever its files were called and into how many ``shards`` it is cut.
    ``content`` is a digest for each table, ``orders`` is ``None`` without an orders table. ``facts`` are those that the
    files hold, ``extras`` those that the mapping added.
    """

    id: str = ""
    as_of: int
    currency: str
    shards: int = 1
    rows: int = 0
    orders: int | None = None
    facts: tuple[str, ...]
    extras: tuple[Fact, ...] = ()
    content: Mapping[str, str] = field(default_factory=dict)
    files: tuple[FileEntry, ...] = ()
    sources: tuple[SourceEntry, ...] = ()
    warnings: tuple[str, ...] = ()
    engine: str = ""
    schema: int = SCHEMA

    def of(self, shards: Sequence[Shard]) -> "Manifest":
        """Itself with what was written, the shards of each table in their order, and the id that belongs to the content."""
        rows = {each.table: 0 for each in shards}
        content = {table: sha256() for table in rows}
        for each in shards:
            rows[each.table] += each.file.rows
            content[each.table].update(b"".join(each.buckets))
        digests = {table: found.hexdigest() for table, found in content.items()}
        core = {
            "schema": self.schema,
            "as_of": self.as_of,
            "currency": self.currency,
            "facts": sorted(self.facts),
            "extras": sorted([fact.name, fact.type.value] for fact in self.extras),
            "content": digests,
        }
        return replace(
            self,
            id=_seal(core)[:32],
            shards=sum(each.table == CUSTOMERS for each in shards),
            rows=rows[CUSTOMERS],
            orders=rows.get(ORDERS),
            content=digests,
            files=tuple(each.file for each in shards),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, times as ISO 8601, with a seal over everything else."""
        data = asdict(self) | {"as_of": format_instant(self.as_of)}
        data["extras"] = [
            {"name": fact.name, "type": fact.type.value, "meaning": fact.meaning, "unit": fact.unit} for fact in self.extras
        ]
        plain = json.loads(json.dumps(data))
        return {**plain, "seal": _seal(plain)}


def from_dict(data: Mapping[str, Any]) -> Manifest:
    """The manifest that plain data says. Raises ``ValueError``, ``KeyError`` or ``TypeError`` where it was touched."""
    plain = {key: value for key, value in data.items() if key != "seal"}
    if data["seal"] != _seal(plain):
        raise ValueError("the seal does not fit")
    return Manifest(
        **plain
        | {
            "as_of": parse_instant(plain["as_of"]),
            "facts": tuple(plain["facts"]),
            "extras": tuple(extra_fact(**item) for item in plain["extras"]),
            "files": tuple(FileEntry(**item) for item in plain["files"]),
            "sources": tuple(SourceEntry(**item) for item in plain["sources"]),
            "warnings": tuple(plain["warnings"]),
        }
    )


def extra_fact(name: str, type: str, meaning: str = "", unit: str = "") -> Fact:  # noqa: A002 - as in files
    """A customer fact that the vocabulary does not have, by its full name."""
    return Fact(name, Type(type), meaning, unit, missing="customer unknown, or the CRM does not say")


def _seal(plain: Mapping[str, Any] | Sequence[Any]) -> str:
    return sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
