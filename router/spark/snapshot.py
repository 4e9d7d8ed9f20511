"""The rows of a snapshot for the executors: from files in a folder that all machines share, or from those of a store."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import polars as pl
from polars import col
from pyspark.sql import DataFrame, SparkSession

from router.crm.manifest import Manifest
from router.crm.shards import CUSTOMERS, ORDERS, file_name
from router.crm.snapshot import Snapshot, current, damaged
from router.errors import Problem, SnapshotError
from router.frame.customers import Customers, of_snapshot, of_tables
from router.spark.blocks import Of, handed, parted
from router.spark.storage import Storage, in_store, spark_telling
from router.spark.work import Workers

STRETCH = 250_000
"""So many rows of a snapshot are one task of Spark, or one step of it."""
MOST = 1 << 27
"""A file that Spark fetches is a value in Java's memory, several times over: so many bytes are what 1 GB of it can bear."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Customers, or orders: columns of so many ``rows``, and into how many buckets of a hash of ``key`` they are parted."""

    kind: Of
    key: str
    schema: pl.Schema
    rows: int
    buckets: int

    def blocks(self, customers: Customers, start: int) -> Iterator[Any]:
        """A stretch of rows, as blocks of their buckets."""
        table = customers.rows if self.kind is Of.CUSTOMER else customers.orders
        assert table is not None  # noqa: S101 - there are rows of it
        rows = table.select(self.schema.names()).slice(start, STRETCH)
        return handed(parted(Of.KNOWN, rows.with_columns(bucket(self.key, self.buckets)).collect()))


def bucket(key: str, buckets: int) -> pl.Expr:
    """The bucket of an id, as ``part``."""
    return (col(key).hash() % buckets).cast(pl.Int32).alias("part")


class Stored(Protocol):
    """A snapshot whose rows executors can get at."""

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""

    def rows(self, workers: Workers, wanted: Wanted) -> DataFrame:
        """Its rows as blocks. Raises ``SnapshotError`` where they cannot be had."""


def stored(spark: SparkSession, address: str) -> Stored:
    """A snapshot by a path, or by an address that Spark knows: of a folder of snapshots, or that of one content.

    Raises ``SnapshotError``, which says what to do.
    """
    if not in_store(spark, address):
        opened = Snapshot.open(Path(address))
        return InFolder(opened.path.resolve(), opened.manifest)
    with spark_telling(lambda why: SnapshotError([Problem("bad-file", f"the snapshot cannot be read: {why}", address)])):
        return InStore(*current(Storage(spark, address).read, address.rstrip("/")))


@dataclass(frozen=True, slots=True)
class InFolder:
    """A snapshot by its path, the same on all machines."""

    path: Path
    manifest: Manifest

    def rows(self, workers: Workers, wanted: Wanted) -> DataFrame:
        """Executors map the files, a stretch of rows each."""
        return workers.each(-(-wanted.rows // STRETCH), Mapped(self.path, wanted))


@dataclass(frozen=True, slots=True)
class Mapped:
    """Work: stretches of the files of a folder, by their numbers."""

    folder: Path
    wanted: Wanted

    def __call__(self, batches: Iterator[Any], _: int) -> Iterator[Any]:
        """Blocks of the rows."""
        customers = of_snapshot(Snapshot.open(self.folder))
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from self.wanted.blocks(customers, number * STRETCH)


@dataclass(frozen=True, slots=True)
class InStore:
    """A snapshot by the address of its folder, that of one content."""

    folder: str
    manifest: Manifest

    def rows(self, workers: Workers, wanted: Wanted) -> DataFrame:
        """Spark fetches the files, and executors have one each."""
        table, shards = (CUSTOMERS if wanted.kind is Of.CUSTOMER else ORDERS), self.manifest.shards
        names = [file_name(table, shard, shards) for shard in range(shards)]
        large = max(entry.bytes for entry in self.manifest.files if entry.name in names)
        if large > MOST:
            enough = -(-shards * large // MOST)
            said = (
                f"a file of it has {large:,} bytes, and Spark fetches files of {MOST:,} at most from a store; build it with "
                f"--shards {enough} or more, or give a path that all machines share"
            )
            raise SnapshotError([Problem("bad-file", said, self.folder)])
        files = workers.spark.read.format("binaryFile").load([f"{self.folder}/{name}" for name in names])
        return workers.over(files.select("path", "content"), Fetched(self.manifest, wanted))


@dataclass(frozen=True, slots=True)
class Fetched:
    """Work: whole files of a snapshot, with their paths."""

    manifest: Manifest
    wanted: Wanted

    def __call__(self, batches: Iterator[Any], _: int) -> Iterator[Any]:
        """Blocks of the rows. Raises ``SnapshotError`` for a file that is not what was published."""
        digests = {entry.name: entry.sha256 for entry in self.manifest.files}
        for batch in batches:
            for path, content in zip(batch.column(0).to_pylist(), batch.column(1), strict=True):
                folder, _, name = path.rpartition("/")
                file = content.as_py()
                if sha256(file).hexdigest() != digests[name]:
                    raise damaged(folder, f"{name} is not what was published, its SHA-256 differs")
                table = pl.read_ipc(file)
                customers = of_tables(self.manifest, table.lazy(), table.lazy())  # whichever of both it is
                for start in range(0, table.height, STRETCH):
                    yield from self.wanted.blocks(customers, start)
