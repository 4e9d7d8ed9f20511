"""Build a snapshot from a mapping file: read, check, compute, publish. What ``case-router snapshot build`` does."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest
from pathlib import Path

import polars as pl
from polars import col

from router.crm.features import customer_facts
from router.crm.manifest import Manifest, SourceEntry
from router.crm.mapping import Mapping as MappingFile
from router.crm.mapping import load_mapping
from router.crm.publish import Content, publish
from router.crm.tables import TABLES
from router.errors import MappingError, Problem
from router.files.columns import Column
from router.files.faults import check, repeated
from router.files.scan import Part, Scan, open_table


@dataclass(frozen=True, slots=True)
class Tally:
    """What a first pass counts: rows, those after the as-of time, others without a customer id; and the empty columns."""

    rows: int = 0
    later: int = 0
    nobodys: int = 0
    empty: tuple[str, ...] = ()


def build(mapping: Path, directory: Path, as_of: int, *, shards: int = 1, keep: int = 2) -> Manifest:
    """Build the snapshot that a mapping file describes, as of an instant, and make it the current one of ``directory``.

    Raises ``MappingError`` with every mistake of the mapping, the files and their cells, ``SnapshotError`` if it cannot be
    written; what was current before then stays so.
    """
    return publish(read(load_mapping(mapping), as_of), directory, shards=shards, keep=keep)


def read(mapping: MappingFile, as_of: int) -> Content:
    """All that a snapshot as of ``as_of`` says, read from the tables of a mapping. Raises ``MappingError``."""
    scans = open_tables(mapping)
    tallies = tallied(scans, {name: check(scan, partial(counts_of, name, as_of)) for name, scan in scans.items()})
    order_ids = _unique_ids(scans, as_of)

    frames = {name: scan.frame() for name, scan in scans.items()}
    frame = customer_facts(frames, as_of, mapping.exponent, mapping.extras).collect(engine="streaming")
    counts = [name for name in frame.columns if name.startswith("rows.")]
    joined = {name.removeprefix("rows."): int(frame.get_column(name).sum()) for name in counts}
    return Content(
        as_of=as_of,
        currency=mapping.currency,
        facts=frame.drop(counts),
        order_ids=order_ids,
        extras=mapping.extras,
        sources=tuple(sources_of(mapping, map(_digest, files_of(mapping)))),
        warnings=tuple(warnings_of(tallies, joined, frame.height)),
    )


def open_tables(mapping: MappingFile) -> dict[str, Scan]:
    """The tables of a mapping after a look at their heads. Raises ``MappingError`` with all that is wrong with those."""
    problems: list[Problem] = []
    scans: dict[str, Scan] = {}
    for name, source in mapping.tables.items():
        scans[name], wrong = open_table(source, partial(_no_column, mapping, name))
        problems += wrong
    if problems:
        raise MappingError(problems)
    return scans


def tallied(scans: Mapping[str, Scan], found: Mapping[str, tuple[Mapping[str, int], list[Problem]]]) -> dict[str, Tally]:
    """What a first pass over each table found. Raises ``MappingError`` with all that is wrong with the cells."""
    problems = [problem for _, wrong in found.values() for problem in wrong]
    if problems:
        raise MappingError(problems)
    return {name: _tally(scans[name], totals) for name, (totals, _) in found.items()}


def _no_column(mapping: MappingFile, table: str, file: Path, column: Column, said: str) -> Problem:
    return mapping.no_column(table, column, f"{file.name} {said}")


def counts_of(table: str, as_of: int, part: Part) -> dict[str, pl.Expr]:
    """What a first pass counts in the rows of a table, beside those."""
    dated = TABLES[table].dated
    seen = part.cells[dated].value <= as_of if dated else pl.lit(value=True)
    given = {f"given {name}": each.value.count() for name, each in part.cells.items()}
    return given | {"later": (~seen).sum(), "nobodys": (seen & part.cells["customer_id"].value.is_null()).sum()}


def _tally(scan: Scan, totals: Mapping[str, int]) -> Tally:
    rows = totals["rows"]
    empty = tuple(name for name in sorted(scan.columns) if rows and not totals.get(f"given {name}"))
    return Tally(rows, totals.get("later", 0), totals.get("nobodys", 0), empty)


def _unique_ids(scans: Mapping[str, Scan], as_of: int) -> pl.Series | None:
    """The ids of the orders placed by ``as_of``, sorted; every id that must not be repeated is checked on the way."""
    problems: list[Problem] = []
    order_ids: pl.Series | None = None
    for name, column in unique_columns(scans):
        dated = [TABLES[name].dated] if TABLES[name].dated else []
        ids = scans[name].frame().select(column, *dated).sort(column).collect(engine="streaming")
        again = ids.filter(col(column) == col(column).shift(1)).unique(column, maintain_order=True)
        problems += repeated(scans[name], column, again.get_column(column))
        if column == "order_id":
            order_ids = ids.filter(col("ordered_at") <= as_of).get_column("order_id")
    if problems:
        raise MappingError(problems)
    return order_ids


def unique_columns(scans: Mapping[str, Scan]) -> Iterator[tuple[str, str]]:
    """The columns of ids that must not repeat, each with its table."""
    for name, scan in scans.items():
        yield from ((name, each.name) for each in TABLES[name].columns if each.unique and each.name in scan.columns)


def files_of(mapping: MappingFile) -> list[Path]:
    """All files, table by table."""
    return [file for table in mapping.tables.values() for file in table.files]


def _digest(file: Path) -> tuple[int, str]:
    with file.open("rb") as content:
        found = file_digest(content, "sha256").hexdigest()
    return file.stat().st_size, found


def sources_of(mapping: MappingFile, digests: Iterable[tuple[int, str]]) -> Iterator[SourceEntry]:
    """Every file with its length and digest, given in the order of ``files_of``; paths are beside the mapping where they can
    be."""
    beside = Path(mapping.source.name).parent
    tables = [table.name for table in mapping.tables.values() for _ in table.files]
    for table, file, (length, found) in zip(tables, files_of(mapping), digests, strict=True):
        path = file.relative_to(beside) if file.is_relative_to(beside) else file
        yield SourceEntry(table, path.as_posix(), length, found)


def warnings_of(tallies: Mapping[str, Tally], joined: Mapping[str, int], customers: int) -> Iterator[str]:
    """What is to be told of tables: ``joined`` says how many rows of each are of the ``customers`` in the snapshot."""
    for name, tally in tallies.items():
        for column in tally.empty:
            yield f"{name}: no row has a value for {column}"
        if name == "customers":
            if tally.rows > customers:
                yield f"customers: {tally.rows - customers} of {tally.rows} were not customers yet"
            continue
        if tally.later:
            yield f"{name}: {tally.later} of {tally.rows} rows are later than the as-of time and do not count"
        if tally.nobodys:
            yield f"{name}: {tally.nobodys} of {tally.rows} rows have no customer id"
        unknown = tally.rows - tally.later - tally.nobodys - joined[name]
        if unknown:
            yield f"{name}: {unknown} of {tally.rows} rows are of customers who are not in the snapshot"
