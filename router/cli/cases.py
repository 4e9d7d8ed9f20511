"""The cases that an option ``--on`` names: a decision log, or a backlog in files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import typer

from router.bulk.impact.population import Population, Versions, backlog_cases, logged_cases
from router.cli.reprioritize import customers_of
from router.log.decisions import DECISIONS

_CASES, _EVENTS = "cases*.*", "events*.*"


def holds_cases(path: Path) -> bool:
    """Whether a folder is that of a log, or of a backlog.

    >>> holds_cases(Path("examples/backlog"))
    True
    """
    return path.is_dir() and ((path / DECISIONS).is_dir() or any(path.glob(_CASES)))


@contextmanager
def cases_of(
    versions: Versions,
    on: Sequence[str],
    events: Sequence[str] = (),
    snapshot: Path | None = None,
    window: Sequence[int | None] = (None, None),
    *,
    now: int,
) -> Iterator[Population]:
    """The cases, to be decided by both versions: of a log those of the ``window``, of a backlog all at ``now``.

    Raises ``RouterError`` with what is wrong with them, ``typer.BadParameter`` for what does not belong together.
    """
    if len(on) == 1 and (Path(on[0]) / DECISIONS).is_dir():
        if events or snapshot:
            raise typer.BadParameter("a decision log holds all that is needed", param_hint="--events, --snapshot")
        since, until = window
        yield logged_cases(versions, Path(on[0]), since=since, until=until)
        return
    if any(at is not None for at in window):
        raise typer.BadParameter("they are for a decision log, and --on names none", param_hint="--since, --until")
    folders = [path for path in map(Path, on) if path.is_dir()]
    cases = [str(Path(path) / _CASES) if Path(path).is_dir() else path for path in on]
    happened = [*events, *(str(folder / _EVENTS) for folder in folders if any(folder.glob(_EVENTS)))]
    with backlog_cases(versions, cases, happened, partial(customers_of, snapshot), now) as found:
        yield found
