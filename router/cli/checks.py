"""What ``policy check`` and ``policy test`` do, and how it is told to machines."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from router.errors import PolicyError, Problem
from router.policy.model import Policy
from router.policy.store import check_folder, is_policy_folder, policy_folders, read_policy
from router.scenarios.choose import Chosen, PolicyChooser, all_files, choose
from router.scenarios.load import bind, read_files
from router.scenarios.model import Outcome
from router.scenarios.run import run


def check_paths(paths: Iterable[Path], *, fairness: bool) -> tuple[tuple[Policy, ...], tuple[Problem, ...]]:
    """Every policy that the paths stand for, and every problem of all of them."""
    policies: list[Policy] = []
    problems: list[Problem] = []
    for path in paths:
        for found, wrong in _checked(path):
            policies += found
            problems += wrong
    if fairness and not problems:
        for policy in policies:
            problems += _fairness(policy)
    return tuple(policies), PolicyError(dict.fromkeys(problems)).problems


def _checked(path: Path) -> Iterable[tuple[Sequence[Policy], Sequence[Problem]]]:
    if path.is_dir():
        folders = [path] if is_policy_folder(path) else policy_folders(path)
        yield from map(check_folder, folders)
        if not folders:
            yield (), [Problem("bad-file", "there is no policy in this folder", str(path))]
        return
    try:
        yield [read_policy(path)], ()
    except PolicyError as error:
        yield (), error.problems


def _fairness(policy: Policy) -> Sequence[Problem]:
    try:
        check_fairness = import_module("router.fairness").check_fairness
    except (ImportError, AttributeError):
        return ()
    found: Sequence[Problem] = check_fairness(policy, seed=0)
    return found


def run_paths(paths: Iterable[Path], policy: str, root: Path) -> tuple[Outcome, ...]:
    """The outcome of every scenario that the paths stand for. Raises :class:`PolicyError`."""
    chosen = [choose(path) for path in paths]
    fixed = [each for each in chosen if each.policy is not None and not policy]
    loose = [each for each in chosen if each.policy is None or policy]
    outcomes = _run(loose, PolicyChooser(root, policy)) if loose else ()
    for each in fixed:
        outcomes += _run([each], PolicyChooser(root, str(each.policy)))
    return outcomes


def _run(chosen: Iterable[Chosen], chooser: PolicyChooser) -> tuple[Outcome, ...]:
    return run(bind(read_files(all_files(chosen)), chooser))


def problem_data(problem: Problem) -> dict[str, Any]:
    """A problem as JSON."""
    return asdict(problem)


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON."""
    scenario, seen = outcome.scenario, outcome.observed
    return {
        "name": scenario.name,
        "file": scenario.where,
        "line": scenario.line,
        "policy": scenario.policy.name,
        "version": scenario.policy.version,
        "holds": not outcome.failures,
        "failures": [failure._asdict() for failure in outcome.failures],
        "decision": {
            "tier": seen.tier,
            "score": seen.score,
            "band": seen.band,
            "level": seen.level,
            "total": seen.total / 10**scenario.policy.exponent,
            "recompense": [suggestion._asdict() for suggestion in seen.suggestions],
            "entitlements": seen.entitlements,
            "fired": seen.fired,
            "points": dict(seen.points),
            "guidance": seen.guidance,
            "likely_reasons": seen.likely_reasons,
            "permitted": seen.permitted,
            "may_close": seen.may_close,
            "warnings": seen.warnings,
        },
    }
