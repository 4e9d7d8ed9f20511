"""``case-router policy changed``: what the pre-commit hook runs."""

from pathlib import Path

import typer

from router.cli.common import Fairness, Paths


def changed(paths: Paths, *, fairness: Fairness = True) -> None:
    """Check and test the policies that changed files belong to: versions, releases, public holidays, scenarios.

    Files that belong to no policy are passed over. Exit code 1 if something is wrong or a scenario fails.
    """
    from router.cli.checks import check_paths, counted
    from router.cli.trials import run_paths
    from router.errors import PolicyError
    from router.policy.store import version_files
    from router.scenarios.explain import explain
    from router.scenarios.load import scenario_files

    folders = list(dict.fromkeys(folder for path in paths if (folder := _policy_of(path)) is not None))
    versions = [path for folder in folders for path in version_files(folder) if path in paths]
    problems = (*check_paths(folders, fairness=False)[1], *check_paths(versions, fairness=fairness)[1])
    problems = PolicyError(dict.fromkeys(problems)).problems
    for problem in problems:
        typer.echo(str(problem))
    wrong = sum(not problem.warning for problem in problems)
    failed = []
    tested = [folder for folder in folders if scenario_files(folder / "tests")]
    if not wrong and tested:
        outcomes = run_paths(tested, "", Path())
        failed = [outcome for outcome in outcomes if outcome.failures]
        for outcome in failed:
            typer.echo(explain(outcome) + "\n")
    names = ", ".join(folder.name for folder in folders) or "no policy"
    typer.echo(f"{names}: {counted(wrong, 'problem')}, {counted(len(failed), 'failed scenario')}")
    if wrong or failed:
        raise typer.Exit(1)


def _policy_of(path: Path) -> Path | None:
    """The folder of the policy that a file belongs to."""
    from router.policy.store import is_policy_folder

    return next((parent for parent in path.parents if is_policy_folder(parent)), None)
