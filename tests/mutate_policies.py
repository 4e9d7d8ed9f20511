"""Do the scenarios of a policy notice when it changes? ``make mutate-policies`` tries it.

Each rule is deleted (it never fires), each comparison of each expression is flipped, one at a time; then the policy's
scenarios run through the row back end. A change that no scenario notices has survived. Exit code 1 if fewer than 95 % are
noticed.
"""

import argparse
import ast
import copy
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from router.policy.compile import _Compiler
from router.policy.document import PolicyDocument
from router.policy.model import Policy
from router.policy.releases import recorded_holidays
from router.policy.store import newest_file, read_text
from router.scenarios.check import check
from router.scenarios.choose import PolicyChooser, choose
from router.scenarios.load import bind, read_files
from router.scenarios.model import Scenario
from router.scenarios.run import RowEngine
from router.yaml import Source, load

ROOT = Path(__file__).parents[1]
BAR = 0.95
PROCESSES = 2
NEVER = "1 > 2"

SECTIONS: tuple[tuple[str, ...], ...] = (
    ("tiers",),
    ("priority", "rules"),
    ("escalation", "rules"),
    ("entitlements",),
    ("recompense", "rules"),
    ("commitments",),
    ("likely_reasons",),
    ("guidance",),
)
LAST_HAS_NO_CONDITION = {("tiers",), ("commitments",)}
FLIPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}


@dataclass(frozen=True)
class Change:
    """One change: what stands at ``path`` becomes ``text``."""

    path: tuple[str | int, ...]
    line: int
    text: str
    what: str


def changes(source: Source) -> Iterator[Change]:
    """Every change of a policy."""
    for section in SECTIONS:
        rules: Any = source.data
        for key in section:
            rules = (rules or {}).get(key, [])
        for index, rule in enumerate(rules):
            at: tuple[str | int, ...] = (*section, index)
            name = rule.get("id") or rule.get("tier") or f"row {index + 1} of {section[0]}"
            if section not in LAST_HAS_NO_CONDITION or index < len(rules) - 1:
                yield Change((*at, "when"), source.problem("", "", at).line, NEVER, f"{name}: deleted")
            for key in ("when", "points", "amount"):
                if isinstance(rule.get(key), str):
                    for text, what in flipped(rule[key]):
                        yield Change((*at, key), source.problem("", "", (*at, key)).line, text, f"{name}: {what}")


def flipped(text: str) -> Iterator[tuple[str, str]]:
    """An expression with one comparison flipped, for each comparison and way, and what was done."""
    tree = ast.parse(" ".join(text.split()), mode="eval")
    places = [(node, i) for node in ast.walk(tree) if isinstance(node, ast.Compare) for i in range(len(node.ops))]
    for node, i in places:
        before, was = node.ops[i], ast.unparse(node)
        for flip in FLIPS[type(before)]:
            node.ops[i] = flip()
            yield ast.unparse(tree), f"{was} -> {ast.unparse(node)}"
        node.ops[i] = before


@cache
def subject(folder: Path) -> tuple[Path, Source, tuple[Scenario, ...]]:
    """The newest policy of a folder, and its scenarios."""
    path = newest_file(folder)
    assert path is not None
    scenarios = bind(read_files(choose(folder).files), PolicyChooser(folder.parent, str(path)))
    return path, load(read_text(path), str(path)), scenarios


def changed(path: Path, source: Source, change: Change) -> Policy:
    """The policy with one change, compiled without writing it out."""
    mutant = replace(source, data=copy.deepcopy(source.data), problems=[])
    rule: Any = mutant.data
    for key in change.path[:-1]:
        rule = rule[key]
    rule[change.path[-1]] = change.text
    document = mutant.read(PolicyDocument)
    assert document is not None
    return _Compiler(mutant, document, recorded_holidays(path.parent, path.stem) or frozenset()).compile()


def noticed(folder: Path, change: Change) -> bool:
    """Whether some scenario fails."""
    path, source, scenarios = subject(folder)
    policy, engine = changed(path, source, change), RowEngine()
    observed = {}
    for scenario in scenarios:
        observed[scenario] = engine(replace(scenario, policy=policy))
        other = scenario.better_than
        if other is not None and other not in observed:
            observed[other] = engine(replace(other, policy=policy))
        if check(replace(scenario, policy=policy), observed[scenario], observed[other] if other else None):
            return True
    return False


def try_change(job: tuple[Path, Change]) -> tuple[Change, bool]:
    """One job of a process."""
    return job[1], noticed(*job)


def main() -> int:
    """Try every change of one policy, and tell."""
    parser = argparse.ArgumentParser(description="Change a policy in every small way and see whether its scenarios notice.")
    parser.add_argument("policy", nargs="?", default="retail", help="name of a policy, or its folder")
    given = Path(parser.parse_args().policy)
    code, told = tried(given if given.is_dir() else ROOT / "policies" / given)
    print(told)  # noqa: T201 - a command tells what it found
    return code


def tried(folder: Path) -> tuple[int, str]:
    """The exit code for the policy of a folder, and what to tell."""
    path, source, scenarios = subject(folder)
    if noticed(folder, Change(("description",), 0, "as it is", "nothing")):
        return 2, "scenarios fail before anything is changed: case-router policy test tells which"
    jobs = [(folder, change) for change in changes(source)]
    with get_context("spawn").Pool(PROCESSES) as pool:
        results = pool.map(try_change, jobs, chunksize=8)
    survived = [change for change, was_noticed in results if not was_noticed]
    killed = len(results) - len(survived)
    lines = [f"{path}:{change.line}: survived: {change.what}" for change in survived]
    lines.append(f"{killed} of {len(results)} changes noticed by {len(scenarios)} scenarios: {killed / len(results):.1%}")
    return (0 if killed >= BAR * len(results) else 1), "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
