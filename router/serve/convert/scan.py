"""Requests read as bytes, in one pass and without messages in between: for compiled code, to which a byte is a nanosecond.

What is plainly right is read here. Whatever is not (a field that is not known, one that comes twice, a value out of its
range, events out of order) gives ``None``: protobuf then parses the request, and ``request.py`` says what is wrong. The
shape of each event is taken from its message and its type. Source of the layout: the protocol buffers encoding guide.
"""

from collections.abc import Mapping
from struct import unpack_from
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from mypy_extensions import i64

from router.cases import model as m
from router.facts import Value
from router.money import EXPONENTS, LARGEST_AMOUNT, NANOS, minor_of_nanos
from router.serve.convert.request import CHANNEL_OF, TOUCHPOINT_OF, Told
from router.text import nfc
from router.time import FIRST, LAST, SECOND
from router.v1 import case_pb2 as pb

_NUMBER: Final = 0
_DOUBLE: Final = 1
_RECORD: Final = 2
"""How a value is written: as a varint, as eight bytes, or as so many bytes as the varint before them says."""
_MORE: Final = 128
"""The bit of a varint's byte that says that another one comes."""
_LAST_SHIFT: Final = 56
"""That of the ninth byte: what has ten is below zero, as times before 1970 are, and not plainly right."""
_LAST_SECOND: Final = LAST // SECOND
_MOST_UNITS: Final = int(LARGEST_AMOUNT)
_TEXT: Final = 0
_FLAG: Final = 1
_CHANNEL: Final = 2
_INSTANT: Final = 3
_MONEY: Final = 4
"""How an attribute of an event is read."""
_TEXTS_OF_CASE: Final = frozenset({1 << 3 | 2, 2 << 3 | 2, 6 << 3 | 2, 7 << 3 | 2, 9 << 3 | 2})
"""Tags of the texts of a case."""
_ABSENT: Final = FIRST - 1
"""The time of an event that has none."""
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
    view: i64 = 0
    explain: i64 = 0
    pos: i64 = 0
    stop: i64 = len(data)
    cases: list[tuple[int, int]] = []
    while pos < stop:
        tag = data[pos]
        pos += 1
        if tag == 1 << 3 | _RECORD:
            end, pos = _length(data, pos, stop)
            policy, pos = data[pos:end].decode(), end
        elif tag == 2 << 3 | _RECORD:
            end, pos = _length(data, pos, stop)
            version, pos = data[pos:end].decode(), end
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
            explain, pos = _varint(data, pos, stop)
        else:
            raise _UnusualError
    return Request(policy, version, now, view, explain != 0, cases)


def _case(data: bytes, pos: i64, stop: i64, now: int) -> Told | None:
    texts = [""] * 10
    channel: i64 = 0
    touchpoint: i64 = 0
    opened_at: int | None = None
    value: m.Money | None = None
    attributes: dict[str, Value | m.Money] = {}
    events = _Events(now)
    while pos < stop:
        tag: i64 = data[pos]
        pos += 1
        if tag == 4 << 3 | _NUMBER:
            channel, pos = _varint(data, pos, stop)
            continue
        if tag == 5 << 3 | _NUMBER:
            touchpoint, pos = _varint(data, pos, stop)
            continue
        end, pos = _length(data, pos, stop)
        if tag == 11 << 3 | _RECORD:
            if not events.take(data, pos, end):
                return None
        elif tag == 3 << 3 | _RECORD and opened_at is None:
            opened_at = _instant(data, pos, end)
        elif tag == 8 << 3 | _RECORD and value is None:
            value = _money(data, pos, end)
        elif tag == 10 << 3 | _RECORD:
            name, attribute = _attribute(data, pos, end)
            attributes[name] = attribute
        elif tag in _TEXTS_OF_CASE:
            texts[tag >> 3] = data[pos:end].decode() if tag == 1 << 3 | _RECORD else _text(data, pos, end)
        else:
            raise _UnusualError
        pos = end
    if not texts[1] or opened_at is None or channel >= len(_CHANNELS) or touchpoint >= len(_TOUCHPOINTS):
        raise _UnusualError
    run = events.run()
    if run is None:
        return None
    if len(attributes) > 1:
        attributes = dict(sorted(attributes.items()))
    way, point = _CHANNELS[channel], _TOUCHPOINTS[touchpoint]
    case = m.Case(texts[1], opened_at, texts[2], way, point, texts[6], texts[7], value, texts[9], attributes)
    return Told(case, run)


