"""Versions in shadow: they decide every case as well, after its reply, and only what they would do otherwise is kept."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import orjson

from router.decide.model import Decision
from router.errors import LogError
from router.log.decisions import DecisionLog
from router.serve.state import Pair

_LOG = logging.getLogger("case_router.shadow")
_PATIENCE = 0.001
"""Seconds before the first case, so that its reply goes first."""
_REST = 9
"""How many times as long as a case took the event loop is left to calls before the next one: a tenth is for the shadow."""

Again = Callable[[Pair], Decision]
"""Decides a case by another pair."""


class _Asked(NamedTuple):
    pair: Pair
    again: Again
    decision: Decision


@dataclass(slots=True)
class Shadow:
    """Decides again what was decided, in at most a tenth of the time, so that calls come first.

    At most ``limit`` cases wait; where more come, the server is busy, and they are dropped. ``compared``, ``differing``,
    ``dropped`` and ``failed`` count cases by the digest of the version in shadow.
    """

    log: DecisionLog | None
    now: Callable[[], int]
    limit: int = 1_000
    compared: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    _waiting: deque[_Asked] = field(default_factory=deque)
    _task: asyncio.Task[None] | None = None

    def offer(self, pair: Pair, again: Again, decision: Decision) -> None:
        """Have ``pair`` decide a case later, of which ``decision`` was given."""
        if len(self._waiting) >= self.limit:
            self.dropped[pair.decider.policy.digest] += 1
            return
        self._waiting.append(_Asked(pair, again, decision))
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def settled(self) -> None:
        """Wait until no case waits."""
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        await asyncio.sleep(_PATIENCE)
        while self._waiting:
            start = perf_counter()
            self._compare(self._waiting.popleft())
            await asyncio.sleep((perf_counter() - start) * _REST)
        self._task = None

    def _compare(self, asked: _Asked) -> None:
        policy, decision = asked.pair.decider.policy, asked.decision
        try:
            found = differences(decision, asked.again(asked.pair))
            self.compared[policy.digest] += 1
            if found:
                self.differing[policy.digest] += 1
                self._keep(decision, policy.version, found)
        except Exception as error:  # noqa: BLE001 - nobody is treated by it, so it harms nobody
            if not self.failed[policy.digest]:
                _LOG.error("%s %s in shadow failed", policy.name, policy.version, exc_info=error)
            self.failed[policy.digest] += 1

    def _keep(self, decision: Decision, version: str, found: Mapping[str, object]) -> None:
        given, now = decision.policy, self.now()
        line = {
            "decision_id": decision.id,
            "decided_at": now,
            "policy": given.name,
            "policy_version": given.version,
            "shadow_version": version,
            "differences": found,
        }
        data = orjson.dumps(line)
        if self.log is None:
            _LOG.info("%s", data.decode())
            return
        try:
            self.log.differ(data[1:] + b"\n", now)
        except LogError as error:
            _LOG.warning("%s", error)


def differences(given: Decision, other: Decision) -> dict[str, tuple[object, object]]:
    """What two decisions about one case do otherwise: what was given, and what would have been."""
    one, two = _told(given), _told(other)
    return {name: (one[name], two[name]) for name in one if one[name] != two[name]}


def _told(decision: Decision) -> dict[str, object]:
    found: dict[str, object] = {
        "tier": decision.tier.name,
        "score": decision.score,
        "band": decision.band,
        "level": decision.level.name,
        "owner": decision.owner,
        "next_person": decision.next_person.name,
        "commitments": [list(each) for each in decision.commitments],
        "points": [[rule.id, points] for rule, points in decision.contributions],
        "reasons": [rule.id for rule in decision.reasons],
        "may_close": decision.may_close,
    }
    if decision.full:
        found |= {
            "recompense_total": decision.total,
            "suggestions": [
                [each.rule.id if each.rule else None, each.amount, each.needs_approval] for each in decision.suggestions
            ],
            "entitlements": [rule.id for rule in decision.entitlements],
            "likely_reasons": [rule.id for rule in decision.likely_reasons],
            "guidance": [rule.id for rule in decision.guidance],
            "adverse_actions": [[each.kind, each.permitted] for each in decision.adverse_actions],
            "reply_channel": decision.reply_channel.name if decision.reply_channel else None,
        }
    return found
