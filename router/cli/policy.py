"""``case-router policy``: check, test, release and describe policies."""

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Check, test, release and describe policies.", no_args_is_help=True)

Paths = Annotated[list[Path], typer.Argument(metavar="PATH…", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Root = Annotated[Path | None, typer.Option("--policies", help="Folder of the policies; by default those shipped.")]


def _root(given: Path | None) -> Path:
    from router.policy.store import shipped_policies

    return given or shipped_policies()


def _print_json(data: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    import json

    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


@app.command()
def check(
    paths: Paths,
    *,
    fairness: Annotated[bool, typer.Option(help="Whether to prove or search for unfair decisions too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Check policies: files, folders of one policy, or the folder of all.

    Every error of every file is printed at once. Exit code 1 if there is one.
    """
    from router.cli.checks import check_paths, problem_data

    policies, problems = check_paths(paths, fairness=fairness)
    errors = [problem for problem in problems if not problem.warning]
    if as_json:
        data = [{"policy": p.name, "version": p.version, "digest": p.digest, "rules": len(p.rules)} for p in policies]
        _print_json({"policies": data, "problems": [problem_data(problem) for problem in problems]})
    else:
        for problem in problems:
            typer.echo(str(problem))
        counted = f"{len(policies)} {'policy' if len(policies) == 1 else 'policies'} checked"
        told = f"{len(errors)} problem{'s' * (len(errors) != 1)}" if errors else "no problem"
        typer.echo(f"{counted}, {told}")
    if errors:
        raise typer.Exit(1)


@app.command("test")
def run_scenarios(
    paths: Paths,
    *,
    policy: Annotated[str, typer.Option(help="Policy file, folder or name to decide with, whatever the files say.")] = "",
    policies: Root = None,
    as_json: AsJson = False,
) -> None:
    """Run scenarios: a scenario file, a folder of them, a policy file, a policy's folder, or the folder of all policies.

    A scenario is decided by the policy in whose folder it stands, else by the shipped retail policy. Exit code 1 if one
    fails, 2 if a file is wrong.
    """
    from router.cli.checks import outcome_data, run_paths
    from router.errors import PolicyError
    from router.scenarios.explain import explain

    try:
        outcomes = run_paths(paths, policy, _root(policies))
    except PolicyError as error:
        if as_json:
            from router.cli.checks import problem_data

            _print_json({"problems": [problem_data(problem) for problem in error.problems]})
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    failed = [outcome for outcome in outcomes if outcome.failures]
    if as_json:
        _print_json([outcome_data(outcome) for outcome in outcomes])
    else:
        for outcome in failed:
            typer.echo(explain(outcome) + "\n")
        used = {f"{o.scenario.policy.name} {o.scenario.policy.version}": None for o in outcomes}
        told = f"{len(failed)} failed" if failed else "all as expected"
        typer.echo(f"{len(outcomes)} scenario{'s' * (len(outcomes) != 1)} of {', '.join(used)}: {told}")
    if failed:
        raise typer.Exit(1)
