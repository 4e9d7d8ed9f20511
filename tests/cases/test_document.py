"""A case as people write it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.cases import model as m
from router.cases.document import CaseDocument
from router.errors import CaseError
from router.time import parse_instant
from router.yaml import load

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


def read(text: str, currency: str = "GBP") -> m.Case:
    source = load(text, "case.yaml")
    document = source.read(CaseDocument)
    assert document is not None, source.problems
    return document.case("named", currency)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_everything_wrong_with_a_case_is_said_at_once(path: Path) -> None:
    source = load(path.read_text(), path.name)
    assert source.read(CaseDocument) is None
    assert str(CaseError(source.problems)) + "\n" == path.with_suffix(".txt").read_text()


def test_a_whole_case() -> None:
    case = read("""
id: c1
customer_id: 17
opened_at: 2016-05-29T18:00:00Z
channel: social
touchpoint: gone_wrong
issue: delivery_failed
order_id: 0536365
value_at_stake: {amount: 49.99, currency: EUR}
brand: shoes
attributes: {team: north, impact: 3, vip: true, nothing: null, price: {amount: 1.005}}
timeline:
  - {at: 2016-05-29T20:00:00+02:00, sequence: 2, event_id: 9, agent_id: ann, company_replied: {channel: email, public: true}}
  - {at: 2016-05-29T19:05:00Z, promise_made: {id: 1, due_at: 2016-05-30T19:00:00Z}}
  - {at: 2016-05-29T19:06:00Z, remedy_offered: {id: r, kind: credit, amount: 10, statutory: false}}
""")
    at = parse_instant
    assert case == m.Case(
        id="c1",
        opened_at=at("2016-05-29T18:00:00Z"),
        customer_id="17",
        channel="social",
        touchpoint="gone_wrong",
        issue="delivery_failed",
        order_id="0536365",
        value_at_stake=m.Money(4999, "EUR"),
        brand="shoes",
        attributes={"team": "north", "impact": 3, "vip": True, "price": m.Money(101, "GBP")},
        timeline=(
            m.Event(at("2016-05-29T18:00:00Z"), m.CompanyReplied("email", public=True), 2, "9", "ann"),
            m.Event(at("2016-05-29T19:05:00Z"), m.PromiseMade("1", at("2016-05-30T19:00:00Z"))),
            m.Event(at("2016-05-29T19:06:00Z"), m.RemedyOffered("r", "credit", m.Money(1000, "GBP"))),
        ),
    )


def test_what_is_not_given_is_not_there() -> None:
    assert read("opened_at: 2016-05-29") == m.Case(id="named", opened_at=parse_instant("2016-05-29T00:00:00Z"))


def test_plain_amounts_are_in_the_currency_of_the_policy() -> None:
    assert read("{opened_at: 2016-05-29, value_at_stake: 500}", "JPY").value_at_stake == m.Money(500, "JPY")
    assert read("{opened_at: 2016-05-29, value_at_stake: 1.005}", "KWD").value_at_stake == m.Money(1005, "KWD")


def test_texts_and_ids_are_normalised() -> None:
    case = read(
        "{opened_at: 2016-05-29, issue: X, brand: X, customer_id: X, order_id: X, attributes: {team: X},"
        " timeline: [{at: 2016-05-29, event_id: X, evidence_received: {item: X}}]}".replace("X", "cafe\u0301")
    )
    (event,) = case.timeline
    texts = (case.issue, case.brand, case.customer_id, case.order_id, case.attributes["team"], event.event_id, *event.what)
    assert texts == ("café",) * 7


@pytest.mark.parametrize(("name", "kind"), m.EVENTS.items(), ids=m.EVENTS)
def test_every_event_is_read_by_its_name(name: str, kind: type[m.What]) -> None:
    values = {"due_at": "2016-05-30T19:00:00Z", "channel": "phone", "amount": 3, "level": "senior"}
    needed = {field: values.get(field, "x") for field in kind._fields if field not in kind._field_defaults}
    body = json.dumps(needed or None)
    (event,) = read(f"{{opened_at: 2016-05-29, timeline: [{{at: 2016-05-29, {name}: {body}}}]}}").timeline
    assert type(event.what) is kind
    everything = {field: values.get(field, "x") for field in kind._fields} | {
        flag: True for flag in ("public", "automatic", "corrects", "statutory", "hedged") if flag in kind._fields
    }
    (event,) = read(f"{{opened_at: 2016-05-29, timeline: [{{at: 2016-05-29, {name}: {json.dumps(everything)}}}]}}").timeline
    assert event.what._asdict().keys() == everything.keys()
    assert all(value is not None and value != "" for value in event.what)


@pytest.mark.parametrize("body", ["", "null", "{}"])
def test_an_event_of_which_nothing_has_to_be_said_may_stand_alone(body: str) -> None:
    (event,) = read(f"opened_at: 2016-05-29\ntimeline:\n  - at: 2016-05-29\n    escalation_requested: {body}\n").timeline
    assert event.what == m.EscalationRequested()


def test_json_is_read_as_well() -> None:
    assert read('{"opened_at": "2016-05-29T18:00:00Z", "channel": "chat"}').channel == "chat"


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
data = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner), max_leaves=9)


@given(data, st.sampled_from(["", "timeline", "attributes", "value_at_stake", "order_id"]))
def test_whatever_stands_in_a_file_is_read_or_told(data: object, key: str) -> None:
    source = load(json.dumps({"opened_at": "2016-05-29", key: data} if key else data), "case.json")
    document = source.read(CaseDocument)
    assert (document is None) == bool(source.problems)
    if document is not None:
        document.case("named", "GBP")


@given(st.text())
def test_any_text_is_read_or_told(text: str) -> None:
    source = load(text, "case.yaml")
    source.read(CaseDocument)
    assert source.problems
    assert all(str(problem) for problem in source.problems)
