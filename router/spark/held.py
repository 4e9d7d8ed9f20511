"""Rows of a table that came over from Spark, as the engine reads the rows of files."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars import col

from router.bulk.reading import Table, absent
from router.files.scan import Part, Scan, part_of
from router.files.source import TableSource

PLACE = "place in the files"
"""A column of whole numbers: which file of the table, and which row of it."""
ROW_BITS = 40
"""So many bits of it are the row."""


@dataclass(frozen=True, slots=True)
class Held(Part):
    """Rows that came over from Spark, told apart by where they stood: to the engine they are files like any other."""

    table: pl.LazyFrame

    def raw(self, *files: Path, index: str | None = None) -> pl.LazyFrame:
        """The cells as they stand in the files; ``index`` counts within a file."""
        rows = self.table
        if files:
            rows = rows.filter((col(PLACE) // (1 << ROW_BITS)).is_in([self.files.index(file) for file in files]))
        return rows if index is None else rows.with_columns((col(PLACE) % (1 << ROW_BITS)).alias(index))


def held(source: TableSource, schema: pl.Schema, rows: pl.LazyFrame) -> Table:
    """Rows of a table, with :data:`PLACE`, as a table of the engine."""
    part, _ = part_of(source, source.files[0], schema, absent)
    whole = Held(source, source.files, schema, part.cells, rows.sort(PLACE))
    return Table(Scan(source, (whole,)), 0, ())
