"""A Delta table in a folder that all machines share: the files it is made of now, and columns that stand in none of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pyarrow as pa

from router.errors import Problem, TableError

LOG = "_delta_log"
"""What tells a Delta table from other folders."""
_HARMLESS = frozenset({"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck", "variantType"})
"""Features that do not change what the rows of a file are, or make columns that nobody here reads."""


@dataclass(frozen=True, slots=True)
class DeltaFiles:
    """The files of the newest version, in the order of their names, and the columns of the table. ``given`` has for each
    file the columns that it has not got: those that the table is parted by, and later ones, which are null."""

    files: tuple[Path, ...]
    schema: pl.Schema
    given: tuple[Mapping[str, Any], ...]


def delta_files(folder: str) -> DeltaFiles:
    """Look up a table. Raises ``TableError`` if it is none, or one whose files do not say what its rows are."""
    if find_spec("deltalake") is None:
        raise TableError([Problem("bad-file", "is a Delta table; pip install 'case-router[spark]' to read it", folder)])
    from deltalake import DeltaTable  # noqa: PLC0415 - an extra
    from deltalake.exceptions import DeltaError  # noqa: PLC0415 - an extra

    try:
        table = DeltaTable(folder)
        schema = pl.Schema(pa.schema(table.schema().to_arrow()))
        added = pl.DataFrame(pa.table(table.get_add_actions()))
    except (DeltaError, OSError, ValueError) as error:
        raise TableError([Problem("bad-file", f"is no Delta table: {str(error).splitlines()[0]}", folder)]) from error
    _refuse(folder, set(table.protocol().reader_features or ()), table.metadata().configuration)
    parted = added.get_column("partition").to_list() if "partition" in added.columns else [{}] * added.height
    found = sorted(zip((Path(folder, unquote(path)) for path in added.get_column("path")), parted, strict=True))
    return DeltaFiles(
        tuple(file for file, _ in found), schema, tuple(_given(file, schema, values) for file, values in found)
    )


def _refuse(folder: str, features: set[str], configuration: Mapping[str, str | None]) -> None:
    strange = features - _HARMLESS
    if configuration.get("delta.columnMapping.mode", "none") != "none":
        strange.add("columnMapping")
    if strange:
        said = (
            f"is a Delta table with {', '.join(sorted(strange))}, so its files do not say what its rows are; write it "
            "without, or give Spark Delta's package and its address with a scheme, as file:///tables/cases"
        )
        raise TableError([Problem("bad-file", said, folder)])


def _given(file: Path, schema: pl.Schema, values: Mapping[str, Any]) -> Mapping[str, Any]:
    own = pl.read_parquet_schema(file)
    return {name: values.get(name) for name in schema if name not in own}
