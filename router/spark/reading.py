"""A table that Spark reads, and the rows of one group of it as the engine reads a file: with file and row number of each."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import polars as pl
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from router.bulk.reading import absent, source_of, unread
from router.errors import Problem, TableError
from router.files.columns import Column
from router.files.scan import Scan, part_of
from router.files.source import FORMATS, TableSource
from router.spark.held import PLACE, ROW_BITS


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table as Spark has it: ``frame`` has the columns of ``schema``, which are read, and :data:`PLACE`;
    ``uris`` are its files as Spark calls them."""

    frame: DataFrame
    source: TableSource
    schema: pl.Schema
    warnings: tuple[str, ...]
    rows: int
    uris: tuple[str, ...]


def read_sheet(spark: SparkSession, name: str, paths: Sequence[str], columns: Iterable[Column]) -> Sheet:
    """Look at the head of a table. Raises ``TableError`` with everything that is wrong with it."""
    try:
        frame = _load(spark, paths)
        files = tuple(sorted(map(_uri, frame.inputFiles())))
    except PySparkException as error:
        said = f"Spark cannot read {name}: {first_line(error)}"
        raise TableError([Problem("bad-file", said, ", ".join(paths))]) from error
    shown = tuple(map(readable_path, files)) or (Path(paths[0]),)
    source = source_of(name, shown, "parquet", columns)
    schema = pl.Schema(arrow_schema(frame.schema))
    part, problems = part_of(source, shown[0], schema, absent)
    if problems:
        raise TableError(problems)
    wanted = [theirs for _, theirs in source.wanted if theirs in schema]
    ids = [theirs for column, theirs in source.wanted if column.name in _IDS and schema.get(theirs) == pl.String]
    rows, named, others = _look(frame, ids)
    numbers = [(each, files.index(_uri(each))) for each in named]
    placed = _placed(spark, frame, numbers).select(*(f.col(f"`{each}`") for each in wanted), PLACE)
    kept = placed.mapInArrow(_composing(ids), placed.schema) if others else placed
    kinds = pl.Schema({each: schema[each] for each in wanted})
    return Sheet(kept, source, kinds, unread(Scan(source, (part,))), rows, files)


def _uri(uri: str) -> str:
    """A file's address in one way: Spark writes ``file:/`` here and ``file:///`` there."""
    return re.sub("^file:/+", "file:///", uri)


def arrow_schema(schema: StructType) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Columns of Spark as Arrow has them, instants in UTC."""
    return to_arrow_schema(schema, timezone="UTC")


_IDS = ("case_id", "customer_id", "order_id")
"""What rows are brought together by."""


def _load(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    text = [path for path in paths if FORMATS.get(Path(path.removesuffix(".gz")).suffix, "parquet") != "parquet"]
    if text:
        said = "Spark reads Parquet, or Delta where its package is given; write the table as one of them"
        raise TableError([Problem("no-format", said, text[0])])
    delta = [_exists(spark, f"{path}/_delta_log") for path in paths]
    if any(delta):
        if len(paths) > 1:
            raise TableError([Problem("no-format", "a Delta table is given alone", ", ".join(paths))])
        return spark.read.format("delta").load(paths[0])
    return spark.read.parquet(*paths)


def _exists(spark: SparkSession, path: str) -> bool:
    if any(sign in path for sign in "*?[{"):
        return False
    place = spark._jvm.org.apache.hadoop.fs.Path(path)  # noqa: SLF001 - Hadoop's file systems have no other door
    return bool(place.getFileSystem(spark._jsc.hadoopConfiguration()).exists(place))  # noqa: SLF001 - as above


def readable_path(uri: str) -> Path:
    """A file as people name it: a local one by its path, below the working folder by what comes after that."""
    parsed = urlparse(uri)
    if parsed.scheme not in {"", "file"}:
        return Path(uri)
    path = Path(unquote(parsed.path))
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _placed(spark: SparkSession, frame: DataFrame, numbers: Sequence[tuple[str, int]]) -> DataFrame:
    """The table with :data:`PLACE`; ``numbers`` are those of the files by Spark's name for them."""
    files = spark.createDataFrame(list(numbers), "file string, number long")
    named = frame.withColumn(PLACE, f.col("_metadata.row_index")).withColumn("file", f.col("_metadata.file_path"))
    joined = named.join(f.broadcast(files), "file")
    return joined.withColumn(PLACE, f.shiftleft("number", ROW_BITS) + f.col(PLACE)).drop("file", "number")


def _look(frame: DataFrame, ids: Sequence[str]) -> tuple[int, tuple[str, ...], bool]:
    """How many rows a table has, the files that it has rows in, and whether its ids may have to be composed.

    Spark cannot compose a text. Ids are nearly always ASCII, so that is looked at first.
    """
    texts = [f.col(f"`{each}`") for each in ids]
    other = [f.count_if(f.octet_length(text) != f.char_length(text)).alias(str(n)) for n, text in enumerate(texts)]
    files = f.collect_set("_metadata.file_path").alias("files")
    rows, found, *others = frame.agg(f.count(f.lit(1)).alias("rows"), files, *other).first() or (0, ())
    return rows, tuple(found), any(others)


def _composing(names: Sequence[str]) -> Any:  # noqa: ANN401 - what mapInArrow takes
    def compose(batches: Iterable[Any]) -> Iterable[Any]:
        import pyarrow.compute as pc  # noqa: PLC0415 - runs on executors, sent by value

        for batch in batches:
            changed = batch
            for name in names:
                place = changed.schema.get_field_index(name)
                changed = changed.set_column(place, name, pc.utf8_normalize(changed.column(place), form="NFC"))
            yield changed

    return compose


def id_of(sheet: Sheet, name: str) -> Any | None:  # noqa: ANN401 - a column of Spark
    """A column of ids as text, by which rows are brought together; ``None`` where the table has none."""
    theirs = next((theirs for column, theirs in sheet.source.wanted if column.name == name and theirs in sheet.schema), None)
    return None if theirs is None else f.col(f"`{theirs}`").cast("string")


def first_line(error: BaseException) -> str:
    """What an error of Spark says, without what it was doing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
