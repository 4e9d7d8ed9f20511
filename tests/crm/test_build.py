"""From a mapping file and its tables to a published snapshot."""

from math import nan
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from router.crm.build import build, read
from router.crm.mapping import load_mapping
from router.crm.snapshot import Snapshot
from router.errors import MappingError
from router.facts import Value
from router.time import DAY, HOUR, YEAR, parse_instant
from tests.crm.shop import AS_OF, TABLES, write, write_shop


def facts(directory: Path, customer: str, now: int = AS_OF) -> dict[str, Value]:
    snapshot = Snapshot.open(directory)
    row = snapshot.customer(customer, now)
    assert row is not None
    return {fact.key: value for fact, value in zip(snapshot.layout, row, strict=True)}


def test_a_shop_is_known_by_its_tables(tmp_path: Path) -> None:
    build(write_shop(tmp_path), tmp_path / "snapshot", AS_OF)
    found = facts(tmp_path / "snapshot", "C1")
    assert found == {
        "known": True,
        "tenure_years": (AS_OF - parse_instant("2013-03-01T09:30:00Z")) / YEAR,
        "orders": 2.0,
        "orders_12m": 1.0,
        "spend": 140.1,
        "spend_12m": 100.1,
        "spend_percentile": 100 * 2 / 3,
        "average_order": 15009 / 200,
        "return_rate": 999 / 15009,
        "late_deliveries_12m": 0.0,
        "open_order_overdue_hours": 46.0,
        "days_since_last_order": (3 * DAY + 22 * HOUR) / DAY,
        "days_since_last_bill": pytest.approx(nan, nan_ok=True),
        "days_since_last_offer": pytest.approx(nan, nan_ok=True),
        "plan": "premier",
        "subscribed": True,
        "subscription_years": 366 * DAY / YEAR,
        "days_to_renewal": 10.0,
        "cases": 1.0,
        "cases_12m": 1.0,
        "goodwill_12m": 12.5,
        "goodwill_grants_12m": 1.0,
        "vulnerable": False,
        "owner": "Sam",
        "segment": "vip",
    }
    assert facts(tmp_path / "snapshot", "C2")["late_deliveries_12m"] == 1.0
    assert facts(tmp_path / "snapshot", "Zoë")["tenure_years"] == 0.0
    assert facts(tmp_path / "snapshot", "Zoe\u0308")["vulnerable"] is True


def test_clock_facts_advance_with_now(tmp_path: Path) -> None:
    build(write_shop(tmp_path), tmp_path / "snapshot", AS_OF)
    found = facts(tmp_path / "snapshot", "C1", AS_OF + 3 * DAY)
    assert (found["open_order_overdue_hours"], found["days_to_renewal"]) == (118.0, 7.0)
    assert found["days_since_last_order"] == pytest.approx(6 + 22 / 24)
    assert facts(tmp_path / "snapshot", "C1", AS_OF - 4 * DAY)["open_order_overdue_hours"] == 0.0
    assert facts(tmp_path / "snapshot", "C2", AS_OF + 3 * DAY)["open_order_overdue_hours"] == 0.0


def test_order_ids_are_kept_whoever_ordered(tmp_path: Path) -> None:
    later = TABLES["orders"][0] | {"order_id": "O9", "ordered_at": "2016-06-01T10:00:00.000001Z"}
    build(write_shop(tmp_path, tables=TABLES | {"orders": [*TABLES["orders"], later]}), tmp_path / "snapshot", AS_OF)
    snapshot = Snapshot.open(tmp_path / "snapshot")
    assert [snapshot.has_order(f"O{n}") for n in (1, 2, 3, 4, 5, 6, 9)] == [True, True, True, True, True, False, False]


