"""A backlog read from its files: every mistake of heads and cells at once, then two lazy frames of the engine's types."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
from polars import col

from router.bulk import tables
from router.errors import Problem, TableError, nearby
from router.files.columns import Column, Kind
from router.files.faults import check
from router.files.scan import Scan, open_table
from router.files.source import TableSource, find, format_of
from router.money import EXPONENTS, HALF, POWERS
from router.policy.model import Policy

DTYPES = {
    Kind.TEXT: pl.String(),
    Kind.TIME: pl.Int64(),
    Kind.COUNTER: pl.Int64(),
    Kind.YES_NO: pl.Boolean(),
    Kind.NUMBER: pl.Float64(),
    Kind.INTEGER: pl.Float64(),
}
"""What a column holds in the engine's frames."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table, checked: how to read it, how many rows it has, and a sentence for each column that nobody reads."""

    scan: Scan
    rows: int
    warnings: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """Where it was read from."""
        return self.scan.source.files


@dataclass(frozen=True, slots=True)
class Backlog:
    """The tables of a backlog; ``events`` is ``None`` where nothing is known of what happened."""

    cases: Table
    events: Table | None

    @property
    def tables(self) -> tuple[Table, ...]:
        """Those that there are."""
        return (self.cases,) if self.events is None else (self.cases, self.events)


def read_backlog(cases: Sequence[str], events: Sequence[str], policy: Policy) -> Backlog:
    """Look at every file of a backlog, and at every cell that ``policy`` reads.

    ``cases`` and ``events`` are names or patterns of files. Raises ``TableError`` with all that is wrong.
    """
    problems: list[Problem] = []
    scans = open_backlog(cases, events, policy)
    read = [None if scan is None else _checked(scan, problems) for scan in scans]
    if problems or read[0] is None:
        raise TableError(problems)
    return Backlog(read[0], read[1])


def open_backlog(cases: Sequence[str], events: Sequence[str], policy: Policy) -> tuple[Scan, Scan | None]:
    """Look at the heads of every file of a backlog. Raises ``TableError`` with all that is wrong with them."""
    problems: list[Problem] = []
    first = open_files("cases", cases, policy, problems)
    second = open_files("events", events, policy, problems) if events else None
    if problems or first is None:
        raise TableError(problems)
    return first, second


def columns_of(name: str, policy: Policy) -> tuple[Column, ...]:
    """The columns that are looked for in the table of this name."""
    return (*tables.CASES, *tables.attributes(policy)) if name == "cases" else tables.EVENTS


def open_files(name: str, patterns: Sequence[str], policy: Policy, problems: list[Problem]) -> Scan | None:
    """The scan of the table of this name, after a look at the heads of its files; problems are added to the list."""
    files: dict[Path, None] = {}  # a set that keeps the order
    for pattern in patterns:
        found = find(Path(), pattern)
        if not found:
            problems.append(_no_file(name, pattern))
        files |= dict.fromkeys(found)
    formats = {format_of(file) for file in files}
    if len(formats) > 1 or "" in formats:
        said = f"the files of {name} are of one format, told by their names: .csv, .ndjson (each may end in .gz) or .parquet"
        problems.append(Problem("no-format", said, ", ".join(patterns)))
    if not files or len(formats) > 1 or "" in formats:
        return None
    scan, wrong = open_table(source_of(name, tuple(files), formats.pop(), columns_of(name, policy)), absent)
    problems += wrong
    return scan


def source_of(name: str, files: tuple[Path, ...], form: str, columns: Iterable[Column]) -> TableSource:
    """A table of a backlog: its files, of one format, and the columns that are looked for in them."""
    wanted = tuple((column, theirs) for column in columns for theirs in _names(column))
    return TableSource(
        name,
        files,
        form,
        tuple((_called(column, theirs), theirs) for column, theirs in wanted),
        sure=frozenset(column.name for column, _ in wanted if column.required),
        sparse=frozenset(theirs for _, theirs in wanted),
        advice="give times as such, or as texts like 2016-06-01T10:00:00Z",
    )


def _names(column: Column) -> tuple[str, ...]:
    """What a column may be called: an attribute of the policy by its key or its full name."""
    family, _, key = column.name.partition(".")
    own = {each.name for each in tables.CASES}
    return (column.name,) if not key else (f"{family}.{key}",) if key in own else (key, column.name)


