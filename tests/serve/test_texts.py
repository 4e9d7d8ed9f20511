"""Texts come over the wire in any form of Unicode and are compared in one."""

from collections.abc import Callable, Iterator
from typing import Any

from router.cases import model as m
from router.serve.convert.client import case_to_wire
from router.serve.convert.request import events_of, head_of
from tests.decide.deciding import OPENED

LONG, SHORT = "cafe\u0301", "caf\u00e9"


def every(kind: Callable[..., m.What], fields: tuple[str, ...]) -> m.What:
    values: dict[str, Any] = {
        "due_at": OPENED,
        "channel": "phone",
        "amount": None,
        "public": False,
        "automatic": False,
        "statutory": False,
    }
    values |= {"corrects": False, "hedged": None}
    return kind(*(values.get(field, LONG) for field in fields))


def texts(values: tuple[object, ...]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and "caf" in value)


def test_every_text_and_id_of_a_case_is_normalised() -> None:
    timeline = tuple(m.Event(OPENED, every(kind, kind._fields), 0, f"{LONG}{name}") for name, kind in m.EVENTS.items())
    case = m.Case("c1", OPENED, LONG, "phone", None, LONG, LONG, None, LONG, {"team": LONG}, timeline)
    wire, wrong = case_to_wire(case), list[str]()
    head, events = head_of(wire, lambda *said: wrong.extend(said)), events_of(wire, lambda *said: wrong.extend(said))
    assert wrong == []
    assert (head.customer_id, head.issue, head.order_id, head.brand, head.attributes["team"]) == (SHORT,) * 5
    found = [text for event in events for text in texts((*event.what, event.event_id))]
    assert len(found) > len(m.EVENTS)
    assert [text for text in found if LONG in text] == []
