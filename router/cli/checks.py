"""What ``policy check`` does, and how problems are told to machines."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from router.errors import PolicyError, Problem
from router.policy.model import Policy
from router.policy.store import check_folder, is_policy_folder, policy_folders, read_policy


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


def problem_data(problem: Problem) -> dict[str, Any]:
    """A problem as JSON."""
    return asdict(problem)
