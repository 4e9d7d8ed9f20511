"""Requests read as bytes, in one pass and without messages in between: for compiled code, to which a byte is a nanosecond.

What is plainly right is read here. Whatever is not (a field that is not known, one that comes twice, a value out of its
range, events out of order) gives ``None``: protobuf then parses the request, and ``request.py`` says what is wrong. The
shape of each event is taken from its message and its type. Source of the layout: the protocol buffers encoding guide.
"""

from collections.abc import Mapping
from struct import unpack_from
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from router.cases import model as m
from router.facts import Value
from router.money import EXPONENTS, LARGEST_AMOUNT, NANOS, minor_of_nanos
from router.serve.convert.request import CHANNEL_OF, TOUCHPOINT_OF, Told
from router.text import nfc
from router.time import FIRST, LAST
from router.v1 import case_pb2 as pb

_NUMBER: Final = 0
_DOUBLE: Final = 1
_RECORD: Final = 2
"""How a value is written: as a varint, as eight bytes, or as so many bytes as the varint before them says."""
_MORE: Final = 128
"""The bit of a varint's byte that says that another one comes."""
_LONGEST: Final = 63
"""The last shift of a varint of 64 bits."""
_SIGN: Final = 1 << 63
_WRAP: Final = 1 << 64
_TEXT: Final = 0
_FLAG: Final = 1
_CHANNEL: Final = 2
_INSTANT: Final = 3
_MONEY: Final = 4
"""How an attribute of an event is read."""
_TEXTS_OF_CASE: Final = frozenset({1 << 3 | 2, 2 << 3 | 2, 6 << 3 | 2, 7 << 3 | 2, 9 << 3 | 2})
_NUMBERS_OF_CASE: Final = frozenset({4 << 3, 5 << 3})
"""Tags of the texts of a case, and of its enums."""
_CHANNELS: Final = tuple(CHANNEL_OF.values())
_TOUCHPOINTS: Final = tuple(TOUCHPOINT_OF.values())


class _UnusualError(Exception):
    """Something is not as in most requests."""


class _Slot:
    """Where an attribute of an event goes, how it is read, and whether it is required; ``bit`` tells it from those that may
    come beside it."""

    def __init__(self, place: int, field: FieldDescriptor, defaults: Mapping[str, object]) -> None:
        self.place = place
        self.how = _way(field)
        self.wire = _NUMBER if self.how in {_FLAG, _CHANNEL} else _RECORD
        self.default = defaults.get(field.name)
        self.required = field.name not in defaults
        either = field.containing_oneof
        self.bit = 1 << (field.number if either is None else either.fields[0].number)


class _Kind:
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


def _kinds() -> list[_Kind | None]:
    """Every kind of events by the number of its field."""
    fields = pb.Event.DESCRIPTOR.fields_by_name
    found: list[_Kind | None] = [None] * (max(fields[name].number for name in m.EVENTS) + 1)
    for name, shape in m.EVENTS.items():
        message = fields[name].message_type
        assert message is not None  # noqa: S101 - every event is one
        found[fields[name].number] = _Kind(name, shape, message)
    return found


_KINDS: Final = _kinds()


class Request(NamedTuple):
    """What a request says beside its cases, ``now`` in microseconds, and where in it each case stands."""

    policy: str
    version: str
    now: int | None
    view: int
    explain: bool
    cases: list[tuple[int, int]]


def scan_request(data: bytes) -> Request | None:
    """A ``RouteCaseRequest`` or a ``BatchRouteCasesRequest``: their fields have the same numbers."""
    try:
        return _request(data)
    except (_UnusualError, IndexError, UnicodeDecodeError):
        return None


def scan_case(data: bytes, start: int, stop: int, now: int) -> Told | None:
    """The ``Case`` that stands there, at ``now``; ``None`` too where its events are not in order."""
    try:
        return _case(data, start, stop, now)
    except (_UnusualError, IndexError, UnicodeDecodeError):
        return None


def _request(data: bytes) -> Request:
    policy = version = ""
    now: int | None = None
    view, explain, pos, stop = 0, False, 0, len(data)
    cases: list[tuple[int, int]] = []
    while pos < stop:
        tag = data[pos]
        pos += 1
        if tag == 1 << 3 | _RECORD:
            policy, pos = _text(data, pos, stop)
        elif tag == 2 << 3 | _RECORD:
            version, pos = _text(data, pos, stop)
        elif tag == 3 << 3 | _RECORD and now is None:
            end, pos = _length(data, pos, stop)
            now, pos = _instant(data, pos, end), end
        elif tag == 4 << 3 | _NUMBER:
            view, pos = _varint(data, pos, stop)
        elif tag == 5 << 3 | _RECORD:
            end, pos = _length(data, pos, stop)
            cases.append((pos, end))
            pos = end
        elif tag == 6 << 3 | _NUMBER:
            yes, pos = _varint(data, pos, stop)
            explain = yes != 0
        else:
            raise _UnusualError
    return Request(policy, version, now, view, explain, cases)


