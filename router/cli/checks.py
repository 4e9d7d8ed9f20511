"""What ``policy check`` does, and how problems are told to machines."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from router.errors import PolicyError, Problem
from router.policy.compile import Written
from router.policy.lint import lint
from router.policy.model import Policy
from router.policy.store import check_folder, is_policy_folder, policy_folders, read_written, released_versions

SEED = 0
"""What the search for unfair decisions starts from, so that a check says the same each time."""


def check_paths(paths: Iterable[Path], *, fairness: bool) -> tuple[tuple[Policy, ...], tuple[Problem, ...]]:
    """Every policy that the paths stand for, and every problem of all of them.

    What is only doubtful is told of drafts alone: a released version stays as it is.
    """
    policies: list[Policy] = []
    problems: list[Problem] = []
    for path in paths:
        for found, wrong in _checked(path):
            policies += [written.policy for written in found]
            problems += wrong
            for written in found:
                if written.policy.version not in released_versions(Path(written.source.name).parent):
                    problems += lint(written)
    if fairness:
        from router.fairness import check_fairness

        for policy in policies:
            problems += check_fairness(policy, seed=SEED)
    return tuple(policies), PolicyError(dict.fromkeys(problems)).problems


def _checked(path: Path) -> Iterable[tuple[Sequence[Written], Sequence[Problem]]]:
    if path.is_dir():
        folders = [path] if is_policy_folder(path) else policy_folders(path)
        yield from map(check_folder, folders)
        if not folders:
            yield (), [Problem("bad-file", "there is no policy in this folder", str(path))]
        return
    try:
        yield [read_written(path)], ()
    except PolicyError as error:
        yield (), error.problems


def counted(number: int, word: str) -> str:
    """A number of things, in words.

    >>> counted(1, "problem"), counted(2, "warning")
    ('1 problem', '2 warnings')
    """
    return f"{number} {word}{'s' * (number != 1)}"


def problem_data(problem: Problem) -> dict[str, Any]:
    """A problem as JSON."""
    return asdict(problem)
