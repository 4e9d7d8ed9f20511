"""What cannot be read, found in a first pass over the rows and told by file, row and column, all at once up to a limit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from polars import col
from polars.exceptions import PolarsError

from router.crm.cells import Fault
from router.crm.diagnose import diagnose
from router.crm.scan import Part, Scan, text_of
from router.crm.tables import TABLES
from router.errors import Problem

MOST = 20
"""So many bad rows, or repeated ids, of a table are told; the rest is counted."""
_LONGEST = 60
"""So much of a cell's text is shown."""
_ROW, _FAULTS = "row number", "bad rows"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a first pass counts: rows, those after the as-of time, others without a customer id; and the empty columns."""

    rows: int = 0
    later: int = 0
    nobodys: int = 0
    empty: tuple[str, ...] = ()


def check(scan: Scan, as_of: int) -> tuple[Tally, list[Problem]]:
    """Read every cell once: what there is, and what is wrong."""
    dated = TABLES[scan.source.name].dated
    totals: dict[str, int] = {}
    problems: list[Problem] = []
    for part in scan.parts:
        cells = part.cells
        counts = [pl.len().alias("rows"), _any_fault(part).sum().alias(_FAULTS)]
        seen = cells[dated].value <= as_of if dated else pl.lit(value=True)
        counts += [(~seen).sum().alias("later"), (seen & cells["customer_id"].value.is_null()).sum().alias("nobodys")]
        counts += [each.value.count().alias(f"given {name}") for name, each in cells.items()]
        try:
            found = part.read().select(counts).collect(engine="streaming").row(0, named=True)
        except (PolarsError, OSError) as error:
            problems += _unreadable(part, error)
            continue
        for name, count in found.items():
            totals[name] = totals.get(name, 0) + int(count)
    if totals.get(_FAULTS):
        problems += _bad_rows(scan, totals[_FAULTS])
    given = {name: totals.get(f"given {name}", 0) for name in sorted(scan.columns)}
    empty = tuple(name for name, count in given.items() if totals.get("rows") and not count)
    return Tally(totals.get("rows", 0), totals.get("later", 0), totals.get("nobodys", 0), empty), problems


def _any_fault(part: Part) -> pl.Expr:
    return pl.any_horizontal(each.fault != Fault.NONE for each in part.cells.values())


def _bad_rows(scan: Scan, total: int) -> list[Problem]:
    """The first bad rows, cell by cell; rows count from 1, a head not counted. The files are read again."""
    problems: list[Problem] = []
    left = MOST
    for part, file in _files(scan):
        faults = [each.fault.alias(f"fault {name}") for name, each in part.cells.items()]
        texts = [text_of(name) for name in part.cells]
        bad = part.read(file, index=_ROW).filter(_any_fault(part)).select(_ROW, *faults, *texts).head(left)
        rows = bad.collect(engine="streaming")
        left -= rows.height
        problems += [problem for row in rows.iter_rows(named=True) for problem in _of_row(part, file, row)]
    if total > MOST:
        problems.append(Problem("bad-cell", f"{total - MOST} more rows of {scan.source.name} are wrong", problems[-1].where))
    return problems


def _of_row(part: Part, file: Path, row: Mapping[str, Any]) -> Iterator[Problem]:
    for name, each in part.cells.items():
        text = str(row[text_of(name)])
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        said = {
            Fault.EMPTY: "has no value",
            Fault.UNREADABLE: f'"{text}" is not {each.form}',
            Fault.NEGATIVE: f"{text} is below zero",
        }.get(Fault(row[f"fault {name}"]))
        if said:
            yield Problem("bad-cell", f"row {row[_ROW] + 1}, column {each.theirs}: {said}", str(file))


def _files(scan: Scan) -> Iterator[tuple[Part, Path]]:
    """Each file, in the order of the mapping, with its part."""
    parts = {file: part for part in scan.parts for file in part.files}
    yield from ((parts[file], file) for file in scan.source.files if file in parts)


def repeated(scan: Scan, column: str, ids: pl.Series) -> list[Problem]:
    """Ids that have to differ and do not, each with the row that has it first; ``ids`` are all of them, sorted."""
    again = ids.filter(ids == ids.shift(1)).unique(maintain_order=True)
    if again.is_empty():
        return []
    first: dict[str, str] = {}
    problems: list[Problem] = []
    for part, file in _files(scan):
        value = part.cells[column].value.alias("id")
        found = part.read(file, index=_ROW).select(_ROW, value).filter(col("id").is_in(again.head(MOST).implode()))
        for index, text in found.collect(engine="streaming").sort(_ROW).iter_rows():
            row = f"row {index + 1}"
            if text in first:
                said = f'{row}, column {part.cells[column].theirs}: "{text}" is there already, in {first[text]}'
                problems.append(Problem("repeated-id", said, str(file)))
            first.setdefault(text, f"{file.name} {row}")
    if again.len() > MOST:
        said = f"{again.len() - MOST} more ids of {scan.source.name} are repeated"
        problems.append(Problem("repeated-id", said, problems[-1].where))
    return problems


def _unreadable(part: Part, error: Exception) -> list[Problem]:
    """Which of some files cannot be read, and why."""
    found = [diagnose(file, part.source, error) for file in part.files]
    return [problem for problem in found if problem.line] or found[:1]