def _case(data: bytes, pos: int, stop: int, now: int) -> Told | None:
    texts, numbers = [""] * 10, [0] * 6
    opened_at: int | None = None
    value: m.Money | None = None
    attributes: dict[str, Value | m.Money] = {}
    events: list[tuple[int, int]] = []
    while pos < stop:
        tag = data[pos]
        field = tag >> 3
        if tag in _NUMBERS_OF_CASE:
            numbers[field], pos = _varint(data, pos + 1, stop)
            continue
        end, pos = _length(data, pos + 1, stop)
        if tag == 11 << 3 | _RECORD:
            events.append((pos, end))
        elif tag in _TEXTS_OF_CASE:
            texts[field] = data[pos:end].decode()
        elif tag == 3 << 3 | _RECORD and opened_at is None:
            opened_at = _instant(data, pos, end)
        elif tag == 8 << 3 | _RECORD and value is None:
            value = _money(data, pos, end)
        elif tag == 10 << 3 | _RECORD:
            name, attribute = _attribute(data, pos, end)
            attributes[name] = attribute
        else:
            raise _UnusualError
        pos = end
    if not texts[1] or opened_at is None or numbers[4] >= len(_CHANNELS) or numbers[5] >= len(_TOUCHPOINTS):
        raise _UnusualError
    if len(attributes) > 1:
        attributes = dict(sorted(attributes.items()))
    run = _run(data, events, now)
    if run is None:
        return None
    case = m.Case(
        texts[1],
        opened_at,
        nfc(texts[2]),
        _CHANNELS[numbers[4]],
        _TOUCHPOINTS[numbers[5]],
        nfc(texts[6]),
        nfc(texts[7]),
        value,
        nfc(texts[9]),
        attributes,
    )
    return Told(case, run)


def _run(data: bytes, places: list[tuple[int, int]], now: int) -> m.Run | None:
    """The events that stand there, if they follow one another."""
    times: list[int] = []
    events: list[tuple[str, tuple[Any, ...]]] = []
    ids: list[str] = []
    last, before = FIRST, -_SIGN
    for pos, end in places:
        at, sequence, event_id, event = _event(data, pos, end)
        if at < last or at > now or (at == last and sequence < before):
            return None
        last, before = at, sequence
        if event_id:
            ids.append(event_id)
        times.append(at)
        events.append(event)
    return m.Run(times, events) if len(ids) <= 1 or len(set(ids)) == len(ids) else None


def _event(data: bytes, pos: int, stop: int) -> tuple[int, int, str, tuple[str, tuple[Any, ...]]]:
    """When it was, its sequence, its id, and its kind with its attributes."""
    at: int | None = None
    sequence, event_id = 0, ""
    event: tuple[str, tuple[Any, ...]] | None = None
    while pos < stop:
        tag, pos = _varint(data, pos, stop)
        if tag == 2 << 3 | _NUMBER:
            sequence, pos = _varint(data, pos, stop)
            if sequence >= _SIGN:
                sequence -= _WRAP
            continue
        end, pos = _length(data, pos, stop)
        if tag == 1 << 3 | _RECORD and at is None:
            at = _instant(data, pos, end)
        elif tag == 3 << 3 | _RECORD:
            event_id = nfc(data[pos:end].decode())
        elif tag == 4 << 3 | _RECORD:
            data[pos:end].decode()  # nobody reads the agent, but it has to be a text
        elif event is None:
            kind = _KINDS[tag >> 3] if tag & 7 == _RECORD and tag >> 3 < len(_KINDS) else None
            if kind is None:
                raise _UnusualError
            event = kind.name, _values(data, pos, end, kind)
        else:
            raise _UnusualError
        pos = end
    if at is None or event is None:
        raise _UnusualError
    return at, sequence, event_id, event


