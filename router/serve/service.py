"""The calls of ``CaseRouterService``. Requests come and answers go as bytes: parsing and joining is done here, once."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from hashlib import blake2b
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status

from router.decide.model import Decision
from router.errors import CaseError, LogError, OtherShardError, Problem, UnknownPolicyError
from router.log.decisions import DecisionLog
from router.serve.convert import errors
from router.serve.convert.answer import NOT_LOGGED
from router.serve.convert.outcome import outcome_of
from router.serve.convert.request import events_of, head_of, instant, read_timeline
from router.serve.convert.wire import embedded
from router.serve.info import Reloads, server_info
from router.serve.shadow import Shadow
from router.serve.state import Choice, Pair, State
from router.v1 import case_pb2, decision_pb2
from router.v1 import case_router_service_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["CaseRouterService"].full_name
_LOG = logging.getLogger("case_router.serve")
_BASIC, _UNSPECIFIED, _FULL = decision_pb2.VIEW_BASIC, decision_pb2.VIEW_UNSPECIFIED, decision_pb2.VIEW_FULL
_VIEWS = frozenset({_BASIC, _UNSPECIFIED, _FULL})
_DECISION, _ERROR = 1, 2
"""The fields of a ``BatchResult``."""
_BREATH = 32
"""Items of a batch after which other calls get their turn."""

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Result: TypeAlias = tuple[int, bytes]
"""What came of one case: which field of a ``BatchResult``, and its message."""
Request: TypeAlias = "pb.RouteCaseRequest | pb.BatchRouteCasesRequest"


def clock() -> int:
    """The time in microseconds."""
    return time.time_ns() // 1000


class CaseRouter:
    """The service over one state, which ``state`` replaces as a whole."""

    def __init__(
        self,
        state: State,
        *,
        batch_limit: int = 2_000,
        now: Callable[[], int] = clock,
        log: DecisionLog | None = None,
    ) -> None:
        self.state = state
        self.batch_limit = batch_limit
        self.log = log
        self.reloads = Reloads()
        self.shadow = Shadow(log, now)
        self._now = now

    # calls

    async def route_case(self, data: bytes, context: Context) -> bytes:
        """``RouteCase``."""
        try:
            return embedded(1, await self._route(parse(pb.RouteCaseRequest, data), data))
        except Exception as error:
            await abort(context, status_of(error))
            raise

    async def batch_route_cases(self, data: bytes, context: Context) -> bytes:
        """``BatchRouteCases``: one state, one time."""
        try:
            request = parse(pb.BatchRouteCasesRequest, data)
            self._check_size(len(request.cases))
            came_at, now, problems = self._terms(request)
            _refuse(problems)
            choice, full = self.state.choose(request.policy, request.policy_version, now), request.view != _BASIC
            batch = blake2b(data, digest_size=16).digest()
            lines: list[bytes] = []
            results = []
            for index, case in enumerate(request.cases):
                if index % _BREATH == _BREATH - 1:
                    await asyncio.sleep(0)
                identity = batch + index.to_bytes(4, "big")
                results.append(self._result(choice, case, identity, now, lines, came_at, full=full))
            log = self.log if lines else None
            kept = log is None or (log.keep(lines, came_at) and (not log.waits or await log.on_disk(len(lines))))
            return b"".join([embedded(1, _item(result, kept=kept)) for result in results])
        except Exception as error:
            await abort(context, status_of(error))
            raise

    async def stream_route_cases(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        """``StreamRouteCases``: each message by the state and time at which it comes; an error does not end the stream."""
        del context
        async for data in requests:
            try:
                request = parse(pb.StreamRouteCasesRequest, data).request
                question = data[len(data) - request.ByteSize() :]  # as RouteCase would have had it: the same decision id
                answer = embedded(1, await self._route(request, question))
            except Exception as error:  # noqa: BLE001 - every error becomes a status
                answer = embedded(2, status_of(error).SerializeToString())
            yield answer

    async def record_outcome(self, data: bytes, context: Context) -> bytes:
        """``RecordOutcome``."""
        try:
            now = self._now()
            outcome = outcome_of(parse(pb.RecordOutcomeRequest, data), now)
            await self._kept_log().tell(outcome, now)
            return pb.RecordOutcomeResponse().SerializeToString()
        except Exception as error:
            await abort(context, status_of(error))
            raise

    async def get_server_info(self, data: bytes, context: Context) -> bytes:
        """``GetServerInfo``."""
        try:
            parse(pb.GetServerInfoRequest, data)
            return self._info().SerializeToString()
        except Exception as error:
            await abort(context, status_of(error))
            raise

    def _kept_log(self) -> DecisionLog:
        if self.log is None:
            raise errors.NoLogError([Problem("no-log", "the server keeps no log; start it with --log")])
        return self.log

    def _info(self) -> pb.GetServerInfoResponse:
        lost = self.log.lost if self.log is not None else 0
        return server_info(self.state, self._now(), lost, self.reloads, self.shadow)

    # what calls share

    def _terms(self, request: Request) -> tuple[int, int, list[Problem]]:
        """The time by the clock, the time that a request asks for, and what is wrong with it beside its case."""
        problems: list[Problem] = []
        now = came_at = self._now()
        if request.HasField("now"):
            now = instant(request.now, "now", lambda f, what: problems.append(Problem("invalid-case", what, field=f)))
        if request.view not in _VIEWS:
            problems.append(Problem("invalid-case", f"{request.view} is not known; known: BASIC, FULL", field="view"))
        return came_at, now, problems

    def _check_size(self, items: int) -> None:
        if items > self.batch_limit:
            said = f"has {items:,} items; at most {self.batch_limit:,} are taken, send the rest in further batches"
            raise errors.BatchTooLargeError(Problem("batch-too-large", said, field="cases"), self.batch_limit)

    async def _route(self, request: pb.RouteCaseRequest, data: bytes) -> bytes:
        """A serialised ``Decision``, logged."""
        came_at, now, problems = self._terms(request)
        if not request.HasField("case"):
            problems.append(Problem("invalid-case", "is required", field="case"))
        elif problems:
            problems += _violations(request.case)
        _refuse(problems)
        choice = self.state.choose(request.policy, request.policy_version, now)
        pair, decision = self._decided(choice, request.case, data, now, full=request.view != _BASIC)
        answer = pair.answers.of(decision)
        if request.explain:
            answer += await asyncio.to_thread(pair.explained, decision)  # the first time it takes as long as many calls
        log = self.log
        if log is not None:
            kept = log.keep([log.line(decision, came_at)], came_at) and (not log.waits or await log.on_disk(1))
            if not kept:
                answer += NOT_LOGGED
        return answer

    def _decided(
        self, choice: Choice, wire: case_pb2.Case, request: bytes, now: int, *, full: bool
    ) -> tuple[Pair, Decision]:
        """The decision by the one pair that decides for the customer; a version in shadow is asked later."""
        pair = choice.of(wire.customer_id, wire.case_id)
        decision = _decide(pair, wire, request, now, full=full)
        if choice.shadow is not None:
            self.shadow.offer(choice.shadow, lambda other: _decide(other, wire, request, now, full=full), decision)
        return pair, decision

    def _result(
        self, choice: Choice, wire: case_pb2.Case, request: bytes, now: int, lines: list[bytes], at: int, *, full: bool
    ) -> Result:
        """What came of one case of a batch; the line of its decision is added to ``lines``."""
        try:
            pair, decision = self._decided(choice, wire, request, now, full=full)
            answer = pair.answers.of(decision)
            if self.log is not None:
                lines.append(self.log.line(decision, at))
        except Exception as error:  # noqa: BLE001 - every error becomes a status
            return _ERROR, status_of(error).SerializeToString()
        return _DECISION, answer

    def handlers(self) -> grpc.GenericRpcHandler:
        """All calls by name; none of them has gRPC parse or serialise."""
        calls: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "RouteCase": grpc.unary_unary_rpc_method_handler(self.route_case),
            "BatchRouteCases": grpc.unary_unary_rpc_method_handler(self.batch_route_cases),
            "StreamRouteCases": grpc.stream_stream_rpc_method_handler(self.stream_route_cases),
            "RecordOutcome": grpc.unary_unary_rpc_method_handler(self.record_outcome),
            "GetServerInfo": grpc.unary_unary_rpc_method_handler(self.get_server_info),
        }
        return grpc.method_handlers_generic_handler(SERVICE, calls)


def _decide(pair: Pair, wire: case_pb2.Case, request: bytes, now: int, *, full: bool) -> Decision:
    """The decision about a case. Raises :class:`CaseError` with every invalid field."""
    problems: list[Problem] = []

    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=f"case.{field}"))

    state, customer = pair.decider.begin(head_of(wire, wrong), now)
    read_timeline(wire, state, problems, wrong)
    _refuse(problems)
    return pair.decider.conclude(state, customer, request, full=full)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise CaseError(problems)


def _violations(wire: case_pb2.Case) -> list[Problem]:
    """Every invalid field of a case that is not going to be decided."""
    problems: list[Problem] = []

    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=f"case.{field}"))

    head_of(wire, wrong)
    events_of(wire, wrong)
    return problems


def _item(result: Result, *, kept: bool) -> bytes:
    """A serialised ``BatchResult``."""
    field, body = result
    return embedded(field, body if kept or field == _ERROR else body + NOT_LOGGED)


def parse(kind: type[Any], data: bytes) -> Any:  # noqa: ANN401 - one of the generated messages
    """The message. Raises :class:`CaseError` if the bytes are none."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise CaseError([Problem("invalid-case", f"this is no {kind.__name__}: {error}")]) from error


def status_of(error: Exception) -> Status:
    """The status of any error; one that the request did not cause is logged under a name of its own."""
    if isinstance(error, CaseError | UnknownPolicyError | LogError | OtherShardError):
        return errors.status(error)
    name = secrets.token_hex(8)
    _LOG.error("fault %s", name, exc_info=error)
    return errors.fault(name)


_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


async def abort(context: Context, status: Status) -> None:
    """End a call with a status that is not OK."""
    if status.code == Code.Value("OK"):
        return
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(_CODES[status.code], status.message, details)


Handler: TypeAlias = Callable[[bytes, Context], Awaitable[bytes]]
