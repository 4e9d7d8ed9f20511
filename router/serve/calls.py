"""What every call of every service shares: its context, the clock, and how an error ends it."""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import grpc
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status

from router.errors import CaseError, LogError, OtherShardError, UnknownPolicyError
from router.serve.convert import errors

_LOG = logging.getLogger("case_router.serve")
_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = Callable[[bytes, Context], Awaitable[bytes]]


def clock() -> int:
    """The time in microseconds."""
    return time.time_ns() // 1000


def status_of(error: Exception) -> Status:
    """The status of any error; one that the request did not cause is logged under a name of its own."""
    if isinstance(error, CaseError | UnknownPolicyError | LogError | OtherShardError):
        return errors.status(error)
    name = secrets.token_hex(8)
    _LOG.error("fault %s", name, exc_info=error)
    return errors.fault(name)


async def abort(context: Context, status: Status) -> None:
    """End a call with a status that is not OK."""
    if status.code == Code.Value("OK"):
        return
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(_CODES[status.code], status.message, details)
