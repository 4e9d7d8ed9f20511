"""From a case on the wire to a case of the domain, with every field that is wrong."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money as WireMoney

from router.cases import model as m
from router.facts import CHANNELS, TOUCHPOINTS, Value
from router.money import EXPONENTS, LARGEST_AMOUNT, NANOS, minor_of_nanos
from router.text import nfc
from router.time import FIRST, LAST
from router.v1 import case_pb2 as pb

CHANNEL_OF: Final[Mapping[int, str | None]] = {0: None} | dict(enumerate(CHANNELS, start=1))
TOUCHPOINT_OF: Final[Mapping[int, str | None]] = {0: None} | dict(enumerate(TOUCHPOINTS, start=1))
"""Names by the numbers that they have on the wire; 0 is not given."""

Wrong: TypeAlias = Callable[[str, str], None]
"""Takes the path of a field and what is wrong with it."""


def head_of(wire: pb.Case, wrong: Wrong) -> m.Case:
    """The case that ``wire`` describes, without its timeline."""
    case_id = wire.case_id
    if not case_id:
        wrong("case_id", "is required")
    opened = wire.opened_at
    opened_at = instant(opened, "opened_at", wrong)
    if not opened_at and not wire.HasField("opened_at"):
        wrong("opened_at", "is required")
    return m.Case(
        case_id,
        opened_at,
        nfc(wire.customer_id),
        _enum(CHANNEL_OF, wire.channel, "channel", wrong),
        _enum(TOUCHPOINT_OF, wire.touchpoint, "touchpoint", wrong),
        nfc(wire.issue),
        nfc(wire.order_id),
        money_of(wire.value_at_stake, "value_at_stake", wrong) if wire.HasField("value_at_stake") else None,
        nfc(wire.brand),
        _attributes(wire, wrong) if wire.attributes else _NONE,
    )


class Told:
    """A case as it was told: its events as a run where they are one, else all of them in its timeline."""

    __slots__ = ("case", "run")

    def __init__(self, case: m.Case, run: m.Run | None) -> None:
        self.case = case
        self.run = run


def told(wire: pb.Case, now: int, wrong: Wrong) -> Told:
    """The case that ``wire`` describes, at ``now``."""
    case, run = head_of(wire, wrong), run_of(wire, now)
    return Told(case, run) if run is not None else Told(case._replace(timeline=events_of(wire, wrong)), None)


class _UnusualError(Exception):
    """Something is not as in most cases."""


def _unusual(field: str, message: str) -> None:
    raise _UnusualError(field, message)


def run_of(wire: pb.Case, now: int) -> m.Run | None:
    """The events of ``wire``, each touched once.

    ``None`` where they are not in order, come twice, are of the future or wrong: such a timeline is read by
    :func:`events_of`, which tells what is wrong, and put in order.
    """
    try:
        return _run_of(wire, now)
    except _UnusualError:
        return None


def _run_of(wire: pb.Case, now: int) -> m.Run | None:
    last, before = FIRST, None
    ids: list[str] = []
    times: list[int] = []
    events: list[tuple[str, tuple[Any, ...]]] = []
    for event in wire.timeline:
        stamp = event.at
        nanos = stamp.nanos
        at = stamp.seconds * 1_000_000 + nanos // 1000
        if at <= last and (at < last or (before is not None and event.sequence < before.sequence)):
            return None
        last, before = at, event
        event_id = event.event_id
        if event_id:
            ids.append(nfc(event_id))
        kind = event.WhichOneof("event")
        if kind is None or at > now or not at or not 0 <= nanos < NANOS:
            return None
        read = _READ.get(kind)
        times.append(at)
        events.append((kind, () if read is None else read(getattr(event, kind), 0, _unusual)))
    return m.Run(times, events) if len(set(ids)) == len(ids) else None


def events_of(wire: pb.Case, wrong: Wrong) -> tuple[m.Event, ...]:
    """The events of ``wire`` as they come, with every field that is wrong."""
    events = []
    for index, event in enumerate(wire.timeline):
        if not event.HasField("at"):
            wrong(f"timeline[{index}].at", "is required")
        at = instant(event.at, f"timeline[{index}].at", wrong)
        kind = event.WhichOneof("event")
        if kind is None:
            wrong(f"timeline[{index}].event", "is required")
            continue
        read = _READ.get(kind)
        values = () if read is None else read(getattr(event, kind), index, wrong)
        events.append(m.Event(at, m.EVENTS[kind](*values), event.sequence, nfc(event.event_id), event.agent_id))
    return tuple(events)


_NONE: Final[Mapping[str, Value | m.Money]] = {}


def instant(wire: Timestamp, field: str, wrong: Wrong) -> int:
    """Microseconds of a timestamp, floored."""
    nanos = wire.nanos
    found: int = wire.seconds * 1_000_000 + nanos // 1000
    if not (0 <= nanos < NANOS and FIRST <= found <= LAST):
        wrong(field, "is not between the years 1 and 9999, or has nanos outside 0 to 999,999,999")
    return found


def _enum(names: Mapping[int, str | None], value: int, field: str, wrong: Wrong) -> str | None:
    try:
        return names[value]
    except KeyError:
        wrong(field, f"{value} is not known; known: {', '.join(name for name in names.values() if name)}")
        return None


def money_of(wire: WireMoney, field: str, wrong: Wrong) -> m.Money:
    """An amount in minor units, rounded."""
    units, nanos, currency = wire.units, wire.nanos, wire.currency_code
    if not (0 <= units < LARGEST_AMOUNT and 0 <= nanos < NANOS):
        _check_money(units, nanos, field, wrong)
    return m.Money(minor_of_nanos(units, nanos, EXPONENTS.get(currency, 2)), currency)


def _check_money(units: int, nanos: int, field: str, wrong: Wrong) -> None:
    valid = -NANOS < nanos < NANOS
    if not valid:
        wrong(f"{field}.nanos", "is not within a billion")
    if valid and units * nanos < 0:
        wrong(field, f"has units and nanos of different signs: {units} and {nanos}")
    elif units < 0 or nanos < 0:
        wrong(field, "is below zero")
    elif (units, nanos) > (LARGEST_AMOUNT, 0):
        wrong(field, f"should be less than or equal to {LARGEST_AMOUNT:.0f}")


def _attributes(wire: pb.Case, wrong: Wrong) -> Mapping[str, Value | m.Money]:
    found: dict[str, Value | m.Money] = {}
    for name in sorted(wire.attributes):
        attribute = wire.attributes[name]
        kind = attribute.WhichOneof("value")
        if kind is None:
            wrong(f"attributes[{name!r}]", "has no value")
        elif kind == "money":
            found[name] = money_of(attribute.money, f"attributes[{name!r}].money", wrong)
        elif kind == "text":
            found[name] = nfc(attribute.text)
        else:
            found[name] = getattr(attribute, kind)
    return found


_Read: TypeAlias = Callable[[Any, int, Wrong], tuple[Any, ...]]
"""From the message of an event to its attributes, in the order of the event's type."""