def _values(data: bytes, pos: int, stop: int, kind: _Kind) -> tuple[Any, ...]:
    """The attributes of an event, in the order of its type."""
    if pos == stop:
        if kind.needs:
            raise _UnusualError
        return kind.blank
    values: list[Any] = list(kind.blank)
    seen = 0
    while pos < stop:
        tag = data[pos]
        pos += 1
        field = tag >> 3
        slot = kind.slots[field] if field < len(kind.slots) else None
        if slot is None or tag & 7 != slot.wire or seen & slot.bit:
            raise _UnusualError
        seen |= slot.bit
        if slot.wire == _NUMBER:
            number, pos = _varint(data, pos, stop)
            if slot.how == _FLAG:
                values[slot.place] = number != 0
            elif number < len(_CHANNELS):
                values[slot.place] = _CHANNELS[number]
            else:
                raise _UnusualError
            continue
        end, pos = _length(data, pos, stop)
        if slot.how == _TEXT:
            text = nfc(data[pos:end].decode())
            if slot.required and (not text or text.isspace()):
                raise _UnusualError
            values[slot.place] = text or slot.default
        elif slot.how == _INSTANT:
            values[slot.place] = _instant(data, pos, end)
        else:
            values[slot.place] = _money(data, pos, end)
        pos = end
    if kind.needs:
        for slot in kind.slots:
            if slot is not None and slot.required and values[slot.place] is None:
                raise _UnusualError
    return tuple(values)


def _attribute(data: bytes, pos: int, stop: int) -> tuple[str, Value | m.Money]:
    """One of a map: its name, and an ``AttributeValue``."""
    name = ""
    value: Value | m.Money = None
    while pos < stop:
        tag = data[pos]
        end, pos = _length(data, pos + 1, stop)
        if tag == 1 << 3 | _RECORD:
            name = data[pos:end].decode()
        elif tag == 2 << 3 | _RECORD and value is None:
            value = _attribute_value(data, pos, end)
        else:
            raise _UnusualError
        pos = end
    if value is None:
        raise _UnusualError
    return name, value


def _attribute_value(data: bytes, pos: int, stop: int) -> Value | m.Money:
    """A value that is the only field there."""
    tag = data[pos]
    pos += 1
    if tag == 2 << 3 | _DOUBLE and stop - pos == 8:  # noqa: PLR2004 - bytes of a double
        number: float = unpack_from("<d", data, pos)[0]
        return number
    if tag == 3 << 3 | _NUMBER:
        yes, pos = _varint(data, pos, stop)
        if pos == stop:
            return yes != 0
        raise _UnusualError
    end, pos = _length(data, pos, stop)
    if end != stop:
        raise _UnusualError
    if tag == 1 << 3 | _RECORD:
        return nfc(data[pos:end].decode())
    if tag == 4 << 3 | _RECORD:
        return _money(data, pos, end)
    raise _UnusualError


def _money(data: bytes, pos: int, stop: int) -> m.Money:
    units, nanos, currency = 0, 0, ""
    while pos < stop:
        tag = data[pos]
        pos += 1
        if tag == 1 << 3 | _RECORD:
            end, pos = _length(data, pos, stop)
            currency, pos = data[pos:end].decode(), end
        elif tag == 2 << 3 | _NUMBER:
            units, pos = _varint(data, pos, stop)
        elif tag == 3 << 3 | _NUMBER:
            nanos, pos = _varint(data, pos, stop)
        else:
            raise _UnusualError
    if not (units < LARGEST_AMOUNT and nanos < NANOS):
        raise _UnusualError
    return m.Money(minor_of_nanos(units, nanos, EXPONENTS.get(currency, 2)), currency)


def _instant(data: bytes, pos: int, stop: int) -> int:
    """Microseconds of a ``google.protobuf.Timestamp``, floored."""
    seconds = nanos = 0
    while pos < stop:
        tag = data[pos]
        pos += 1
        if tag == 1 << 3 | _NUMBER:
            seconds, pos = _varint(data, pos, stop)
        elif tag == 2 << 3 | _NUMBER:
            nanos, pos = _varint(data, pos, stop)
        else:
            raise _UnusualError
    if seconds >= _SIGN:
        seconds -= _WRAP
    found = seconds * 1_000_000 + nanos // 1000
    if nanos >= NANOS or not FIRST <= found <= LAST:
        raise _UnusualError
    return found


def _text(data: bytes, pos: int, stop: int) -> tuple[str, int]:
    end, pos = _length(data, pos, stop)
    return data[pos:end].decode(), end


def _length(data: bytes, pos: int, stop: int) -> tuple[int, int]:
    """Where a record ends, and where it begins."""
    length, pos = _varint(data, pos, stop)
    end = pos + length
    if end > stop:
        raise _UnusualError
    return end, pos


def _varint(data: bytes, pos: int, stop: int) -> tuple[int, int]:
    """A whole number, not below zero, and where it ends."""
    byte = data[pos]
    pos += 1
    if byte < _MORE and pos <= stop:
        return byte, pos
    value, shift = byte & 127, 7
    while byte >= _MORE:
        if pos >= stop or shift > _LONGEST:
            raise _UnusualError
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        shift += 7
    if pos > stop or value >= _WRAP:
        raise _UnusualError
    return value, pos
