"""Requests read as bytes, in one pass and without messages in between: for compiled code, to which a byte is a nanosecond.

What is plainly right is read here. Whatever is not (a field that is not known, one that comes twice, a value out of its
range, events out of order) gives ``None``: protobuf then parses the request, and ``request.py`` says what is wrong.
"""

from struct import unpack_from
from typing import Any, Final, NamedTuple

from mypy_extensions import i64

from router.cases import model as m
from router.facts import Value
from router.serve.convert.request import TOUCHPOINT_OF, Told
from router.serve.convert.scan_event import CHANNELS, KINDS, values
from router.serve.convert.unwire import DOUBLE, NUMBER, RECORD, UnusualError, instant, length, money, text, varint
from router.time import FIRST

_TEXTS_OF_CASE: Final = frozenset({1 << 3 | 2, 2 << 3 | 2, 6 << 3 | 2, 7 << 3 | 2, 9 << 3 | 2})
"""Tags of the texts of a case."""
_ABSENT: Final = FIRST - 1
"""The time of an event that has none."""
_TOUCHPOINTS: Final = tuple(TOUCHPOINT_OF.values())


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
    except (UnusualError, IndexError, UnicodeDecodeError):
        return None


def scan_case(data: bytes, start: int, stop: int, now: int) -> Told | None:
    """The ``Case`` that stands there, at ``now``; ``None`` too where its events are not in order."""
    try:
        return _case(data, start, stop, now)
    except (UnusualError, IndexError, UnicodeDecodeError):
        return None


def scan_only(data: bytes) -> int:
    """Where the record begins that is the first field of a message and all there is in it; 0 if there is none."""
    try:
        if data[0] == 1 << 3 | RECORD:
            end, pos = length(data, 1, len(data))
            if end == len(data):
                return pos
    except (UnusualError, IndexError):
        pass
    return 0


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
        if tag == 1 << 3 | RECORD:
            end, pos = length(data, pos, stop)
            policy, pos = data[pos:end].decode(), end
        elif tag == 2 << 3 | RECORD:
            end, pos = length(data, pos, stop)
            version, pos = data[pos:end].decode(), end
        elif tag == 3 << 3 | RECORD and now is None:
            end, pos = length(data, pos, stop)
            now, pos = instant(data, pos, end), end
        elif tag == 4 << 3 | NUMBER:
            view, pos = varint(data, pos, stop)
        elif tag == 5 << 3 | RECORD:
            end, pos = length(data, pos, stop)
            cases.append((pos, end))
            pos = end
        elif tag == 6 << 3 | NUMBER:
            explain, pos = varint(data, pos, stop)
        else:
            raise UnusualError
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
        if tag == 4 << 3 | NUMBER:
            channel, pos = varint(data, pos, stop)
            continue
        if tag == 5 << 3 | NUMBER:
            touchpoint, pos = varint(data, pos, stop)
            continue
        end, pos = length(data, pos, stop)
        if tag == 11 << 3 | RECORD:
            if not events.take(data, pos, end):
                return None
        elif tag == 3 << 3 | RECORD and opened_at is None:
            opened_at = instant(data, pos, end)
        elif tag == 8 << 3 | RECORD and value is None:
            value = money(data, pos, end)
        elif tag == 10 << 3 | RECORD:
            name, attribute = _attribute(data, pos, end)
            attributes[name] = attribute
        elif tag in _TEXTS_OF_CASE:
            texts[tag >> 3] = data[pos:end].decode() if tag == 1 << 3 | RECORD else text(data, pos, end)
        else:
            raise UnusualError
        pos = end
    if not texts[1] or opened_at is None or channel >= len(CHANNELS) or touchpoint >= len(_TOUCHPOINTS):
        raise UnusualError
    run = events.run()
    if run is None:
        return None
    if len(attributes) > 1:
        attributes = dict(sorted(attributes.items()))
    way, point = CHANNELS[channel], _TOUCHPOINTS[touchpoint]
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
            tag, pos = varint(data, pos, stop)
            if tag == 2 << 3 | NUMBER:
                sequence, pos = varint(data, pos, stop)
                continue
            end, pos = length(data, pos, stop)
            if tag == 1 << 3 | RECORD and at == _ABSENT:
                at = instant(data, pos, end)
            elif tag == 3 << 3 | RECORD:
                event_id = text(data, pos, end)
                if event_id:
                    self.ids.append(event_id)
            elif tag == 4 << 3 | RECORD:
                data[pos:end].decode()  # nobody reads the agent, but it has to be a text
            elif event is None and tag & 7 == RECORD and tag >> 3 < len(KINDS):
                kind = KINDS[tag >> 3]
                if kind is None:
                    raise UnusualError
                event = kind.name, values(data, pos, end, kind)
            else:
                raise UnusualError
            pos = end
        if at == _ABSENT or event is None:
            raise UnusualError
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


def _attribute(data: bytes, pos: i64, stop: i64) -> tuple[str, Value | m.Money]:
    """One of a map: its name, and an ``AttributeValue``."""
    name = ""
    value: Value | m.Money = None
    while pos < stop:
        tag: i64 = data[pos]
        end, pos = length(data, pos + 1, stop)
        if tag == 1 << 3 | RECORD:
            name = data[pos:end].decode()
        elif tag == 2 << 3 | RECORD and value is None:
            value = _attribute_value(data, pos, end)
        else:
            raise UnusualError
        pos = end
    if value is None:
        raise UnusualError
    return name, value


def _attribute_value(data: bytes, pos: i64, stop: i64) -> Value | m.Money:
    """A value that is the only field there."""
    tag: i64 = data[pos]
    pos += 1
    if tag == 2 << 3 | DOUBLE and stop - pos == 8:  # noqa: PLR2004 - bytes of a double
        number: float = unpack_from("<d", data, pos)[0]
        return number
    if tag == 3 << 3 | NUMBER:
        yes, pos = varint(data, pos, stop)
        if pos == stop:
            return yes != 0
        raise UnusualError
    end, pos = length(data, pos, stop)
    if end != stop:
        raise UnusualError
    if tag == 1 << 3 | RECORD:
        return text(data, pos, end)
    if tag == 4 << 3 | RECORD:
        return money(data, pos, end)
    raise UnusualError
