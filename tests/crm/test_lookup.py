"""Looking up: what was published is what is found, for every customer and nobody else."""

from math import inf, isnan, nan
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from router.crm.features import STORED
from router.crm.lookup import SAMPLE, layout_of, stranger_of
from router.crm.publish import Content, publish
from router.crm.snapshot import Snapshot
from router.facts import Fact, Type, Value
from router.time import DAY, HOUR, YEAR
from tests.crm.shop import AS_OF

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


def values(fact: Fact) -> st.SearchStrategy[Value]:
    if fact.type is Type.TEXT:
        return st.none() | TEXTS
    return st.none() | (st.booleans() if fact.type is Type.YES_NO else NUMBERS | st.just(nan))


def dtype_of(fact: Fact) -> type[pl.DataType]:
    return pl.Float64 if fact.type.numeric else pl.String if fact.type is Type.TEXT else pl.Boolean


def snapshot_of(frame: pl.DataFrame, folder: str | Path, orders: list[str] | None = None) -> Snapshot:
    ids = None if orders is None else pl.Series(orders, dtype=pl.String)
    publish(Content(AS_OF, "GBP", frame, ids), Path(folder))
    return Snapshot.open(Path(folder))


def found(snapshot: Snapshot, customer: str, fact: str, now: int = AS_OF) -> Value:
    row = snapshot.customer(customer, now)
    assert row is not None
    return row[[each.name for each in snapshot.layout].index(fact)]


@settings(max_examples=60)
@given(st.data())
def test_a_look_up_gives_the_row_that_polars_has(data: st.DataObject) -> None:
    ids = data.draw(
        st.lists(TEXTS.filter(bool), max_size=8, unique_by=lambda text: pl.Series([text]).str.normalize("NFC")[0])
    )
    facts = data.draw(st.lists(st.sampled_from(STORED), unique=True))
    columns = {
        fact.name: pl.Series(data.draw(st.lists(values(fact), min_size=len(ids), max_size=len(ids))), dtype=dtype_of(fact))
        for fact in facts
    }
    columns["customer_id"] = pl.Series(ids, dtype=pl.String)
    frame = pl.DataFrame(columns)
    with TemporaryDirectory() as folder:
        snapshot = snapshot_of(frame, folder)
        for row in frame.with_columns(pl.col(pl.String).str.normalize("NFC")).iter_rows(named=True):
            for fact in facts:
                value, wanted = found(snapshot, row["customer_id"], fact.name), row[fact.name]
                if fact.type.numeric:
                    wanted = nan if wanted is None else wanted
                    wanted = max(wanted, 0.0) if fact.name == "customer.open_order_overdue_hours" else wanted
                    assert isinstance(value, float)
                    assert value == wanted or (isnan(value) and isnan(wanted))
                else:
                    assert value == wanted
                    assert type(value) is type(wanted)
        known = set(frame.select(pl.col("customer_id").str.normalize("NFC")).to_series())
        for other in data.draw(st.lists(TEXTS)):
            if pl.Series([other]).str.normalize("NFC")[0] not in known:
                assert snapshot.customer(other, AS_OF) is None


@settings(max_examples=60)
@given(st.sets(st.text("01a", min_size=1, max_size=12), max_size=60), st.lists(st.text("01a", max_size=12)))
def test_an_order_is_found_by_its_whole_id_only(ids: set[str], others: list[str]) -> None:
    with TemporaryDirectory() as folder:
        snapshot = snapshot_of(pl.DataFrame({"customer_id": ["C"]}), folder, sorted(ids, reverse=True))
        assert {each for each in {*ids, *others} if snapshot.has_order(each)} == ids


def test_every_one_of_many_is_found_and_nobody_between(tmp_path: Path) -> None:
    numbers = range(0, 20 * SAMPLE + 3, 2)
    frame = pl.DataFrame({"customer_id": [f"{n}" for n in numbers], "customer.orders": [float(n) for n in numbers]})
    snapshot = snapshot_of(frame.sample(fraction=1, shuffle=True, seed=1), tmp_path)
    assert all(found(snapshot, f"{n}", "customer.orders") == n for n in numbers)
    assert all(snapshot.customer(f"{n}", AS_OF) is None for n in range(1, 20 * SAMPLE, 2))