def test_rows_that_count_for_nobody_are_told(tmp_path: Path) -> None:
    later = TABLES["cases"][0] | {"case_id": "K2", "opened_at": "2016-06-02T00:00:00Z"}
    newcomer = TABLES["customers"][0] | {"customer_id": "C4", "customer_since": "2016-06-02T00:00:00Z"}
    tables = TABLES | {
        "cases": [*TABLES["cases"], later, later | {"case_id": "K3", "customer_id": None}],
        "customers": [*TABLES["customers"], newcomer],
        "offers": [TABLES["offers"][0] | {"customer_id": "C4"}],
        "subscriptions": [TABLES["subscriptions"][0] | {"plan": None}],
    }
    manifest = build(write_shop(tmp_path, tables=tables), tmp_path / "snapshot", AS_OF)
    assert manifest.warnings == (
        "customers: 1 of 4 were not customers yet",
        "orders: 1 of 5 rows have no customer id",
        "orders: 1 of 5 rows are of customers who are not in the snapshot",
        "subscriptions: no row has a value for ended_at",
        "subscriptions: no row has a value for plan",
        "cases: 2 of 3 rows are later than the as-of time and do not count",
        "offers: 1 of 1 rows are of customers who are not in the snapshot",
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet", "ndjson"])
@pytest.mark.parametrize("pieces", [1, 2])
def test_the_content_is_the_same_whatever_the_files_are(tmp_path: Path, suffix: str, pieces: int) -> None:
    plain = build(write_shop(tmp_path / "plain"), tmp_path / "one", AS_OF)
    other = build(write_shop(tmp_path / "other", suffix, pieces=pieces), tmp_path / "two", AS_OF)
    assert other.id == plain.id
    assert other.content == plain.content
    assert len(other.sources) == 7 * pieces


def test_every_change_of_content_is_another_id(tmp_path: Path) -> None:
    ids = {build(write_shop(tmp_path / "plain"), tmp_path / "snapshot", AS_OF).id}
    ids.add(build(tmp_path / "plain" / "mapping.yaml", tmp_path / "snapshot", AS_OF + 1).id)
    for table, column in (
        ("customers", "owner"),
        ("customers", "segment"),
        ("orders", "order_id"),
        ("offers", "offered_at"),
    ):
        rows = [row | {column: "2016-05-01"} if at == 0 else row for at, row in enumerate(TABLES[table])]
        ids.add(build(write_shop(tmp_path / column, tables=TABLES | {table: rows}), tmp_path / "snapshot", AS_OF).id)
    assert len(ids) == 6


@pytest.mark.parametrize("table", [name for name in TABLES if name != "customers"])
def test_rows_after_the_instant_change_no_content(tmp_path: Path, table: str) -> None:
    later = {
        name: "2016-06-01T10:00:00.000001Z" if name.endswith("_at") else value for name, value in TABLES[table][0].items()
    }
    later |= {name: "another" for name in ("order_id", "case_id") if name in later}
    plain = build(write_shop(tmp_path / "plain"), tmp_path / "one", AS_OF)
    other = build(write_shop(tmp_path / "other", tables=TABLES | {table: [*TABLES[table], later]}), tmp_path / "two", AS_OF)
    assert other.id == plain.id


def test_empty_tables_count_nothing(tmp_path: Path) -> None:
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for suffix in ("csv", "parquet", "ndjson"):
        mapping = write_shop(tmp_path / suffix, suffix, tables=tables | {"customers": TABLES["customers"]})
        build(mapping, tmp_path / suffix / "snapshot", AS_OF)
        assert facts(tmp_path / suffix / "snapshot", "C1")["spend"] == 0.0
        assert build(write_shop(tmp_path / suffix, suffix, tables=tables), tmp_path / suffix / "snapshot", AS_OF).rows == 0


def test_only_customers_have_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_id\nC1\n", encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("{currency: JPY, tables: {customers: {files: customers.csv}}}", encoding="utf-8")
    manifest = build(mapping, tmp_path / "snapshot", AS_OF)
    assert (manifest.facts, manifest.orders, manifest.rows) == (("customer.tenure_years",), None, 1)
    snapshot = Snapshot.open(tmp_path / "snapshot")
    assert snapshot.has_order("O1") is None
    assert repr(snapshot.customer("C1", AS_OF)) == repr((True, *snapshot.stranger[1:]))


def read_one(tmp_path: Path, parse: str, cells: dict[str, Any], types: str = "{}", dtype: Any = pl.String) -> list[Any]:  # noqa: ANN401 - any cell there is
    """The facts of one customer with further columns, as read with some options."""
    write(pl.DataFrame({"customer_id": "C1"} | cells, schema_overrides=dict.fromkeys(cells, dtype)), tmp_path / "c.parquet")
    mapping = tmp_path / "mapping.yaml"
    text = f"currency: GBP\nparse: {parse}\ntables:\n  customers: {{files: c.parquet, extra: {types}}}\n"
    mapping.write_text(text, encoding="utf-8")
    content = read(load_mapping(mapping), AS_OF)
    return list(content.facts.drop("customer_id").row(0))


def since(instant: str) -> float:
    return (AS_OF - parse_instant(instant)) / YEAR


@pytest.mark.parametrize(
    ("parse", "text", "instant"),
    [
        ("{}", "2016-05-29", "2016-05-29"),
        ("{}", "2016-05-29T18:00", "2016-05-29T18:00"),
        ("{}", " 2016-05-29 18:00:01 ", "2016-05-29T18:00:01"),
        ("{}", "2016-05-29T18:00:00.1234567Z", "2016-05-29T18:00:00.123456"),
        ("{}", "1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999"),
        ("{}", "2016-05-29T18:00:00+02:00", "2016-05-29T16:00:00"),
        ("{}", "2016-05-29T18:00:00-0030", "2016-05-29T18:30:00"),
        ("{time_zone: Europe/London}", "2016-05-29T18:00:00", "2016-05-29T17:00:00"),
        ("{time_zone: Europe/London}", "2016-05-29T18:00:00Z", "2016-05-29T18:00:00"),
        ("{time_zone: Europe/London}", "2015-10-25T01:30:00", "2015-10-25T00:30:00"),
        ("{time_zone: Europe/London}", "2016-05-29", "2016-05-28T23:00:00"),
        ("{time: '%d/%m/%Y %H:%M'}", "29/05/2016 18:00", "2016-05-29T18:00"),
        ("{time: '%d/%m/%Y', time_zone: Europe/London}", "29/05/2016", "2016-05-28T23:00:00"),
        ("{time: '%d/%m/%Y %H:%M %z', time_zone: Europe/London}", "29/05/2016 18:00 +0200", "2016-05-29T16:00"),
        ("{time: seconds}", "1464544800", "2016-05-29T18:00"),
        ("{time: milliseconds}", "1464544800001", "2016-05-29T18:00:00.001"),
        ("{time: microseconds}", "-1", "1969-12-31T23:59:59.999999"),
    ],
)
def test_times_are_read_as_the_mapping_says(tmp_path: Path, parse: str, text: str, instant: str) -> None:
    assert read_one(tmp_path, parse, {"customer_since": text}) == [since(instant)]


@pytest.mark.parametrize(
    ("dtype", "value", "parse", "instant"),
    [
        (pl.Datetime("us", "Europe/Paris"), parse_instant("2016-05-29T18:00:00Z"), "{}", "2016-05-29T18:00"),
        (pl.Datetime("ms"), 1464544800001, "{time_zone: Europe/London}", "2016-05-29T17:00:00.001"),
        (pl.Datetime("ns"), -1, "{}", "1969-12-31T23:59:59.999999"),
        (pl.Date, 1, "{}", "1970-01-02"),
        (pl.Int64, 1464544800, "{time: seconds}", "2016-05-29T18:00"),
    ],
)
def test_typed_times_are_taken_as_they_are(tmp_path: Path, dtype: pl.DataType, value: int, parse: str, instant: str) -> None:
    column = pl.Series([value], dtype=pl.Int64).cast(dtype)
    assert read_one(tmp_path, parse, {"customer_since": column}, dtype=dtype) == [since(instant)]


@pytest.mark.parametrize(
    ("parse", "kind", "text", "value"),
    [
        ("{}", "money", "1.005", 1.01),
        ("{}", "money", " -3 ", -3.0),
        ("{amounts: minor}", "money", "12345", 123.45),
        ("{decimal: ','}", "money", "12,5", 12.5),
        ("{decimal: ',', thousands: .}", "money", "1.234.567,89", 1234567.89),
        ("{}", "number", "1e-3", 0.001),
        ("{}", "number", "inf", None),
        ("{}", "number", "NaN", None),
        ("{}", "integer", "1e3", 1000.0),
        ("{}", "yes/no", " YES ", True),
        ("{yes: [ja], no: [nein, 0]}", "yes/no", "Nein", False),
        ("{missing: ['-', n/a]}", "yes/no", " - ", None),
        ("{missing: ['-', n/a]}", "text", "n/a", None),
        ("{missing: []}", "text", "", ""),
        ("{}", "text", " a ", " a "),
        ("{}", "text", "e\u0301", "é"),
    ],
)
def test_cells_are_read_as_the_mapping_says(tmp_path: Path, parse: str, kind: str, text: str, value: Value) -> None:
    types = f"{{x: {{type: {kind}}}}}"
    assert read_one(tmp_path, parse, {"x": text}, types)[-1] == value


@pytest.mark.parametrize(
    ("dtype", "kind", "value", "found"),
    [
        (pl.Boolean, "yes/no", True, True),
        (pl.Int8, "yes/no", 0, False),
        (pl.Int64, "text", 12346, "12346"),
        (pl.Categorical, "text", "vip", "vip"),
        (pl.Decimal(10, 3), "money", "1.005", 1.01),
        (pl.Float32, "number", 0.5, 0.5),
    ],
)
def test_typed_cells_are_taken_as_they_are(tmp_path: Path, dtype: Any, kind: str, value: Any, found: Value) -> None:  # noqa: ANN401 - any cell there is
    types = f"{{x: {{type: {kind}}}}}"
    assert read_one(tmp_path, "{}", {"x": pl.Series([value]).cast(dtype)}, types, dtype)[-1] == found


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "c.parquet: column x holds List(Int64), which cannot be read as a text [bad-column]"),
        ("number", "c.parquet: column x holds List(Int64), which cannot be read as a number [bad-column]"),
        ("yes/no", "c.parquet: column x holds List(Int64), which cannot be read as yes or no [bad-column]"),
    ],
)
def test_a_column_of_a_type_that_does_not_fit_is_an_error(tmp_path: Path, kind: str, message: str) -> None:
    with pytest.raises(MappingError) as caught:
        read_one(tmp_path, "{}", {"x": [[1]]}, f"{{x: {{type: {kind}}}}}", pl.List(pl.Int64))
    assert str(caught.value) == f"{tmp_path}/{message}"


def test_whole_numbers_are_no_time_until_the_mapping_says_which(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"holds Int64, which cannot be read as a time; say parse: \{time: seconds\}"):
        read_one(tmp_path, "{}", {"customer_since": 1}, dtype=pl.Int64)


def test_a_table_may_be_read_in_its_own_way(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("id;since\nC1;01.02.2016\n", encoding="utf-8")
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\nO1,C1,2016-02-01,3\n", encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        """\
currency: GBP
parse: {time: "%d.%m.%Y", time_zone: Europe/London}
tables:
  customers: {files: customers.csv, separator: ";", columns: {customer_id: id, customer_since: since}}
  orders: {files: orders.csv, parse: {time: iso, amounts: minor}}
""",
        encoding="utf-8",
    )
    build(mapping, tmp_path / "snapshot", AS_OF)
    found = facts(tmp_path / "snapshot", "C1")
    assert (found["tenure_years"], found["days_since_last_order"], found["spend"]) == (
        since("2016-02-01"),
        121 + 10 / 24,
        0.03,
    )
