"""``case-router policy test``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import AsJson, Paths, Root, policies_root, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router.scenarios.model import Outcome


def run_scenarios(
    paths: Paths,
    *,
    policy: Annotated[str, typer.Option(help="Policy file, folder or name to decide with, whatever the files say.")] = "",
    policies: Root = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="Tell what of the policy no scenario tries.")] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Rewrite what fails to what was decided, once it was shown and agreed to.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to what --update shows.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run scenarios: a scenario file, a folder of them, a policy file, a policy's folder, or the folder of all policies.

    A scenario is decided by the policy in whose folder it stands, else by the shipped retail policy: by the version that
    it names, else by the policy file that was given or the newest. Exit code 1 if one fails or a released policy was
    edited, 2 if a file is wrong.
    """
    from router.cli.checks import counted, problem_data
    from router.cli.trials import coverage_data, outcome_data, run_paths
    from router.errors import PolicyError, Problem
    from router.scenarios.explain import explain

    problems: list[Problem] = []
    try:
        outcomes = run_paths(paths, policy, policies_root(policies), problems)
    except PolicyError as error:
        if as_json:
            print_json({"problems": [problem_data(problem) for problem in error.problems]})
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    failed = [outcome for outcome in outcomes if outcome.failures]
    if as_json:
        covered = {"coverage": coverage_data(outcomes)} if coverage else {}
        wrong = {"problems": [problem_data(problem) for problem in problems]} if problems else {}
        print_json({"scenarios": [outcome_data(outcome) for outcome in outcomes], **covered, **wrong})
    else:
        for outcome in failed:
            typer.echo(explain(outcome) + "\n")
        used = {f"{o.scenario.policy.name} {o.scenario.policy.version}": None for o in outcomes}
        told = f"{len(failed)} failed" if failed else "all as expected"
        typer.echo(f"{counted(len(outcomes), 'scenario')} of {', '.join(used)}: {told}")
        if coverage:
            _tell_coverage(outcomes)
    left = failed and not (update and _update(failed, agreed=yes))
    for problem in dict.fromkeys(problems):
        typer.echo(str(problem), err=True)
    if left or problems:
        raise typer.Exit(1)


def _tell_coverage(outcomes: "Sequence[Outcome]") -> None:
    from router.scenarios.coverage import coverage

    for each in coverage(outcomes):
        fired = sum(1 for count in each.fired.values() if count)
        typer.echo(f"{each.policy.name} {each.policy.version}: {fired} of {len(each.fired)} rules fired")
        for missed in each.missed:
            typer.echo(f"  no scenario tries {missed}")


def _update(failed: "Sequence[Outcome]", *, agreed: bool) -> bool:
    """Show the edits that would make all hold, and make them once that was agreed to; whether nothing is left to do."""
    from router.cli.checks import counted
    from router.scenarios.update import edits, rewritten

    found, left = edits(failed)
    for place in dict.fromkeys(f"{edit.file}:{edit.line}: {edit.scenario}" for edit in found):
        typer.echo(place)
        for edit in found:
            if f"{edit.file}:{edit.line}: {edit.scenario}" == place:
                typer.echo(f"  {edit}")
    for line in left:
        typer.echo(line)
    files = list(dict.fromkeys(edit.file for edit in found))
    asked = f"Rewrite {counted(len(found), 'expectation')} in {counted(len(files), 'file')}?"
    if not found or not (agreed or (sys.stdin.isatty() and typer.confirm(asked))):
        typer.echo("nothing was rewritten" + ("" if agreed else "; --yes rewrites"))
        return False
    for file in files:
        with Path(file).open("r+", encoding="utf-8", newline="") as opened:  # line ends stay what they are
            text = rewritten(opened.read(), file, [edit for edit in found if edit.file == file])
            opened.seek(0)
            opened.write(text)
            opened.truncate()
    typer.echo(f"{counted(len(found), 'expectation')} rewritten in {', '.join(files)}")
    return not left
