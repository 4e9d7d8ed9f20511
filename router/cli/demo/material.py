"""What the demo is made of: the shipped extract of real data, its cancellations as cases, and one snapshot of it all.

The history is as of a Monday; the cases are the cancellations of the five weeks after it, each looked at ten minutes after
it came in. Neither the history nor a decision knows of anything later.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import polars as pl

from router.cases.model import Case, CustomerContacted, Event, Money
from router.cli.demo.server import Question
from router.cli.demo.stories import Story
from router.crm.build import read
from router.crm.manifest import Manifest, SourceEntry
from router.crm.mapping import load_mapping
from router.crm.publish import publish
from router.money import EXPONENTS, to_minor
from router.time import MINUTE, WEEK, parse_instant

DEMO = Path(str(files("router"))) / "_shipped" / "demo"
"""The demo's files: those of the checkout, or those in the installed package."""
AS_OF = parse_instant("2011-10-31T00:00:00Z")
"""The moment of the history: the night to a Monday."""
UNTIL = AS_OF + 5 * WEEK
LOOKED_AT = 10 * MINUTE
"""How long after a case was opened it is decided."""
ISSUE = "cancellation"
"""All that is known of a cancellation is that it is one; the data have no reason and no channel."""
CURRENCY = "GBP"


def cancellations() -> Iterator[Question]:
    """The real cancellations of the five weeks, each as a case that was opened by a contact of the customer."""
    countries = {row["customer_id"]: row["country"] for row in _rows("customers.csv")}
    for row in _rows("cancellations.csv"):
        opened_at = parse_instant(row["opened_at"])
        if AS_OF < opened_at <= UNTIL:
            case = Case(
                row["case_id"],
                opened_at,
                row["customer_id"],
                issue=ISSUE,
                value_at_stake=Money(to_minor(float(row["value"]), EXPONENTS[CURRENCY]), CURRENCY),
                timeline=(Event(opened_at, CustomerContacted()),),
            )
            who = f"{case.customer_id} {countries[case.customer_id]}"
            yield Question(case, opened_at + LOOKED_AT, who)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DEMO / "data" / name).open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


@dataclass(frozen=True, slots=True)
class History:
    """A published snapshot of the demo: its manifest, and how many of its customers and orders are real."""

    manifest: Manifest
    customers: int
    orders: int


def publish_history(stories: Sequence[Story], directory: Path) -> History:
    """Publish a snapshot of the real history, and in it a row for the made-up customer of each story.

    The facts of real customers are computed before the others come in, so nothing made up moves a percentile.
    """
    content = read(load_mapping(DEMO / "mapping.yaml"), AS_OF)
    real = pl.Series(dtype=pl.String) if content.order_ids is None else content.order_ids
    made_up = [{"customer_id": story.customer_id, **story.facts} for story in stories]
    orders = [order for story in stories for order in story.orders]
    manifest = publish(
        replace(
            content,
            facts=pl.concat([content.facts, pl.DataFrame(made_up, infer_schema_length=None)], how="diagonal_relaxed"),
            order_ids=pl.concat([real, pl.Series(orders, dtype=pl.String)]),
            sources=(*content.sources, *(_source(story.file) for story in stories)),
            warnings=(*content.warnings, f"customers: {len(made_up)} are made up, and their ids say so"),
        ),
        directory,
    )
    return History(manifest, content.facts.height, real.len())


def _source(file: Path) -> SourceEntry:
    content = file.read_bytes()
    return SourceEntry("customers", f"{file.name} (made up)", len(content), sha256(content).hexdigest())
