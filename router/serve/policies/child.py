"""The process that a call about policies has to itself: a check may take seconds, and decisions go first."""

import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from router.errors import CaseError, LogError, PolicyError, Problem, RouterError, SettingsError, UnknownPolicyError
from router.fairness import check_fairness
from router.policy.compile import Written
from router.policy.difference import difference
from router.policy.lint import lint
from router.policy.model import Policy
from router.policy.store import check_folder, is_policy_folder
from router.scenarios.choose import PolicyChooser
from router.scenarios.load import PolicyOf, ScenarioFile, bind, read_files, read_scenarios, scenario_files
from router.scenarios.run import run
from router.serve.backlog.job import FAULT, MESSAGE, REFUSED, frame
from router.serve.convert import errors
from router.serve.convert import policies as convert
from router.serve.policies.job import PolicyJob
from router.serve.policies.sources import Shelves, Wanted, problems_of
from router.v1 import policy_service_pb2 as pb

_POLITENESS = 10
"""How much later than the server a call gets its turn, as for ``nice``."""
_SEED = 0
"""What the search for unfair decisions starts from, so that a check says the same each time."""
_SENT = "scenarios"


def check(job: PolicyJob) -> pb.CheckPolicyResponse:
    """``CheckPolicy``."""
    request = pb.CheckPolicyRequest.FromString(job.request)
    shelves, wanted = Shelves(job.root, job.now), convert.wanted(request.policy, "policy", "text")
    found = pb.CheckPolicyResponse()
    problems: list[Problem] = []
    try:
        if not wanted.text:
            problems += check_folder(shelves.folder(wanted.policy))[1]
        written = shelves.written(wanted)
    except PolicyError as error:
        problems += error.problems
    else:
        policy = written.policy
        found = pb.CheckPolicyResponse(policy=policy.name, version=policy.version, digest=policy.digest)
        problems += lint(written)
        if request.fairness:
            problems += check_fairness(policy, seed=_SEED)
    listed = RouterError(dict.fromkeys(problems))
    found.problems.extend(convert.problems(problems_of(listed, job.root)))
    return found


def test(job: PolicyJob) -> pb.TestPolicyResponse:
    """``TestPolicy``."""
    request = pb.TestPolicyRequest.FromString(job.request)
    shelves, wanted = Shelves(job.root, job.now), convert.wanted(request.policy, "policy", "text")
    try:
        written = shelves.written(wanted)
        folder = _folder_of(shelves, wanted, written) / "tests"
        sent = folder / _SENT
        files = [read_scenarios(request.scenarios, sent, str(sent))] if request.scenarios else _beside(folder)
        outcomes = run(bind(files, _deciding(written.policy, folder.parent)))
    except PolicyError as error:
        told = [replace(each, where=_SENT) if each.where.endswith(f"tests/{_SENT}") else each for each in error.problems]
        listed = RouterError(told)
        return pb.TestPolicyResponse(problems=convert.problems(problems_of(listed, job.root)))
    places = {str(file.path): str(file.path.relative_to(job.root)) for file in files} | {str(sent): _SENT}
    return pb.TestPolicyResponse(
        scenarios=[convert.tested(each, places.get(each.scenario.where, each.scenario.where)) for each in outcomes],
        failed=sum(bool(each.failures) for each in outcomes),
    )


def _folder_of(shelves: Shelves, wanted: Wanted, written: Written) -> Path:
    """The folder of a policy's scenarios; a draft may be the first version of a policy that is not there yet."""
    name = wanted.policy or written.policy.name
    if wanted.text and not wanted.policy and not is_policy_folder(shelves.root / Path(name).name):
        return shelves.root / Path(name).name
    return shelves.folder(name)


def _deciding(policy: Policy, folder: Path) -> PolicyOf:
    """What decides a scenario: the policy, but where the scenario names another of the folder's versions."""
    others = PolicyChooser(folder, str(folder))
    return lambda file, version: policy if version in {"", policy.version} else others(file, version)


