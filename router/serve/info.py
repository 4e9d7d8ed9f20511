"""What a server says of itself: what it runs by, what became of changes to it, and what is on trial."""

from dataclasses import dataclass

from router.errors import Problem
from router.serve.convert.answer import timestamp
from router.serve.shadow import Shadow
from router.serve.state import State
from router.v1 import case_router_service_pb2 as pb


@dataclass(slots=True)
class Reloads:
    """What became of changes since the start of a process: how often, when last, and what is wrong now."""

    taken: int = 0
    taken_at: int | None = None
    refused: int = 0
    refused_at: int | None = None
    problems: tuple[Problem, ...] = ()

    def wire(self) -> pb.Reloads:
        """The same as a message."""
        return pb.Reloads(
            taken=self.taken,
            taken_at=None if self.taken_at is None else timestamp(self.taken_at),
            refused=self.refused,
            refused_at=None if self.refused_at is None else timestamp(self.refused_at),
            problems=[pb.ReloadProblem(code=each.code, message=each.message, where=_place(each)) for each in self.problems],
        )


def _place(problem: Problem) -> str:
    return ":".join(str(part) for part in (problem.where, problem.line, problem.column) if part)


def server_info(state: State, now: int, lost: int, reloads: Reloads, shadow: Shadow) -> pb.GetServerInfoResponse:
    """The answer of ``GetServerInfo``; ``lost`` counts decisions that could not be logged."""
    found = pb.GetServerInfoResponse(
        engine_version=state.engine_version,
        snapshot_id=state.records.id,
        snapshot_as_of=None if state.records.as_of is None else timestamp(state.records.as_of),
        snapshot_customers=getattr(state.records, "rows", 0),
        snapshot_shards=getattr(state.records, "shards", 0),
        shards_served=getattr(state.records, "serves", ()),
        decisions_not_logged=lost,
        reloads=reloads.wire(),
    )
    for policy, in_force, draft in state.policies.versions(now):
        found.policies.add(policy=policy.name, version=policy.version, digest=policy.digest, in_force=in_force, draft=draft)
    for name in sorted({info.policy for info in found.policies}):
        trial = state.policies.trial(name, now)
        if trial is not None:
            digest = trial.policy.digest
            found.trials.add(
                policy=name,
                version=trial.policy.version,
                digest=digest,
                share=trial.share,
                compared=shadow.compared[digest],
                differing=shadow.differing[digest],
                dropped=shadow.dropped[digest],
                failed=shadow.failed[digest],
            )
    return found
