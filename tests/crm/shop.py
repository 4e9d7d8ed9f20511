"""A tiny CRM as files: a shop with three customers, in whichever format."""

from pathlib import Path
from typing import Any

import polars as pl

from router.time import parse_instant

AS_OF = parse_instant("2016-06-01T10:00:00Z")

TABLES: dict[str, list[dict[str, Any]]] = {
    "customers": [
        {"customer_id": "C1", "customer_since": "2013-03-01T09:30:00Z", "vulnerable": "no", "owner": "Sam",
         "segment": "vip"},
        {"customer_id": "C2", "customer_since": None, "vulnerable": None, "owner": None, "segment": None},
        {"customer_id": "Zoë", "customer_since": "2016-06-01T10:00:00Z", "vulnerable": "yes", "owner": None,
         "segment": "new"},
    ],
    "orders": [
        {"order_id": "O1", "customer_id": "C1", "ordered_at": "2014-05-01T12:00:00Z", "amount": "49.99",
         "returned_amount": "9.99", "returned_at": "2014-06-01T12:00:00Z", "promised_at": None, "delivered_at": None,
         "cancelled_at": "2014-06-01T12:00:00Z"},
        {"order_id": "O2", "customer_id": "C1", "ordered_at": "2016-05-28T12:00:00Z", "amount": "100.1",
         "returned_amount": None, "returned_at": None, "promised_at": "2016-05-30T12:00:00Z", "delivered_at": None,
         "cancelled_at": None},
        {"order_id": "O3", "customer_id": "C2", "ordered_at": "2016-01-01T12:00:00Z", "amount": "5",
         "returned_amount": None, "returned_at": None, "promised_at": "2016-01-02T12:00:00Z",
         "delivered_at": "2016-01-03T12:00:00Z", "cancelled_at": None},
        {"order_id": "O4", "customer_id": "gone", "ordered_at": "2016-01-01T12:00:00Z", "amount": "5",
         "returned_amount": None, "returned_at": None, "promised_at": None, "delivered_at": None, "cancelled_at": None},
        {"order_id": "O5", "customer_id": None, "ordered_at": "2016-01-01T12:00:00Z", "amount": "5",
         "returned_amount": None, "returned_at": None, "promised_at": None, "delivered_at": None, "cancelled_at": None},
    ],
    "subscriptions": [
        {"customer_id": "C1", "started_at": "2015-06-01T10:00:00Z", "ended_at": None, "renews_at": "2016-06-11T10:00:00Z",
         "plan": "premier"},
    ],
    "cases": [{"case_id": "K1", "customer_id": "C1", "opened_at": "2016-05-29T18:00:00Z"}],
    "goodwill": [{"customer_id": "C1", "granted_at": "2016-04-01T00:00:00Z", "amount": "12.5"}],
    "bills": [{"customer_id": "C2", "billed_at": "2016-05-31T22:00:00Z"}],
    "offers": [{"customer_id": "C2", "offered_at": "2016-05-22T10:00:00Z"}],
}  # fmt: skip

MAPPING = """\
currency: GBP
tables:
  customers: {{files: "customers{star}.{suffix}", extra: {{segment: {{type: text, meaning: marketing segment}}}}}}
  orders: {{files: "orders{star}.{suffix}"}}
  subscriptions: {{files: "subscriptions{star}.{suffix}"}}
  cases: {{files: "cases{star}.{suffix}"}}
  goodwill: {{files: "goodwill{star}.{suffix}"}}
  bills: {{files: "bills{star}.{suffix}"}}
  offers: {{files: "offers{star}.{suffix}"}}
"""


def write_shop(
    folder: Path, suffix: str = "csv", *, pieces: int = 1, tables: dict[str, list[dict[str, Any]]] | None = None
) -> Path:
    """The shop as files of one format, each table in so many pieces; gives back the mapping file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (tables or TABLES).items():
        columns = list(TABLES[name][0])
        for piece in range(pieces):
            frame = pl.DataFrame(rows[piece::pieces][::-1], schema=dict.fromkeys(columns, pl.String))
            write(frame, folder / f"{name}{piece}.{suffix}")
    mapping = folder / "mapping.yaml"
    mapping.write_text(MAPPING.format(star="*", suffix=suffix), encoding="utf-8")
    return mapping


def write(frame: pl.DataFrame, file: Path) -> None:
    """A frame as the format that the file's name says."""
    match file.suffix:
        case ".csv":
            frame.write_csv(file)
        case ".parquet":
            frame.write_parquet(file)
        case _:
            frame.write_ndjson(file)
