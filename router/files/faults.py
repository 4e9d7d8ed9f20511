"""What cannot be read, found in a first pass over the rows and told by file, row and column, all at once up to a limit."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
from polars import col
from polars.exceptions import PolarsError

from router.errors import Problem, nearby
from router.files.cells import Cell, Fault, text_of
from router.files.columns import Kind
from router.files.diagnose import diagnose
from router.files.scan import Part, Scan

MOST = 20
"""So many bad rows, or repeated ids, of a table are told; the rest is counted."""
_LONGEST = 60
"""So much of a cell's text is shown."""
_ROW, _FAULTS = "row number", "bad rows"


Counts: TypeAlias = Callable[[Part], Mapping[str, pl.Expr]]
"""What else to count in a first pass: sums of what some expressions say of the first step of reading, by name."""


@dataclass(slots=True)
class Found:
    """What a pass over some rows of a table found: how many ``rows`` there are and what else was counted, files that cannot
    be read, how many rows are bad, and the problems of each of the first of those."""

    totals: dict[str, int]
    unreadable: list[Problem] = field(default_factory=list)
    bad: int = 0
    first: list[list[Problem]] = field(default_factory=list)

    def problems(self, name: str) -> list[Problem]:
        """Everything that is wrong with the table of this name, up to :data:`MOST` rows of it."""
        told = [problem for row in self.first for problem in row]
        if self.bad > len(self.first):
            more = Problem("bad-cell", f"{self.bad - len(self.first)} more rows of {name} are wrong", told[-1].where)
            told.append(more)
        return [*self.unreadable, *told]


def check(scan: Scan, counts: Counts = lambda _: {}) -> tuple[dict[str, int], list[Problem]]:
    """Read every cell once: how many ``rows`` there are, what else was to be counted, and what is wrong."""
    found = look(scan, counts)
    return found.totals, found.problems(scan.source.name)


def look(scan: Scan, counts: Counts = lambda _: {}) -> Found:
    """Read every cell once."""
    found = Found({"rows": 0})
    for part in scan.parts:
        wanted = {"rows": pl.len(), _FAULTS: _any_fault(part).sum(), **counts(part)}
        try:
            row = part.read().select(**wanted).collect(engine="streaming").row(0, named=True)
        except (PolarsError, OSError) as error:
            found.unreadable += _unreadable(part, error)
            continue
        for name, count in row.items():
            found.totals[name] = found.totals.get(name, 0) + int(count)
    found.bad = found.totals.pop(_FAULTS, 0)
    if found.bad:
        found.first = list(_bad_rows(scan))
    return found


def together(checked: Iterable[Found]) -> Found:
    """What passes over the rows of one table found, each over those that follow on the ones before."""
    listed = list(checked)
    totals: Counter[str] = Counter()
    for each in listed:
        totals.update(each.totals)
    first = list(islice((row for each in listed for row in each.first), MOST))
    unreadable = dict.fromkeys(problem for each in listed for problem in each.unreadable)
    return Found(dict(totals), list(unreadable), sum(each.bad for each in listed), first)


def _any_fault(part: Part) -> pl.Expr:
    return pl.any_horizontal(pl.lit(value=False), *(test for each in part.cells.values() for test in each.faults.values()))


def _bad_rows(scan: Scan) -> Iterator[list[Problem]]:
    """The problems of each of the first bad rows; rows count from 1, a head not counted. The files are read again."""
    left = MOST
    for part, file in _files(scan):
        faults = [each.fault.alias(f"fault {name}") for name, each in part.cells.items()]
        texts = [text_of(name) for name in part.cells]
        bad = part.read(file, index=_ROW).filter(_any_fault(part)).select(_ROW, *faults, *texts).head(left)
        rows = bad.collect(engine="streaming")
        left -= rows.height
        yield from (list(_of_row(part, file, row)) for row in rows.iter_rows(named=True))


def _of_row(part: Part, file: Path, row: Mapping[str, Any]) -> Iterator[Problem]:
    for name, each in part.cells.items():
        said = _said(each, Fault(row[f"fault {name}"]), str(row[text_of(name)]), row)
        if said:
            theirs = each.theirs or name
            yield Problem("bad-cell", f"row {row[_ROW] + 1}, column {theirs}: {said}", str(file))


def _said(cell: Cell, fault: Fault, text: str, row: Mapping[str, Any]) -> str:
    """What is wrong with one cell, or an empty text."""
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    match fault:
        case Fault.NONE:
            return ""
        case Fault.EMPTY:
            return "has no value"
        case Fault.UNREADABLE:
            return f'"{text}" is not {cell.form}'
        case Fault.LOW | Fault.HIGH if cell.column.kind is Kind.TIME:
            return f"{text} is not between the years 1 and 9999"
        case Fault.LOW:
            return f"{text} is below zero"
        case Fault.HIGH:
            return f"{text} is too large"
        case Fault.UNKNOWN:
            return f'"{text}" is not known; {nearby(text, cell.column.among)}'
        case Fault.NEEDED:
            other = next(iter(cell.column.needed))
            return f"has no value, and {row[text_of(other)]} needs one"


def _files(scan: Scan) -> Iterator[tuple[Part, Path]]:
    """Each file, in the order of the mapping, with its part."""
    parts = {file: part for part in scan.parts for file in part.files}
    yield from ((parts[file], file) for file in scan.source.files if file in parts)


Places: TypeAlias = Iterable[tuple[str, Path, int]]
"""Ids, each with its file and the number of its row there, which counts from 0."""


def repeated(scan: Scan, column: str, again: pl.Series) -> list[Problem]:
    """Ids that have to differ and do not, each with the row that has it first; ``again`` are those that come twice."""
    theirs = next(part.cells[column].theirs for part in scan.parts)
    return told_again(scan.source.name, theirs, _places(scan, column, again.head(MOST)), again.len())


def told_again(table: str, theirs: str, places: Places, ids: int, partitions: Mapping[str, int] = {}) -> list[Problem]:
    """The same where it is known already where they are; ``ids`` of the table come twice, ``places`` are of the first, and
    ``partitions`` where each was found out."""
    first: dict[str, str] = {}
    problems: list[Problem] = []
    for text, file, index in places:
        row = f"row {index + 1}"
        if text in first:
            said = f'{row}, column {theirs}: "{text}" is there already, in {first[text]}'
            said += f" (partition {partitions[text]})" if text in partitions else ""
            problems.append(Problem("repeated-id", said, str(file)))
        first.setdefault(text, f"{file.name} {row}")
    if ids > MOST:
        problems.append(Problem("repeated-id", f"{ids - MOST} more ids of {table} are repeated", problems[-1].where))
    return problems


def _places(scan: Scan, column: str, ids: pl.Series) -> Places:
    if ids.is_empty():
        return
    for part, file in _files(scan):
        value = part.cells[column].value.alias("id")
        found = part.read(file, index=_ROW).select(_ROW, value).filter(col("id").is_in(ids.implode()))
        for index, text in found.collect(engine="streaming").sort(_ROW).iter_rows():
            yield text, file, index


def _unreadable(part: Part, error: Exception) -> list[Problem]:
    """Which of some files cannot be read, and why."""
    found = [diagnose(file, part.source, error) for file in part.files]
    return [problem for problem in found if problem.line] or found[:1]
