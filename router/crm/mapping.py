"""The mapping file: where each table of a CRM comes from, how its columns are named, and how its cells are read.

``docs/crm.md`` shows one.
"""

import re
import zoneinfo
from collections.abc import Mapping as Map
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from router.crm.manifest import extra_fact
from router.crm.tables import TABLES, Column, Kind
from router.errors import MappingError, Problem, nearby
from router.facts import VOCABULARY, Fact
from router.money import EXPONENTS
from router.yaml import Path as Place
from router.yaml import Source, load

FORMATS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson"}
EPOCHS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
"""Ways to write a time as a whole number since 1970, in microseconds."""


def _word(value: object) -> object:
    """What a person meant who wrote ``true`` or ``1`` in a list of words."""
    return str(value).lower() if isinstance(value, bool | int) else value


def _several(given: object) -> object:
    """One name or a list of them, as a tuple (strict validation takes no list for one)."""
    return (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list) else given


def _known(kind: str, names: Map[str, object] | set[str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"no {kind} {value}; {nearby(value, names)}")
        return value

    return AfterValidator(check)


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        raise ValueError("should be small letters, digits and _, a letter first")
    return value


def _time(value: str) -> str:
    if value != "iso" and value not in EPOCHS and "%" not in value:
        raise ValueError(f"should be iso, {', '.join(EPOCHS)}, or a form such as %d/%m/%Y %H:%M")
    return value


Word = Annotated[str, BeforeValidator(_word)]
Char = Annotated[str, Field(min_length=1, max_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Parse(_Strict):
    """How cells are read. Words are compared without blanks around them; those for yes and no in either case."""

    time: Annotated[str, AfterValidator(_time)] = "iso"
    time_zone: Annotated[str, _known("time zone", zoneinfo.available_timezones())] = "UTC"
    decimal: Literal[".", ","] = "."
    thousands: Annotated[str, Field(max_length=1)] = ""
    amounts: Literal["major", "minor"] = "major"
    yes: tuple[Word, ...] = ("true", "yes", "y", "t", "1")
    no: tuple[Word, ...] = ("false", "no", "n", "f", "0")
    missing: tuple[Word, ...] = ("",)

    def over(self, base: "Parse") -> "Parse":
        """``base``, with what was written here in its place."""
        return base.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


class Extra(_Strict):
    """A further column of customers, which becomes ``customer.<name>``."""

    type: Literal["number", "integer", "money", "text", "yes/no"]
    column: str = ""
    meaning: str = ""
    unit: str = ""


class _Table(_Strict):
    files: Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]
    format: Literal["csv", "parquet", "ndjson"] | None = None
    separator: Char = ","
    parse: Parse = Parse()


_Name = Annotated[str, AfterValidator(_name)]


def _new(name: str, base: type[BaseModel], fields: dict[str, Any]) -> Any:  # noqa: ANN401 - made while running
    return create_model(name, __base__=base, **fields)


def _model(table: str) -> tuple[Any, Any]:
    """The field of one table: its columns are the keys that ``columns`` may have."""
    columns = _new(f"{table}_columns", _Strict, {column.name: (str, "") for column in TABLES[table].columns})
    if table == "customers":
        return _new(table, _Table, {"columns": (columns, columns()), "extra": (dict[_Name, Extra], {})}), ...
    return _new(table, _Table, {"columns": (columns, columns())}) | None, None


_Tables: Any = _new("tables", _Strict, {name: _model(name) for name in TABLES})


class Document(_Strict):
    """The mapping file as it is written; its JSON Schema serves editors."""

    currency: Annotated[str, _known("currency", EXPONENTS)]
    tables: _Tables
    parse: Parse = Parse()


@dataclass(frozen=True, slots=True)
class TableSource:
    """Where one table comes from: files of one format, its columns by our name, theirs as the value where it was said."""

    name: str
    files: tuple[Path, ...]
    format: str
    separator: str
    columns: Map[str, str]
    parse: Parse
    extra: tuple[tuple[Column, str], ...] = ()

    @property
    def wanted(self) -> tuple[tuple[Column, str], ...]:
        """Each column that the table may have, and their name for it."""
        own = tuple((column, self.columns.get(column.name, column.name)) for column in TABLES[self.name].columns)
        return own + self.extra


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file, read and checked; ``extras`` are the facts of further columns, by name."""

    source: Source
    currency: str
    tables: Map[str, TableSource]
    extras: tuple[Fact, ...]

    @property
    def exponent(self) -> int:
        """Decimal places of the currency."""
        return EXPONENTS[self.currency]


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file; its files are looked for beside it. Raises ``MappingError`` with every problem."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise MappingError([Problem("mapping-not-read", f"the mapping cannot be read: {reason}", str(path))]) from error
    source = load(text, str(path))
    document = source.read(Document)
    if document is None:
        raise MappingError(source.problems)
    tables = {name: table for name in TABLES if (table := getattr(document.tables, name)) is not None}
    resolved = {name: _resolve(path, document, source, name) for name in tables}
    extras = _extras(tables["customers"].extra, source)
    if source.problems:
        raise MappingError(source.problems)
    return Mapping(source, document.currency, resolved, extras)


def _resolve(path: Path, document: Document, source: Source, name: str) -> TableSource:
    """One table with its files found; problems go to the source."""
    table = getattr(document.tables, name)
    place: Place = ("tables", name, "files")
    files: dict[Path, None] = {}  # a set that keeps the order
    for index, pattern in enumerate(table.files):
        found = _find(path.parent, pattern)
        if not found:
            source.problems.append(source.problem("no-file", f"no file {pattern} beside the mapping", (*place, index)))
        files |= dict.fromkeys(found)
    formats = {table.format or FORMATS.get(file.suffix.lower(), "") for file in files}
    if len(formats) > 1 or "" in formats:
        said = "cannot tell one format from the names of the files; say format: csv, parquet or ndjson"
        source.problems.append(source.problem("no-format", said, place))
    extra = tuple(
        (Column(f"customer.{key}", Kind(item.type), item.meaning), item.column or key)
        for key, item in sorted(getattr(table, "extra", {}).items())
    )
    columns = {ours: theirs for ours, theirs in table.columns.model_dump().items() if theirs}
    parse = table.parse.over(document.parse)
    return TableSource(name, tuple(files), min(formats, default=""), table.separator, columns, parse, extra)


def _find(folder: Path, pattern: str) -> list[Path]:
    """The files that a name or a pattern means, in the order of their names."""
    if (folder / pattern).is_file() or not has_magic(pattern):
        return [folder / pattern] if (folder / pattern).is_file() else []
    names = glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob refuses an absolute pattern
    return [folder / name for name in sorted(names) if (folder / name).is_file()]


def _extras(extras: Map[str, Extra], source: Source) -> tuple[Fact, ...]:
    """The facts of the further columns, by name."""
    facts = []
    for key, item in sorted(extras.items()):
        fact = extra_fact(f"customer.{key}", item.type, item.meaning, item.unit)
        if fact.name in VOCABULARY:
            said = f"{fact.name} is a fact of the engine already"
            source.problems.append(source.problem("fact-exists", said, ("tables", "customers", "extra", key), key=True))
        facts.append(fact)
    return tuple(facts)
