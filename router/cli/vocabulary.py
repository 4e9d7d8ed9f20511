"""The vocabulary for people: a table for the terminal, a page for the documentation, data for machines."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from router.facts import CASE_FACTS, CUSTOMER_FACTS, VOCABULARY, Direction, Fact
from router.policy.texts import DETAILS

if TYPE_CHECKING:
    from rich.table import Table

RESULTS = {
    "tier": "name of the loyalty tier; after the tiers",
    "tier.rank": "its rank, 0 for the last tier; after the tiers",
    "score": "points in all; after the priority rules",
    "band": "P1 to P4; after the priority rules",
    "level": "name of the escalation level; after the escalation rules",
    "level.rank": "its rank, 0 for the lowest; after the escalation rules",
    "issue.company_failure": "whether the company failed when a case of this issue comes; missing when the issue is unknown",
}
"""What expressions may read beside facts and parameters."""

_PAGE = """\
# Facts

Every fact that a policy may read. Written by `case-router policy facts --markdown`; the source is `router/facts.py`.
A policy adds facts of its own under `facts:`; those of a case come with it as attributes, those of a customer are further
columns of the CRM mapping.

A fact that cannot be known is missing, not zero. Direction: *loyalty* is what a higher value says of the customer, and only
ever lifts; *failure* is what it says of the company, and never lowers.

## Of the case and its timeline

{case}

## Of the customer, from CRM history

{customer}

## Results that later sections may read

{results}

## Details, in sentences only

{details}
"""


def facts_page() -> str:
    """``docs/facts.md``."""
    return _PAGE.format(
        case=_rows(CASE_FACTS), customer=_rows(CUSTOMER_FACTS), results=_pairs(RESULTS), details=_pairs(DETAILS)
    )


def _rows(facts: tuple[Fact, ...]) -> str:
    head = "| fact | type | unit | meaning | direction | range | missing when |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(f"| `{cells[0]}` | {' | '.join(cells[1:])} |" for cells in map(_cells, facts))])


def _pairs(named: Mapping[str, str]) -> str:
    return "\n".join(["| name | meaning |", "|---|---|", *(f"| `{name}` | {meaning} |" for name, meaning in named.items())])


def _cells(fact: Fact) -> tuple[str, ...]:
    direction = "" if fact.direction is Direction.NEITHER else fact.direction.value
    return fact.name, fact.type.value, fact.unit, fact.meaning, direction, _range(fact), fact.missing or "never"


def _range(fact: Fact) -> str:
    if not fact.type.numeric or fact.low == -fact.high:
        return ""
    return f"{fact.low:g} and more" if fact.high == float("inf") else f"{fact.low:g} to {fact.high:g}"


def facts_table() -> "Table":
    """The vocabulary for a terminal."""
    from rich.table import Table

    table = Table()
    for head in ("fact", "type", "unit", "meaning", "direction", "missing when"):
        table.add_column(head, no_wrap=head == "fact")
    for fact in VOCABULARY.values():
        name, kind, unit, meaning, direction, _, missing = _cells(fact)
        table.add_row(name, kind, unit, meaning, direction, missing)
    return table


def facts_data() -> list[dict[str, Any]]:
    """The vocabulary for machines."""
    keys = ("name", "type", "unit", "meaning", "direction", "range", "missing")
    return [dict(zip(keys, _cells(fact), strict=True)) for fact in VOCABULARY.values()]
