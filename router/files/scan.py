"""The files of one table as one lazy frame of values, after a look at their heads."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import polars as pl
from polars.exceptions import PolarsError

from router.errors import Problem, nearby
from router.files.cells import Cell, cell, empty_cell
from router.files.columns import Column, Kind
from router.files.diagnose import diagnose, opened, uneven_record
from router.files.source import TableSource

Absent: TypeAlias = Callable[[Path, Column, str], Problem]
"""Takes a file, the column that it lacks and the sentence that says so."""

_PEEK = 1000
"""So many lines of an NDJSON file show which keys it has."""


@dataclass(frozen=True, slots=True)
class Part:
    """Files of a table that have the same columns, and how to read each cell, by our name for the column."""

    source: TableSource
    files: tuple[Path, ...]
    schema: pl.Schema
    cells: Mapping[str, Cell]

    def raw(self, *files: Path, index: str | None = None) -> pl.LazyFrame:
        """The cells as they stand in the files (all of them, or some), as text where the format has no types."""
        paths = [str(file) for file in files or self.files]
        match self.source.format:
            case "csv":
                return pl.scan_csv(paths, separator=self.source.separator, infer_schema=False, row_index_name=index)
            case "ndjson":
                return pl.scan_ndjson(paths, schema=self.schema, row_index_name=index)
            case _:
                return pl.scan_parquet(paths, row_index_name=index, glob=False)

    def read(self, *files: Path, index: str | None = None) -> pl.LazyFrame:
        """The first step of reading each cell (``Cell.read``, ``Cell.given``), and ``Cell.text``, what stands there."""
        steps = [step for each in self.cells.values() for step in (each.read, each.given, each.text)]
        return self.raw(*files, index=index).select(*([index] if index else []), *steps)


@dataclass(frozen=True, slots=True)
class Scan:
    """One table, ready to be read."""

    source: TableSource
    parts: tuple[Part, ...]

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it has, by our names."""
        return frozenset(name for part in self.parts for name in part.cells)

    def frame(self) -> pl.LazyFrame:
        """All rows as values; nothing is read yet."""
        names = sorted(self.columns)
        return pl.concat(
            [part.read().select(_value(part, name) for name in names) for part in self.parts], how="vertical_relaxed"
        )


def _value(part: Part, name: str) -> pl.Expr:
    return (part.cells[name].value if name in part.cells else pl.lit(None)).alias(name)


def open_table(source: TableSource, absent: Absent) -> tuple[Scan, list[Problem]]:
    """Look at the heads of a table's files: a scan of those that can be read, and what is wrong with files and columns.

    ``absent`` tells of a column that has to be in a file and is not.
    """
    problems: list[Problem] = []
    parts: dict[tuple[tuple[str, pl.DataType], ...], Part] = {}
    for file in source.files:
        try:
            schema = _head(file, source)
            uneven = uneven_record(file, source, len(schema)) if source.format == "csv" else None
        except (OSError, TypeError, ValueError, PolarsError) as error:
            problems.append(diagnose(file, source, error))
            continue
        if uneven is not None:
            problems.append(uneven)
            continue
        key = tuple(schema.items())
        if key in parts:
            parts[key] = replace(parts[key], files=(*parts[key].files, file))
        else:
            parts[key], wrong = part_of(source, file, schema, absent)
            problems += wrong
    scan = Scan(source, tuple(parts.values()))
    return scan, problems + list(_uneven(scan))


def _head(file: Path, source: TableSource) -> pl.Schema:
    """The columns of a file; of NDJSON, where a key may be left out, those of the first lines and those of the mapping."""
    if source.format == "csv":
        return pl.scan_csv(str(file), separator=source.separator, infer_schema=False).collect_schema()
    if source.format == "parquet":
        return pl.scan_parquet(str(file), glob=False).collect_schema()
    seen: dict[str, None] = {}
    with opened(file) as lines:
        for line in islice(lines, _PEEK):
            keys = json.loads(line) if line.strip() else {}
            if not isinstance(keys, dict):
                raise TypeError
            seen |= dict.fromkeys(keys)
    sparse = [theirs for column, theirs in source.wanted if not seen or column.name in source.sparse]
    return pl.Schema(dict.fromkeys([*seen, *sparse], pl.String()))


def part_of(source: TableSource, file: Path, schema: pl.Schema, absent: Absent) -> tuple[Part, list[Problem]]:
    """How to read files that have these columns, and what is wrong with those."""
    problems: list[Problem] = []
    cells: dict[str, Cell] = {}
    for column, theirs in source.wanted:
        if source.format == "csv" and f"{theirs}_duplicated_0" in schema:  # so Polars calls the second
            problems.append(Problem("bad-column", f"the head names column {theirs} twice", str(file)))
        elif theirs in schema:
            try:
                cells[column.name] = cell(column, theirs, schema[theirs], source.parse, source.exponent)
            except TypeError as error:
                advice = f"; {source.advice}" if column.kind is Kind.TIME and source.advice else ""
                problems.append(Problem("bad-column", f"column {theirs} {error}{advice}", str(file)))
        elif column.name in source.sure:
            said = f"has no column {theirs}; {nearby(theirs, schema.names(), of='it has')}"
            problems.append(absent(file, column, said))
        elif column.needed:
            cells[column.name] = empty_cell(column)
    return Part(source, (file,), schema, cells), problems


def _uneven(scan: Scan) -> Iterator[Problem]:
    """Optional columns that only some files have; in NDJSON that is how a key without a value looks."""
    parts: Sequence[Part] = () if scan.source.format == "ndjson" else scan.parts
    for column, theirs in scan.source.wanted:
        having = [part for part in parts if column.name in part.cells]
        for part in parts:
            if having and part not in having and column.name not in scan.source.sure:
                said = f"has no column {theirs}, but {having[0].files[0].name} has; the files of a table have to be alike"
                yield Problem("no-column", said, str(part.files[0]))
