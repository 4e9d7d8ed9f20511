"""What a record holds, and what it never does."""

from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.cases import model as m
from router.decide.decider import Decider
from router.decide.model import Decision
from router.errors import LogError
from router.log.again import Again, Record
from router.log.files import frames
from router.log.layout import COLUMNS, LAYOUT_NAME, LINE
from router.log.lines import read_lines
from router.log.record import Manner, Recorders
from router.log.replay import Same, differences, replay
from router.log.schema import DECISION_LINE
from router.log.writer import placed
from router.money import LARGEST_AMOUNT, POWERS
from router.time import HOUR
from tests.decide import deciding
from tests.decide.deciding import OPENED, decider
from tests.decide.strategies import WHATS, cases, nows, policies, records
from tests.log.records import KEY, MANNER, OTHER_KEY, TODAY, logged

SECRETS = {
    m.ContactFailed: m.ContactFailed("phone", "the mailbox of Zebedee is full"),
    m.StatementMade: m.StatementMade("the parcel of Zebedee", "Zebedee was not in"),
    m.PromiseMade: m.PromiseMade("call Zebedee back", OPENED + HOUR),
    m.EvidenceRequested: m.EvidenceRequested("a photo of Zebedee"),
    m.ApologyGiven: m.ApologyGiven("Sorry, but Zebedee was not in."),
    m.RemedyOffered: m.RemedyOffered("for Zebedee", "credit for Zebedee", m.Money(100, "the purse of Zebedee")),
    m.AdverseActionProposed: m.AdverseActionProposed("suspend Zebedee"),
    m.AdverseActionApproved: m.AdverseActionApproved("suspend Zebedee", "Zebedee"),
}


def written(decision: Decision, manner: Manner = MANNER) -> Record:
    (found,) = read_lines(placed([Recorders(manner).line(decision, TODAY)])).iter_rows(named=True)
    return found


def decision_of(*whats: m.What, **given: Any) -> Decision:  # noqa: ANN401 - attributes of a case
    timeline = tuple(m.Event(OPENED - 9 + place, what) for place, what in enumerate(whats))
    return deciding.decide(decider(), deciding.case(*timeline, **given))


def test_a_record_has_every_column_and_no_other() -> None:
    assert tuple(written(decision_of())) == COLUMNS
    assert tuple(orjson.loads(placed([Recorders(MANNER).line(decision_of(), TODAY)]))) == LINE


def test_the_columns_of_a_file_are_those_of_a_record(tmp_path: Path) -> None:
    (record,) = logged(tmp_path, [decision_of()])
    assert tuple(record) == COLUMNS


@pytest.mark.parametrize("what", SECRETS.values(), ids=[kind.__name__ for kind in SECRETS])
def test_no_free_text_is_stored(what: m.What) -> None:
    money = m.Money(100, "the purse of Zebedee")
    attributes = {"about Zebedee": "Zebedee", "loss": money}
    timeline = (m.Event(OPENED - 1, what),)
    case = deciding.case(*timeline, issue="the parcel of Zebedee", value_at_stake=money, attributes=attributes)
    decision = deciding.decide(decider(facts={"case.loss": {"type": "money", "meaning": "what it cost"}}), case)
    assert made_again(decision) == []
    assert b"ebedee" not in Recorders(MANNER).line(decision, TODAY)


def test_ids_are_hashed_where_that_is_asked_for() -> None:
    decision = decision_of(m.OwnerAssigned("agent-7"), id="case-7", customer_id="ann-7", order_id="order-7")
    plain, hashed = (Recorders(Manner(KEY, each)).line(decision, TODAY) for each in (False, True))
    for text in (b"agent-7", b"case-7", b"ann-7", b"order-7"):
        assert text in plain
        assert text not in hashed


def test_texts_that_mean_the_same_have_the_same_hash_and_by_another_key_another() -> None:
    same = [m.StatementMade("Delivery ", "Nobody was IN"), m.StatementMade("delivery", "nobody was in")]
    first, second = written(decision_of(*same))["timeline"]
    assert (first["topic"], first["claim"]) == (second["topic"], second["claim"])
    other = written(decision_of(*same), Manner(OTHER_KEY))["timeline"][0]
    assert other["claim"] != first["claim"]


