"""From an error of the domain to a status on the wire: one mapping for every call, stream and batch item."""

from collections.abc import Mapping

from google.protobuf.any_pb2 import Any
from google.rpc.code_pb2 import FAILED_PRECONDITION, INTERNAL, INVALID_ARGUMENT, NOT_FOUND, RESOURCE_EXHAUSTED
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from router.errors import CaseError, LogError, OtherShardError, Problem, RouterError, UnknownPolicyError
from router.v1 import case_router_service_pb2 as pb

DOMAIN = "case-router"


_MESSAGE, _FIELDS, _FIELD, _NAMES = 1_000, 2_400, 300, 600
"""Bytes. A call that fails brings all it says in trailing metadata, of which a client takes 8 KB."""


def status(error: CaseError | UnknownPolicyError | LogError | OtherShardError) -> Status:
    """The status of an error: its reason in an ``ErrorInfo``, and a ``BadRequest`` with every field that is wrong.

    Of more fields than fit, the first; the metadata ``more`` then says how many others there are.
    """
    if isinstance(error, UnknownPolicyError):
        version = any(problem.code == "unknown-version" for problem in error.problems)
        reason = "UNKNOWN_POLICY_VERSION" if version else "UNKNOWN_POLICY"
        return told(NOT_FOUND, str(error), reason, {"known": shortened(", ".join(sorted(error.known)), _NAMES)})
    if isinstance(error, OtherShardError):
        where = {"shard": str(error.shard), "shards": str(error.shards), "snapshot_id": error.snapshot}
        return told(FAILED_PRECONDITION, str(error), "OTHER_SHARD", where)
    if isinstance(error, NoLogError):
        return told(FAILED_PRECONDITION, str(error), "NO_LOG", {})
    if isinstance(error, LogError):
        return told(RESOURCE_EXHAUSTED, str(error), "LOG_UNAVAILABLE", {})
    fields = bad_request(error)
    more = len(error.problems) - len(fields.field_violations)
    metadata = {"more": str(more)} if more else {}
    if isinstance(error, BatchTooLargeError):
        return told(INVALID_ARGUMENT, str(error), "BATCH_TOO_LARGE", metadata | {"limit": str(error.limit)}, fields)
    return told(INVALID_ARGUMENT, str(error), "INVALID_CASE", metadata, fields)


def fault(name: str) -> Status:
    """The status of a fault of the server's own; the log tells more under ``name``."""
    return told(INTERNAL, f"the server failed; its log tells more under {name}", "INTERNAL", {"fault": name})


class BatchTooLargeError(CaseError):
    """A batch with more items than the server takes."""

    def __init__(self, problem: Problem, limit: int) -> None:
        super().__init__([problem])
        self.limit = limit


class NoLogError(LogError):
    """An outcome for a server that keeps no log."""


def bad_request(error: RouterError) -> BadRequest:
    """The invalid fields with what is wrong, as many as fit."""
    found = BadRequest()
    left = _FIELDS
    for problem in error.problems:
        field, said = shortened(problem.field, _FIELD), shortened(problem.message, _FIELD)
        left -= len(field.encode()) + len(said.encode()) + _FRAME
        if left < 0:
            break
        found.field_violations.add(field=field, description=said)
    return found


_FRAME = 10
"""Bytes that a violation takes beside its two texts, at most."""


def shortened(text: str, most: int) -> str:
    """The beginning of a text, so that it takes no more than ``most`` bytes even where gRPC has to escape it.

    >>> shortened("a" * 9, 9), shortened("a" * 10, 9), shortened("100 % sure", 6)
    ('aaaaaaaaa', 'aaaaaaaaa …', '100  …')
    """
    spent = 0
    for place, char in enumerate(text):
        spent += 1 if " " <= char <= "~" and char != "%" else 3 * len(char.encode())
        if spent > most:
            return f"{text[:place]} …"
    return text


def told(code: int, message: str, reason: str, metadata: Mapping[str, str], *details: BadRequest) -> Status:
    """A status of that code with its reason, the name of an ``ErrorReason`` without the prefix."""
    found = Status(code=code, message=shortened(message, _MESSAGE))
    name = f"ERROR_REASON_{reason}"
    assert name in pb.ErrorReason.keys()  # noqa: S101, SIM118 - an enum wrapper is no mapping
    for detail in (ErrorInfo(reason=name, domain=DOMAIN, metadata=metadata), *details):
        packed = Any()
        packed.Pack(detail)
        found.details.append(packed)
    return found