def _beside(folder: Path) -> Sequence[ScenarioFile]:
    files = scenario_files(folder)
    if not files:
        raise PolicyError([Problem("bad-file", "there is no scenario beside this policy; send some", str(folder))])
    return read_files(files)


def diff(job: PolicyJob) -> pb.DiffPoliciesResponse:
    """``DiffPolicies``."""
    request = pb.DiffPoliciesRequest.FromString(job.request)
    shelves = Shelves(job.root, job.now)
    sources = convert.wanted(request.before, "before", "before"), convert.wanted(request.after, "after", "after")
    if request.fail_if and not request.HasField("window"):
        raise CaseError([Problem("invalid-case", "is required for conditions", field="window")])
    period = convert.window(request.window, job.now) if request.HasField("window") else None
    written: list[Written] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            written.append(shelves.written(source))
        except PolicyError as error:
            problems += error.problems
    found = pb.DiffPoliciesResponse(problems=convert.problems(problems_of(RouterError(problems), job.root)))
    if problems:
        return found
    before, after = written
    found.changes.extend(map(convert.change, difference(before, after)))
    if period is not None:
        try:
            found.impact.CopyFrom(_impact(job, request, before, after, period))
        except (PolicyError, SettingsError) as error:
            found.problems.extend(convert.problems(replace(each, where="fail_if") for each in error.problems))
    return found


def _impact(
    job: PolicyJob, request: pb.DiffPoliciesRequest, before: Written, after: Written, period: tuple[int, int]
) -> pb.PolicyImpact:
    from router.bulk.impact.comparison import compare  # noqa: PLC0415 - Polars is for those who ask for it
    from router.bulk.impact.figures import judge, read_conditions  # noqa: PLC0415 - as above
    from router.bulk.impact.population import Versions, logged_cases  # noqa: PLC0415 - as above
    from router.serve.convert import impact  # noqa: PLC0415 - as above

    if job.log is None:
        raise errors.NoLogError([Problem("no-log", "the server keeps no log; start it with --log", field="window")])
    versions = Versions(before.policy, after.policy)
    capacity = request.p1_capacity if request.HasField("p1_capacity") else None
    conditions = read_conditions(request.fail_if, versions, capacity)
    try:
        cases = logged_cases(versions, job.log, since=period[0], until=period[1])
    except LogError as error:
        if error.problems[0].code == "no-log":
            raise errors.NoLogError([replace(each, where="", field="window") for each in error.problems]) from error
        raise
    found = compare(cases, capacity)
    found.told = "the decision log of the server, of each case the last decision in the window"
    return impact.impact_to_wire(found, judge(conditions, found))


CALLS: Mapping[str, Callable[[PolicyJob], Any]] = {"CheckPolicy": check, "TestPolicy": test, "DiffPolicies": diff}
"""What is done here, by the names of the calls."""


def work(job: PolicyJob, out: BinaryIO) -> None:
    """Do a call; whatever happens is told."""
    try:
        told = frame(MESSAGE, CALLS[job.call](job).SerializeToString())
    except (CaseError, UnknownPolicyError, LogError) as error:
        told = frame(REFUSED, errors.status(error).SerializeToString())
    except Exception:  # noqa: BLE001 - whatever it was, the server tells its log
        told = frame(FAULT, traceback.format_exc().encode())
    out.write(told)
    out.flush()


def _end_with(source: int) -> None:
    """When the input ends, whoever asked has gone."""
    while os.read(source, 1):
        pass
    os._exit(1)


def main() -> None:
    """Read one job from the input and do it."""
    os.nice(_POLITENESS)
    job: PolicyJob = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the server that started this process
    threading.Thread(target=_end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    with suppress(BrokenPipeError):
        work(job, sys.stdout.buffer)


if __name__ == "__main__":
    main()
