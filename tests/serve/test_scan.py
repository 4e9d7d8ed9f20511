"""Requests read as bytes are what they are read as messages, or not read at all."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from router.cases import model as m
from router.compiled import COMPILED
from router.errors import CaseError
from router.facts import Value
from router.serve.convert import asked
from router.serve.convert.asked import Asked, Reader, UnreadableError, read_batch, read_call, read_stream
from router.serve.convert.client import case_to_wire
from router.serve.convert.request import Told, told
from router.serve.convert.scan import scan_case
from router.time import LAST
from router.v1 import case_pb2
from router.v1 import case_router_service_pb2 as pb
from tests.decide.strategies import cases
from tests.serve.shop import request

AT = 1_500_000_000_000_000


def scanned(data: bytes, now: int = LAST) -> Told | None:
    return scan_case(data, 0, len(data), now)


def by_message(data: bytes, now: int = LAST) -> Told | None:
    """As protobuf reads it; ``None`` if it is none, or wrong."""
    problems: list[str] = []
    try:
        found = told(case_pb2.Case.FromString(data), now, lambda field, message: problems.append(field + message))
    except DecodeError:
        return None
    return None if problems else found


def same(one: Told, other: Told) -> bool:
    return said(one) == said(other)


def said(found: Told) -> str:
    return repr((found.case, found.run))  # NaN is no NaN, but reads like one


# what is plainly right


@given(cases(most=16), st.integers(0, 2**54))
def test_a_case_is_what_its_message_is(case: m.Case, now: int) -> None:
    data = case_to_wire(case).SerializeToString()
    found, expected = scanned(data, now), by_message(data, now)
    assert expected is not None
    assert found is None or same(found, expected)
    assert (found is None) == (expected.run is None)  # events that do not follow one another are left to the messages


def test_every_kind_of_event_is_read_with_all_it_has() -> None:
    amount = m.Money(1050, "GBP")
    whats: list[m.What] = [
        m.CustomerContacted("phone"),
        m.ContactFailed("email", "mailbox full"),
        m.CompanyReplied("chat", public=True, automatic=True),
        m.Redirected("web"),
        m.StatementMade("delivery", "nobody was in", corrects=True),
        m.PromiseMade("p", AT),
        m.ApologyGiven("Sorry, but no."),
        m.ApologyGiven(hedged=True),
        m.ApologyGiven(hedged=False),
        m.RemedyOffered("r", "refund", amount, statutory=True),
        m.AdverseActionProposed("suspend"),
        m.AdverseActionApproved("suspend", "senior"),
    ]
    others: list[type[Any]] = [kind for kind in m.EVENTS.values() if kind not in set(map(type, whats))]
    whats += [kind(*("x" for _ in kind._fields)) for kind in others]
    events = tuple(m.Event(AT + i, what, i, f"é{i}", "agent") for i, what in enumerate(whats))
    given: dict[str, Value | m.Money] = {"a": "é", "b": 1.5, "c": True, "d": amount}
    case = m.Case("c", AT, "é", "phone", "purchasing", "issue", "o", amount, "b", given, events)
    data = case_to_wire(case).SerializeToString()
    found, expected = scanned(data), by_message(data)
    assert found is not None
    assert expected is not None
    assert same(found, expected)
    assert [kind for kind, _ in found.run.events] == [pb_name(what) for what in whats]  # type: ignore[union-attr]  # it is read
    assert dict(found.case.attributes) == given


def pb_name(what: m.What) -> str:
    return next(name for name, kind in m.EVENTS.items() if kind is type(what))


# what is not


@given(cases(most=4), st.data())
def test_bytes_with_a_fault_are_read_as_protobuf_reads_them_or_not_at_all(case: m.Case, drawn: st.DataObject) -> None:
    data = bytearray(case_to_wire(case).SerializeToString())
    for _ in range(drawn.draw(st.integers(1, 3))):
        place = drawn.draw(st.integers(0, len(data)))
        change = drawn.draw(st.sampled_from(["set", "insert", "cut", "double"]))
        byte = drawn.draw(st.integers(0, 255))
        if change == "set" and place < len(data):
            data[place] = byte
        elif change == "insert":
            data.insert(place, byte)
        elif change == "cut":
            del data[place:]
        else:
            data += data[place:]
    found = scanned(bytes(data))
    if found is not None:
        expected = by_message(bytes(data))
        assert expected is not None
        assert same(found, expected)


CASE = request().case


def with_event(what: bytes) -> bytes:
    """The case with one more event, which says this."""
    said = case_pb2.Event()
    said.at.FromMicroseconds(AT)
    data = said.SerializeToString() + what
    return CASE.SerializeToString() + b"\x5a" + bytes((len(data),)) + data


ODD = {
    "a field that is not known": CASE.SerializeToString() + b"\x60\x01",
    "a time that comes twice": CASE.SerializeToString() + b"\x1a\x02\x08\x01",
    "an amount that comes twice": CASE.SerializeToString() * 2,
    "an event that comes twice in one": CASE.SerializeToString() + b"\x5a\x09\x0a\x02\x08\x01\x52\x00\xd2\x01\x00",
    "a text that is no text": CASE.SerializeToString() + b"\x4a\x01\xff",
    "an agent that is no text": CASE.SerializeToString() + b"\x5a\x07\x0a\x00\x22\x01\xff\x52\x00",
    "a channel that is not known": CASE.SerializeToString() + b"\x20\x63",
    "a time before 1970": CASE.SerializeToString() + b"\x5a\x0f\x0a\x0b\x08" + b"\xff" * 9 + b"\x01\x52\x00",
    "an end before its end": CASE.SerializeToString()[:-1],
    "a record longer than its case": CASE.SerializeToString() + b"\x0a\x7f",
    "a record longer than any": CASE.SerializeToString() + b"\x0a" + b"\xff" * 8 + b"\x7f",
    "an event longer than any": CASE.SerializeToString() + b"\x5a" + b"\xff" * 8 + b"\x7f" + b"\x52\x00",
    "a number of eleven bytes": CASE.SerializeToString() + b"\x20" + b"\x80" * 10 + b"\x01",
    "a group": CASE.SerializeToString() + b"\x0b\x0c",
    "an event without a time": CASE.SerializeToString() + b"\x5a\x02\x52\x00",
    "an event without a kind": CASE.SerializeToString() + b"\x5a\x04\x0a\x02\x08\x01",
    "an attribute without a value": CASE.SerializeToString() + b"\x52\x03\x0a\x01a",
    "an item without a name": with_event(b"\x92\x01\x00"),
    "a topic of blanks": with_event(b"\x72\x06\x0a\x01 \x12\x01x"),
    "a promise without a time": with_event(b"\x7a\x03\x0a\x01p"),
    "nothing": b"",
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_what_is_odd_is_left_to_protobuf(data: bytes) -> None:
    assert scanned(data) is None


def test_an_apology_has_words_or_a_flag() -> None:
    data = with_event(b"\x9a\x01\x09" + b"\x0a\x05Sorry" + b"\x10\x01")
    found = by_message(data)
    assert scanned(data) is None
    assert found is not None
    assert found.run is not None
    assert found.run.events[-1] == ("apology_given", (None, True))  # of a oneof the last one counts


# requests


def both(monkeypatch: pytest.MonkeyPatch, ask: Iterable[Reader], data: bytes) -> list[tuple[object, ...]]:
    """What comes of reading it as bytes and as messages."""
    found: list[tuple[object, ...]] = []
    for read in ask:
        for compiled in (True, False):
            monkeypatch.setattr(asked, "COMPILED", compiled)
            try:
                found.append(plain(read(data, AT)))
            except CaseError as error:
                found.append(tuple(error.problems))
    return found


def plain(found: Asked) -> tuple[object, ...]:
    """With its cases, or what is wrong with each."""
    read: list[object] = []
    for place in range(len(found.cases)):
        try:
            read.append(said(found.read(place)))
        except UnreadableError:
            raise
        except CaseError as error:
            read.append(error.problems)
    return (*found._replace(cases=[]), read)


REQUESTS = {
    "as usual": request().SerializeToString(),
    "explained": request(explain=True).SerializeToString(),
    "now by the clock": pb.RouteCaseRequest(case=CASE).SerializeToString(),
    "another view": request(view=7).SerializeToString(),
    "no case": pb.RouteCaseRequest(policy="retail").SerializeToString(),
    "a case that is wrong": pb.RouteCaseRequest(case=case_pb2.Case()).SerializeToString() + b"\x20\x07",
    "a case in two parts": pb.RouteCaseRequest(case=CASE).SerializeToString() + b"\x2a\x03\x4a\x01b",
    "two policies": request().SerializeToString() + b"\x0a\x01x",
    "an unknown field": request().SerializeToString() + b"\x78\x01",
    "no request": b"\xff\xff",
    "nothing": b"",
    "cut": request().SerializeToString()[:-1],
}


@pytest.mark.skipif(COMPILED, reason="compiled, it reads in one way; that both are the same is tried before")
@pytest.mark.parametrize("data", REQUESTS.values(), ids=REQUESTS)
def test_a_request_asks_for_the_same_however_it_is_read(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    one, other = both(monkeypatch, [read_call], data)
    assert one == other
    head = b"\x0a" + bytes((len(data) & 127 | 128, len(data) >> 7))
    for streamed in (head + data, head + data + b"\x0a\x00", b"\x10\x01" + head + data):
        first, second = both(monkeypatch, [read_stream], streamed)
        assert first == second
    assert both(monkeypatch, [read_stream], head + data)[0] == one  # its decision has the same id


@pytest.mark.skipif(COMPILED, reason="compiled, it reads in one way; that both are the same is tried before")
@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("odd", [None, *ODD.values()], ids=["as usual", *ODD])
def test_so_does_a_batch(monkeypatch: pytest.MonkeyPatch, odd: bytes | None, limit: int) -> None:
    data = pb.BatchRouteCasesRequest(policy="retail", cases=[CASE]).SerializeToString()
    if odd is not None:
        data += b"\x2a" + bytes((len(odd) & 127 | 128, len(odd) >> 7)) + odd
    one, other = both(monkeypatch, [partial(read_batch, limit=limit)], data)
    assert one == other
