"""A first look at files that all machines reach by one path: how long each is, its digest, and where it may be cut."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from router.bulk.parts import parts_for
from router.errors import Problem, TableError
from router.files.source import PACKED, format_of
from router.spark.blocks import Of, handed, reported
from router.spark.cut import Stretch
from router.spark.reading import Opened
from router.spark.storage import Storage
from router.spark.work import Workers

_CHUNK = 1 << 22
_PACKED_ROW = 8
"""A row of packed text takes so many bytes at least: reckoned, since nobody unpacks it for that."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as an executor sees it: ``error`` says why not; ``runs`` are the rows of each row group of a Parquet file, and
    of any other about those of the whole."""

    number: int
    length: int = 0
    digest: str = ""
    runs: tuple[int, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class See:
    """Looks at files by their numbers, some in each partition."""

    files: tuple[Path, ...]

    def __call__(self, batches: Iterator[Any], _: int) -> Iterator[Any]:
        """A report of each file."""
        for batch in batches:
            yield from handed([reported(number, seen(number, self.files[number])) for number in batch.column(0).to_pylist()])


def seen(number: int, file: Path) -> Seen:
    """Read a file once, from end to end."""
    length, lines, digest = 0, 0, sha256()
    try:
        with file.open("rb") as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                lines += chunk.count(b"\n")
                length += len(chunk)
        if format_of(file) == "parquet":
            return Seen(number, length, digest.hexdigest(), _row_groups(file))
    except (OSError, ArrowInvalid) as error:
        return Seen(number, error=getattr(error, "strerror", None) or str(error))
    return Seen(number, length, digest.hexdigest(), (length // _PACKED_ROW if file.suffix == PACKED else lines,))


def _row_groups(file: Path) -> tuple[int, ...]:
    found = pq.ParquetFile(file).metadata
    return tuple(found.row_group(number).num_rows for number in range(found.num_row_groups))


def stretches(runs: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Where to cut a file into about ``most`` rows each, at the ends of its row groups if they are not larger than that.

    >>> list(stretches([3, 3, 3, 10], 6))
    [(0, 6), (6, 3), (9, 6), (15, 4)]
    """
    start = rows = 0
    for run in runs:
        if rows and rows + run > most:
            yield start, rows
            start, rows = start + rows, 0
        rows += run
        while rows > most:
            yield start, most
            start, rows = start + most, rows - most
    if rows:
        yield start, rows


_READ = (1 << 16, 1 << 20)
"""So many rows of a file are read by one task, at least and at most."""


class Files:
    """The files of a run: of the tables, and of the earlier output. Raises ``TableError`` if an executor cannot read one."""

    def __init__(self, workers: Workers, tables: Mapping[Of, Opened], previous: Path | None) -> None:
        self._spark, self._tables = workers.spark, tables
        listed = [(kind, file) for kind, table in tables.items() if table.frame is None for file in table.scan.source.files]
        listed += [] if previous is None else [(Of.PREVIOUS, previous)]
        reports = workers.reports(workers.each(len(listed), See(tuple(file.absolute() for _, file in listed))), Seen)
        seen = sorted(reports, key=lambda each: each.number)
        said = "an executor cannot read it: {}; a path without a scheme is of a folder that all machines share"
        wrong = [Problem("bad-file", said.format(one.error), str(listed[one.number][1])) for one in seen if one.error]
        if wrong:
            raise TableError(wrong)
        self._seen: dict[Of, list[tuple[Path, Seen]]] = {}
        for (kind, file), one in zip(listed, seen, strict=True):
            self._seen.setdefault(kind, []).append((file, one))

    def groups(self, memory: int) -> int:
        """How many groups of cases fit in so much memory each."""
        return parts_for(self.rows(Of.CASES), self.rows(Of.EVENTS), memory)

    def rows(self, kind: Of) -> int:
        """About how many rows a table has."""
        table = self._tables.get(kind)
        if table is not None and table.frame is not None:
            return int(table.frame.count())
        return sum(sum(one.runs) for _, one in self._seen.get(kind, ()))

    def stretches(self, parallel: int) -> Iterator[Stretch]:
        """What is read by one task each: a file, or some rows of one in Parquet."""
        least, most = _READ
        rows = sum(sum(one.runs) for each in self._seen.values() for _, one in each)
        many = max(least, min(most, rows // (2 * parallel)))
        for kind, files in self._seen.items():
            for number, (file, one) in enumerate(files):
                if format_of(file) == "parquet":
                    yield from (Stretch(kind, number, start, some) for start, some in stretches(one.runs, many))
                else:
                    yield Stretch(kind, number)

    def entries(self, rows: Mapping[Of, int]) -> dict[str, Any]:
        """What a manifest says of the tables, of which the number of rows is known by now."""
        return {
            table.scan.source.name: {"rows": rows[kind], "files": list(self._of_table(kind, table))}
            for kind, table in self._tables.items()
        }

    def _of_table(self, kind: Of, table: Opened) -> Iterator[dict[str, Any]]:
        if table.frame is None:
            yield from (_entry(file, one) for file, one in self._seen.get(kind, ()))
        for uri, file in zip(table.uris, table.scan.source.files, strict=False):
            yield Storage(self._spark, uri).entry(uri, file.as_posix())

    @property
    def previous(self) -> dict[str, Any] | None:
        """What a manifest says of the earlier output."""
        return next((_entry(file, one) for file, one in self._seen.get(Of.PREVIOUS, ())), None)


def _entry(file: Path, one: Seen) -> dict[str, Any]:
    return {"path": file.as_posix(), "bytes": one.length, "sha256": one.digest}
