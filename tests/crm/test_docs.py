"""``docs/crm.md`` says what the code says."""

import re
from pathlib import Path

from router.crm.features import NEEDS, STORED
from router.crm.mapping import Document
from router.crm.tables import TABLES
from router.files.source import Parse
from router.yaml import load

TEXT = (Path(__file__).parents[2] / "docs" / "crm.md").read_text(encoding="utf-8")


def test_every_table_and_column_is_told() -> None:
    for table in TABLES.values():
        rows = [
            f"| `{column.name}` | {column.kind.value}{', required' if column.required else ''} "
            f"| {column.meaning} | {column.absent + ' ' if column.absent else ''}|"
            for column in table.columns
        ]
        section = f"### {table.name}\n{table.meaning}\n\n| column | holds | meaning | without a value |\n|---|---|---|---|\n"
        assert section + "\n".join(rows) + "\n\n" in TEXT


def test_every_fact_is_told_with_what_it_needs() -> None:
    told = re.findall(r"^\| `(customer\.\w+)` \| [^|]+ \| ([^|]+) \|$", TEXT, re.MULTILINE)
    wanted = []
    for fact in STORED:
        table, *columns = NEEDS.get(fact.key, ("orders",))
        wanted.append((fact.name, table + (": " + ", ".join(f"`{column}`" for column in columns) if columns else "")))
    assert told == wanted


def test_every_way_to_read_is_told() -> None:
    told = {
        name for line in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", TEXT, re.MULTILINE) for name in re.findall(r"\w+", line)
    }
    assert told >= set(Parse.model_fields)


def test_the_mapping_shown_is_one() -> None:
    example = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert example
    source = load(example[1], "docs/crm.md")
    assert source.read(Document) is not None, source.problems
