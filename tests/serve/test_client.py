"""A case that a client puts on the wire is read there as the same case."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from router.cases.model import ApologyGiven, Case, Event, Money
from router.money import EXPONENTS
from router.serve.convert.client import case_to_wire, money_to_wire
from router.serve.convert.request import events_of, head_of
from router.text import nfc
from router.time import LAST
from router.v1 import case_pb2
from tests.decide.strategies import cases

ATTRIBUTES = st.dictionaries(
    st.sampled_from(["team", "loss", "sure"]),
    st.sampled_from(["a", 1.5, True, False, Money(1, "GBP"), Money(2**40, "KWD"), Money(7, "XXX")]),
)


def wrong(field: str, message: str) -> None:
    raise AssertionError(f"{field}: {message}")


def plain(event: Event) -> Event:
    """Texts are NFC; the wire has an apology's words or whether it was hedged, not both, and no empty words."""
    what = event.what
    if not isinstance(what, ApologyGiven):
        texts: dict[str, Any] = {name: nfc(value) for name, value in what._asdict().items() if isinstance(value, str)}
        return event._replace(what=what._replace(**texts))
    if what.text is None:
        return event
    return event._replace(what=ApologyGiven(None, hedged=True) if what.hedged else ApologyGiven(nfc(what.text) or None))


@given(cases(most=16), ATTRIBUTES)
def test_it_is_the_same_case(case: Case, attributes: dict[str, str | float | Money]) -> None:
    case = case._replace(attributes=attributes)
    wire = case_pb2.Case.FromString(case_to_wire(case).SerializeToString())
    assert head_of(wire, wrong) == case._replace(timeline=())
    assert events_of(wire, wrong) == tuple(map(plain, case.timeline))


@pytest.mark.parametrize("currency", ["GBP", "JPY", "KWD", "CLF", "???", ""])
@pytest.mark.parametrize("minor", [0, 1, 99, 100, 10**12 + 7])
def test_money_keeps_every_minor_unit(currency: str, minor: int) -> None:
    wire = money_to_wire(Money(minor, currency))
    places = EXPONENTS.get(currency, 2)
    assert wire.units * 10**places + wire.nanos * 10**places // 10**9 == minor
    read = head_of(case_pb2.Case(case_id="c", opened_at=Timestamp(seconds=1), value_at_stake=wire), wrong)
    assert read.value_at_stake == Money(minor, currency)


def test_what_the_wire_cannot_hold_is_refused() -> None:
    for case in (Case("c", 0, value_at_stake=Money(2**80, "GBP")), Case("c", LAST * 10**9)):
        with pytest.raises(ValueError, match=r".+"):
            case_to_wire(case)
