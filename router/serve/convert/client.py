"""The other way round: from a case of the domain to the wire, as a client sends it. Read back there, it is the same case."""

from collections.abc import Mapping
from typing import Any

from google.type.money_pb2 import Money as WireMoney

from router.cases import model as m
from router.facts import CHANNELS, TOUCHPOINTS
from router.money import EXPONENTS, NANOS
from router.serve.convert.answer import timestamp
from router.v1 import case_pb2 as pb

_NAMES: Mapping[type, str] = {kind: name for name, kind in m.EVENTS.items()}
_CHANNELS: Mapping[str | None, int] = {None: 0} | {name: index for index, name in enumerate(CHANNELS, start=1)}
_TOUCHPOINTS: Mapping[str | None, int] = {None: 0} | {name: index for index, name in enumerate(TOUCHPOINTS, start=1)}


def case_to_wire(case: m.Case) -> pb.Case:
    """A case as a message. Raises ``ValueError`` where a value does not fit one: a time after 9999, an amount over 64 bits.

    >>> case_to_wire(m.Case("c1", 0, channel="phone", timeline=(m.Event(0, m.Reopened()),))).timeline[0].WhichOneof("event")
    'reopened'
    """
    return pb.Case(
        case_id=case.id,
        customer_id=case.customer_id,
        opened_at=timestamp(case.opened_at),
        channel=_CHANNELS[case.channel],  # type: ignore[arg-type]  # an enum is a number
        touchpoint=_TOUCHPOINTS[case.touchpoint],  # type: ignore[arg-type] # a number of the enum
        issue=case.issue,
        order_id=case.order_id,
        value_at_stake=None if case.value_at_stake is None else money_to_wire(case.value_at_stake),
        brand=case.brand,
        attributes={name: _attribute(value) for name, value in case.attributes.items() if value is not None},
        timeline=map(_event, case.timeline),
    )


def money_to_wire(money: m.Money) -> WireMoney:
    """An amount of minor units in units and billionths.

    >>> money_to_wire(m.Money(4999, "GBP")).nanos
    990000000
    """
    scale = 10 ** EXPONENTS.get(money.currency, 2)
    units, minor = divmod(money.minor, scale)
    return WireMoney(currency_code=money.currency, units=units, nanos=minor * (NANOS // scale))


def _attribute(value: float | str | m.Money) -> pb.AttributeValue:
    if isinstance(value, m.Money):
        return pb.AttributeValue(money=money_to_wire(value))
    if isinstance(value, bool):
        return pb.AttributeValue(yes_no=value)
    return pb.AttributeValue(text=value) if isinstance(value, str) else pb.AttributeValue(number=value)


def _event(event: m.Event) -> pb.Event:
    what = event.what
    values = what._asdict()
    if isinstance(what, m.ApologyGiven) and what.text is not None:  # the wire takes one of the two
        values = {"hedged": True} if what.hedged else {"text": what.text}
    body: dict[str, Any] = {field: _value(value) for field, value in values.items() if value is not None}
    if "channel" in body:
        body["channel"] = _CHANNELS[body["channel"]]
    if "due_at" in body:
        body["due_at"] = timestamp(body["due_at"])
    kept = {"sequence": event.sequence, "event_id": event.event_id, "agent_id": event.agent_id}
    return pb.Event(at=timestamp(event.at), **kept, **{_NAMES[type(what)]: body})  # type: ignore[arg-type]  # by name


def _value(value: object) -> object:
    return money_to_wire(value) if isinstance(value, m.Money) else value
