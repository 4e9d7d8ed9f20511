"""From a case on the wire to a case of the domain, with every field that is wrong."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money as WireMoney

from router.cases import model as m
from router.errors import CaseError, Problem
from router.facts import CHANNELS, TOUCHPOINTS, Value
from router.money import EXPONENTS, NANOS, minor_of_nanos
from router.time import FIRST, LAST
from router.v1 import case_pb2 as pb

_CHANNELS: Mapping[int, str | None] = {0: None} | dict(enumerate(CHANNELS, start=1))
_TOUCHPOINTS: Mapping[int, str | None] = {0: None} | dict(enumerate(TOUCHPOINTS, start=1))

Wrong: TypeAlias = Callable[[str, str], None]
"""Takes the path of a field and what is wrong with it."""


def case_of(wire: pb.Case, path: str = "case") -> m.Case:
    """The case that ``wire`` describes. Raises :class:`CaseError` with every invalid field below ``path``."""
    problems: list[Problem] = []

    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=f"{path}.{field}"))

    case_id = wire.case_id
    if not case_id:
        wrong("case_id", "is required")
    if wire.HasField("opened_at"):
        opened_at = instant(wire.opened_at, "opened_at", wrong)
    else:
        opened_at = 0
        wrong("opened_at", "is required")
    brand, issue = wire.brand, wire.issue
    case = m.Case(
        case_id,
        opened_at,
        wire.customer_id,
        _enum(_CHANNELS, wire.channel, "channel", wrong),
        _enum(_TOUCHPOINTS, wire.touchpoint, "touchpoint", wrong),
        issue if issue.isascii() else unicodedata.normalize("NFC", issue),
        wire.order_id,
        _money(wire.value_at_stake, "value_at_stake", wrong) if wire.HasField("value_at_stake") else None,
        brand if brand.isascii() else unicodedata.normalize("NFC", brand),
        _attributes(wire, wrong) if wire.attributes else _NONE,
        _timeline(wire, wrong),
    )
    if problems:
        raise CaseError(problems)
    return case


_NONE: Mapping[str, Value | m.Money] = {}


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


def _money(wire: WireMoney, field: str, wrong: Wrong) -> m.Money:
    units, nanos, currency = wire.units, wire.nanos, wire.currency_code
    if units < 0 or nanos < 0:
        wrong(field, "is below zero")
    if not -NANOS < nanos < NANOS:
        wrong(f"{field}.nanos", "is not within a billion")
    return m.Money(minor_of_nanos(units, nanos, EXPONENTS.get(currency, 2)), currency)


def _attributes(wire: pb.Case, wrong: Wrong) -> Mapping[str, Value | m.Money]:
    found: dict[str, Value | m.Money] = {}
    for name, attribute in wire.attributes.items():
        kind = attribute.WhichOneof("value")
        if kind is None:
            wrong(f"attributes[{name!r}]", "has no value")
        elif kind == "money":
            found[name] = _money(attribute.money, f"attributes[{name!r}].money", wrong)
        elif kind == "text":
            found[name] = unicodedata.normalize("NFC", attribute.text)
        else:
            found[name] = getattr(attribute, kind)
    return found


def _timeline(wire: pb.Case, wrong: Wrong) -> tuple[m.Event, ...]:
    events = []
    add = events.append
    new = tuple.__new__
    for index, event in enumerate(wire.timeline):
        kind = event.WhichOneof("event")
        if kind is None:
            wrong(f"timeline[{index}].event", "is required")
            continue
        at = event.at
        seconds, nanos = at.seconds, at.nanos
        when = seconds * 1_000_000 + nanos // 1000
        if not (0 <= nanos < NANOS and FIRST <= when <= LAST):
            wrong(f"timeline[{index}].at", "is not between the years 1 and 9999, or has nanos outside 0 to 999,999,999")
        elif not when and not event.HasField("at"):
            wrong(f"timeline[{index}].at", "is required")
        constant = _CONSTANT.get(kind)
        what = constant if constant is not None else _READ[kind](getattr(event, kind), index, wrong)
        add(new(m.Event, (when, what, event.sequence, event.event_id, event.agent_id)))
    return tuple(events)


_CONSTANT: Mapping[str, m.What] = {name: kind() for name, kind in m.EVENTS.items() if not kind._fields}  # type: ignore[call-arg]
"""Events without attributes, made once."""

_Read: TypeAlias = Callable[[Any, int, Wrong], m.What]


def _required(name: str, kind: type[m.What]) -> _Read:
    """A reader of events whose attributes are all required texts."""
    fields = kind._fields

    def one(wire: Any, index: int, wrong: Wrong) -> m.What:  # noqa: ANN401 - one of the generated messages
        value = getattr(wire, first)
        if not value:
            wrong(f"timeline[{index}].{name}.{first}", "is required")
        return kind(value)  # type: ignore[call-arg]

    def two(wire: Any, index: int, wrong: Wrong) -> m.What:  # noqa: ANN401 - one of the generated messages
        values = [getattr(wire, field) for field in fields]
        for field, value in zip(fields, values, strict=True):
            if not value:
                wrong(f"timeline[{index}].{name}.{field}", "is required")
        return kind(*values)

    first = fields[0]
    return one if len(fields) == 1 else two


def _channel(wire: Any, name: str, index: int, wrong: Wrong) -> str | None:  # noqa: ANN401 - one of the generated messages
    channel: int = wire.channel
    found = _CHANNELS.get(channel)
    if found is None and channel:
        wrong(f"timeline[{index}].{name}.channel", f"{channel} is not known; known: {', '.join(CHANNELS)}")
    return found


def _customer_contacted(wire: pb.CustomerContacted, index: int, wrong: Wrong) -> m.What:
    return m.CustomerContacted(_channel(wire, "customer_contacted", index, wrong))


def _contact_failed(wire: pb.ContactFailed, index: int, wrong: Wrong) -> m.What:
    return m.ContactFailed(_channel(wire, "contact_failed", index, wrong), wire.reason)


def _company_replied(wire: pb.CompanyReplied, index: int, wrong: Wrong) -> m.What:
    return m.CompanyReplied(_channel(wire, "company_replied", index, wrong), wire.public, wire.automatic)


def _redirected(wire: pb.Redirected, index: int, wrong: Wrong) -> m.What:
    return m.Redirected(_channel(wire, "redirected", index, wrong))


def _statement_made(wire: pb.StatementMade, index: int, wrong: Wrong) -> m.What:
    topic, claim = wire.topic, wire.claim
    if not topic.strip():
        wrong(f"timeline[{index}].statement_made.topic", "is required")
    if not claim.strip():
        wrong(f"timeline[{index}].statement_made.claim", "is required")
    return m.StatementMade(topic, claim, wire.corrects)


def _promise_made(wire: pb.PromiseMade, index: int, wrong: Wrong) -> m.What:
    path = f"timeline[{index}].promise_made"
    promise_id = wire.id
    if not promise_id:
        wrong(f"{path}.id", "is required")
    if not wire.HasField("due_at"):
        wrong(f"{path}.due_at", "is required")
    return m.PromiseMade(promise_id, instant(wire.due_at, f"{path}.due_at", wrong))


def _apology_given(wire: pb.ApologyGiven, index: int, wrong: Wrong) -> m.What:
    del index, wrong
    kind = wire.WhichOneof("apology")
    if kind == "text":
        return m.ApologyGiven(wire.text)
    return m.ApologyGiven(None, wire.hedged if kind else None)


def _remedy_offered(wire: pb.RemedyOffered, index: int, wrong: Wrong) -> m.What:
    path = f"timeline[{index}].remedy_offered"
    if not wire.id:
        wrong(f"{path}.id", "is required")
    amount = _money(wire.amount, f"{path}.amount", wrong) if wire.HasField("amount") else None
    return m.RemedyOffered(wire.id, wire.kind, amount, wire.statutory)


_READ: Mapping[str, _Read] = {
    name: _required(name, kind) for name, kind in m.EVENTS.items() if kind._fields
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
