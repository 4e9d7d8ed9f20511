"""The calls of ``CaseRouterService``. Requests come and answers go as bytes: parsing and joining is done here, once."""

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc

from router.errors import Problem
from router.log.decisions import DecisionLog
from router.serve.answering import Answer, Answering, Moment, Question
from router.serve.calls import Context, abort, clock, status_of
from router.serve.convert import errors
from router.serve.convert.answer import NOT_LOGGED
from router.serve.convert.asked import Reader, parse, read_batch, read_call, read_stream
from router.serve.convert.outcome import outcome_of
from router.serve.convert.wire import embedded
from router.serve.info import Reloads, server_info
from router.serve.microbatch import MicroBatch
from router.serve.shadow import Shadow
from router.serve.state import State
from router.v1 import case_router_service_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["CaseRouterService"].full_name
_DECISION, _ERROR = 1, 2
"""The fields of a ``BatchResult``."""
_BREATH = 32
"""Items of a batch after which other calls get their turn."""


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
        self.batch_limit = batch_limit
        self.log = log
        self.reloads = Reloads()
        self.shadow = Shadow(log, now)
        self._now = now
        self._answering = Answering(state, log, self.shadow)
        self._calls: MicroBatch[Question, Answer] = MicroBatch(lambda asked: self._answering.together(asked, self._now()))

    @property
    def state(self) -> State:
        """What it answers by; a call, or a whole batch, holds on to one."""
        return self._answering.state

    @state.setter
    def state(self, state: State) -> None:
        self._answering.state = state

    # calls

    async def route_case(self, data: bytes, context: Context) -> bytes:
        """``RouteCase``."""
        try:
            return embedded(1, await self._route(read_call, data))
        except Exception as error:
            await abort(context, status_of(error))
            raise

    async def batch_route_cases(self, data: bytes, context: Context) -> bytes:
        """``BatchRouteCases``: one state, one time."""
        try:
            moment = Moment(self._now(), [])
            asked = read_batch(data, moment.at, self.batch_limit)
            answer = self._answering.batch(asked, moment)
            found: list[bytes | Exception] = []
            for place in range(len(asked.cases)):
                if place % _BREATH == _BREATH - 1:
                    await asyncio.sleep(0)
                found.append(answer(place))
            kept = self._answering.keep(moment)
            if kept and moment.lines and self.log is not None and self.log.waits:
                kept = await self.log.on_disk(len(moment.lines))
            return b"".join([embedded(1, _item(each, kept=kept)) for each in found])
        except Exception as error:
            await abort(context, status_of(error))
            raise

    async def stream_route_cases(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        """``StreamRouteCases``: each message by the state and time at which it comes; an error does not end the stream."""
        del context
        async for data in requests:
            try:
                answer = embedded(1, await self._route(read_stream, data))
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

    async def _route(self, read: Reader, data: bytes) -> bytes:
        """A serialised ``Decision``, logged."""
        answer, pair, decision, explain, kept = await self._calls.ask((read, data))
        if explain:
            answer += await asyncio.to_thread(pair.explained, decision)  # the first time it takes as long as many calls
        if kept and self.log is not None and self.log.waits:
            kept = await self.log.on_disk(1)
        return answer if kept else answer + NOT_LOGGED

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


def _item(found: bytes | Exception, *, kept: bool) -> bytes:
    """A serialised ``BatchResult``."""
    if isinstance(found, Exception):
        return embedded(_ERROR, status_of(found).SerializeToString())
    return embedded(_DECISION, found if kept else found + NOT_LOGGED)
