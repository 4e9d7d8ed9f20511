"""Planted faults are all found, each with the counterexample expected; what only looks suspicious raises no alarm."""

from pathlib import Path

import pytest

from router.fairness import check_fairness, proven
from router.policy.compile import compile_policy
from router.policy.model import Policy

HERE = Path(__file__).parent
SHIPPED = Path(__file__).parents[2] / "policies"
FAULTY = sorted((HERE / "faulty").glob("*.yaml"))
SOUND = sorted((HERE / "sound").glob("*.yaml"))

DEMANDS = {"loyalty-lowers", "failure-lowers", "case-starves", "commitment-slower"}
PROVEN = {
    "defaults-at-the-bottom",
    "durations-of-both-kinds",
    "fading-with-a-bound",
    "far-side-of-a-square",
    "growing-amounts-last",
    "neither-loyal-nor-failing",
    "no-plain-apology",
    "waiting-is-bounded",
}
"""The sound policies of which the analysis alone proves everything."""


def read(path: Path) -> Policy:
    return compile_policy(path.read_text(encoding="utf-8"), path.name)


def test_there_are_twenty_of_each_at_least() -> None:
    assert len(FAULTY) >= 20
    assert len(SOUND) >= 20


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_a_planted_fault_is_found(path: Path) -> None:
    expected = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect:").split()
    problems = check_fairness(read(path))
    assert sorted({problem.code for problem in problems}) == sorted(expected)
    told = [f"{problem.code}: {problem.message.splitlines()[0]}" for problem in problems]
    assert "\n".join(told) + "\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_a_sound_policy_raises_no_alarm(path: Path) -> None:
    assert check_fairness(read(path)) == ()


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_a_search_of_all_that_is_proven_finds_nothing_either(path: Path) -> None:
    assert check_fairness(read(path), seed=1, cases=60, thorough=True) == ()


def test_what_the_analysis_proves_alone_is_known() -> None:
    assert {path.stem for path in SOUND if proven(read(path)) == DEMANDS} == PROVEN


def test_more_than_two_thirds_of_the_demands_on_sound_policies_need_no_search() -> None:
    done = [code for path in SOUND for code in proven(read(path))]
    assert len(done) > len(SOUND) * len(DEMANDS) * 2 / 3


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_what_has_a_counterexample_is_not_proven(path: Path) -> None:
    assert not proven(read(path)) & {problem.code for problem in check_fairness(read(path))}


@pytest.mark.parametrize("name", ["retail/1.0.0.yaml", "service_desk/1.0.0.yaml"])
def test_a_shipped_policy_is_proven_and_not_contradicted(name: str) -> None:
    policy = read(SHIPPED / name)
    assert proven(policy) == DEMANDS
    assert check_fairness(policy) == ()
    assert check_fairness(policy, cases=40, thorough=True) == ()


def test_the_same_seed_finds_the_same() -> None:
    policy = read(HERE / "faulty" / "needle.yaml")
    assert check_fairness(policy, seed=7) == check_fairness(policy, seed=7) != ()


@pytest.mark.parametrize("seed", range(5))
def test_another_seed_finds_the_needle_too(seed: int) -> None:
    assert {problem.code for problem in check_fairness(read(HERE / "faulty" / "needle.yaml"), seed=seed)} == {
        "loyalty-lowers"
    }


def test_a_counterexample_is_two_cases_in_words() -> None:
    (problem,) = check_fairness(read(HERE / "faulty" / "plain-apologies-count.yaml"))
    assert problem.where == "plain_apologies_count 1.0.0"
    assert problem.message.splitlines() == [
        (
            "a failure lowers: an apology was plain in one case; in the other the apology was hedged, "
            "and the score falls from 20 to 0"
        ),
        "    one case:  an apology was plain: case.hedged_apologies 0",
        "    the other: the apology was hedged: case.hedged_apologies 1",
        "    both:      case.apologies 1",
        "    changed:   the score falls from 20 to 0; rule plain gives 20, then 0 points",
    ]


def test_the_example_of_the_documentation_is_what_is_printed() -> None:
    (problem,) = check_fairness(read(HERE / "faulty" / "silver-only.yaml"))
    text = (SHIPPED.parent / "docs" / "fairness.md").read_text(encoding="utf-8")
    assert f"```\n{problem.message} [{problem.code}]\n```" in text
    assert all(f"| `{code}` |" in text for code in DEMANDS)
