"""How one cell of a file becomes a value: an expression for each kind, and one that says what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from math import inf

import polars as pl

from router.files.columns import Column, Kind
from router.files.source import EPOCHS, Parse
from router.money import HALF
from router.time import MINUTE

MOST = 10**15
"""Amounts stay below so many minor units: up to there a float holds each of them exactly."""
_ZONED = r"(?:Z|[+-]\d\d:?\d\d)$"
_OFFSETS = ("%z", "%:z", "%::z", "%#z", "%+")


class Fault(IntEnum):
    """What can be wrong with one cell."""

    NONE = 0
    EMPTY = 1
    UNREADABLE = 2
    LOW = 3
    HIGH = 4
    UNKNOWN = 5
    NEEDED = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """How to read the cells of the column ``theirs`` as ``column``, in two steps, so that nothing is read twice.

    First ``read`` (null where it cannot be read; a number may be NaN or infinite) and ``given`` (whether there is anything
    to read), of the file's columns; then ``value`` and ``fault``, of those two. ``form`` says what a cell should be.
    """

    column: Column
    theirs: str
    read: pl.Expr
    given: pl.Expr
    form: str

    @property
    def value(self) -> pl.Expr:
        """The value, null if missing."""
        read = pl.col(self.column.name)
        if self.column.kind is Kind.MONEY:
            return pl.when(read.is_finite()).then(read).cast(pl.Int64)
        if self.column.kind in {Kind.NUMBER, Kind.INTEGER}:
            return pl.when(read.is_finite()).then(read)
        return read

    @property
    def text(self) -> pl.Expr:
        """What stands in the file."""
        stands = pl.col(self.theirs).cast(pl.String, strict=False) if self.theirs else pl.lit(None, pl.String)
        return stands.alias(text_of(self.column.name))

    @property
    def faults(self) -> dict[Fault, pl.Expr]:
        """What can be wrong with the cell, the first that holds first; nothing is wrong where a test is not known."""
        column, read, value = self.column, pl.col(self.column.name), self.value
        tests = {
            Fault.UNREADABLE: pl.col(given_of(column.name)) & read.is_null() if column.kind is not Kind.TEXT else None,
            Fault.LOW: read < column.low if column.low > -inf else None,
            Fault.HIGH: value > column.high if column.high < inf else None,
            Fault.UNKNOWN: ~read.is_in(list(column.among)) if column.among else None,
            Fault.EMPTY: value.is_null() if column.filled else None,
            Fault.NEEDED: value.is_null() & _needed(column) if column.needed else None,
        }
        return {fault: test for fault, test in tests.items() if test is not None}

    @property
    def fault(self) -> pl.Expr:
        """A :class:`Fault`, as its number."""
        found = pl.lit(int(Fault.NONE))
        for fault, test in reversed(self.faults.items()):
            found = pl.when(test).then(int(fault)).otherwise(found)
        return found.cast(pl.UInt8)


def _needed(column: Column) -> pl.Expr:
    return pl.any_horizontal(pl.col(other).is_in(list(words)) for other, words in column.needed.items())


def given_of(name: str) -> str:
    """The column of the first step that says whether there is anything to read."""
    return f"given {name}"


def text_of(name: str) -> str:
    """The column that holds a cell as it stands in the file."""
    return f"text {name}"


def empty_cell(column: Column) -> Cell:
    """The cell of a column that the files have not got: nothing is given, and that is a fault where it is needed."""
    nothing = pl.lit(None, pl.Float64 if column.kind in {Kind.NUMBER, Kind.INTEGER, Kind.MONEY} else None)
    return Cell(column, "", nothing.alias(column.name), pl.lit(value=False).alias(given_of(column.name)), column.kind.value)


def cell(column: Column, theirs: str, dtype: pl.DataType, parse: Parse, exponent: int) -> Cell:
    """How to read ``theirs``, of this ``dtype`` in the file, as ``column``. Raises ``TypeError`` where nothing fits."""
    raw = pl.col(theirs)
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Null):
        raw, dtype = raw.cast(pl.String), pl.String()
    if dtype == pl.String:
        step = _composed if column.kind is Kind.TEXT else _something
        raw = raw.map_batches(partial(step, missing=sorted(parse.missing)), pl.String, is_elementwise=True)
    read, form = _read(column.kind, raw, dtype, parse, exponent)
    return Cell(column, theirs, read.alias(column.name), raw.is_not_null().alias(given_of(column.name)), form)


def _something(texts: pl.Series, missing: Sequence[str]) -> pl.Series:
    """The texts, null where they stand for nothing. A function of whole columns: an expression would strip them again for
    each step that follows."""
    nothing = texts.str.strip_chars().is_in(missing)
    return pl.select(pl.when(~nothing).then(texts)).to_series() if nothing.any() else texts


def _composed(texts: pl.Series, missing: Sequence[str]) -> pl.Series:
    """The texts in NFC, null where they stand for nothing. ASCII is in NFC already, and a text of it that begins beyond the
    space has something in it; that is told several times as fast."""
    plain = texts.str.len_bytes().sum() == texts.str.len_chars().sum()
    if not plain or missing != [""] or (texts < "!").any():
        texts = _something(texts, missing)
    return texts if plain else texts.str.normalize("NFC")


def _read(kind: Kind, raw: pl.Expr, dtype: pl.DataType, parse: Parse, exponent: int) -> tuple[pl.Expr, str]:
    """The value of a cell, null where it cannot be read (a number may be NaN or infinite), and what it should be."""
    match kind:
        case Kind.TEXT:
            return _text(raw, dtype), "a text"
        case Kind.TIME:
            return _time(raw, dtype, parse)
        case Kind.YES_NO:
            return _yes_no(raw, dtype, parse), f"yes ({', '.join(parse.yes)}) or no ({', '.join(parse.no)})"
        case Kind.MONEY:
            factor, unit = (10**exponent, "") if parse.amounts == "major" else (1, " in minor units")
            minor = (_number(raw, dtype, parse) * factor + HALF).floor()
            return pl.when(~minor.is_finite() | (minor.abs() < MOST)).then(minor), f"an amount{unit}"
        case Kind.NUMBER:
            return _number(raw, dtype, parse), "a number"
        case Kind.INTEGER:
            number = _number(raw, dtype, parse)
            return pl.when(~number.is_finite() | (number == number.floor())).then(number), "a whole number"
        case Kind.COUNTER:
            return _counter(raw, dtype), "a whole number"


def _unfit(dtype: pl.DataType, form: str) -> TypeError:
    return TypeError(f"holds {dtype}, which cannot be read as {form}")


def _text(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_integer():
        return raw.cast(pl.String)
    if dtype != pl.String:
        raise _unfit(dtype, "a text")
    return raw


def _number(raw: pl.Expr, dtype: pl.DataType, parse: Parse) -> pl.Expr:
    if dtype == pl.String:
        raw = raw.str.strip_chars()
        if parse.thousands:
            raw = raw.str.replace_all(parse.thousands, "", literal=True)
        if parse.decimal == ",":
            raw = raw.str.replace(",", ".", literal=True)
    elif not dtype.is_numeric():
        raise _unfit(dtype, "a number")
    return raw.cast(pl.Float64, strict=False)


def _counter(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:
        raw = raw.str.strip_chars()
    elif not dtype.is_integer():
        raise _unfit(dtype, "a whole number")
    return raw.cast(pl.Int64, strict=False)


def _yes_no(raw: pl.Expr, dtype: pl.DataType, parse: Parse) -> pl.Expr:
    if dtype == pl.Boolean:
        return raw
    if dtype != pl.String and not dtype.is_integer():
        raise _unfit(dtype, "yes or no")
    word = raw.cast(pl.String).str.strip_chars().str.to_lowercase()
    yes, no = ([each.lower() for each in words] for words in (parse.yes, parse.no))
    return pl.when(word.is_in(yes)).then(pl.lit(value=True)).when(word.is_in(no)).then(pl.lit(value=False))


def _time(raw: pl.Expr, dtype: pl.DataType, parse: Parse) -> tuple[pl.Expr, str]:
    """Microseconds of UTC since 1970, finer floored; a local time that comes twice is the first, a skipped one none."""
    zone = "" if parse.time_zone == "UTC" else f" in {parse.time_zone}"
    if isinstance(dtype, pl.Datetime):
        local = raw if dtype.time_zone else _local(raw, parse)
        return (local.dt.epoch("ns") // 1000 if dtype.time_unit == "ns" else local.dt.epoch("us")), f"a time{zone}"
    if dtype == pl.Date:
        return _local(raw.cast(pl.Datetime("us")), parse).dt.epoch("us"), f"a day{zone}"
    if parse.time in EPOCHS:
        if dtype != pl.String and not dtype.is_numeric():
            raise _unfit(dtype, f"whole {parse.time} since 1970")
        whole = (raw.str.strip_chars() if dtype == pl.String else raw).cast(pl.Int64, strict=False)
        return whole * EPOCHS[parse.time], f"whole {parse.time} since 1970"
    if dtype != pl.String:
        raise _unfit(dtype, "a time")
    if parse.time == "iso":
        return _iso(raw.str.strip_chars(), parse), f"a time such as 2016-05-29T18:00:00Z{zone}"
    read = raw.str.strip_chars().str.to_datetime(parse.time, time_unit="us", strict=False)
    local = read if any(offset in parse.time for offset in _OFFSETS) else _local(read, parse)
    return local.dt.epoch("us"), f"a time of the form {parse.time}{zone}"


def _local(time: pl.Expr, parse: Parse) -> pl.Expr:
    return time.dt.replace_time_zone(parse.time_zone, ambiguous="earliest", non_existent="null")


def _iso(text: pl.Expr, parse: Parse) -> pl.Expr:
    """ISO 8601: a day, a time to the minute, or one to the second with a fraction and an offset where there are any.

    The part up to the second is read at full speed and the short rest apart: one format after the other takes far longer.
    """
    length = text.str.len_bytes()
    full = (
        pl.when(length == len("2016-05-29")).then(text + "T00:00:00")
        .when(length == len("2016-05-29T18:00")).then(text + ":00")
        .otherwise(text)
    )  # fmt: skip
    second = full.str.slice(0, 19).str.replace(" ", "T", literal=True)
    rest = full.str.slice(19)
    fraction = rest.str.extract(r"^\.(\d{1,6})").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    offset = rest.str.extract(f"({_ZONED})").str.replace_all(r"[:Z+]", "").cast(pl.Int64, strict=False).fill_null(0)
    minutes = offset.sign() * (offset.abs() // 100 * 60 + offset.abs() % 100)
    read = second.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    instant = read.dt.epoch("us") - minutes * MINUTE
    if parse.time_zone != "UTC":
        instant = pl.when(rest.str.contains(_ZONED)).then(instant).otherwise(_local(read, parse).dt.epoch("us"))
    return pl.when(rest.str.contains(rf"^(?:\.\d+)?(?:{_ZONED.removesuffix('$')})?$")).then(instant + fraction)
