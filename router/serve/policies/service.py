"""The calls of ``PolicyService``: what is quick is done in a thread, the rest in processes of their own."""

import asyncio
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

import grpc
from google.rpc.status_pb2 import Status

from router.errors import PolicyError
from router.policy.releases import RELEASES, Release, in_force, read_releases
from router.policy.store import policy_folders, read_text, shipped_policies, version_files
from router.serve.backlog.runs import KilledError, RefusedError, Runs, TooManyRunsError
from router.serve.calls import Context, Handler, abort, clock, status_of
from router.serve.convert import backlog as statuses
from router.serve.convert import policies as convert
from router.serve.convert.asked import parse
from router.serve.policies.job import PolicyJob
from router.serve.policies.sources import Shelves, problems_of
from router.serve.settings import Settings
from router.v1 import policy_service_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["PolicyService"].full_name
COMMAND = (sys.executable, "-m", "router.serve.policies.child")
"""What a call that takes long is done by."""
_REQUESTS = {
    "CheckPolicy": pb.CheckPolicyRequest,
    "TestPolicy": pb.TestPolicyRequest,
    "DiffPolicies": pb.DiffPoliciesRequest,
}


class Policies:
    """The service, over the folder of policies that the server serves from."""

    def __init__(self, settings: Settings, *, now: Callable[[], int] = clock) -> None:
        self._policies = settings.policies or shipped_policies()
        self._log = settings.log
        self._limit = settings.policy_runs
        self._now = now
        self.runs = Runs(threading.Semaphore(settings.policy_runs), COMMAND)

    @property
    def _root(self) -> Path:
        """The folder as it is now: a link to it may be swapped while it is served."""
        return self._policies.resolve()

    async def list_policies(self, data: bytes, context: Context) -> bytes:
        """``ListPolicies``."""
        try:
            parse(pb.ListPoliciesRequest, data)
            return await asyncio.to_thread(self._list)
        except Exception as error:
            await abort(context, self._status(error))
            raise

    async def get_policy(self, data: bytes, context: Context) -> bytes:
        """``GetPolicy``."""
        try:
            return await asyncio.to_thread(self._get, parse(pb.GetPolicyRequest, data))
        except Exception as error:
            await abort(context, self._status(error))
            raise

    def handlers(self) -> grpc.GenericRpcHandler:
        """All calls by name; none of them has gRPC parse or serialise."""
        calls: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "ListPolicies": grpc.unary_unary_rpc_method_handler(self.list_policies),
            "GetPolicy": grpc.unary_unary_rpc_method_handler(self.get_policy),
            **{name: grpc.unary_unary_rpc_method_handler(self._aside(name)) for name in _REQUESTS},
        }
        return grpc.method_handlers_generic_handler(SERVICE, calls)

    def _aside(self, call: str) -> Handler:
        """A call that is done in a process of its own, which ends with it."""

        async def asked(data: bytes, context: Context) -> bytes:
            try:
                parse(_REQUESTS[call], data)
                self.runs.take()
                try:
                    return await self._done(PolicyJob(call, data, self._root, self._log, self._now()))
                finally:
                    self.runs.give_back()
            except Exception as error:
                await abort(context, self._status(error))
                raise

        return asked

    async def _done(self, job: PolicyJob) -> bytes:
        answer = b""
        async with aclosing(self.runs.messages(job)) as messages:
            async for message in messages:  # the last one; before it comes nothing but a pulse
                answer = message
        return answer

    def _list(self) -> bytes:
        found, root = pb.ListPoliciesResponse(), self._root
        for folder in policy_folders(root):
            listed = found.policies.add(name=folder.name)
            releases: Sequence[Release] = ()
            try:
                file = folder / RELEASES
                releases = read_releases(read_text(file), str(file)) if file.is_file() else ()
            except PolicyError as error:
                listed.problems.extend(convert.problems(problems_of(error, root)))
            current = in_force(releases, self._now())
            listed.in_force = "" if current is None else current.version
            listed.releases.extend(map(convert.release, releases))
            released = {entry.version for entry in releases}
            for path in version_files(folder):
                listed.versions.add(version=path.stem, draft=path.stem not in released)
        return found.SerializeToString()

    def _get(self, request: pb.GetPolicyRequest) -> bytes:
        file: Path = Shelves(self._root, self._now()).file(request.policy, request.version)
        return pb.GetPolicyResponse(policy=file.parent.name, version=file.stem, text=read_text(file)).SerializeToString()

    def _status(self, error: Exception) -> Status:
        match error:
            case RefusedError():
                return Status.FromString(error.status)
            case TooManyRunsError():
                return statuses.too_many(self._limit)
            case KilledError():
                return statuses.exhausted()
            case PolicyError():
                return statuses.unreadable(problems_of(error, self._root))
            case _:
                return status_of(error)
