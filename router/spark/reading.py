"""The tables of a backlog as the driver sees them: files that all machines reach, or what Spark reads from its stores."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import polars as pl
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import to_arrow_schema

from router.bulk.engine import Run
from router.bulk.reading import absent, case_frame, columns_of, event_frame, open_files, source_of, unread
from router.errors import Problem, TableError
from router.files.scan import Scan, part_of
from router.files.source import FORMATS, PACKED, is_address
from router.policy.model import Policy
from router.spark.blocks import Of
from router.spark.cut import Sheet
from router.spark.delta import LOG, delta_files
from router.spark.held import PLACE, ROW_BITS, held
from router.spark.storage import Storage, first_line, in_store

NAMES = {"cases": Of.CASES, "events": Of.EVENTS}
"""The tables by their names."""


@dataclass(frozen=True)
class Opened:
    """A table whose heads are as they should be. ``frame`` is what Spark reads, with :data:`PLACE`, from the files ``uris``;
    without it executors read the files of ``scan`` themselves, of which columns may be ``given``."""

    kind: Of
    scan: Scan
    frame: DataFrame | None = None
    uris: tuple[str, ...] = ()
    given: tuple[Mapping[str, Any], ...] = ()

    @property
    def sheet(self) -> Sheet:
        """The table as executors have it: by paths that do not depend on where they work."""
        source, parts = self.scan.source, self.scan.parts
        paths = source.files if self.uris else tuple(file.absolute() for file in source.files)
        of_file = {file: number for number, part in enumerate(parts) for file in part.files}
        numbers = tuple(of_file.get(file, 0) for file in source.files)
        given = self.given or ({},) * len(source.files)
        return Sheet(replace(source, files=paths), tuple(part.schema for part in parts), numbers, given)

    @property
    def names(self) -> dict[str, str]:
        """What people call each file, by what executors call it."""
        return {str(theirs): str(ours) for theirs, ours in zip(self.sheet.source.files, self.scan.source.files, strict=True)}

    def schema(self, policy: Policy) -> pl.Schema:
        """The columns of its rows as the engine takes them, with their places."""
        source, (part, *_) = self.scan.source, self.scan.parts
        nothing = pl.LazyFrame(schema={**part.schema, PLACE: pl.Int64()})
        table = held(replace(source, files=source.files or (Path(),)), part.schema, nothing)
        frame = event_frame(table, policy) if self.kind is Of.EVENTS else case_frame(table, policy)
        return pl.Schema({"position": pl.Int64(), **frame.collect_schema()})

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each column that nobody reads."""
        return unread(self.scan)


def open_tables(spark: SparkSession, run: Run) -> dict[Of, Opened]:
    """The tables of a run. Raises ``TableError`` with everything that is wrong with their heads."""
    problems: list[Problem] = []
    found: dict[Of, Opened] = {}
    for name, paths in (("cases", run.cases), ("events", run.events)):
        if not paths:
            continue
        if any(_of_spark(spark, path) for path in paths):
            try:
                one = len(paths) == 1 and Path(paths[0], LOG).is_dir()
                found[NAMES[name]] = _delta(name, paths[0], run.policy) if one else _stored(spark, name, paths, run.policy)
            except TableError as error:
                problems += error.problems
        else:
            scan = open_files(name, paths, run.policy, problems)
            if scan is not None:
                found[NAMES[name]] = Opened(NAMES[name], scan)
    if problems:
        raise TableError(problems)
    return found


def _of_spark(spark: SparkSession, path: str) -> bool:
    """Whether Spark reads a table: a folder, or what only it reaches."""
    pattern = not is_address(path) and any(sign in path for sign in "*?[{")
    return Path(path).is_dir() or (not pattern and in_store(spark, path))


def _delta(name: str, folder: str, policy: Policy) -> Opened:
    table = delta_files(folder)
    source = source_of(name, table.files or (Path(folder),), "parquet", columns_of(name, policy))
    part, problems = part_of(source, source.files[0], table.schema, absent)
    if problems:
        raise TableError(problems)
    return Opened(
        NAMES[name], Scan(replace(source, files=table.files), (replace(part, files=table.files),)), given=table.given
    )


def _stored(spark: SparkSession, name: str, paths: Sequence[str], policy: Policy) -> Opened:
    given = [Path(path).absolute().as_uri() if Path(path).exists() else path for path in paths]
    try:
        frame = _load(spark, given)
        uris = tuple(sorted(map(_uri, frame.inputFiles())))
        schema = pl.Schema(to_arrow_schema(frame.schema, timezone="UTC"))
    except PySparkException as error:
        said = f"Spark cannot read {name}: {first_line(error)}"
        raise TableError([Problem("bad-file", said, ", ".join(paths))]) from error
    shown = tuple(map(readable_path, uris)) or (Path(paths[0]),)
    source = source_of(name, shown, "parquet", columns_of(name, policy))
    part, problems = part_of(source, shown[0], schema, absent)
    if problems:
        raise TableError(problems)
    wanted = [theirs for _, theirs in source.wanted if theirs in schema]
    placed = _placed(spark, frame, uris).select(*(f.col(f"`{each}`") for each in wanted), PLACE)
    return Opened(NAMES[name], Scan(source, (replace(part, files=shown),)), placed, uris)


def _uri(uri: str) -> str:
    """A file's address in one way: Spark writes ``file:/`` here and ``file:///`` there."""
    return re.sub("^file:/+", "file:///", uri)


def _load(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    text = [path for path in paths if FORMATS.get(Path(path.removesuffix(PACKED)).suffix.lower(), "parquet") != "parquet"]
    if text:
        said = "CSV and NDJSON are read from a folder that all machines share, by its path; from a store Spark reads Parquet"
        raise TableError([Problem("no-format", said, text[0])])
    delta = [Storage(spark, path).exists(f"{path}/_delta_log") for path in paths]
    if any(delta):
        if len(paths) > 1:
            raise TableError([Problem("no-format", "a Delta table is given alone", ", ".join(paths))])
        return spark.read.format("delta").load(paths[0])
    return spark.read.parquet(*paths)


def readable_path(uri: str) -> Path:
    """A file as people name it: a local one by its path, below the working folder by what comes after that."""
    parsed = urlparse(uri)
    if parsed.scheme not in {"", "file"}:
        return Path(uri)
    path = Path(unquote(parsed.path))
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _placed(spark: SparkSession, frame: DataFrame, uris: Sequence[str]) -> DataFrame:
    """The table with :data:`PLACE`: the number of the file among ``uris``, and the row there."""
    name = f.regexp_replace("_metadata.file_path", "^file:/+", "file:///")
    files = spark.createDataFrame([(uri, number) for number, uri in enumerate(uris)], "file string, number long")
    named = frame.withColumn(PLACE, f.col("_metadata.row_index")).withColumn("file", name)
    joined = named.join(f.broadcast(files), "file")
    return joined.withColumn(PLACE, f.shiftleft("number", ROW_BITS) + f.col(PLACE)).drop("file", "number")