def _required(name: str, fields: tuple[str, ...]) -> _Read:
    """A reader of events whose attributes are all required texts."""
    first = fields[0]

    def one(wire: Any, index: int, wrong: Wrong) -> tuple[Any, ...]:  # noqa: ANN401 - one of the generated messages
        value = nfc(getattr(wire, first))
        if not value:
            wrong(f"timeline[{index}].{name}.{first}", "is required")
        return (value,)

    def several(wire: Any, index: int, wrong: Wrong) -> tuple[Any, ...]:  # noqa: ANN401 - one of the generated messages
        values = tuple(nfc(getattr(wire, field)) for field in fields)
        for field, value in zip(fields, values, strict=True):
            if not value:
                wrong(f"timeline[{index}].{name}.{field}", "is required")
        return values

    return one if len(fields) == 1 else several


def _channel(wire: Any, name: str, index: int, wrong: Wrong) -> str | None:  # noqa: ANN401 - one of the generated messages
    channel: int = wire.channel
    found = CHANNEL_OF.get(channel)
    if found is None and channel:
        wrong(f"timeline[{index}].{name}.channel", f"{channel} is not known; known: {', '.join(CHANNELS)}")
    return found


def _customer_contacted(wire: pb.CustomerContacted, index: int, wrong: Wrong) -> tuple[Any, ...]:
    return (_channel(wire, "customer_contacted", index, wrong),)


def _contact_failed(wire: pb.ContactFailed, index: int, wrong: Wrong) -> tuple[Any, ...]:
    return _channel(wire, "contact_failed", index, wrong), nfc(wire.reason)


def _company_replied(wire: pb.CompanyReplied, index: int, wrong: Wrong) -> tuple[Any, ...]:
    return _channel(wire, "company_replied", index, wrong), wire.public, wire.automatic


def _redirected(wire: pb.Redirected, index: int, wrong: Wrong) -> tuple[Any, ...]:
    return (_channel(wire, "redirected", index, wrong),)


def _statement_made(wire: pb.StatementMade, index: int, wrong: Wrong) -> tuple[Any, ...]:
    topic, claim = nfc(wire.topic), nfc(wire.claim)
    if not topic or topic.isspace():
        wrong(f"timeline[{index}].statement_made.topic", "is required")
    if not claim or claim.isspace():
        wrong(f"timeline[{index}].statement_made.claim", "is required")
    return topic, claim, wire.corrects


def _promise_made(wire: pb.PromiseMade, index: int, wrong: Wrong) -> tuple[Any, ...]:
    promise = nfc(wire.id)
    if not promise:
        wrong(f"timeline[{index}].promise_made.id", "is required")
    due_at = wire.due_at
    nanos = due_at.nanos
    due = due_at.seconds * 1_000_000 + nanos // 1000
    if not (0 < due <= LAST and 0 <= nanos < NANOS):
        path = f"timeline[{index}].promise_made.due_at"
        instant(due_at, path, wrong)
        if not wire.HasField("due_at"):
            wrong(path, "is required")
    return promise, due


def _apology_given(wire: pb.ApologyGiven, index: int, wrong: Wrong) -> tuple[Any, ...]:
    del index, wrong
    return nfc(wire.text) or None, wire.hedged if wire.HasField("hedged") else None


def _remedy_offered(wire: pb.RemedyOffered, index: int, wrong: Wrong) -> tuple[Any, ...]:
    path = f"timeline[{index}].remedy_offered"
    if not wire.id:
        wrong(f"{path}.id", "is required")
    amount = money_of(wire.amount, f"{path}.amount", wrong) if wire.HasField("amount") else None
    return nfc(wire.id), nfc(wire.kind), amount, wire.statutory


_READ: Final[Mapping[str, _Read]] = {
    name: _required(name, kind._fields) for name, kind in m.EVENTS.items() if kind._fields
} | {
    "customer_contacted": _customer_contacted,
    "contact_failed": _contact_failed,
    "company_replied": _company_replied,
    "redirected": _redirected,
    "statement_made": _statement_made,
    "promise_made": _promise_made,
    "apology_given": _apology_given,
    "remedy_offered": _remedy_offered,
}
