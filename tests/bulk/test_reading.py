"""Tables of any format become the frames that the engine decides on."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from router.bulk import tables
from router.bulk.reading import case_frame, event_frame, read_backlog
from router.decide.decider import terms_of
from router.facts import Fact, Type
from router.frame.tables import CASES, EVENTS, frames_of
from router.policy.model import Policy
from router.time import parse_instant
from tests.bulk.backlog import RETAIL, cases, example, write


def read(cases: pl.DataFrame, folder: Path, policy: Policy = RETAIL) -> pl.DataFrame:
    """A table of cases in Parquet as the engine gets it."""
    cases.write_parquet(folder / "cases.parquet")
    return case_frame(read_backlog([str(folder / "cases.parquet")], [], policy).cases, policy).collect()


def read_events(events: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """A table of events in Parquet as the engine gets it."""
    example_cases = write(example("cases"), folder / "cases.csv")
    events.write_parquet(folder / "events.parquet")
    table = read_backlog([str(example_cases)], [str(folder / "events.parquet")], RETAIL).events
    assert table is not None
    return event_frame(table, RETAIL).collect()


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "ndjson"])
def test_tables_of_every_format_are_the_cases_that_people_write(suffix: str, tmp_path: Path) -> None:
    files = {name: write(example(name), tmp_path / f"{name}.{suffix}") for name in ("cases", "events")}
    backlog = read_backlog([str(files["cases"])], [str(files["events"])], RETAIL)
    assert backlog.events is not None
    heads, timelines = (frame.collect() for frame in frames_of(cases(), terms_of(RETAIL)))
    found = case_frame(backlog.cases, RETAIL).collect()
    wanted = [*CASES, *(fact.name for fact in RETAIL.facts if not fact.of_customer)]
    assert found.select(wanted).to_dicts() == heads.select(wanted).to_dicts()

    events = event_frame(backlog.events, RETAIL).filter(pl.col("case_id") != "K-0999").collect()
    keys = ["case_id", "at", "kind", "sequence"]
    wanted = [name for name in EVENTS if name != "position"]
    assert [_given(row) for row in events.sort(keys).select(wanted).to_dicts()] == [
        _given(row)
        for row in timelines.with_columns(pl.col("sequence").replace(0, None)).sort(keys).select(wanted).to_dicts()
    ]
    assert events.get_column("position").is_sorted()


def _given(row: dict[str, object]) -> dict[str, object]:
    """What an event says: no, nothing and an empty text are the same."""
    return {name: value for name, value in row.items() if value not in {None, False, ""}}


def test_the_columns_are_those_of_the_engine(tmp_path: Path) -> None:
    rows = pl.DataFrame({"case_id": ["a"], "at": [datetime(2016, 6, 1, tzinfo=UTC)], "kind": ["reopened"]})
    full = {name: read_events(rows, tmp_path).schema.get(name) for name in ("case_id", "at", "kind", "position")}
    assert full == {name: EVENTS[name] for name in full}
    found = read(pl.DataFrame({"case_id": ["a"], "opened_at": ["2016-06-01"]}), tmp_path)
    assert {name: found.schema[name] for name in CASES} == dict(CASES)
    named = {column.name for column in tables.EVENTS} | {"position"}
    assert named == set(EVENTS)
    assert {tables.AMOUNTS.get(column.name, (column.name,))[0] for column in tables.CASES} == set(CASES)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/London"])
def test_a_time_may_have_any_unit_and_zone(unit: str, zone: str | None, tmp_path: Path) -> None:
    naive = pl.Series("opened_at", ["2016-06-01 10:00:00"]).str.to_datetime(time_unit=unit)  # type: ignore[arg-type]  # one of its units
    times = naive if zone is None else naive.dt.replace_time_zone(zone)
    found = read(pl.DataFrame({"case_id": ["a"], "opened_at": times}), tmp_path).get_column("opened_at").item()
    assert found == parse_instant("2016-06-01T09:00:00Z" if zone == "Europe/London" else "2016-06-01T10:00:00Z")


def test_what_is_finer_than_a_microsecond_is_floored(tmp_path: Path) -> None:
    nanos = pl.Series("opened_at", [1_999, -1]).cast(pl.Datetime("ns", "UTC"))
    assert read(pl.DataFrame({"case_id": ["a", "b"], "opened_at": nanos}), tmp_path)["opened_at"].to_list() == [1, -1]
    text = pl.DataFrame({"case_id": ["a"], "opened_at": ["1970-01-01T00:00:00.000001999Z"]})
    assert read(text, tmp_path)["opened_at"].to_list() == [1]


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (1.005, "GBP", 101),
        (Decimal("1.005"), "GBP", 101),
        ("1.0050", "GBP", 101),
        (7, "JPY", 7),
        (0.0005, "KWD", 1),
        (1, "CLF", 10_000),
        (1, "XXX", 100),
        (49.99, None, 4999),
        (float("nan"), "GBP", None),
        (None, "GBP", None),
    ],
)
def test_an_amount_is_in_minor_units_of_its_own_currency(
    amount: object, currency: str | None, minor: int | None, tmp_path: Path
) -> None:
    head = {"case_id": ["a"], "opened_at": ["2016-06-01"]}
    money = pl.DataFrame({**head, "value_amount": [amount], "value_currency": [currency]}, strict=False)
    found = read(money.with_columns(pl.col("value_currency").cast(pl.String)), tmp_path)
    expected = None if minor is None else currency or RETAIL.currency
    assert found.select("value_minor", "value_currency").row(0) == (minor, expected)


def test_an_attribute_may_have_its_key_or_its_full_name(tmp_path: Path) -> None:
    head = {"case_id": ["a", "b"], "opened_at": ["2016-06-01"] * 2}
    assert read(pl.DataFrame({**head, "team": ["x", None]}), tmp_path)["case.team"].to_list() == ["x", None]
    assert read(pl.DataFrame({**head, "case.team": ["x", None]}), tmp_path)["case.team"].to_list() == ["x", None]
    line = '{"case_id": "a", "opened_at": "2016-06-01", "case.team": "x"}\n'
    (tmp_path / "cases.ndjson").write_text(line)
    table = read_backlog([str(tmp_path / "cases.ndjson")], [], RETAIL).cases
    assert case_frame(table, RETAIL).collect()["case.team"].to_list() == ["x"]


def test_an_attribute_of_money_is_rounded_to_minor_units(tmp_path: Path) -> None:
    policy = dataclasses.replace(RETAIL, facts=(Fact("case.deposit", Type.MONEY, "what was paid", missing="not given"),))
    rows = pl.DataFrame({"case_id": ["a", "b"], "opened_at": ["2016-06-01"] * 2, "deposit": [1.005, None]})
    assert read(rows, tmp_path, policy)["case.deposit"].to_list() == [1.01, None]


def test_a_sequence_is_exact_beyond_what_a_float_holds(tmp_path: Path) -> None:
    large = 1_464_775_200_000_000_001
    rows = {"case_id": ["a"], "at": ["2016-06-01"], "kind": ["reopened"]}
    for sequence in (large, str(large)):
        assert read_events(pl.DataFrame({**rows, "sequence": [sequence]}), tmp_path)["sequence"].to_list() == [large]


def test_keys_of_ndjson_are_found_wherever_they_come_first(tmp_path: Path) -> None:
    lines = ['{"case_id": "a", "opened_at": "2016-06-01"}\n'] * 2000
    cases_file = tmp_path / "cases.ndjson"
    text = "".join(line.replace('"a"', f'"a{number}"') for number, line in enumerate(lines))
    cases_file.write_text(text + '{"case_id": "b", "opened_at": "2016-06-01", "brand": "late"}\n')
    found = case_frame(read_backlog([str(cases_file)], [], RETAIL).cases, RETAIL).collect()
    assert found["brand"].drop_nulls().to_list() == ["late"]


def test_files_of_a_pattern_are_one_table(tmp_path: Path) -> None:
    for number, row in enumerate(example("cases")):
        write([row], tmp_path / f"part-{number}.csv")
    table = read_backlog([str(tmp_path / "part-*.csv")], [], RETAIL).cases
    assert table.rows == len(example("cases")) == len(table.files)


def test_what_nobody_reads_is_told_with_what_is_near(tmp_path: Path) -> None:
    rows: list[dict[str, str | None]] = [{"case_id": "a", "opened_at": "2016-06-01", "chanel": "phone", "colour": "red"}]
    table = read_backlog([str(write(rows, tmp_path / "cases.csv"))], [], RETAIL).cases
    assert table.warnings[0] == "cases: column chanel is not read; did you mean channel?"
    assert table.warnings[1].startswith("cases: column colour is not read; those read are: brand, case.days_since_delivery")
