"""From an error of the domain to a status on the wire: one mapping for every call, stream and batch item."""

from google.protobuf.any_pb2 import Any
from google.rpc.code_pb2 import INTERNAL, INVALID_ARGUMENT, NOT_FOUND
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from router.errors import CaseError, Problem, RouterError, UnknownPolicyError
from router.v1 import case_router_service_pb2 as pb

DOMAIN = "case-router"


def status(error: RouterError) -> Status:
    """The status of an error: its reason in an ``ErrorInfo``, and a ``BadRequest`` with every field that is wrong."""
    if isinstance(error, BatchTooLargeError):
        return _status(INVALID_ARGUMENT, str(error), "BATCH_TOO_LARGE", {"limit": str(error.limit)}, bad_request(error))
    if isinstance(error, CaseError):
        return _status(INVALID_ARGUMENT, str(error), "INVALID_CASE", {}, bad_request(error))
    if isinstance(error, UnknownPolicyError):
        version = any(problem.code == "unknown-version" for problem in error.problems)
        reason = "UNKNOWN_POLICY_VERSION" if version else "UNKNOWN_POLICY"
        known = error.problems[0].message.rpartition(": ")[2]
        return _status(NOT_FOUND, str(error), reason, {"known": known})
    return _status(INTERNAL, "the server failed", "INTERNAL", {})


def fault(name: str) -> Status:
    """The status of a fault of the server's own; the log tells more under ``name``."""
    return _status(INTERNAL, f"the server failed; its log tells more under {name}", "INTERNAL", {"fault": name})


class BatchTooLargeError(CaseError):
    """A batch with more items than the server takes."""

    def __init__(self, problem: Problem, limit: int) -> None:
        super().__init__([problem])
        self.limit = limit


def bad_request(error: RouterError) -> BadRequest:
    """Every invalid field with what is wrong."""
    return BadRequest(
        field_violations=[
            BadRequest.FieldViolation(field=problem.field, description=problem.message) for problem in error.problems
        ]
    )


def _status(code: int, message: str, reason: str, metadata: dict[str, str], *details: BadRequest) -> Status:
    found = Status(code=code, message=message)
    name = f"ERROR_REASON_{reason}"
    assert name in pb.ErrorReason.keys()  # noqa: S101, SIM118 - an enum wrapper is no mapping
    for detail in (ErrorInfo(reason=name, domain=DOMAIN, metadata=metadata), *details):
        packed = Any()
        packed.Pack(detail)
        found.details.append(packed)
    return found
