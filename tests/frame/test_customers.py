"""Customers joined to cases have the facts that looking each of them up gives, the clock moved to the same moment."""

import os
from collections.abc import Iterator
from dataclasses import replace
from math import inf, nan
from random import Random

import polars as pl
import pytest

from router.crm.publish import Content, publish
from router.crm.snapshot import Snapshot
from router.decide.decider import customer_layout
from router.decide.model import Records
from router.decide.records import FactRecords, facts_layout
from router.facts import CUSTOMER_FACTS, Fact, Type, Value
from router.frame.customers import Customers, join, of_records, of_snapshot, with_orders, without_rows
from router.frame.tables import kind_of
from router.policy.model import Policy
from router.time import DAY, parse_instant
from tests.decide.deciding import decider

AS_OF = parse_instant("2016-06-01")
SCORE, CLUB = Fact("customer.score", Type.NUMBER, "a score"), Fact("customer.club", Type.YES_NO, "a member")
POLICY = replace(decider().policy, facts=(SCORE, replace(CLUB, type=Type.TEXT)))
"""It reads the score, but no club that is a text."""
IDS = [f"{letter}{number}" for letter in ("ann", "caf\u00e9", "\U0001f600") for number in range(100)]
VALUES: dict[Type, list[Value]] = {Type.TEXT: [None, "", "gold"], Type.YES_NO: [None, True, False]}
NUMBERS: list[Value] = [nan, 0.0, 0.1, 12.75, 1e9, 700.0]


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def value(drawn: Random, fact: Fact) -> Value:
    signed: list[Value] = [-inf, -3.25, 80.5, nan] if fact.key == "open_order_overdue_hours" else []
    return drawn.choice(signed or VALUES.get(fact.type, NUMBERS))


@pytest.fixture(scope="module", params=[1, 7])
def snapshot(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Snapshot:
    """Three hundred customers with all facts but one, and orders, in one piece and in several."""
    drawn, folder = Random(3), tmp_path_factory.mktemp("snapshot")
    facts = [fact for fact in (*CUSTOMER_FACTS[1:], SCORE, CLUB) if fact.key != "plan"]
    columns = {fact.name: pl.Series([value(drawn, fact) for _ in IDS], dtype=kind_of(fact)) for fact in facts}
    frame = pl.DataFrame({"customer_id": IDS, **columns})
    publish(Content(AS_OF, "GBP", frame, pl.Series(["o1", "caf\u00e9"]), (SCORE, CLUB)), folder, shards=request.param)
    return Snapshot.open(folder)


@pytest.fixture(scope="module")
def records() -> FactRecords:
    drawn, layout = Random(4), facts_layout(POLICY)
    customers = {name: (True, *(value(drawn, fact) for fact in layout[1:])) for name in IDS}
    return FactRecords(layout, "GBP", AS_OF, customers, {"o1": True, "o2": False})


def same(found: pl.DataFrame, asked: Records, policy: Policy, now: int) -> None:
    """Every fact that the policy can read is, of every case, what the look-up gives; what it cannot is missing."""
    layout = customer_layout(policy, asked.layout, asked.currency)
    strangers = tuple(False if fact.key == "known" else None for fact in asked.layout)
    rows = [(asked.customer(name, now) if name else None) or strangers for name in found["customer_id"]]
    for place, fact in enumerate(layout):
        name = asked.layout[place].name
        values = found[name].to_list() if name in found.columns else [None] * len(rows)
        if fact is None:
            assert values == [None] * len(rows)
            continue
        wanted = [None if row[place] != row[place] else row[place] for row in rows]
        assert values == wanted, name


def joined(customers: Customers, policy: Policy, now: int) -> pl.DataFrame:
    ids = [*IDS, "stranger", "cafe", None, *IDS[:5]]
    return join(pl.LazyFrame({"customer_id": ids}), customers, policy, now).collect()


@pytest.mark.parametrize("now", [AS_OF, AS_OF + 1, AS_OF + 35 * DAY + 7, AS_OF - 3 * DAY])
@pytest.mark.parametrize("currency", ["GBP", "EUR"])
def test_a_snapshot_s_customers_are_as_looked_up(snapshot: Snapshot, currency: str, now: int) -> None:
    policy = replace(POLICY, currency=currency)
    same(joined(of_snapshot(snapshot), policy, now), snapshot, policy, now)


@pytest.mark.parametrize("currency", ["GBP", "EUR"])
def test_facts_given_by_hand_are_as_given_whatever_the_clock_says(records: FactRecords, currency: str) -> None:
    policy = replace(POLICY, currency=currency)
    same(joined(of_records(records), policy, AS_OF + DAY), records, policy, AS_OF + DAY)


def test_orders_are_on_record_as_looked_up(snapshot: Snapshot, records: FactRecords) -> None:
    ids = ["o1", None, "caf\u00e9", "o2", "none"]
    for customers, asked in (
        (of_snapshot(snapshot), snapshot),
        (of_records(records), records),
        (of_records(replace(records, orders=None)), replace(records, orders=None)),
        (of_records(replace(records, orders={})), replace(records, orders={})),
    ):
        found = with_orders(pl.LazyFrame({"order_id": ids}), customers).collect()
        assert dict(found.rows()) == {order: asked.has_order(order) if order else None for order in ids}


def test_a_manifest_alone_says_all_but_the_rows(snapshot: Snapshot) -> None:
    said, whole = without_rows(snapshot.manifest), of_snapshot(snapshot)
    assert said.rows.collect_schema() == whole.rows.collect_schema()
    assert said.orders is not None
    assert whole.orders is not None
    assert said.orders.collect_schema() == whole.orders.collect_schema()
    assert replace(said, rows=whole.rows, orders=whole.orders) == whole


def test_only_the_facts_that_are_asked_for_are_read(snapshot: Snapshot) -> None:
    everything = join(pl.LazyFrame({"customer_id": IDS}), of_snapshot(snapshot), POLICY, AS_OF + DAY)
    read = everything.select("customer.orders", "customer.known").explain()
    assert f"PROJECT 2/{len(snapshot.manifest.facts) + 1} COLUMNS" in read
