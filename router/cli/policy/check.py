"""``case-router policy check``."""

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import AsJson, Fairness, Paths, Time, print_json


def check(
    paths: Paths,
    *,
    fairness: Fairness = True,
    on: Annotated[
        list[Path] | None,
        typer.Option(
            help="Scenarios, or the folder of a log, a backlog or a snapshot, to try the rules on; may be given again."
        ),
    ] = None,
    snapshot: Annotated[Path | None, typer.Option(help="Of a backlog: folder of the snapshot of its customers.")] = None,
    now: Time = "",
    as_json: AsJson = False,
) -> None:
    """Check policies: files, folders of one policy, or the folder of all.

    Every error and warning of every file is printed at once. Exit code 1 if there is an error.
    """
    from router.cli.checks import check_paths, counted, problem_data

    policies, problems = check_paths(paths, fairness=fairness, on=on or (), snapshot=snapshot, now=now)
    errors = [problem for problem in problems if not problem.warning]
    if as_json:
        data = [{"policy": p.name, "version": p.version, "digest": p.digest, "rules": len(p.rules)} for p in policies]
        print_json({"policies": data, "problems": [problem_data(problem) for problem in problems]})
    else:
        for problem in problems:
            typer.echo(str(problem))
        checked = f"{len(policies)} {'policy' if len(policies) == 1 else 'policies'} checked"
        told = counted(len(errors), "problem") if errors else "no problem"
        doubts = f", {counted(len(problems) - len(errors), 'warning')}" if len(problems) > len(errors) else ""
        typer.echo(f"{checked}, {told}{doubts}")
    if errors:
        raise typer.Exit(1)
