"""Records for tests: decisions of scenarios and of random cases, written as a server writes them and read back."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from router.decide.decider import Decider
from router.decide.model import Decision
from router.log.again import Record
from router.log.decisions import DECISIONS, DecisionLog, open_log
from router.log.files import frames
from router.log.key import Key
from router.log.record import Manner
from router.log.replay import rows
from router.scenarios.model import Scenario
from router.scenarios.run import _Stage
from router.time import parse_instant

SECRET = "a key for the tests"  # noqa: S105 - it opens nothing
KEY = Key(SECRET.encode())
OTHER_KEY = Key(b"a key of somebody else")
TODAY = parse_instant("2025-11-22T10:00:00Z")
MANNER = Manner(KEY, engine="0.0.0-test")


def decided(scenarios: Iterable[Scenario], *, full: bool = True) -> list[Decision]:
    """The decision of each; one decider serves all scenarios of a policy, each with records of its own."""
    deciders: dict[str, tuple[_Stage, Decider]] = {}
    found = []
    for each in scenarios:
        if each.policy.digest not in deciders:
            stage = _Stage(each.records)
            deciders[each.policy.digest] = stage, Decider(each.policy, stage)
        stage, decider = deciders[each.policy.digest]
        stage.records = each.records
        decision = decider.decide(each.case, each.name.encode(), each.now, full=full)
        decision.basis = replace(decision.basis, records=each.records)
        found.append(decision)
    return found


def keep(log: DecisionLog, decisions: Sequence[Decision], at: int = TODAY) -> None:
    """Log each decision by itself, a microsecond apart."""

    async def run() -> None:
        for index, decision in enumerate(decisions):
            assert log.keep([log.line(decision, at + index)], at + index)
            assert not log.waits or await log.on_disk(1)

    asyncio.run(run())


def logged(folder: Path, decisions: Sequence[Decision], manner: Manner = MANNER, at: int = TODAY) -> list[Record]:
    """What stands in a log after these decisions, its file closed."""
    log = open_log(folder, manner)
    keep(log, decisions, at)
    log.close()
    return list(rows(frames(folder, DECISIONS)))
