"""``docs/bulk.md`` says what the code does; ``tests/cli/test_reprioritize.py`` runs its examples."""

import re
from pathlib import Path

import polars as pl
import pytest

from router.bulk import tables
from router.bulk.run import reprioritize
from router.cases.model import EVENTS
from router.cli import app
from router.files.columns import Column
from router.frame.tables import column_of
from tests.bulk.backlog import ROOT, SHOP, run_of

TEXT = (ROOT / "docs" / "bulk.md").read_text(encoding="utf-8")
TYPES = {
    pl.Int64: "whole number",
    pl.String: "text",
    pl.Datetime: "time",
    pl.Decimal: "decimal",
    pl.Boolean: "yes/no",
    pl.List: "list",
}


def row(column: Column) -> str:
    """A column as the document tells it."""
    holds = f"{column.kind.value}{', required' if column.required else ''}"
    return f"| `{column.name}` | {holds} | {column.meaning} | {column.absent + ' ' if column.absent else ''}|"


@pytest.mark.parametrize("table", [tables.CASES, tables.EVENTS], ids=["cases", "events"])
def test_every_column_is_told(table: tuple[Column, ...]) -> None:
    assert (
        "\n\n" + "| column | holds | meaning | without a value |\n|---|---|---|---|\n" + "\n".join(map(row, table)) in TEXT
    )


def test_every_event_is_told_with_what_it_needs() -> None:
    told = re.findall(r"^\| `(\w+)` \| ([^|]*)\| ([^|]*)\|$", TEXT, re.MULTILINE)
    found = {kind: (re.findall(r"\w+", needs), re.findall(r"\w+", may)) for kind, needs, may in told if kind in EVENTS}
    for kind, event in EVENTS.items():
        needs, may = found[kind]
        assert needs == [column_of(kind, each) for each in event._fields if each not in event._field_defaults]
        assert [each for each in may if each != "currency"] == [
            column_of(kind, each) for each in event._fields if each in event._field_defaults
        ]


def test_every_column_of_the_queue_is_told_with_its_type(tmp_path: Path) -> None:
    old = reprioritize(run_of(tmp_path / "old.csv", policy=SHOP)).out
    out = reprioritize(run_of(tmp_path / "queue.parquet", policy=SHOP, previous=old)).out
    section = TEXT.partition("## The queue\n")[2].partition("\n\nIn CSV")[0]
    told = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]*\|$", section, re.MULTILINE)
    assert [(name, "list" if kind.startswith("list of") else kind) for name, kind in told] == [
        (name, TYPES[kind.base_type()]) for name, kind in pl.read_parquet_schema(out).items()
    ]


def test_every_option_is_told() -> None:
    (command,) = (each for each in app.registered_commands if each.callback and each.callback.__name__ == "reprioritize")
    assert command.callback is not None
    options = {f"--{name.removeprefix('as_').replace('_', '-')}" for name in command.callback.__annotations__} - {"--return"}
    section = TEXT.partition("| option |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(--[\w-]+)`", section)) == options
