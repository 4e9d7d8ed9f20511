"""Cases read in every way: from the domain's own types, from messages as they come over the wire, and from their bytes."""

from typing import Any

from router.calendar import ALWAYS
from router.cases.facts import CaseState, Terms, begin, feed, follow, read_case, settle
from router.cases.hedges import hedge_finder
from router.cases.model import Case, Event, What
from router.cases.timeline import Timeline
from router.errors import Problem
from router.facts import CASE_FACTS, INPUTS, Value
from router.serve.convert.client import case_to_wire
from router.serve.convert.request import Told, told
from router.serve.convert.scan import scan_case
from router.text import nfc
from router.time import parse_instant
from router.v1 import case_pb2

TERMS = Terms(
    currency="GBP",
    exponent=2,
    touchpoints={"delivery_failed": "gone_wrong", "question": None},
    hedged=hedge_finder(["but"]),
    calendar=ALWAYS,
)
OPENED = parse_instant("2016-05-27T18:00:00Z")


def case_of(*timeline: Event, **given: Any) -> Case:  # noqa: ANN401 - attributes of a case
    """A case opened at ``OPENED`` with these events."""
    return Case("c1", OPENED, timeline=timeline)._replace(**given)


def at(hours: float, what: What, sequence: int = 0, event_id: str = "") -> Event:
    """An event so many hours after the opening."""
    return Event(OPENED + round(hours * 3_600_000_000), what, sequence, event_id)


def over_the_wire(
    case: Case, now: int, *, terms: Terms = TERMS, as_of: int | None = None, order_on_record: bool | None = None
) -> CaseState:
    """As ``read_case``, from the bytes that a client sends."""
    wire = case_pb2.Case.FromString(case_to_wire(case).SerializeToString())
    problems: list[Problem] = []

    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=field))

    found = told(wire, now, wrong)
    assert problems == []
    return _state_of(found, now, terms, as_of, order_on_record)


def from_bytes(
    case: Case, now: int, *, terms: Terms = TERMS, as_of: int | None = None, order_on_record: bool | None = None
) -> CaseState | None:
    """As :func:`over_the_wire`, without messages in between; ``None`` if the bytes are not as in most requests."""
    data = case_to_wire(case).SerializeToString()
    found = scan_case(data, 0, len(data), now)
    return None if found is None else _state_of(found, now, terms, as_of, order_on_record)


def _state_of(told: Told, now: int, terms: Terms, as_of: int | None, order_on_record: bool | None) -> CaseState:  # noqa: FBT001 - the answer of the CRM
    state = begin(told.case, terms, now, order_on_record)
    if told.run is None:
        feed(state, told.case.timeline)
    else:
        follow(state, told.run)
    settle(state, terms, as_of)
    return state


def both(
    case: Case, now: int, *, terms: Terms = TERMS, as_of: int | None = None, order_on_record: bool | None = None
) -> CaseState:
    """The state of a case, read in every way with equal results."""
    one = read_case(case, terms, now, as_of=as_of, order_on_record=order_on_record)
    for other in (
        read(case, now, terms=terms, as_of=as_of, order_on_record=order_on_record) for read in (over_the_wire, from_bytes)
    ):
        if other is not None:
            assert repr(other.facts) == repr(one.facts)
            assert other.notices == one.notices
            assert _state(other.timeline) == _state(one.timeline)
            assert _head(other.case) == _head(one.case)
    return one


def _state(timeline: Timeline) -> dict[str, object]:
    """All that a timeline adds up to, texts as the wire has them."""
    names = [name for name in dir(timeline) if not name.startswith("_") and name not in {"hedged", "events"}]
    values = {name: value for name in names if not callable(value := getattr(timeline, name))}
    state = {name: nfc(repr(sorted(value) if isinstance(value, set) else value)) for name, value in values.items()}
    return state | {"kinds": [kind for kind, _ in timeline.events]}


def _head(case: Case) -> tuple[object, ...]:
    """A case without its timeline, in a form in which NaN equals NaN."""
    return case._replace(timeline=(), attributes={}), sorted((name, repr(value)) for name, value in case.attributes.items())


def named(state: CaseState) -> dict[str, Value]:
    """The facts and inputs by name."""
    return dict(zip([fact.name for fact in (*CASE_FACTS, *INPUTS)], state.facts, strict=True))
