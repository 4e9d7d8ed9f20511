"""The queue as a table: its columns as people read them, written to a file row by row and read back from any format."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl
import pyarrow.parquet as pq
from polars import col
from polars import selectors as cs

from router.files.source import format_of
from router.policy.model import COMMITMENTS

TIMES = ("opened_at", *(f"{kind}_by" for kind in COMMITMENTS), "reply_channel_open_at")
"""Columns of instants."""
ROW_GROUP = 1 << 17
"""Rows of a row group of a Parquet file, whatever the parts that it was made from."""
_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"


def readable(frame: pl.DataFrame, exponent: int) -> pl.DataFrame:
    """Money as decimals in major units, instants as times of UTC, words as texts."""
    items = col("suggestions").list.eval(pl.element().struct.with_fields(_major(pl.field("amount"), exponent)))
    times = [col(name).cast(pl.Datetime("us", "UTC")) for name in TIMES if name in frame.columns]
    words = cs.enum().cast(pl.String)
    return frame.with_columns(words, *times, _major(col("recompense_total"), exponent), items)


def _major(minor: pl.Expr, exponent: int) -> pl.Expr:
    return minor.cast(pl.Decimal(38, exponent)).truediv(10**exponent)


class Writer(Protocol):
    """Takes the rows of a table, some at a time."""

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""

    def close(self) -> None:
        """There are no more."""


def writer(name: str, file: BinaryIO) -> Writer:
    """A writer of the format that a file's name tells. What it writes does not depend on how the rows are cut."""
    return WRITERS[format_of(Path(name))](file)


class ParquetWriter:
    """Row groups of :data:`ROW_GROUP` rows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None
        self._left: pl.DataFrame | None = None

    def write(self, frame: pl.DataFrame) -> None:
        """Write whole row groups and keep the rest for later."""
        rows = frame if self._left is None else pl.concat([self._left, frame])
        while rows.height >= ROW_GROUP:
            self._group(rows.head(ROW_GROUP))
            rows = rows.slice(ROW_GROUP)
        self._left = rows

    def close(self) -> None:
        """Write the last row group; a table without rows has its columns all the same."""
        if self._left is not None and (self._left.height or self._writer is None):
            self._group(self._left)
        if self._writer is not None:
            self._writer.close()

    def _group(self, rows: pl.DataFrame) -> None:
        table = rows.rechunk().to_arrow()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema, compression="zstd")
        self._writer.write_table(table, row_group_size=ROW_GROUP)


class CsvWriter:
    """Times as ISO 8601, lists as JSON."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._head = True

    def write(self, frame: pl.DataFrame) -> None:
        """Write the rows, the first time with a head."""
        lists = [_json(name) for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
        frame.with_columns(_iso(), *lists).write_csv(self._file, include_header=self._head)
        self._head = False

    def close(self) -> None:
        """Nothing is left."""


class NdjsonWriter:
    """Times as ISO 8601, money as text, exactly."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, frame: pl.DataFrame) -> None:
        """Write the rows."""
        frame.with_columns(_iso()).write_ndjson(self._file)

    def close(self) -> None:
        """Nothing is left."""


WRITERS: Mapping[str, Callable[[BinaryIO], Writer]] = {"parquet": ParquetWriter, "csv": CsvWriter, "ndjson": NdjsonWriter}
"""A writer for each format."""


def _iso() -> pl.Expr:
    return cs.datetime().dt.strftime(_ISO)


def _json(name: str) -> pl.Expr:
    """A list as the text of a JSON array: that of an object which holds it, without the object."""
    text = pl.struct(col(name).alias("_")).struct.json_encode()
    inner = text.str.strip_prefix('{"_":').str.head(-1)
    return pl.when(col(name).is_not_null()).then(inner).alias(name)
