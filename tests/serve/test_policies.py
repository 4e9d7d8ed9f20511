"""PolicyService: what an editor sees of policies, of drafts that are not on disk, and of a log."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest
from google.rpc.code_pb2 import FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, OK, RESOURCE_EXHAUSTED

from router.bulk.impact.comparison import compare
from router.bulk.impact.figures import figures
from router.bulk.impact.population import Versions, logged_cases
from router.policy.store import read_policy, shipped_policies
from router.serve.convert.answer import timestamp
from router.serve.state import NoRecords, State
from router.v1 import policy_service_pb2 as pb
from router.v1.policy_service_pb2_grpc import PolicyServiceStub
from tests.bulk.impact.versions import edited
from tests.log.records import TODAY, decided, logged
from tests.policy.small import SMALL, write
from tests.serve.backlogs import until
from tests.serve.engine import ENGINE_VERSION, OnePolicy, Served, serving, shipped_scenarios
from tests.serve.shop import reason, refused

WRONG = SMALL.replace("customer.tenure_years >= 3", "customer.tenur_years >= 3").replace("10 * case.chases", "10 * case")


STRANGER = """\
- name: a stranger
  now: 2026-06-01T10:00:00Z
  case: {opened_at: 2026-06-01T08:00:00Z}
  expect: {tier: gold}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policies, one that has only a draft, and beside them what no call may read."""
    folder = tmp_path_factory.mktemp("served") / "policies"
    shutil.copytree(shipped_policies(), folder)
    write(folder)
    write(folder.parent / "secret")
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log") / "log"
    logged(folder, decided([each for each in shipped_scenarios() if each.policy.name == "retail"]))
    return folder


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[Served]:
    policy = read_policy(root / "retail" / "1.0.0.yaml")
    with serving(State(OnePolicy(policy), NoRecords(), ENGINE_VERSION), policies=root) as found:
        yield found


@pytest.fixture(scope="module")
def stub(served: Served) -> PolicyServiceStub:
    return PolicyServiceStub(served.channel)


def why(call: Callable[[], object]) -> tuple[int, str]:
    """The code and the reason of a call that fails."""
    status = refused(call)
    return status.code, reason(status).reason.removeprefix("ERROR_REASON_")


def test_policies_are_listed_with_versions_drafts_and_releases(stub: PolicyServiceStub) -> None:
    listed = {each.name: each for each in stub.ListPolicies(pb.ListPoliciesRequest()).policies}
    assert set(listed) == {"retail", "service_desk", "small"}
    assert (listed["retail"].in_force, listed["small"].in_force) == ("1.0.0", "")
    assert [(each.version, each.draft) for each in listed["small"].versions] == [("1.0.0", True)]
    assert [each.version for each in listed["retail"].releases] == ["1.0.0"]
    assert len(listed["retail"].releases[0].digest) == 64


def test_the_text_of_a_version_is_given_and_nothing_outside_the_folder(stub: PolicyServiceStub, root: Path) -> None:
    found = stub.GetPolicy(pb.GetPolicyRequest(policy="retail"))
    assert (found.version, found.text) == ("1.0.0", (root / "retail" / "1.0.0.yaml").read_text())
    for policy, version, told in (
        ("../secret/small", "", "UNKNOWN_POLICY"),
        ("small", "../../secret/small/1.0.0", "UNKNOWN_POLICY_VERSION"),
        ("", "", "UNKNOWN_POLICY"),
        ("small", "releases", "UNKNOWN_POLICY_VERSION"),
    ):
        asked = pb.GetPolicyRequest(policy=policy, version=version)
        assert why(partial(stub.GetPolicy, asked)) == (NOT_FOUND, told)


def test_a_draft_is_checked_and_each_problem_has_its_place(stub: PolicyServiceStub) -> None:
    found = stub.CheckPolicy(pb.CheckPolicyRequest(policy=pb.PolicySource(text=WRONG)))
    assert (found.policy, found.digest) == ("", "")
    first = found.problems[0]
    line = WRONG.splitlines().index("    when: customer.tenur_years >= 3") + 1
    assert (first.code, first.where, first.line, first.column, first.width) == ("unknown-fact", "text", line, 11, 20)
    assert first.message == "no fact customer.tenur_years; did you mean customer.tenure_years?"
    assert first.hint == "did you mean customer.tenure_years?"
    assert first.line_text == "    when: customer.tenur_years >= 3"
    assert len(found.problems) == 2


def test_a_draft_without_a_mistake_has_a_digest_and_only_doubts(stub: PolicyServiceStub) -> None:
    found = stub.CheckPolicy(
        pb.CheckPolicyRequest(policy=pb.PolicySource(text=SMALL + "parameters: {unread: 3}\n"), fairness=True)
    )
    assert (found.policy, found.version, len(found.digest)) == ("small", "1.0.0", 64)
    assert all(each.warning for each in found.problems)
    assert "unread" in " ".join(each.message for each in found.problems)


def test_what_is_no_policy_at_all_is_a_problem_too(stub: PolicyServiceStub) -> None:
    for text in ("policy: [", "\x00", "- 1", "x" * 100_000, "a: &a [*a]"):
        found = stub.CheckPolicy(pb.CheckPolicyRequest(policy=pb.PolicySource(text=text)))
        assert found.problems, text[:10]
        assert not found.policy


def test_a_released_version_is_checked_by_name(stub: PolicyServiceStub) -> None:
    found = stub.CheckPolicy(pb.CheckPolicyRequest(policy=pb.PolicySource(policy="service_desk")))
    assert (found.policy, [each.message for each in found.problems if not each.warning]) == ("service_desk", [])


def test_a_draft_has_to_pass_the_scenarios_beside_its_policy(stub: PolicyServiceStub, root: Path) -> None:
    text = (root / "retail" / "1.0.0.yaml").read_text()
    found = stub.TestPolicy(pb.TestPolicyRequest(policy=pb.PolicySource(text=text)))
    assert (found.failed, len(found.scenarios) > 50, list(found.problems)) == (0, True, [])
    assert {each.where.split("/")[0] for each in found.scenarios} == {"retail"}
    changed = stub.TestPolicy(pb.TestPolicyRequest(policy=pb.PolicySource(text=edited(text))))
    assert changed.failed > 5
    worst = next(each for each in changed.scenarios if each.failures)
    assert worst.failures[0].expected != worst.failures[0].found
    assert worst.explanation.startswith(f"{worst.where}:{worst.line}: {worst.name}\n")


def test_a_scenario_of_another_version_is_decided_by_that_one(stub: PolicyServiceStub) -> None:
    draft = pb.PolicySource(text=SMALL.replace("version: 1.0.0", "version: 9.0.0").replace("tier: standard", "tier: basic"))
    for version, tier in (("9.0.0", "basic"), ("1.0.0", "standard")):
        sent = STRANGER.replace("- name", f"- policy_version: {version}\n  name", 1)
        (only,) = stub.TestPolicy(pb.TestPolicyRequest(policy=draft, scenarios=sent)).scenarios
        assert only.failures[0].found == tier
    for version, code in (("8.0.0", "unknown-version"), ("../small/1.0.0", "bad-value")):
        sent = STRANGER.replace("- name", f"- policy_version: {version}\n  name", 1)
        (problem,) = stub.TestPolicy(pb.TestPolicyRequest(policy=draft, scenarios=sent)).problems
        assert (problem.code, problem.where, problem.line) == (code, "scenarios", 1)


def test_scenarios_that_are_sent_are_tried_instead(stub: PolicyServiceStub) -> None:
    sent = STRANGER
    for source in (pb.PolicySource(text=SMALL), pb.PolicySource(policy="small")):
        (only,) = stub.TestPolicy(pb.TestPolicyRequest(policy=source, scenarios=sent)).scenarios
        assert (only.where, only.line, only.failures[0].found) == ("scenarios", 1, "standard")
    wrong = stub.TestPolicy(pb.TestPolicyRequest(policy=pb.PolicySource(text=SMALL), scenarios=sent.replace("tier", "tear")))
    assert (wrong.problems[0].where, wrong.problems[0].line) == ("scenarios", 4)
    none = stub.TestPolicy(pb.TestPolicyRequest(policy=pb.PolicySource(policy="small")))
    assert none.problems[0].message == "there is no scenario beside this policy; send some"


def test_versions_are_compared_in_words(stub: PolicyServiceStub) -> None:
    after = pb.PolicySource(text=SMALL.replace("10 * case.chases", "12 * case.chases"))
    found = stub.DiffPolicies(pb.DiffPoliciesRequest(before=pb.PolicySource(policy="small"), after=after))
    assert [each.told for each in found.changes] == [
        "priority rule chased: points was `10 * case.chases`, is `12 * case.chases`"
    ]
    assert not found.HasField("impact")
    wrong = stub.DiffPolicies(pb.DiffPoliciesRequest(before=pb.PolicySource(text=WRONG), after=pb.PolicySource(text="a: 1")))
    assert {each.where for each in wrong.problems} == {"before", "after"}


def test_a_draft_is_compared_on_the_log_as_the_command_does(root: Path, log: Path, tmp_path: Path) -> None:
    text = edited((root / "retail" / "1.0.0.yaml").read_text())
    path = tmp_path / "1.1.0.yaml"
    path.write_text(text)
    versions = Versions(read_policy(root / "retail" / "1.0.0.yaml"), read_policy(path))
    expected = compare(logged_cases(versions, log), 3)
    window = pb.LogWindow(since=timestamp(TODAY), until=timestamp(TODAY + 10**9))
    asked = pb.DiffPoliciesRequest(
        before=pb.PolicySource(policy="retail"),
        after=pb.PolicySource(text=text),
        window=window,
        p1_capacity=3,
        fail_if=["changed > 0", "recompense_total > 100 * before"],
    )
    with serving(
        State(OnePolicy(versions.before), NoRecords(), ENGINE_VERSION), policies=root, log=log, log_key="a key for the tests"
    ) as found:
        stub = PolicyServiceStub(found.channel)
        answer = stub.DiffPolicies(asked)
        assert {each.name: each.after for each in answer.impact.figures} == {
            name: each.after for name, each in figures(expected).items()
        }
        assert [each.case_id for each in answer.impact.moves] == [move.case_id for move in expected.moves]
        assert [each.holds for each in answer.impact.verdicts] == [True, False]
        asked.fail_if.append("p1 > befor")
        wrong = stub.DiffPolicies(asked)
        assert [(each.where, each.line, each.column) for each in wrong.problems] == [("fail_if", 3, 6)]
        asked.window.until.CopyFrom(timestamp(TODAY - 10**9))
        del asked.fail_if[:]
        assert why(partial(stub.DiffPolicies, asked)) == (FAILED_PRECONDITION, "NO_LOG")


def test_what_no_answer_can_be_given_to_has_a_reason(stub: PolicyServiceStub) -> None:
    both = pb.CheckPolicyRequest(policy=pb.PolicySource(text=SMALL, version="1.0.0"))
    assert why(partial(stub.CheckPolicy, both)) == (INVALID_ARGUMENT, "INVALID_CASE")
    nobody = pb.CheckPolicyRequest(policy=pb.PolicySource(policy="smal"))
    assert why(partial(stub.CheckPolicy, nobody)) == (NOT_FOUND, "UNKNOWN_POLICY")
    windowed = pb.DiffPoliciesRequest(
        before=pb.PolicySource(policy="small"), after=pb.PolicySource(policy="small"), window=pb.LogWindow()
    )
    assert why(partial(stub.DiffPolicies, windowed)) == (FAILED_PRECONDITION, "NO_LOG")
    windowed.ClearField("window")
    windowed.fail_if.append("changed > 0")
    assert why(partial(stub.DiffPolicies, windowed)) == (INVALID_ARGUMENT, "INVALID_CASE")


def test_no_more_are_done_at_once_than_the_server_takes(stub: PolicyServiceStub) -> None:
    slow = pb.CheckPolicyRequest(policy=pb.PolicySource(policy="retail"), fairness=True)
    first = stub.CheckPolicy.future(slow)
    quick = pb.CheckPolicyRequest(policy=pb.PolicySource(text=SMALL))
    assert RESOURCE_EXHAUSTED in {_code(partial(stub.CheckPolicy, quick)) for _ in range(3)}
    first.cancel()  # its process ends with it, and its slot is free
    assert until(lambda: _code(partial(stub.CheckPolicy, quick)) == OK)


def _code(call: Callable[[], object]) -> int:
    """The code of a call; a refusal says why."""
    try:
        call()
    except grpc.RpcError as error:
        raised = error  # the name is gone after this block

        def again() -> None:
            raise raised

        assert why(again) == (RESOURCE_EXHAUSTED, "TOO_MANY_RUNS")
        return RESOURCE_EXHAUSTED
    return OK


def test_files_that_cannot_be_read_are_problems_with_places_below_the_folder(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path))
    (tmp_path / "small" / "2.0.0.yaml").write_bytes(b"policy: \xff")
    (tmp_path / "small" / "releases.yaml").write_text("- version: 1")
    with serving(State(OnePolicy(policy), NoRecords(), ENGINE_VERSION), policies=tmp_path) as found:
        stub = PolicyServiceStub(found.channel)
        (listed,) = stub.ListPolicies(pb.ListPoliciesRequest()).policies
        assert {each.where for each in listed.problems} == {"small/releases.yaml"}
        assert [each.version for each in listed.versions] == ["1.0.0", "2.0.0"]
        unread = pb.GetPolicyRequest(policy="small", version="2.0.0")
        assert why(partial(stub.GetPolicy, unread)) == (FAILED_PRECONDITION, "UNREADABLE_POLICY")
        source = pb.PolicySource(policy="small", version="2.0.0")
        checked = stub.CheckPolicy(pb.CheckPolicyRequest(policy=source))
        assert ("small/2.0.0.yaml", "bad-file") in {(each.where, each.code) for each in checked.problems}
        assert stub.TestPolicy(pb.TestPolicyRequest(policy=source)).problems[0].where == "small/2.0.0.yaml"
        assert stub.DiffPolicies(pb.DiffPoliciesRequest(before=source, after=source)).problems
        unknown = pb.CheckPolicyRequest(policy=pb.PolicySource(policy="small"))  # the releases do not say which
        assert "small/releases.yaml" in {each.where for each in stub.CheckPolicy(unknown).problems}


def test_a_server_may_be_told_not_to_offer_it(root: Path) -> None:
    policy = read_policy(root / "small" / "1.0.0.yaml")
    with serving(State(OnePolicy(policy), NoRecords(), ENGINE_VERSION), policies=root, policy_service=False) as found:
        with pytest.raises(grpc.RpcError) as error:
            PolicyServiceStub(found.channel).ListPolicies(pb.ListPoliciesRequest())
        assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_server_that_offers_it_has_no_need_of_polars_for_it() -> None:
    code = "import sys, router.serve.policies.service; sys.exit('router.bulk.impact.comparison' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
