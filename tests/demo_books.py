"""The shipped books of the demo read in plain Python, and what the shop knew by the moment of the history."""

import csv
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).resolve().parents[1] / "demo" / "data"
AS_OF = datetime(2011, 10, 31, tzinfo=UTC)
UNTIL = datetime(2011, 12, 5, tzinfo=UTC)


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="") as file:
        return list(csv.DictReader(file))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Past(NamedTuple):
    """What the shop knew of a customer at the moment of the history."""

    orders: int
    spend: float


@cache
def pasts() -> dict[str, Past]:
    """Everybody who was a customer by then."""
    orders: Counter[str] = Counter()
    spend: defaultdict[str, float] = defaultdict(float)
    for row in rows("orders.csv"):
        if at(row["ordered_at"]) <= AS_OF:
            orders[row["customer_id"]] += 1
            returned = row["returned_at"] and at(row["returned_at"]) <= AS_OF
            spend[row["customer_id"]] += float(row["amount"]) - (float(row["returned_amount"]) if returned else 0)
    seen = [row["customer_id"] for row in rows("customers.csv") if at(row["first_seen"]) <= AS_OF]
    return {who: Past(orders[who], round(spend[who], 2)) for who in seen}


def tier_of(customer_id: str, now: datetime) -> str:
    """The tier by the retail policy: nobody can have three years, and there are no subscriptions."""
    past = pasts().get(customer_id)
    if past is None:
        return "standard"
    percentile = 100 * sum(other.spend < past.spend for other in pasts().values()) / len(pasts())
    if percentile >= 85:
        return "platinum" if percentile >= 95 else "gold"
    since = next(at(row["first_seen"]) for row in rows("customers.csv") if row["customer_id"] == customer_id)
    return "silver" if past.orders >= 4 or (now - since) / timedelta(days=365.2425) >= 1 else "standard"