def test_ids_that_are_parts_of_each_other_are_told_apart(tmp_path: Path) -> None:
    ids = ["0" * n for n in range(1, 300)]
    snapshot = snapshot_of(pl.DataFrame({"customer_id": ids, "customer.orders": [float(len(i)) for i in ids]}), tmp_path)
    assert [found(snapshot, each, "customer.orders") for each in ids] == [float(n) for n in range(1, 300)]
    assert snapshot.customer("0" * 300, AS_OF) is None


def test_who_is_not_there_is_nobody(tmp_path: Path) -> None:
    snapshot = snapshot_of(pl.DataFrame({"customer_id": ["B", "D"]}), tmp_path)
    assert [snapshot.customer(each, AS_OF) for each in ("", "A", "C", "E", "BB", "\ud800", "\0")] == [None] * 7


def test_an_id_is_found_however_it_is_composed(tmp_path: Path) -> None:
    snapshot = snapshot_of(pl.DataFrame({"customer_id": ["Zoe\u0308", "Re\u0301gis"]}), tmp_path, ["é1"])
    assert None not in [snapshot.customer(each, AS_OF) for each in ("Zoë", "Zoe\u0308", "Régis")]
    assert [snapshot.has_order(each) for each in ("é1", "e\u03011", "e1")] == [True, True, False]


def test_an_empty_snapshot_knows_nobody(tmp_path: Path) -> None:
    snapshot = snapshot_of(pl.DataFrame({"customer_id": []}, schema={"customer_id": pl.String}), tmp_path, [])
    assert [snapshot.customer(each, AS_OF) for each in ("", "A")] == [None, None]
    assert snapshot.has_order("O1") is False


def test_a_stranger_is_not_known_and_all_else_is_missing() -> None:
    layout = layout_of()
    row = dict(zip((fact.key for fact in layout), stranger_of(layout), strict=True))
    assert row.pop("known") is False
    assert all(value is None or (isinstance(value, float) and isnan(value)) for value in row.values())
    assert {key for key, value in row.items() if value is None} == {"plan", "subscribed", "vulnerable", "owner"}


def test_clock_facts_move_with_now_and_others_do_not(tmp_path: Path) -> None:
    stored = {fact.name: [2.0] for fact in STORED if fact.type.numeric}
    snapshot = snapshot_of(pl.DataFrame({"customer_id": ["C"]} | stored), tmp_path)
    row = snapshot.customer("C", AS_OF + 3 * DAY)
    assert row is not None
    moved = {fact.key: value for fact, value in zip(snapshot.layout, row, strict=True) if fact.type.numeric and value != 2.0}
    assert moved == {
        "tenure_years": 2 + 3 * DAY * (1 / YEAR),
        "subscription_years": 2 + 3 * DAY * (1 / YEAR),
        "open_order_overdue_hours": 2 + 3 * DAY * (1 / HOUR),
        "days_since_last_order": 5.0,
        "days_since_last_bill": 5.0,
        "days_since_last_offer": 5.0,
        "days_to_renewal": -1.0,
    }


def test_an_order_not_yet_due_becomes_overdue(tmp_path: Path) -> None:
    hours = {"customer_id": ["open", "none", "missing"], "customer.open_order_overdue_hours": [-5.0, -inf, None]}
    snapshot = snapshot_of(pl.DataFrame(hours), tmp_path)
    fact = "customer.open_order_overdue_hours"
    assert [found(snapshot, "open", fact, AS_OF + n * HOUR) for n in (0, 5, 6)] == [0.0, 0.0, 1.0]
    assert found(snapshot, "none", fact, AS_OF + YEAR) == 0.0
    assert isnan(float(str(found(snapshot, "missing", fact, AS_OF + YEAR))))
