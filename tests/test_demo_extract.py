"""The shipped extract of real data: what ``demo/extract.py`` takes and leaves, and what has to stand beside it."""

import runpy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.demo_books import DATA, rows


@pytest.fixture(scope="module")
def extract() -> dict[str, Any]:
    return runpy.run_path(str(DATA.parent / "extract.py"))


def test_the_extract_has_whole_customers_chosen_by_hash(extract: dict[str, Any]) -> None:
    customers = {row["customer_id"] for row in rows("customers.csv")}
    assert all(extract["chosen"](customer_id) for customer_id in customers)
    for name in ("orders.csv", "cancellations.csv"):
        assert {row["customer_id"] for row in rows(name)} <= customers


@pytest.mark.parametrize(
    ("lines", "amount", "cancelled", "dated"),
    [
        (0, 0.0, [], ""),
        (1, 5.0, [("2011-02-01", 9.0, 3), ("2011-03-01", 9.0, 3)], "2011-02-01"),
        (2, 5.0, [("2011-02-01", 9.0, 1), ("2011-03-01", 9.0, 1)], "2011-03-01"),
        (2, 5.0, [("2011-02-01", 4.0, 2), ("2011-03-01", 9.0, 1)], "2011-03-01"),
        (1, 5.0, [("2011-01-01", 9.0, 9), ("2011-02-01", 9.0, 1)], "2011-02-01"),
        (9, 5.0, [("2011-02-01", 1.0, 1), ("2011-03-01", 1.0, 1)], "2011-03-01"),
    ],
    ids=["none", "at once", "more lines", "more money", "not before the first", "never covered"],
)
def test_returns_are_dated_when_they_can_all_have_happened(
    extract: dict[str, Any], lines: int, amount: float, cancelled: Sequence[tuple[str, float, int]], dated: str
) -> None:
    order = {
        "returned_lines": str(lines),
        "returned_amount": str(amount),
        "first_return_at": "2011-02-01" if lines else "",
    }
    assert extract["returned_at"](order, [extract["Cancellation"](*each) for each in cancelled]) == dated


def test_the_extract_is_made_from_the_tables_of_a_folder(extract: dict[str, Any], tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    (source / "customers.csv").write_text("customer_id,first_seen,country\n12346,a,X\n12349,b,Y\n")
    (source / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount,lines,returned_amount,returned_lines,first_return_at,country\n"
        "1,12346,2011-01-01,10.0,2,4.0,1,2011-02-01,X\n2,12349,2011-01-01,10.0,2,0.0,0,,Y\n"
    )
    (source / "cancellations.csv").write_text("case_id,customer_id,opened_at,value,lines\nC1,12346,2011-02-01,4.0,1\n")
    extract["main"](source, out)
    assert {path.name: path.read_text() for path in out.iterdir()} == {
        "customers.csv": "customer_id,first_seen,country\n12346,a,X\n",
        "orders.csv": "order_id,customer_id,ordered_at,amount,returned_amount,returned_at\n"
        "1,12346,2011-01-01,10.0,4.0,2011-02-01\n",
        "cancellations.csv": "case_id,customer_id,opened_at,value\nC1,12346,2011-02-01,4.0\n",
    }


def test_the_licence_and_the_source_stand_beside_the_data() -> None:
    text = (DATA / "LICENSE.md").read_text()
    assert all(each in text for each in ("CC BY 4.0", "10.24432/C5BW33", "Chen, D. (2015)", "What was changed"))
    assert {path.name for path in DATA.iterdir()} == {"LICENSE.md", "customers.csv", "orders.csv", "cancellations.csv"}
