"""The mapping file: where each table of a CRM comes from, how its columns are named, and how its cells are read.

``docs/crm.md`` shows one.
"""

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from router.crm.manifest import extra_fact
from router.crm.tables import TABLES
from router.errors import MappingError, Problem
from router.facts import VOCABULARY, Fact
from router.files.columns import Column, Kind
from router.files.source import Parse, TableSource, find, format_of, known
from router.money import EXPONENTS
from router.yaml import Path as Place
from router.yaml import Source, load


def _several(given: object) -> object:
    """One name or a list of them, as a tuple (strict validation takes no list for one)."""
    return (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list) else given


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        raise ValueError("should be small letters, digits and _, a letter first")
    return value


Char = Annotated[str, Field(min_length=1, max_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


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

    currency: Annotated[str, known("currency", EXPONENTS)]
    tables: _Tables
    parse: Parse = Parse()


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file, read and checked; ``extras`` are the facts of further columns, by name, ``named`` the columns of each
    table that the mapping itself names."""

    source: Source
    currency: str
    tables: Map[str, TableSource]
    extras: tuple[Fact, ...]
    named: Map[str, frozenset[str]]

    @property
    def exponent(self) -> int:
        """Decimal places of the currency."""
        return EXPONENTS[self.currency]

    def no_column(self, table: str, column: Column, said: str) -> Problem:
        """A column that has to be there and is not; told where the mapping names it, or could."""
        if column.name.startswith("customer."):
            return self.source.problem(
                "no-column", said, ("tables", table, "extra", column.name.partition(".")[2]), key=True
            )
        if column.name in self.named[table]:
            return self.source.problem("no-column", said, ("tables", table, "columns", column.name))
        told = f"{said}; say under columns what it is called there"
        return self.source.problem("no-column", told, ("tables", table), key=True)


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
    named = {name: frozenset(_named(table)) for name, table in tables.items()}
    return Mapping(source, document.currency, resolved, extras, named)


def _named(table: Any) -> dict[str, str]:  # noqa: ANN401 - a model made while running
    """Their names of the columns that the mapping names, by ours."""
    return {ours: theirs for ours, theirs in table.columns.model_dump().items() if theirs}


def _resolve(path: Path, document: Document, source: Source, name: str) -> TableSource:
    """One table with its files found; problems go to the source."""
    table = getattr(document.tables, name)
    place: Place = ("tables", name, "files")
    files: dict[Path, None] = {}  # a set that keeps the order
    for index, pattern in enumerate(table.files):
        found = find(path.parent, pattern)
        if not found:
            source.problems.append(source.problem("no-file", f"no file {pattern} beside the mapping", (*place, index)))
        files |= dict.fromkeys(found)
    formats = {table.format or format_of(file) for file in files}
    if len(formats) > 1 or "" in formats:
        said = "cannot tell one format from the names of the files; say format: csv, parquet or ndjson"
        source.problems.append(source.problem("no-format", said, place))
    extra = tuple(
        (Column(f"customer.{key}", Kind(item.type), item.meaning), item.column or key)
        for key, item in sorted(getattr(table, "extra", {}).items())
    )
    named = _named(table)
    own = tuple((column, named.get(column.name, column.name)) for column in TABLES[name].columns)
    required = {column.name for column in TABLES[name].columns if column.required}
    return TableSource(
        name,
        tuple(files),
        min(formats, default=""),
        own + extra,
        table.separator,
        table.parse.over(document.parse),
        EXPONENTS[document.currency],
        sure=frozenset(required | named.keys() | {column.name for column, _ in extra}),
        sparse=frozenset(named.keys() - required),
        advice="say parse: {time: seconds}, milliseconds or microseconds",
    )


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
