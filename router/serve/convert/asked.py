"""From the bytes of a request to what it asks for: which policy at which time, and its cases, read or ready to be read.

Compiled, requests are read as bytes, in a quarter of the time that protobuf's messages take; else that takes three times
as long as they do.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from google.protobuf.message import DecodeError

from router.compiled import COMPILED
from router.errors import CaseError, Problem
from router.serve.convert.errors import BatchTooLargeError
from router.serve.convert.request import Told, Wrong, events_of, head_of, instant, told
from router.serve.convert.scan import Request, scan_case, scan_only, scan_request
from router.v1 import case_pb2, decision_pb2
from router.v1 import case_router_service_pb2 as pb

_BASIC: Final[int] = decision_pb2.VIEW_BASIC
_VIEWS: Final = frozenset({_BASIC, int(decision_pb2.VIEW_UNSPECIFIED), int(decision_pb2.VIEW_FULL)})
_Message: TypeAlias = "pb.RouteCaseRequest | pb.BatchRouteCasesRequest"


Place: TypeAlias = tuple[int, int]
"""Where a case stands in the bytes of a request."""
Source: TypeAlias = "Told | case_pb2.Case | Place"
"""A case of a request: read, or still to be read."""


class UnreadableError(CaseError):
    """A request that is none."""


class Asked(NamedTuple):
    """What a request asks for: by which policy and version, for which time (microseconds), in which view, and its cases;
    ``body`` is the request itself, which the ids of its decisions are made from."""

    policy: str
    version: str
    now: int
    full: bool
    explain: bool
    cases: Sequence[Source]
    body: bytes

    def check(self) -> None:
        """Raises :class:`UnreadableError` if the whole request is none, which reading a case would find."""
        if any(isinstance(source, tuple) for source in self.cases):
            _batch(self.body)

    def read(self, place: int) -> Told:
        """The case at a place. Raises :class:`CaseError` with every invalid field, :class:`UnreadableError` if the whole
        request is none."""
        source = self.cases[place]
        if isinstance(source, Told):
            return source
        if isinstance(source, tuple):
            start, stop = source
            found = scan_case(self.body, start, stop, self.now)
            if found is not None:
                return found
            try:
                source = case_pb2.Case.FromString(self.body[start:stop])
            except DecodeError:
                source = _batch(self.body).cases[place]  # which is none either, and says so
        problems: list[Problem] = []
        found = told(source, self.now, _telling(problems))
        _refuse(problems)
        return found


def read_call(data: bytes, at: int) -> Asked:
    """A ``RouteCaseRequest`` that comes ``at`` a time. Raises :class:`CaseError` with all that is wrong with it, but for the
    case of a request that is right."""
    found = scan_request(data) if COMPILED else None
    if found is not None and found.view in _VIEWS and len(found.cases) == 1:
        case = scan_case(data, *found.cases[0], at if found.now is None else found.now)
        if case is not None:
            return _asked(found, at, [case], data)
    return _of_call(parse(pb.RouteCaseRequest, data), at, data)


def read_stream(data: bytes, at: int) -> Asked:
    """A ``StreamRouteCasesRequest``, as the ``RouteCaseRequest`` in it would be read: its decision has the same id."""
    start = scan_only(data)
    if start:
        return read_call(data[start:], at)
    request = parse(pb.StreamRouteCasesRequest, data).request
    return _of_call(request, at, request.SerializeToString())


def read_batch(data: bytes, at: int, limit: int) -> Asked:
    """A ``BatchRouteCasesRequest`` of at most ``limit`` cases; else as :func:`read_call`."""
    found = scan_request(data) if COMPILED else None
    if found is not None and found.view in _VIEWS and len(found.cases) <= limit:
        return _asked(found, at, found.cases, data)
    request = _batch(data)
    if len(request.cases) > limit:
        said = f"has {len(request.cases):,} items; at most {limit:,} are taken, send the rest in further batches"
        raise BatchTooLargeError(Problem("batch-too-large", said, field="cases"), limit)
    now, full = _now(request, at, []), request.view != _BASIC
    return Asked(request.policy, request.policy_version, now, full, explain=False, cases=request.cases, body=data)


def _batch(data: bytes) -> pb.BatchRouteCasesRequest:
    found: pb.BatchRouteCasesRequest = parse(pb.BatchRouteCasesRequest, data)
    return found


def parse(kind: type[Any], data: bytes) -> Any:  # noqa: ANN401 - one of the generated messages
    """The message. Raises :class:`UnreadableError` if the bytes are none."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise UnreadableError([Problem("invalid-case", f"this is no {kind.__name__}: {error}")]) from error


def _asked(found: Request, at: int, cases: Sequence[Source], data: bytes) -> Asked:
    now = at if found.now is None else found.now
    return Asked(found.policy, found.version, now, found.view != _BASIC, found.explain, cases, data)


def _of_call(request: pb.RouteCaseRequest, at: int, body: bytes) -> Asked:
    problems = [] if request.HasField("case") else [Problem("invalid-case", "is required", field="case")]
    now = _now(request, at, problems)
    cases = [request.case]
    return Asked(request.policy, request.policy_version, now, request.view != _BASIC, request.explain, cases, body)


def _now(request: _Message, at: int, problems: list[Problem]) -> int:
    """The time that a request is for. Raises what is wrong with it, ``problems`` and those of its only case included."""
    now = at
    if request.HasField("now"):
        now = instant(request.now, "now", lambda f, what: problems.append(Problem("invalid-case", what, field=f)))
    if request.view not in _VIEWS:
        problems.append(Problem("invalid-case", f"{request.view} is not known; known: BASIC, FULL", field="view"))
    if problems and isinstance(request, pb.RouteCaseRequest) and request.HasField("case"):
        wrong = _telling(problems)
        head_of(request.case, wrong)
        events_of(request.case, wrong)
    _refuse(problems)
    return now


def _telling(problems: list[Problem]) -> Wrong:
    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=f"case.{field}"))

    return wrong


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise CaseError(problems)


Reader: TypeAlias = Callable[[bytes, int], Asked]
"""Reads what came at a time."""
