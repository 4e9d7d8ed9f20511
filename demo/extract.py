#!/usr/bin/env python3
"""``demo/extract.py FOLDER`` makes demo/data from the orders.csv, customers.csv and cancellations.csv of a folder.

Three customers in four, chosen by a hash of their id, each with all their orders and cancellations; data/LICENSE.md says
what else is changed.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

OUT = Path(__file__).parent / "data"
OUT_OF = 4
HALF_A_PENNY = 0.005


class Cancellation(NamedTuple):
    """One cancellation; times are ISO 8601 texts of UTC in one form, so they sort as they are."""

    opened_at: str
    value: float
    lines: int


def chosen(customer_id: str) -> bool:
    """Whether a customer is in the extract.

    >>> [chosen(str(number)) for number in range(12346, 12352)]
    [True, True, True, False, True, False]
    """
    return sha256(f"demo {customer_id}".encode()).digest()[0] % OUT_OF != 0


def returned_at(order: dict[str, str], cancellations: Sequence[Cancellation]) -> str:
    """The earliest time by which all that was returned of an order can have been returned.

    Published are the first return of an order and the total of all its returns. Dated by the first, a later part would be
    known before it happened; so it is dated by the cancellation with which the customer's cancellations since the first
    return have as many lines, and come to as much, as was returned.
    """
    lines, value = int(order["returned_lines"]), float(order["returned_amount"])
    if not lines:
        return ""
    since = [cancellation for cancellation in cancellations if cancellation.opened_at >= order["first_return_at"]]
    for cancellation in since:
        lines -= cancellation.lines
        value -= cancellation.value
        if lines <= 0 and value <= HALF_A_PENNY:
            return cancellation.opened_at
    return since[-1].opened_at


def read(path: Path) -> Iterator[dict[str, str]]:
    """The rows of the chosen customers."""
    with path.open(newline="", encoding="utf-8") as file:
        yield from (row for row in csv.DictReader(file) if chosen(row["customer_id"]))


def write(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    """Write one table of the extract."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    sys.stdout.write(f"{path.name}: {len(rows):,} rows\n")


def main(folder: Path, out: Path = OUT) -> None:
    """Write the three tables."""
    cancelled: defaultdict[str, list[Cancellation]] = defaultdict(list)
    cancellations = list(read(folder / "cancellations.csv"))
    for row in cancellations:
        cancelled[row["customer_id"]].append(Cancellation(row["opened_at"], float(row["value"]), int(row["lines"])))
    orders = [
        row | {"returned_at": returned_at(row, sorted(cancelled[row["customer_id"]]))} for row in read(folder / "orders.csv")
    ]
    customers = list(read(folder / "customers.csv"))
    write(out / "customers.csv", ("customer_id", "first_seen", "country"), customers)
    write(out / "orders.csv", ("order_id", "customer_id", "ordered_at", "amount", "returned_amount", "returned_at"), orders)
    write(out / "cancellations.csv", ("case_id", "customer_id", "opened_at", "value"), cancellations)


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the command and the folder
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
