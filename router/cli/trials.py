"""What ``policy test`` does, and how outcomes are told to machines."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from router.errors import PolicyError, Problem
from router.policy.store import beside_releases
from router.scenarios.choose import PolicyChooser, all_files, choose
from router.scenarios.coverage import coverage
from router.scenarios.load import bind, read_files
from router.scenarios.model import Outcome
from router.scenarios.run import run


def run_paths(paths: Iterable[Path], policy: str, root: Path, problems: list[Problem] | None = None) -> tuple[Outcome, ...]:
    """The outcome of every scenario that the paths stand for; ``problems`` gets what is said of their policy
    files. Raises :class:`PolicyError`, also if there is no scenario.
    """
    paths = tuple(paths)
    chosen = [choose(path) for path in paths]
    fixed = [each for each in chosen if each.policy is not None and not policy]
    loose = [each for each in chosen if each.policy is None or policy]
    work = [(loose, PolicyChooser(root, policy))] if loose else []
    work += [([each], PolicyChooser(root, newest=each.policy)) for each in fixed]
    outcomes: tuple[Outcome, ...] = ()
    for some, chooser in work:
        outcomes += run(bind(read_files(all_files(some)), chooser))
        if problems is not None:
            problems += (problem for path, used in chooser.compiled.items() for problem in beside_releases(path, used))
    if not outcomes:
        said = "there is no scenario in it; a scenario begins with - name: …"
        raise PolicyError([Problem("bad-file", said, str(path)) for path in paths])
    return outcomes


def coverage_data(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """What of each policy the scenarios try, as JSON."""
    return [
        {
            "policy": each.policy.name,
            "version": each.policy.version,
            "scenarios": each.scenarios,
            "fired": dict(each.fired),
            "missed": each.missed,
        }
        for each in coverage(outcomes)
    ]


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