class _Events:
    """The events of a case, as long as they follow one another."""

    def __init__(self, now: int) -> None:
        self.times: list[int] = []
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self.ids: list[str] = []
        self.now: i64 = now
        self.last: i64 = FIRST
        self.before: i64 = 0

    def take(self, data: bytes, pos: i64, stop: i64) -> bool:
        """Take in the event that stands there; false if it does not follow."""
        at: i64 = _ABSENT
        sequence: i64 = 0
        event: tuple[str, tuple[Any, ...]] | None = None
        while pos < stop:
            tag, pos = _varint(data, pos, stop)
            if tag == 2 << 3 | _NUMBER:
                sequence, pos = _varint(data, pos, stop)
                continue
            end, pos = _length(data, pos, stop)
            if tag == 1 << 3 | _RECORD and at == _ABSENT:
                at = _instant(data, pos, end)
            elif tag == 3 << 3 | _RECORD:
                event_id = _text(data, pos, end)
                if event_id:
                    self.ids.append(event_id)
            elif tag == 4 << 3 | _RECORD:
                data[pos:end].decode()  # nobody reads the agent, but it has to be a text
            elif event is None and tag & 7 == _RECORD and tag >> 3 < len(_KINDS):
                kind = _KINDS[tag >> 3]
                if kind is None:
                    raise _UnusualError
                event = kind.name, _values(data, pos, end, kind)
            else:
                raise _UnusualError
            pos = end
        if at == _ABSENT or event is None:
            raise _UnusualError
        if at < self.last or at > self.now or (at == self.last and sequence < self.before):
            return False
        self.last, self.before = at, sequence
        self.times.append(at)
        self.events.append(event)
        return True

    def run(self) -> m.Run | None:
        """All of them, if each came once."""
        ids = self.ids
        return m.Run(self.times, self.events) if len(ids) <= 1 or len(set(ids)) == len(ids) else None


def _values(data: bytes, pos: i64, stop: i64, kind: _Kind) -> tuple[Any, ...]:
    """The attributes of an event, in the order of its type."""
    if pos == stop:
        if kind.needs:
            raise _UnusualError
        return kind.blank
    values: list[Any] = list(kind.blank)
    seen: i64 = 0
    while pos < stop:
        tag: i64 = data[pos]
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
            text = _text(data, pos, end)
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


def _attribute(data: bytes, pos: i64, stop: i64) -> tuple[str, Value | m.Money]:
    """One of a map: its name, and an ``AttributeValue``."""
    name = ""
    value: Value | m.Money = None
    while pos < stop:
        tag: i64 = data[pos]
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


def _attribute_value(data: bytes, pos: i64, stop: i64) -> Value | m.Money:
    """A value that is the only field there."""
    tag: i64 = data[pos]
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
        return _text(data, pos, end)
    if tag == 4 << 3 | _RECORD:
        return _money(data, pos, end)
    raise _UnusualError


def _money(data: bytes, pos: i64, stop: i64) -> m.Money:
    units: i64 = 0
    nanos: i64 = 0
    currency = ""
    while pos < stop:
        tag: i64 = data[pos]
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
    if units >= _MOST_UNITS or nanos >= NANOS:
        raise _UnusualError
    return m.Money(minor_of_nanos(units, nanos, EXPONENTS.get(currency, 2)), currency)


def _instant(data: bytes, pos: i64, stop: i64) -> i64:
    """Microseconds of a ``google.protobuf.Timestamp``, floored."""
    seconds: i64 = 0
    nanos: i64 = 0
    while pos < stop:
        tag: i64 = data[pos]
        pos += 1
        if tag == 1 << 3 | _NUMBER:
            seconds, pos = _varint(data, pos, stop)
        elif tag == 2 << 3 | _NUMBER:
            nanos, pos = _varint(data, pos, stop)
        else:
            raise _UnusualError
    if nanos >= NANOS or seconds > _LAST_SECOND:
        raise _UnusualError
    return seconds * SECOND + nanos // 1000


def _text(data: bytes, pos: i64, stop: i64) -> str:
    """A text in NFC; one of as many characters as bytes is ASCII."""
    found = data[pos:stop].decode()
    return found if len(found) == stop - pos else nfc(found)


def _length(data: bytes, pos: i64, stop: i64) -> tuple[i64, i64]:
    """Where a record ends, and where it begins."""
    length, pos = _varint(data, pos, stop)
    end = pos + length
    if end > stop:
        raise _UnusualError
    return end, pos


def _varint(data: bytes, pos: i64, stop: i64) -> tuple[i64, i64]:
    """A whole number, not below zero, and where it ends."""
    byte: i64 = data[pos]
    pos += 1
    value = byte & 127
    shift: i64 = 7
    while byte >= _MORE:
        if pos >= stop or shift > _LAST_SHIFT:
            raise _UnusualError
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        shift += 7
    if pos > stop:
        raise _UnusualError
    return value, pos