def _called(column: Column, theirs: str) -> Column:
    """The column by the name that it has in the file, so that one may stand there by either."""
    return (
        column
        if column.name == theirs
        else Column(theirs, column.kind, column.meaning, column.absent, low=column.low, high=column.high)
    )


def _no_file(name: str, pattern: str) -> Problem:
    folder = Path(pattern).parent
    beside = [entry.name for entry in folder.iterdir() if entry.is_file()] if folder.is_dir() else []
    return Problem("no-file", f"no such file for {name}; {nearby(Path(pattern).name, beside, of='there are')}", pattern)


def absent(file: Path, column: Column, said: str) -> Problem:
    """What is said of a file without a column that it has to have."""
    return Problem("no-column", f"{said}; it has to hold {column.kind.value}: {column.meaning}", str(file))


def _checked(scan: Scan, problems: list[Problem]) -> Table:
    totals, wrong = check(scan)
    problems += wrong
    return Table(scan, totals["rows"], unread(scan))


def unread(scan: Scan) -> tuple[str, ...]:
    """A sentence for each column of the files that nobody reads."""
    known = {theirs for _, theirs in scan.source.wanted}
    others = {name for part in scan.parts for name in part.schema if name not in known}
    return tuple(f"{scan.source.name}: column {name} is not read; {_perhaps(name, known)}" for name in sorted(others))


def _perhaps(name: str, known: Iterable[str]) -> str:
    return nearby(name, known, of="those read are", most=30)


def case_frame(table: Table, policy: Policy) -> pl.LazyFrame:
    """The cases as the engine takes them: every column, amounts in minor units, attributes as ``case.<key>``."""
    rows = table.scan.frame()
    own = [_value(table, column) for column in tables.CASES if column.name not in tables.MONEY]
    given = [_attribute(table, column, policy) for column in tables.attributes(policy)]
    return rows.select(*own, *_amount(table, "value_amount", policy), *given)


def event_frame(table: Table, policy: Policy) -> pl.LazyFrame:
    """The events as the engine takes them: the columns that there are, amounts in minor units, and their ``position``."""
    rows = table.scan.frame().with_row_index("position").with_columns(col("position").cast(pl.Int64))
    plain = [column for column in tables.EVENTS if column.name in table.scan.columns and column.name not in tables.MONEY]
    money = _amount(table, "amount", policy) if "amount" in table.scan.columns else ()
    return rows.select("position", *(_value(table, column) for column in plain), *money)


def _value(table: Table, column: Column, name: str = "") -> pl.Expr:
    """A column of the engine's type, null where the files have none."""
    found = col(name or column.name) if (name or column.name) in table.scan.columns else pl.lit(None)
    return found.cast(DTYPES[column.kind]).alias(column.name)


def _attribute(table: Table, column: Column, policy: Policy) -> pl.Expr:
    value = pl.coalesce(_value(table, column, name) for name in _names(column))
    if column.name in {fact.name for fact in policy.facts if fact.type == "money"}:
        power = float(POWERS[policy.exponent])
        minor = (value * power + HALF).floor()
        value = minor / (minor * 0.0 + power)  # a constant would be divided by through its reciprocal
    return value.alias(column.name)


def _amount(table: Table, name: str, policy: Policy) -> tuple[pl.Expr, ...]:
    """An amount in whole minor units of its currency, and the currency: the policy's, where none is given."""
    minor, currency = tables.AMOUNTS[name]
    columns = {column.name: column for column in (*tables.CASES, *tables.EVENTS)}
    amount = _value(table, columns[name])
    theirs = _value(table, columns[currency]).fill_null(policy.currency)
    return (
        pl.map_batches([amount, theirs], partial(_minor, usual=policy.currency), pl.Int64, is_elementwise=True).alias(minor),
        pl.when(amount.is_not_null()).then(theirs).alias(currency),
    )


_POWERS = {currency: float(POWERS[exponent]) for currency, exponent in EXPONENTS.items()}


def _minor(columns: Sequence[pl.Series], usual: str) -> pl.Series:
    """Amounts in minor units, each of its own currency; most tables know none but the usual one, which saves looking up."""
    amounts, currencies = columns
    powers: pl.Series | float = _POWERS.get(usual, 100.0)
    if not (currencies == usual).all():
        powers = currencies.replace_strict(_POWERS, default=100.0, return_dtype=pl.Float64)
    return (amounts * powers + HALF).floor().cast(pl.Int64)
