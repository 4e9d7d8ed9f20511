"""Events read as bytes: the shape of each kind is taken from its message and its type in the domain."""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from mypy_extensions import i64

from router.cases import model as m
from router.serve.convert.request import CHANNEL_OF
from router.serve.convert.unwire import NUMBER, RECORD, UnusualError, instant, length, money, text, varint
from router.v1 import case_pb2 as pb

_TEXT: Final = 0
_FLAG: Final = 1
_CHANNEL: Final = 2
_INSTANT: Final = 3
_MONEY: Final = 4
"""How an attribute of an event is read."""
CHANNELS: Final = tuple(CHANNEL_OF.values())


class _Slot:
    """Where an attribute of an event goes, how it is read, and whether it is required; ``bit`` tells it from those that may
    come beside it."""

    def __init__(self, place: int, field: FieldDescriptor, defaults: Mapping[str, object]) -> None:
        self.place = place
        self.how = _way(field)
        self.wire = NUMBER if self.how in {_FLAG, _CHANNEL} else RECORD
        self.default = defaults.get(field.name)
        self.required = field.name not in defaults
        either = field.containing_oneof
        self.bit = 1 << (field.number if either is None else either.fields[0].number)


class Kind:
    """A kind of events: its name, its attributes where none is given, and the slot of each by the number of its field."""

    def __init__(self, name: str, shape: type[Any], message: Descriptor) -> None:
        self.name = name
        fields: tuple[str, ...] = shape._fields
        defaults: Mapping[str, object] = shape._field_defaults
        self.blank = tuple(defaults.get(field) for field in fields)
        self.needs = any(field not in defaults for field in fields)
        slots: list[_Slot | None] = [None] * (max((field.number for field in message.fields), default=0) + 1)
        for place, field in enumerate(fields):
            found = message.fields_by_name[field]
            slots[found.number] = _Slot(place, found, defaults)
        self.slots = slots


def _way(field: FieldDescriptor) -> int:
    if field.message_type is not None:
        return {"google.type.Money": _MONEY, "google.protobuf.Timestamp": _INSTANT}[field.message_type.full_name]
    if field.enum_type is not None:
        return {"router.v1.Channel": _CHANNEL}[field.enum_type.full_name]
    return {FieldDescriptor.TYPE_STRING: _TEXT, FieldDescriptor.TYPE_BOOL: _FLAG}[field.type]


def _kinds() -> list[Kind | None]:
    """Every kind of events by the number of its field."""
    fields = pb.Event.DESCRIPTOR.fields_by_name
    found: list[Kind | None] = [None] * (max(fields[name].number for name in m.EVENTS) + 1)
    for name, shape in m.EVENTS.items():
        message = fields[name].message_type
        assert message is not None  # noqa: S101 - every event is one
        found[fields[name].number] = Kind(name, shape, message)
    return found


KINDS: Final = _kinds()


def values(data: bytes, pos: i64, stop: i64, kind: Kind) -> tuple[Any, ...]:
    """The attributes of an event, in the order of its type."""
    if pos == stop:
        if kind.needs:
            raise UnusualError
        return kind.blank
    found: list[Any] = list(kind.blank)
    seen: i64 = 0
    while pos < stop:
        tag: i64 = data[pos]
        pos += 1
        field = tag >> 3
        slot = kind.slots[field] if field < len(kind.slots) else None
        if slot is None or tag & 7 != slot.wire or seen & slot.bit:
            raise UnusualError
        seen |= slot.bit
        if slot.wire == NUMBER:
            number, pos = varint(data, pos, stop)
            if slot.how == _FLAG:
                found[slot.place] = number != 0
            elif number < len(CHANNELS):
                found[slot.place] = CHANNELS[number]
            else:
                raise UnusualError
            continue
        end, pos = length(data, pos, stop)
        if slot.how == _TEXT:
            said = text(data, pos, end)
            if slot.required and (not said or said.isspace()):
                raise UnusualError
            found[slot.place] = said or slot.default
        elif slot.how == _INSTANT:
            found[slot.place] = instant(data, pos, end)
        else:
            found[slot.place] = money(data, pos, end)
        pos = end
    if kind.needs:
        for slot in kind.slots:
            if slot is not None and slot.required and found[slot.place] is None:
                raise UnusualError
    return tuple(found)
