"""The calls of ``CaseRouterService``. Requests come and answers go as bytes: parsing and joining is done here, once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import blake2b
from typing import NamedTuple, ParamSpec, TypeAlias, TypeVar

import grpc

from router.decide.model import Decision
from router.errors import CaseError, Problem
from router.log.decisions import DecisionLog
from router.serve.calls import Context, abort, clock, parse, status_of
from router.serve.convert import errors
from router.serve.convert.answer import NOT_LOGGED
from router.serve.convert.outcome import outcome_of
from router.serve.convert.request import events_of, head_of, instant, read_timeline
from router.serve.convert.wire import embedded
from router.serve.info import Reloads, server_info
from router.serve.microbatch import MicroBatch
from router.serve.shadow import Shadow
from router.serve.state import Choice, Pair, State
from router.v1 import case_pb2, decision_pb2
from router.v1 import case_router_service_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["CaseRouterService"].full_name
_BASIC, _UNSPECIFIED, _FULL = decision_pb2.VIEW_BASIC, decision_pb2.VIEW_UNSPECIFIED, decision_pb2.VIEW_FULL
_VIEWS = frozenset({_BASIC, _UNSPECIFIED, _FULL})
_DECISION, _ERROR = 1, 2
"""The fields of a ``BatchResult``."""
_BREATH = 32
"""Items of a batch after which other calls get their turn."""

Request: TypeAlias = "pb.RouteCaseRequest | pb.BatchRouteCasesRequest"
Reader: TypeAlias = "Callable[[bytes], tuple[pb.RouteCaseRequest, bytes]]"
"""Reads a request in what came, and gives its own bytes too."""
Question: TypeAlias = "tuple[Reader, bytes]"
"""What came, and how a request is read in it."""
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


class Terms(NamedTuple):
    """By whom, for which time and in which view a request is answered."""

    choice: Choice
    now: int
    full: bool


class Moment(NamedTuple):
    """What is decided at one time by the clock: the lines of its decisions go to the log by one write."""

    at: int
    lines: list[bytes]


class Answer(NamedTuple):
    """A serialised ``Decision``, whose it is and what it says; whether it is to be explained; whether the log has it."""

    body: bytes
    pair: Pair
    decision: Decision
    explain: bool = False
    kept: bool = True


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
        self._calls: MicroBatch[Question, Answer] = MicroBatch(self._answers)

    # calls

    async def route_case(self, data: bytes, context: Context) -> bytes:
        """``RouteCase``."""
        try:
            return embedded(1, await self._route(_of_call, data))
        except Exception as error:
            await abort(context, status_of(error))
            raise

    async def batch_route_cases(self, data: bytes, context: Context) -> bytes:
        """``BatchRouteCases``: one state, one time."""
        try:
            request = parse(pb.BatchRouteCasesRequest, data)
            self._check_size(len(request.cases))
            moment = Moment(self._now(), [])
            terms = self._terms(request, moment.at, [])
            batch = blake2b(data, digest_size=16).digest()
            found: list[bytes | Exception] = []
            for index, case in enumerate(request.cases):
                if index % _BREATH == _BREATH - 1:
                    await asyncio.sleep(0)
                identity = batch + index.to_bytes(4, "big")
                answer = _tried(self._answer, terms, case, identity, moment)
                found.append(answer.body if isinstance(answer, Answer) else answer)
            kept = self._keep(moment) and await self._on_disk(len(moment.lines))
            return b"".join([embedded(1, _item(each, kept=kept)) for each in found])
        except Exception as error:
            await abort(context, status_of(error))
            raise

    async def stream_route_cases(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        """``StreamRouteCases``: each message by the state and time at which it comes; an error does not end the stream."""
        del context
        async for data in requests:
            try:
                answer = embedded(1, await self._route(_of_stream, data))
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

    def _terms(self, request: Request, at: int, problems: list[Problem]) -> Terms:
        """The terms of a request, by the clock it is ``at``. Raises what is wrong with it, ``problems`` included."""
        now = at
        if request.HasField("now"):
            now = instant(request.now, "now", lambda f, what: problems.append(Problem("invalid-case", what, field=f)))
        if request.view not in _VIEWS:
            problems.append(Problem("invalid-case", f"{request.view} is not known; known: BASIC, FULL", field="view"))
        if problems and isinstance(request, pb.RouteCaseRequest) and request.HasField("case"):
            problems += _violations(request.case)
        _refuse(problems)
        return Terms(self.state.choose(request.policy, request.policy_version, now), now, request.view != _BASIC)

    def _check_size(self, items: int) -> None:
        if items > self.batch_limit:
            said = f"has {items:,} items; at most {self.batch_limit:,} are taken, send the rest in further batches"
            raise errors.BatchTooLargeError(Problem("batch-too-large", said, field="cases"), self.batch_limit)

    async def _route(self, read: Reader, data: bytes) -> bytes:
        """A serialised ``Decision``, logged."""
        answer, pair, decision, explain, kept = await self._calls.ask((read, data))
        if explain:
            answer += await asyncio.to_thread(pair.explained, decision)  # the first time it takes as long as many calls
        return answer if kept and await self._on_disk(1) else answer + NOT_LOGGED

    def _answers(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """The answers to calls that came together."""
        moment = Moment(self._now(), [])
        answers = [_tried(self._answer_call, read, data, moment) for read, data in questions]
        kept = _tried(self._keep, moment)
        if kept is True:
            return answers
        return [answer if isinstance(answer, Exception) else kept or answer._replace(kept=False) for answer in answers]

    def _answer_call(self, read: Reader, data: bytes, moment: Moment) -> Answer:
        """The answer to a call of its own. Raises what is wrong with it."""
        request, data = read(data)
        missing = [] if request.HasField("case") else [Problem("invalid-case", "is required", field="case")]
        answer = self._answer(self._terms(request, moment.at, missing), request.case, data, moment)
        return answer._replace(explain=True) if request.explain else answer

    def _answer(self, terms: Terms, wire: case_pb2.Case, request: bytes, moment: Moment) -> Answer:
        """The answer about a case, by the one pair that decides for the customer. A version in shadow is asked later."""
        choice, now, full = terms
        pair = choice.of(wire.customer_id, wire.case_id)
        decision = _decide(pair, wire, request, now, full=full)
        if choice.shadow is not None:
            self.shadow.offer(choice.shadow, lambda other: _decide(other, wire, request, now, full=full), decision)
        if self.log is not None:
            moment.lines.append(self.log.line(decision, moment.at))
        return Answer(pair.answers.of(decision), pair, decision)

    def _keep(self, moment: Moment) -> bool:
        return self.log is None or not moment.lines or self.log.keep(moment.lines, moment.at)

    async def _on_disk(self, count: int) -> bool:
        return self.log is None or not self.log.waits or not count or await self.log.on_disk(count)

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


def _of_call(data: bytes) -> tuple[pb.RouteCaseRequest, bytes]:
    return parse(pb.RouteCaseRequest, data), data


def _of_stream(data: bytes) -> tuple[pb.RouteCaseRequest, bytes]:
    request = parse(pb.StreamRouteCasesRequest, data).request
    return request, data[len(data) - request.ByteSize() :]  # as RouteCase would have had them: the same decision id


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


def _tried(call: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs) -> _Found | Exception:
    """What a call gives, or the exception that it raised."""
    try:
        return call(*given, **named)
    except Exception as error:  # noqa: BLE001 - every error becomes a status
        return error


def _item(found: bytes | Exception, *, kept: bool) -> bytes:
    """A serialised ``BatchResult``."""
    if isinstance(found, Exception):
        return embedded(_ERROR, status_of(found).SerializeToString())
    return embedded(_DECISION, found if kept else found + NOT_LOGGED)
