"""The data files of a snapshot: one way to write each value, one order of rows, cut into shards where that is wanted."""

from collections.abc import Iterator, Sequence
from hashlib import file_digest
from itertools import pairwise
from math import inf, nan
from pathlib import Path

import polars as pl
from polars import col

from router.crm import arrow
from router.crm.lookup import OVERDUE
from router.crm.manifest import FileEntry, Shard
from router.crm.shards import BUCKETS, REST_BITS, file_name, first_hash
from router.errors import Problem, SnapshotError
from router.facts import Fact, Type
from router.files import whole

HASH = "hash of the id"
"""The column that rows are in the order of, beside those of the file."""


def canonical(facts: pl.LazyFrame, layout: Sequence[Fact]) -> pl.LazyFrame:
    """``customer_id`` and the facts that there are, in the order of ``layout``: equal content has equal bytes."""
    names = facts.collect_schema().names()
    ids = col("customer_id").cast(pl.String).str.normalize("NFC")
    return facts.select(ids, *(_column(fact) for fact in layout if fact.name in names))


def _column(fact: Fact) -> pl.Expr:
    value = col(fact.name)
    if fact.type is Type.TEXT:
        return value.cast(pl.String).str.normalize("NFC")
    if fact.type is Type.YES_NO:
        return value.cast(pl.Int8).fill_null(-1)
    number = value.cast(pl.Float64)
    real = number.is_finite() | (number == -inf if fact.name == OVERDUE else pl.lit(value=False))
    return pl.when(number == 0).then(0.0).when(real).then(number).otherwise(nan).alias(fact.name)  # no -0.0, one NaN


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows in the order of a snapshot, by the hash of the id and then by the id, which is the first column; with ``HASH``.

    Raises ``SnapshotError`` if an id is missing or comes twice.
    """
    key = frame.columns[0]
    if frame.get_column(key).null_count():
        raise SnapshotError([Problem("repeated-id", f"a {key} is missing")])
    found = frame.with_columns(hashes(frame.get_column(key)).alias(HASH)).sort(HASH, key)
    twice = found.get_column(key).filter(found.select(col(key) == col(key).shift(1)).to_series())
    if twice.len():
        raise SnapshotError([Problem("repeated-id", f"{key} {twice[0]!r} comes twice")])
    return found


def hashes(ids: pl.Series) -> pl.Series:
    """The CRC-32 of each text as a column, a byte of all of them at a time.

    >>> from zlib import crc32
    >>> hashes(pl.Series(["C1", "", "Zoë"])).to_list() == [crc32(b"C1"), 0, crc32("Zoë".encode())]
    True
    """
    start = pl.lit(0xFFFF_FFFF, pl.UInt32)
    rows = pl.select(pl.lit(ids.cast(pl.Binary)).alias("id"), start.alias("crc")).with_row_index("row")
    ended = [rows.clear()]
    place = 0
    while rows.height:
        last = col("id").bin.size() == place
        ended.append(rows.filter(last))
        byte = col("id").bin.get(place)
        rows = rows.filter(~last).with_columns(crc=pl.lit(_TABLE).gather((col("crc") ^ byte) & 0xFF) ^ (col("crc") // 256))
        place += 1
    return pl.concat(ended).sort("row").select(~col("crc")).to_series()


def shards_of(ids: pl.Series, shards: int) -> pl.Series:
    """The shard of each id, in NFC, where there are so many.

    >>> shards_of(pl.Series(["C1", "C2", "Zoë"]), 4).to_list()
    [3, 1, 1]
    """
    return (hashes(ids) // (1 << REST_BITS) * shards // BUCKETS).rename("part")


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xEDB8_8320 if byte & 1 else 0)
    return byte


_TABLE = pl.Series(map(_remainder, range(256)), dtype=pl.UInt32)


def write_shards(frame: pl.DataFrame, table: str, folder: Path, shards: int) -> Iterator[Shard]:
    """Write all shards of a table, whose rows are ``in_order``."""
    codes = frame.get_column(HASH).cast(pl.UInt64)
    cuts = [codes.search_sorted(first_hash(shard, shards), side="left") for shard in range(shards + 1)]
    for shard, (start, stop) in enumerate(pairwise(cuts)):
        yield write_shard(frame.slice(start, stop - start), table, folder / file_name(table, shard, shards))


def write_shard(frame: pl.DataFrame, table: str, path: Path) -> Shard:
    """Write the rows of one shard, which are ``in_order``; what is read back has to be what was meant."""
    bucket = frame.get_column(HASH) // (1 << REST_BITS)
    cuts = [*bucket.is_first_distinct().arg_true(), frame.height]
    buckets = arrow.write(frame.drop(HASH), path, cuts)
    whole.sync(path)
    if arrow.digests(path, cuts) != buckets:
        raise OSError("what was written could not be read back")
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    return Shard(table, FileEntry(path.name, frame.height, path.stat().st_size, sha256), buckets)
