"""From what was found out about policies to the messages of ``PolicyService``."""

from collections.abc import Iterable

from router.errors import CaseError, Problem
from router.policy.difference import Change
from router.policy.releases import Release
from router.scenarios.explain import explain
from router.scenarios.model import Outcome
from router.serve.convert.answer import timestamp
from router.serve.convert.request import instant
from router.serve.policies.sources import Wanted
from router.time import DAY
from router.v1 import policy_service_pb2 as pb


def wanted(wire: pb.PolicySource, field: str, name: str) -> Wanted:
    """The version that a field of a request means; ``name`` is what problems call a draft.

    Raises ``CaseError`` where it says two things at once.
    """
    if wire.text and wire.version:
        said = "is for a version of the server's own; a draft says it itself"
        raise CaseError([Problem("invalid-case", said, field=f"{field}.version")])
    return Wanted(name, wire.policy, wire.version, wire.text)


def window(wire: pb.LogWindow, now: int) -> tuple[int, int]:
    """From when until when. Raises ``CaseError`` with what is wrong."""
    problems: list[Problem] = []

    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=f"window.{field}"))

    until = instant(wire.until, "until", wrong) if wire.HasField("until") else now
    since = instant(wire.since, "since", wrong) if wire.HasField("since") else until - DAY
    if problems:
        raise CaseError(problems)
    return since, until


def problem(found: Problem) -> pb.PolicyProblem:
    """A problem; its hint is what stands behind the first semicolon of the message."""
    return pb.PolicyProblem(
        code=found.code,
        message=found.message,
        hint=found.message.partition("; ")[2],
        where=found.where,
        line=found.line,
        column=found.column,
        width=found.width,
        line_text=found.text,
        field=found.field,
        warning=found.warning,
    )


def problems(found: Iterable[Problem]) -> list[pb.PolicyProblem]:
    """All of them."""
    return list(map(problem, found))


def release(entry: Release) -> pb.ListedRelease:
    """An entry of the releases."""
    return pb.ListedRelease(
        version=entry.version,
        digest=entry.digest,
        effective_from=timestamp(entry.effective_from),
        by=entry.by,
        approved_by=entry.approved_by or "",
        note=entry.note,
        trial=entry.trial or "",
    )


def tested(outcome: Outcome, where: str) -> pb.TestedScenario:
    """What came of a scenario that stands in ``where``."""
    return pb.TestedScenario(
        name=outcome.scenario.name,
        where=where,
        line=outcome.scenario.line,
        failures=[
            pb.FailedExpectation(field=each.field, expected=each.expected, found=each.found, rule=each.rule)
            for each in outcome.failures
        ],
        explanation=explain(outcome).replace(outcome.scenario.where, where) if outcome.failures else "",
    )


def change(found: Change) -> pb.PolicyChange:
    """A difference in words."""
    return pb.PolicyChange(
        section=found.section,
        name=found.name,
        field=found.field,
        before=found.before,
        after=found.after,
        told=str(found),
    )
