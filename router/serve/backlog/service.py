"""The calls of ``BacklogService``: checked here, done in processes of their own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import grpc
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status

from router.crm.snapshot import Snapshot
from router.errors import Problem
from router.serve.backlog.job import Files, Job
from router.serve.backlog.roots import LocationError, LocationRefusedError, Roots
from router.serve.backlog.runs import KilledError, RefusedError, Runs, Slots, TooManyRunsError
from router.serve.calls import Context, abort, clock, status_of
from router.serve.convert import backlog as convert
from router.serve.convert.asked import parse
from router.serve.convert.backlog import Terms, refuse, terms_of
from router.serve.settings import PREFIX, Settings
from router.serve.state import State
from router.v1 import backlog_service_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["BacklogService"].full_name
_MB = 1 << 20


class Backlog:
    """The service; ``state`` gives the state that a call holds on to."""

    def __init__(
        self,
        settings: Settings,
        state: Callable[[], State],
        *,
        slots: Slots | None = None,
        now: Callable[[], int] = clock,
    ) -> None:
        self._settings = settings
        self._state = state
        self._now = now
        self._reading = Roots(settings.backlog_roots)
        self._writing = Roots(settings.backlog_out_roots or settings.backlog_roots)
        self.runs = Runs(slots or threading.Semaphore(settings.backlog_runs))

    async def reprioritize(self, data: bytes, context: Context) -> None:
        """``Reprioritize``."""
        try:
            request = parse(pb.ReprioritizeRequest, data)
            self._check_roots()
            state = self._state()
            terms = terms_of(request.terms, self._now(), state.policies.get)
            files = await asyncio.to_thread(self._files, request)
            self.runs.take()
            try:
                await self._run(self._job(files, terms, state), context)
            finally:
                self.runs.give_back()
        except Exception as error:
            await abort(context, self._status(error))
            raise

    async def reprioritize_cases(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """``ReprioritizeCases``. The slot is taken before anything is kept, so that memory is bounded."""
        try:
            self.runs.take()
            try:
                state, at = self._state(), self._now()
                wire, parts = await self._upload(requests)
                terms = terms_of(wire, at, state.policies.get)
                await self._run(self._job(parts, terms, state), context)
            finally:
                self.runs.give_back()
        except Exception as error:
            await abort(context, self._status(error))
            raise

    def handlers(self) -> grpc.GenericRpcHandler:
        """All calls by name; none of them has gRPC parse or serialise."""
        calls: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "Reprioritize": grpc.unary_stream_rpc_method_handler(self.reprioritize),
            "ReprioritizeCases": grpc.stream_stream_rpc_method_handler(self.reprioritize_cases),
        }
        return grpc.method_handlers_generic_handler(SERVICE, calls)

    async def _run(self, job: Job, context: Context) -> None:
        async with aclosing(self.runs.messages(job)) as messages:
            async for message in messages:
                await context.write(message)

    def _job(self, backlog: Files | tuple[bytes, ...], terms: Terms, state: State) -> Job:
        snapshot = state.records.whole() if isinstance(state.records, Snapshot) else None
        settings = self._settings
        memory = settings.backlog_memory_mb * _MB
        return Job(
            backlog,
            terms.policy,
            snapshot,
            terms.now,
            terms.budget,
            terms.with_accepted,
            memory,
            settings.backlog_runs,
            settings.log,
            self._now(),
        )

    def _check_roots(self) -> None:
        if not self._settings.backlog_roots:
            raise _StatusError(convert.no_roots(f"{PREFIX}BACKLOG_ROOTS"))

    def _files(self, request: pb.ReprioritizeRequest) -> Files:
        """The files that a request means. Raises with every location that is wrong, refused ones first."""
        wrong: list[Problem] = []
        refused: list[Problem] = []

        def look(roots: Roots, field: str, location: str, *, one: bool = False) -> list[Path]:
            try:
                return [roots.file(field, location)] if one else roots.files(field, location)
            except LocationRefusedError as error:
                refused.extend(error.problems)
            except LocationError as error:
                wrong.extend(error.problems)
            return []

        cases = [str(file) for i, each in enumerate(request.cases) for file in look(self._reading, f"cases[{i}]", each)]
        events = [str(file) for i, each in enumerate(request.events) for file in look(self._reading, f"events[{i}]", each)]
        previous = look(self._earlier(), "previous", request.previous, one=True) if request.previous else []
        out = look(self._writing, "out", request.out, one=True)
        if not request.cases:
            wrong.append(Problem("bad-location", "is required", field="cases"))
        if refused:
            raise LocationRefusedError(refused, self._earlier().folders)
        if wrong:
            raise LocationError(wrong)
        return Files(tuple(cases), tuple(events), previous[0] if previous else None, out[0])

    def _earlier(self) -> Roots:
        """An earlier queue lies where one reads or where one writes."""
        return Roots(tuple(dict.fromkeys((*self._reading.folders, *self._writing.folders))))

    async def _upload(self, requests: AsyncIterator[bytes]) -> tuple[pb.BacklogTerms, tuple[bytes, ...]]:
        """All parts of an upload, unread, and the terms of the first."""
        settings = self._settings
        parts: list[bytes] = []
        terms = pb.BacklogTerms()
        cases = size = 0
        while (data := await self._next(requests)) is not None:
            wire = parse(pb.ReprioritizeCasesRequest, data)
            if wire.HasField("terms"):
                if parts:
                    refuse([Problem("invalid-case", "is for the first message only", field="terms")])
                terms = wire.terms
            parts.append(data)
            cases, size = cases + len(wire.cases), size + len(data)
            if cases > settings.backlog_upload_cases:
                raise _StatusError(convert.too_large("cases", settings.backlog_upload_cases))
            if size > settings.backlog_upload_mb * _MB:
                raise _StatusError(convert.too_large("MB", settings.backlog_upload_mb))
        return terms, tuple(parts)

    async def _next(self, requests: AsyncIterator[bytes]) -> bytes | None:
        """The next part; ``None`` after the last."""
        patience = self._settings.backlog_patience_seconds
        try:
            async with asyncio.timeout(patience):
                return await anext(requests, None)
        except TimeoutError as error:
            raise _StatusError(convert.stalled(patience)) from error

    def _status(self, error: Exception) -> Status:
        match error:
            case _StatusError():
                return error.status
            case RefusedError():
                return Status.FromString(error.status)
            case LocationRefusedError():
                return convert.location_refused(error, error.roots)
            case LocationError():
                return convert.backlog_status(error)
            case TooManyRunsError():
                return convert.too_many_runs(self._settings.backlog_runs)
            case KilledError():
                return convert.exhausted()
            case _:
                return status_of(error)


class _StatusError(Exception):
    """A call ends with this status."""

    def __init__(self, status: Status) -> None:
        super().__init__(Code.Name(status.code))
        self.status = status
