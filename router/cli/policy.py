"""``case-router policy``: check, test, release and describe policies."""

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import AsJson, Root, Time, console, instant, policies_root, print_json

app = typer.Typer(help="Check, test, release and describe policies.", no_args_is_help=True)

Paths = Annotated[list[Path], typer.Argument(metavar="PATH…", show_default=False)]
Name = Annotated[str, typer.Argument(help="Name of the policy.", show_default=False)]


@app.command()
def check(
    paths: Paths,
    *,
    fairness: Annotated[bool, typer.Option(help="Whether to prove, or to search for, unfair decisions too.")] = True,
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
        print_json({"policies": data, "problems": [problem_data(problem) for problem in problems]})
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
    from router.cli.checks import problem_data
    from router.cli.trials import outcome_data, run_paths
    from router.errors import PolicyError
    from router.scenarios.explain import explain

    try:
        outcomes = run_paths(paths, policy, policies_root(policies))
    except PolicyError as error:
        if as_json:
            print_json({"problems": [problem_data(problem) for problem in error.problems]})
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    failed = [outcome for outcome in outcomes if outcome.failures]
    if as_json:
        print_json({"scenarios": [outcome_data(outcome) for outcome in outcomes]})
    else:
        for outcome in failed:
            typer.echo(explain(outcome) + "\n")
        used = {f"{o.scenario.policy.name} {o.scenario.policy.version}": None for o in outcomes}
        told = f"{len(failed)} failed" if failed else "all as expected"
        typer.echo(f"{len(outcomes)} scenario{'s' * (len(outcomes) != 1)} of {', '.join(used)}: {told}")
    if failed:
        raise typer.Exit(1)


@app.command()
def release(
    name: Name,
    version: Annotated[str, typer.Argument(help="Version to put in force.", show_default=False)],
    *,
    by: Annotated[str, typer.Option(help="Who says so.")],
    note: Annotated[str, typer.Option(help="Why.")],
    effective_from: Time = "",
    policies: Root = None,
    fairness: Annotated[bool, typer.Option(help="Whether to prove, or to search for, unfair decisions too.")] = True,
) -> None:
    """Check a version of a policy and put it in force; an earlier version put in force again is a rollback."""
    from router.cli.checks import check_paths
    from router.errors import PolicyError
    from router.policy.releasing import release as append
    from router.time import format_instant

    root, now = policies_root(policies), instant("", "")
    path = root / name / f"{version}.yaml"
    if path.is_file():
        _, problems = check_paths([path], fairness=fairness)
        if any(not problem.warning for problem in problems):
            raise PolicyError(problems)
    since = instant(effective_from, "--effective-from") if effective_from else now
    entry = append(root, name, version, effective_from=since, by=by, note=note, recorded_at=now)
    typer.echo(f"{name} {version} ({entry.digest[:12]}) is in force from {format_instant(entry.effective_from)}")


@app.command()
def show(name: Name, *, policies: Root = None, now: Time = "", as_json: AsJson = False) -> None:
    """Show the versions of a policy, its releases, and what is in force."""
    from rich.table import Table

    from router.policy.releases import in_force
    from router.policy.store import named_shelf
    from router.time import format_instant

    shelf = named_shelf(policies_root(policies), name)
    current = in_force(shelf.releases, instant(now, "--now"))
    rows = [
        (entry.version, entry.digest[:12], format_instant(entry.effective_from), entry.by, entry.note)
        for entry in shelf.releases
    ]
    released = {entry.version for entry in shelf.releases}
    rows += [
        (v, policy.digest[:12], "draft", "", policy.description) for v, policy in shelf.versions.items() if v not in released
    ]
    if as_json:
        keys = ("version", "digest", "effective_from", "by", "note")
        print_json(
            {
                "policy": name,
                "in_force": current and current.version,
                "entries": [dict(zip(keys, r, strict=True)) for r in rows],
            }
        )
        return
    table = Table(
        "version",
        "digest",
        "in force from",
        "by",
        "note",
        title=f"{name}: {current.version if current else 'none'} in force",
    )
    for row in rows:
        table.add_row(*row)
    console().print(table)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a policy file, for editors."""
    from router.policy.document import json_schema

    typer.echo(json_schema(), nl=False)


@app.command()
def facts(
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page of the documentation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the vocabulary: every fact that a policy may read."""
    from router.cli.vocabulary import facts_data, facts_page, facts_table

    if markdown:
        typer.echo(facts_page(), nl=False)
    elif as_json:
        print_json(facts_data())
    else:
        console().print(facts_table())
