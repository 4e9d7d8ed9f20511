"""``case-router policy release`` and ``case-router policy rollback``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import Fairness, Name, Root, Time, instant, policies_root

if TYPE_CHECKING:
    from router.errors import Problem
    from router.policy.releases import Release

By = Annotated[str, typer.Option(help="Who says so.")]
Note = Annotated[str, typer.Option(help="Why.")]
Approver = Annotated[str | None, typer.Option(help="Who approved it: somebody else.")]


def release(  # noqa: PLR0913 - an argument for each option
    name: Name,
    version: Annotated[str, typer.Argument(help="Version to put in force.", show_default=False)],
    *,
    by: By,
    note: Note,
    approved_by: Approver = None,
    effective_from: Time = "",
    shadow: Annotated[
        bool, typer.Option("--shadow", help="On trial: it decides as well, only differences are kept.")
    ] = False,
    canary: Annotated[
        str | None, typer.Option(metavar="SHARE", help="On trial: it decides for a share of the customers, as 5%.")
    ] = None,
    policies: Root = None,
    fairness: Fairness = True,
    scenarios: Annotated[bool, typer.Option(help="Whether its scenarios have to hold; a kill switch cannot wait.")] = True,
) -> None:
    """Check a version of a policy, run its scenarios, and put it in force or on trial; the changelog tells what differs."""
    from router.policy.releasing import release as append

    root, now = policies_root(policies), instant("", "")
    _approved(by, approved_by)
    _sound(root, name, version, fairness=fairness, scenarios=scenarios)
    since = instant(effective_from, "--effective-from") if effective_from else now
    entry = append(
        root,
        name,
        version,
        effective_from=since,
        by=by,
        note=note,
        recorded_at=now,
        approved_by=approved_by,
        trial=_trial(canary, shadow=shadow),
    )
    _told(name, entry)


def _trial(canary: str | None, *, shadow: bool) -> str | None:
    from router.policy.releases import SHADOW, share_of

    if canary is None:
        return SHADOW if shadow else None
    if shadow or not 0 < share_of(canary) < 1:
        message = "a trial is --shadow, or --canary with a share of the customers between 0% and 100%, as 5%"
        raise typer.BadParameter(message, param_hint="--canary")
    return canary


def rollback(
    name: Name,
    version: Annotated[
        str, typer.Argument(help="Released version to go back to; without one, the last is taken back.")
    ] = "",
    *,
    by: By,
    note: Note,
    approved_by: Approver = None,
    effective_from: Time = "",
    policies: Root = None,
) -> None:
    """Put a version in force again that was released before, or end a trial. What was to come later no longer does."""
    from router.policy.releasing import rollback as append
    from router.policy.store import named_shelf

    root, now = policies_root(policies), instant("", "")
    _approved(by, approved_by)
    named_shelf(root, name)  # refuses an edited release before one more is written
    since = instant(effective_from, "--effective-from") if effective_from else now
    entry = append(root, name, version, effective_from=since, by=by, note=note, recorded_at=now, approved_by=approved_by)
    _told(name, entry)


def _approved(by: str, approved_by: str | None) -> None:
    from router.policy.releasing import check_approval
    from router.serve.settings import read_settings

    check_approval(by, approved_by, required=read_settings().four_eyes)


def _sound(root: Path, name: str, version: str, *, fairness: bool, scenarios: bool) -> None:
    """Raise :class:`PolicyError` with all that is wrong with a version, with its folder, or with its scenarios."""
    from router.cli.checks import check_paths
    from router.cli.trials import run_paths
    from router.errors import PolicyError, Problem
    from router.scenarios.explain import explain
    from router.scenarios.load import scenario_files

    folder, path = root / name, root / name / f"{version}.yaml"
    if not path.is_file():
        return  # the release itself says so
    _, problems = check_paths([path], fairness=fairness)
    problems += _in_the_way(root, name, version)
    if any(not problem.warning for problem in problems):
        raise PolicyError(dict.fromkeys(problems))
    if not scenarios or not scenario_files(folder / "tests"):
        typer.echo(f"no scenario of {name} was run", err=True)
        return
    outcomes = run_paths([path], "", root)
    failed = [outcome for outcome in outcomes if outcome.failures]
    if failed:
        for outcome in failed:
            typer.echo(explain(outcome) + "\n", err=True)
        said = f"{len(failed)} of {len(outcomes)} scenarios do not hold for {version}; it was not released"
        raise PolicyError([Problem("scenarios-failed", said, str(folder / "tests"))])


def _in_the_way(root: Path, name: str, version: str) -> "tuple[Problem, ...]":
    """What is wrong with what was released, or with this draft; another draft is in nobody's way."""
    from router.errors import PolicyError, UnknownPolicyError
    from router.policy.store import named_shelf

    try:
        named_shelf(root, name).get(version, 0)
    except PolicyError as error:
        return error.problems
    except UnknownPolicyError:
        pass  # the release itself says so
    return ()


def _told(name: str, entry: "Release") -> None:
    from router.policy.changelog import standing
    from router.time import format_instant

    typer.echo(
        f"{name} {entry.version} ({entry.digest[:12]}) is {standing(entry)} from {format_instant(entry.effective_from)}"
    )
