"""What ``policy check`` does, and how problems are told to machines."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from router.cli.common import instant
from router.errors import PolicyError, Problem
from router.policy.compile import Written
from router.policy.lint import lint
from router.policy.model import Policy
from router.policy.store import (
    beside_releases,
    check_folder,
    is_policy_folder,
    policy_folders,
    read_written,
    released_digests,
)

SEED = 0
"""What the search for unfair decisions starts from, so that a check says the same each time."""


def check_paths(
    paths: Iterable[Path], *, fairness: bool, on: Sequence[Path] = (), snapshot: Path | None = None, now: str = ""
) -> tuple[tuple[Policy, ...], tuple[Problem, ...]]:
    """Every policy that the paths stand for, and every problem of all of them.

    What is only doubtful is told of drafts alone: a released version stays as it is. ``on`` are scenarios, snapshots,
    backlogs and logs that every version is tried on; a backlog at ``now``, its customers as the ``snapshot`` knows them.
    """
    policies: list[Policy] = []
    problems: list[Problem] = []
    for path in paths:
        for found, wrong in _checked(path):
            policies += [written.policy for written in found]
            problems += wrong
            for written in found:
                if written.policy.version not in released_digests(Path(written.source.name).parent):
                    problems += lint(written)
                problems += (problem for path in on for problem in _tried(written, path, snapshot, now))
    if fairness:
        from router.fairness import check_fairness

        for policy in policies:
            problems += check_fairness(policy, seed=SEED)
    return tuple(policies), PolicyError(dict.fromkeys(problems)).problems


def _tried(written: Written, on: Path, snapshot: Path | None, now: str) -> Iterable[Problem]:
    """What a log, a backlog, scenarios, or the folder of a snapshot, show of a policy."""
    from router.bulk.given import shown
    from router.bulk.impact.population import Versions
    from router.cli.cases import cases_of, holds_cases
    from router.cli.trials import run_paths
    from router.crm.snapshot import Snapshot
    from router.frame.customers import of_snapshot
    from router.scenarios.given import facts_of, firing, standing_in
    from router.scenarios.load import scenario_files

    if holds_cases(on):
        same = Versions(written.policy, written.policy)
        with cases_of(same, [str(on)], snapshot=snapshot, now=instant(now, "--now")) as cases:
            return [*shown(written, cases)]
    if on.is_dir() and not scenario_files(on):
        facts = of_snapshot(Snapshot.open(on)).rows
        known = [
            name for name in facts.collect_schema().names() if name in written.policy.plan.reads() | written.policy.protected
        ]
        return standing_in(written, facts.select(known).collect(), "customers")
    outcomes = run_paths([on], written.source.name, on)
    return [*firing(written, outcomes), *standing_in(written, facts_of(outcomes), "cases")]


def _checked(path: Path) -> Iterable[tuple[Sequence[Written], Sequence[Problem]]]:
    if path.is_dir():
        folders = [path] if is_policy_folder(path) else policy_folders(path)
        yield from map(check_folder, folders)
        if not folders:
            yield (), [Problem("bad-file", "there is no policy in this folder", str(path))]
        return
    try:
        written = read_written(path)
        yield [written], [*beside_releases(path, written.policy)]
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
