"""A snapshot in words."""

import json

import pytest

from router.crm.build import build
from router.crm.show import facts_of, in_words, overview
from router.crm.snapshot import Snapshot
from tests.crm.shop import AS_OF, TABLES, write_shop


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("shop")
    mapping = write_shop(folder)
    lines = mapping.read_text(encoding="utf-8").splitlines(keepends=True)
    mapping.write_text("".join(line for line in lines if "bills" not in line), encoding="utf-8")
    build(mapping, folder / "home", AS_OF)
    return Snapshot.open(folder / "home")


def test_an_overview_says_what_there_is_and_what_is_missing(snapshot: Snapshot) -> None:
    said = overview(snapshot.manifest)
    assert dict(said[:7]) == {
        "id": snapshot.id,
        "as of": "2016-06-01T10:00:00Z",
        "currency": "GBP",
        "customers": "3",
        "orders": "5",
        "further facts": "customer.segment (text)",
        "missing for everybody": "customer.days_since_last_bill",
    }
    assert [text.split(":")[0] for label, text in said if label == "source"] == [name for name in TABLES if name != "bills"]
    assert [text for label, text in said if label == "warning"] == list(snapshot.manifest.warnings)


def test_one_customer_is_every_fact_with_its_unit(snapshot: Snapshot) -> None:
    said = {fact.key: in_words(fact, value, "GBP") for fact, value in facts_of(snapshot, "C1", AS_OF).items()}
    assert said["spend"] == "140.10 GBP"
    assert said["open_order_overdue_hours"] == "46.00 hours"
    assert (said["orders"], said["vulnerable"], said["days_since_last_bill"]) == ("2", "no", "missing")
    assert (said["segment"], said["return_rate"]) == ("vip", "0.07 share")


def test_a_stranger_is_shown_too(snapshot: Snapshot) -> None:
    found = facts_of(snapshot, "nobody", AS_OF)
    assert [fact.key for fact, value in found.items() if value is not None] == ["known"]
    assert json.dumps({fact.name: value for fact, value in found.items()}, allow_nan=False)