def test_an_apology_keeps_whether_it_was_hedged() -> None:
    said = [m.ApologyGiven("Sorry."), m.ApologyGiven(hedged=True), m.ApologyGiven()]
    assert [event["hedged"] for event in written(decision_of(*said))["timeline"]] == [False, True, False]


@pytest.mark.parametrize("minor", [2**63, 2**64 - 1, 2**64, 10**20])
def test_numbers_that_no_file_can_hold_are_the_nearest_that_it_can(minor: int) -> None:
    money = m.Money(minor, "GBP")
    record = written(decision_of(m.RemedyOffered("r", "credit", money), value_at_stake=money))
    assert (record["value_minor"], record["timeline"][0]["amount"]) == (2**63 - 1, 2**63 - 1)


def test_the_largest_amount_fits_a_file_in_every_currency() -> None:
    assert LARGEST_AMOUNT * max(POWERS) < 2**63 - 1


def test_what_is_missing_is_null() -> None:
    assert written(decision_of())["customer.tenure_years"] is None


FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("kind", m.EVENTS.values(), ids=m.EVENTS)
def test_every_kind_of_event_comes_back(kind: type[m.What]) -> None:
    @settings(max_examples=5)
    @given(st.lists(WHATS[kind], min_size=1, max_size=3))
    def comes_back(whats: list[m.What]) -> None:
        assert made_again(decision_of(*whats), Manner(KEY, hash_ids=True)) == []

    comes_back()


def made_again(decision: Decision, manner: Manner = MANNER) -> list[object]:
    record = written(decision, manner)
    return list(differences(record, *Same()([Again()(record, decision.policy)])))


@FEW
@given(st.data())
def test_any_decision_by_any_policy_is_made_again_from_its_record(data: st.DataObject) -> None:
    policy, now = data.draw(policies), data.draw(nows)
    of = Decider(policy, data.draw(records(policy, now)))
    decision = of.decide(data.draw(cases()), b"", now, full=data.draw(st.booleans()))
    assert made_again(decision, Manner(KEY, data.draw(st.booleans()))) == []


@settings(FEW, max_examples=20)
@given(st.data())
def test_any_decisions_by_any_policy_are_made_again_as_columns(data: st.DataObject) -> None:
    policy, now = data.draw(policies), data.draw(nows)
    of = Decider(policy, data.draw(records(policy, now)))
    moments = [now, *data.draw(st.lists(nows, max_size=4))]
    decisions = [of.decide(data.draw(cases()), b"", each, full=data.draw(st.booleans())) for each in moments]
    recorders = Recorders(Manner(KEY, data.draw(st.booleans())))
    lines = [placed([recorders.line(each, TODAY)]) for each in decisions]
    found = replay([read_lines(b"".join(lines))], lambda *_: policy)
    assert (found.differences, found.records, found.unknown) == ([], len(decisions), {})


def test_lines_of_an_earlier_build_say_what_to_do(tmp_path: Path) -> None:
    logged(tmp_path, [decision_of()])
    (path,) = (tmp_path / "decisions").glob("date=*/*.ndjson")
    path.write_bytes(path.read_bytes().replace(LAYOUT_NAME.encode(), b"older"))
    (tmp_path / "decisions" / "layout-older.json").write_text('{"facts": {}, "details": {}}')
    with pytest.raises(LogError, match="compact them with the one that wrote them"):
        list(frames(tmp_path, "decisions"))


def test_polars_and_duckdb_read_the_files_as_they_are(tmp_path: Path) -> None:
    logged(tmp_path, [decision_of(m.CustomerContacted("phone")), decision_of(m.Reopened())])
    pattern = f"{tmp_path}/decisions/date=*/*.ndjson"
    lines = pl.scan_ndjson(pattern, schema=dict(DECISION_LINE))
    kinds = lines.select(pl.col("events").list.first().list.first()).collect().to_series()
    assert kinds.to_list() == ["customer_contacted", "reopened"]
    files = f"read_json('{pattern}', hive_partitioning = true)"
    query = f"SELECT date::VARCHAR, tier, events[1]->>0, case_facts[1], fired FROM {files}"  # noqa: S608 - a test's own
    assert [row[:3] for row in duckdb.execute(query).fetchall()] == [
        ("2025-11-22", "standard", "customer_contacted"),
        ("2025-11-22", "standard", "reopened"),
    ]
