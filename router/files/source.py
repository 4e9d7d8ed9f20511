"""Where the rows of a table come from: its files, their format, its columns, and how their cells are written."""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from router.errors import nearby
from router.files.columns import Column

FORMATS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson"}
PACKED = ".gz"
"""A text format may be packed: ``cases.csv.gz``."""
EPOCHS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
"""Ways to write a time as a whole number since 1970, in microseconds."""


def format_of(file: Path) -> str:
    """The format that the name of a file tells, or an empty text.

    >>> format_of(Path("cases.csv.gz")), format_of(Path("cases.parquet")), format_of(Path("cases.txt"))
    ('csv', 'parquet', '')
    """
    suffix = file.suffix.lower()
    if suffix == PACKED:
        found = FORMATS.get(Path(file.stem).suffix.lower(), "")
        return "" if found == "parquet" else found
    return FORMATS.get(suffix, "")


def find(folder: Path, pattern: str) -> list[Path]:
    """The files that a name or a pattern means, in the order of their names; none if it means none."""
    if (folder / pattern).is_file() or not has_magic(pattern):
        return [folder / pattern] if (folder / pattern).is_file() else []
    names = glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob refuses an absolute pattern
    return [folder / name for name in sorted(names) if (folder / name).is_file()]


def is_address(path: str) -> bool:
    """Whether a path is an address that Spark knows and this machine's programs do not.

    >>> is_address("hdfs://lake/queue.parquet"), is_address("file:/queues/queue.parquet"), is_address("queues/queue.parquet")
    (True, True, False)
    """
    return "://" in path or path.startswith("file:")


def known(kind: str, names: Iterable[str]) -> AfterValidator:
    """A check that a text is one of some names."""

    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"no {kind} {value}; {nearby(value, names)}")
        return value

    return AfterValidator(check)


def _word(value: object) -> object:
    """What a person meant who wrote ``true`` or ``1`` in a list of words."""
    return str(value).lower() if isinstance(value, bool | int) else value


def _time(value: str) -> str:
    if value != "iso" and value not in EPOCHS and "%" not in value:
        raise ValueError(f"should be iso, {', '.join(EPOCHS)}, or a form such as %d/%m/%Y %H:%M")
    return value


Word = Annotated[str, BeforeValidator(_word)]


class Parse(BaseModel):
    """How cells are read. Words are compared without blanks around them; those for yes and no in either case."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    time: Annotated[str, AfterValidator(_time)] = "iso"
    time_zone: Annotated[str, known("time zone", zoneinfo.available_timezones())] = "UTC"
    decimal: Literal[".", ","] = "."
    thousands: Annotated[str, Field(max_length=1)] = ""
    amounts: Literal["major", "minor"] = "major"
    yes: tuple[Word, ...] = ("true", "yes", "y", "t", "1")
    no: tuple[Word, ...] = ("false", "no", "n", "f", "0")
    missing: tuple[Word, ...] = ("",)

    def over(self, base: "Parse") -> "Parse":
        """``base``, with what was written here in its place."""
        return base.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


PLAIN = Parse()
"""How cells are read unless a table says otherwise."""


@dataclass(frozen=True, slots=True)
class TableSource:
    """Where one table comes from: files of one format, and each column that it may have with their name for it.

    ``sure`` are the columns that have to be there; ``sparse`` those that NDJSON may leave out of its first lines and that
    are looked for all the same. ``exponent`` is that of the currency of its amounts; ``advice`` says how to give a time that
    stands there as a number.
    """

    name: str
    files: tuple[Path, ...]
    format: str
    wanted: tuple[tuple[Column, str], ...]
    separator: str = ","
    parse: Parse = PLAIN
    exponent: int = 2
    sure: frozenset[str] = frozenset()
    sparse: frozenset[str] = frozenset()
    advice: str = ""
