"""The manifest beside an output: digests of everything that went into it, and of the output itself."""

from collections.abc import Mapping
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

from router.bulk.reading import Backlog
from router.frame.customers import Customers
from router.policy.model import Policy
from router.time import format_instant

SCHEMA = 1
"""Version of what a manifest says and how."""


def manifest_of(file: Path) -> Path:
    """Where the manifest of an output is.

    >>> manifest_of(Path("queue.parquet")).name
    'queue.parquet.manifest.json'
    """
    return file.with_name(f"{file.name}.manifest.json")


def digest(file: Path) -> dict[str, Any]:
    """A file: its path as it was given, its length in bytes and its SHA-256."""
    with file.open("rb") as content:
        found = file_digest(content, "sha256").hexdigest()
    return {"path": file.as_posix(), "bytes": file.stat().st_size, "sha256": found}


def manifest(
    inputs: Mapping[str, Any], output: Mapping[str, Any], *, with_accepted: bool, budget: int | None = None
) -> dict[str, Any]:
    """What a manifest says: nothing in it depends on when or on which machine the output was made.

    ``budget`` is in minor units.
    """
    return {
        "schema": SCHEMA,
        "engine": version("case-router"),
        **inputs,
        "options": {"with_accepted": with_accepted, "budget_minor": budget},
        "output": dict(output),
    }


def inputs_of(backlog: Backlog, previous: Path | None, policy: Policy, customers: Customers, now: int) -> dict[str, Any]:
    """Everything that goes into an output; read before anything is decided."""
    tables = {
        table.scan.source.name: {"rows": table.rows, "files": [digest(file) for file in table.files]}
        for table in backlog.tables
    }
    return of_run(tables, None if previous is None else digest(previous), policy, customers, now)


def of_run(
    tables: Mapping[str, Any], previous: Mapping[str, Any] | None, policy: Policy, customers: Customers, now: int
) -> dict[str, Any]:
    """The inputs of a run, of which the ``tables`` and the ``previous`` output have been looked at."""
    as_of = format_instant(customers.as_of) if isinstance(customers.as_of, int) else None
    return {
        "now": format_instant(now),
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "snapshot": {"id": customers.id, "as_of": as_of},
        "tables": tables,
        "previous": previous,
    }
