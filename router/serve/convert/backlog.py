"""From a request about a backlog to what is asked, and from what is wrong with it to a status on the wire."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from google.rpc.code_pb2 import (
    ABORTED,
    DEADLINE_EXCEEDED,
    FAILED_PRECONDITION,
    INVALID_ARGUMENT,
    PERMISSION_DENIED,
    RESOURCE_EXHAUSTED,
)
from google.rpc.status_pb2 import Status

from router.errors import CaseError, Problem, RouterError
from router.money import EXPONENTS, minor_of_nanos
from router.policy.model import Policy
from router.serve.convert.errors import bad_request, shortened, told
from router.serve.convert.request import instant
from router.v1 import backlog_service_pb2 as pb

_LARGEST_BUDGET = 10**15
_ROOTS = 600
_CODES: Mapping[str, tuple[int, str]] = {
    "queue-busy": (ABORTED, "QUEUE_BUSY"),
    "queue-not-written": (FAILED_PRECONDITION, "QUEUE_NOT_WRITTEN"),
    "bad-location": (INVALID_ARGUMENT, "INVALID_BACKLOG"),
}


class Terms(NamedTuple):
    """How a backlog is decided: ``now`` in microseconds, ``budget`` in minor units of the policy's currency."""

    policy: Policy
    now: int
    budget: int | None
    with_accepted: bool


def terms_of(wire: pb.BacklogTerms, clock: int, find: Callable[[str, str, int], Policy]) -> Terms:
    """The terms; ``find`` takes name, version and time. Raises :class:`CaseError`, or what ``find`` raises."""
    problems: list[Problem] = []

    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=f"terms.{field}"))

    now = instant(wire.now, "now", wrong) if wire.HasField("now") else clock
    refuse(problems)
    policy = find(wire.policy, wire.policy_version, now)
    budget = None
    if wire.HasField("budget"):
        given = wire.budget
        if given.currency_code not in {"", policy.currency}:
            wrong("budget.currency_code", f"is {given.currency_code}; the policy has {policy.currency}")
        if not (0 <= given.units <= _LARGEST_BUDGET and 0 <= given.nanos < 10**9):
            wrong("budget", f"is not between 0 and {_LARGEST_BUDGET:g}, or has nanos outside 0 to 999,999,999")
        refuse(problems)
        budget = minor_of_nanos(given.units, given.nanos, EXPONENTS[policy.currency])
    return Terms(policy, now, budget, wire.with_accepted)


def refuse(problems: list[Problem]) -> None:
    """Raise :class:`CaseError` if there are any."""
    if problems:
        raise CaseError(problems)


def backlog_status(error: RouterError, *, full: bool = False) -> Status:
    """The status of what is wrong with tables, locations or the output; ``full`` if there was no room for the output.

    A ``BadRequest`` names each problem by the field of the request or by its file.
    """
    code, reason = _CODES.get(error.problems[0].code, (INVALID_ARGUMENT, "INVALID_BACKLOG"))
    if full:
        code, reason = RESOURCE_EXHAUSTED, "RUN_EXHAUSTED"
    named = RouterError([Problem(each.code, each.message, field=each.field or each.where) for each in error.problems])
    fields = bad_request(named)
    more = len(named.problems) - len(fields.field_violations)
    return told(code, str(error), reason, {"more": str(more)} if more else {}, fields)


def location_refused(error: RouterError, roots: tuple[str, ...]) -> Status:
    """The status of a location that is not below the roots."""
    known = shortened(", ".join(roots), _ROOTS)
    return told(PERMISSION_DENIED, str(error), "LOCATION_REFUSED", {"roots": known}, bad_request(error))


def no_roots(setting: str) -> Status:
    """The status of a call for files on a server that has no roots."""
    said = f"the server reads and writes no files for a call; set {setting} to the folders where they may lie"
    return told(FAILED_PRECONDITION, said, "NO_BACKLOG_ROOTS", {"setting": setting})


def too_many_runs(limit: int) -> Status:
    """The status of a call beyond the runs that go on at once."""
    said = f"{limit} runs over a backlog are going on, as many as are taken at once; call again later"
    return told(RESOURCE_EXHAUSTED, said, "TOO_MANY_RUNS", {"limit": str(limit)})


def too_many(limit: int) -> Status:
    """The status of a call about policies beyond those that are done at once."""
    said = f"{limit} calls about policies are going on, as many as are taken at once; call again later"
    return told(RESOURCE_EXHAUSTED, said, "TOO_MANY_RUNS", {"limit": str(limit)})


def unreadable(problems: Iterable[Problem]) -> Status:
    """The status of a call for a policy whose file or releases cannot be read."""
    error = RouterError(problems)
    return told(FAILED_PRECONDITION, str(error), "UNREADABLE_POLICY", {}, bad_request(error))


def too_large(what: str, limit: int) -> Status:
    """The status of an upload with more cases or bytes than are taken."""
    said = f"more than {limit:,} {what} were sent; a larger backlog goes by files, with Reprioritize"
    return told(INVALID_ARGUMENT, said, "BACKLOG_TOO_LARGE", {"limit": str(limit)})


def exhausted() -> Status:
    """The status of a run that the system ended."""
    said = "the run was ended by the system, most likely for want of memory; set backlog_memory_mb lower"
    return told(RESOURCE_EXHAUSTED, said, "RUN_EXHAUSTED", {})


def stalled(seconds: float) -> Status:
    """The status of an upload of which nothing comes any more."""
    said = f"no part of the backlog came for {seconds:g} seconds; send it again, without long pauses"
    return told(DEADLINE_EXCEEDED, said, "UPLOAD_STALLED", {"seconds": f"{seconds:g}"})
