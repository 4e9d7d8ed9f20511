"""The example backlog as rows, as files of each format, and as the row engine has it."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from router.bulk import tables
from router.bulk.engine import Run
from router.cases.document import CaseDocument
from router.cases.model import EVENTS, Case
from router.decide.records import FactRecords, facts_layout
from router.facts import Value
from router.frame.customers import Customers, of_records
from router.frame.tables import column_of
from router.policy.model import Policy
from router.policy.store import newest_file, read_policy, shipped_policies
from router.time import parse_instant

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "backlog"
NOW = parse_instant("2016-06-01T10:00:00Z")
RETAIL_FILE = newest_file(shipped_policies() / "retail")
assert RETAIL_FILE is not None
RETAIL = read_policy(RETAIL_FILE)

SHOP = read_policy(ROOT / "tests" / "scenarios" / "shop" / "1.0.0.yaml")
"""A small policy, for what does not depend on the rules."""

Rows = list[dict[str, str | None]]


def example(name: str) -> Rows:
    """The rows of ``cases`` or ``events``, an empty cell as ``None``."""
    with (EXAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return [{column: value or None for column, value in row.items()} for row in csv.DictReader(lines)]


def write(rows: Rows, file: Path) -> Path:
    """Rows of texts as a file of the format that its name tells; in Parquet times and amounts have types of their own."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
    if file.suffix == ".parquet":
        _typed(frame).write_parquet(file)
    elif file.suffix == ".ndjson":
        file.write_text("".join(_object(row) + "\n" for row in rows), encoding="utf-8")
    elif file.suffix == ".gz":
        content = io.BytesIO()
        frame.write_csv(content)
        file.write_bytes(gzip.compress(content.getvalue()))
    else:
        frame.write_csv(file)
    return file


def _object(row: Mapping[str, str | None]) -> str:
    """One line of NDJSON: what is not given has no key, numbers and yes/no are such."""
    typed: dict[str, Callable[[str], object]] = {"sequence": int, "amount": float, "value_amount": float}
    typed |= dict.fromkeys(("public", "automatic", "statutory"), _yes)
    return json.dumps({name: typed.get(name, str)(value) for name, value in row.items() if value is not None})


def _yes(value: str) -> bool:
    return value == "yes"


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    own = {column.name: column.kind for column in (*tables.CASES, *tables.EVENTS)}
    times = [name for name in frame.columns if own.get(name) == "time"]
    money = [name for name in ("value_amount", "amount") if name in frame.columns]
    flags = [name for name in frame.columns if own.get(name) == "yes/no"]
    instants = {
        name: [None if text is None else parse_instant(text) for text in frame.get_column(name).to_list()] for name in times
    }
    return frame.with_columns(
        *(pl.Series(name, values, pl.Int64).cast(pl.Datetime("us", "UTC")) for name, values in instants.items()),
        *(pl.col(name).cast(pl.Decimal(20, 2)) for name in money),
        *(pl.when(pl.col(name).is_not_null()).then(pl.col(name) == "yes").alias(name) for name in flags),
    )


def cases() -> list[Case]:
    """The example as the row engine reads a case: through the document that people write."""
    events = example("events")
    return [_case(row, [event for event in events if event["case_id"] == row["case_id"]]) for row in example("cases")]


def _case(row: Mapping[str, str | None], events: Rows) -> Case:
    attributes: dict[str, Any] = {"team": row["team"], "days_since_delivery": _number(row["days_since_delivery"])}
    document = {
        "id": row["case_id"],
        "opened_at": row["opened_at"],
        **{name: row[name] for name in ("customer_id", "channel", "touchpoint", "issue", "order_id", "brand") if row[name]},
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "timeline": [_event(event) for event in events],
    }
    if row["value_amount"]:
        document["value_at_stake"] = {"amount": float(row["value_amount"]), "currency": row["value_currency"]}
    return CaseDocument.model_validate(document).case("", RETAIL.currency)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _event(row: Mapping[str, str | None]) -> dict[str, Any]:
    kind = str(row["kind"])
    body: dict[str, Any] = {}
    for attribute in EVENTS[kind]._fields:
        value: Any = row[column_of(kind, attribute)]
        if value is not None:
            value = value == "yes" if attribute in {"public", "automatic", "corrects", "hedged", "statutory"} else value
            body[attribute] = {"amount": float(value), "currency": row["currency"]} if attribute == "amount" else value
    head = {name: row[name] for name in ("at", "event_id", "agent_id") if row[name]}
    return {**head, "sequence": int(row["sequence"] or 0), kind: body or None}


def records(policy: Policy = RETAIL) -> FactRecords:
    """One customer of the example is known, and one order is on record."""
    layout = facts_layout(policy)
    known: dict[str, Value] = {
        "customer.known": True,
        "customer.tenure_years": 3.1,
        "customer.spend_12m": 820.0,
        "customer.orders": 9.0,
        "customer.goodwill_12m": 5.0,
        "customer.owner": "sam",
    }
    row = tuple(known.get(fact.name, float("nan") if fact.type.numeric else None) for fact in layout)
    return FactRecords(layout, policy.currency, NOW, {"C-1": row, "C-2": row}, {"O-11": True})


def customers() -> Customers:
    """The same for the frame engine."""
    return of_records(records())


def run_of(out: Path, **options: Any) -> Run:  # noqa: ANN401 - whatever a run takes
    """The example, put in order."""
    given: dict[str, Any] = {
        "cases": [str(EXAMPLE / "cases.csv")],
        "events": [str(EXAMPLE / "events.csv")],
        "policy": RETAIL,
        "customers": customers(),
        "now": NOW,
        "out": out,
    }
    return Run(**given | options)
