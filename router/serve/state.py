"""What a server decides by: its policies and its snapshot, swapped as one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from router.decide.decider import Decider
from router.decide.model import Decision, Records
from router.decide.trace import Tracer
from router.facts import CUSTOMER_FACTS, Fact, Value
from router.policy.model import Policy
from router.policy.trial import Trial
from router.serve.convert.answer import Answers
from router.serve.convert.trace import traced


class Policies(Protocol):
    """Where policies come from; see ``router.policy.store``."""

    def get(self, name: str, version: str, now: int) -> Policy:
        """The policy of that name and version; empty: the only one, the one in force at ``now``."""

    def versions(self, now: int) -> Iterable[tuple[Policy, bool, bool]]:
        """Every policy, whether it is in force at ``now``, and whether it is a draft."""

    def trial(self, name: str, now: int) -> Trial | None:
        """The version of the policy ``name`` that is on trial at ``now``."""

    def steady(self, name: str, now: int) -> tuple[int, int]:
        """The time around ``now`` in which none of the answers above changes, without its end."""


class NoRecords:
    """What is known without a snapshot: nobody."""

    id = ""
    as_of: int | None = None
    currency = ""
    layout: Sequence[Fact] = CUSTOMER_FACTS

    def customer(self, customer_id: str, now: int) -> tuple[Value, ...] | None:
        """Nobody is known."""
        del customer_id, now
        return None

    def has_order(self, order_id: str) -> bool | None:
        """There is no orders table."""
        del order_id
        return None


@dataclass(slots=True)
class Pair:
    """A policy with the records, ready to decide and to answer."""

    decider: Decider
    answers: Answers
    _tracer: Tracer | None = None

    def explained(self, decision: Decision) -> bytes:
        """The field ``trace`` of a decision, serialised; what it takes is made when it is first asked for."""
        tracer = self._tracer or Tracer(self.decider.policy, self.decider.records)
        self._tracer = tracer
        return traced(tracer.trace(decision))


@dataclass(frozen=True, slots=True)
class Choice:
    """Who decides from ``since`` on and before ``until``: a policy with the records; beside it, what is on trial for a
    share of the customers, or in shadow."""

    pair: Pair
    since: int
    until: int
    canary: Pair | None = None
    shadow: Pair | None = None
    trial: Trial | None = None

    def of(self, customer_id: str, case_id: str) -> Pair:
        """The one pair that decides for a customer; a customer without an id goes by the id of the case."""
        if self.canary is not None and self.trial is not None and self.trial.takes(customer_id or case_id):
            return self.canary
        return self.pair


@dataclass(slots=True)
class State:
    """One state of the releases and one snapshot. A call, or a whole batch, holds on to one.

    ``pairs`` are those that are ready, by the digest of the policy; ``choices`` are the last ones, by what was asked for.
    """

    policies: Policies
    records: Records
    engine_version: str
    pairs: dict[str, Pair] = field(default_factory=dict)
    choices: dict[tuple[str, str], Choice] = field(default_factory=dict)

    def pair(self, policy: str, version: str, now: int) -> Pair:
        """The policy asked for, ready. Raises ``UnknownPolicyError`` naming what exists."""
        return self._ready(self.policies.get(policy, version, now))

    def choose(self, policy: str, version: str, now: int) -> Choice:
        """Who decides at ``now``. A version that is asked for decides alone. Raises ``UnknownPolicyError``."""
        choice = self.choices.get((policy, version))
        if choice is None or not choice.since <= now < choice.until:
            choice = self.choices[policy, version] = self._choice(policy, version, now)
        return choice

    def _choice(self, policy: str, version: str, now: int) -> Choice:
        found = self.policies.get(policy, version, now)
        pair, (since, until) = self._ready(found), self.policies.steady(found.name, now)
        trial = None if version else self.policies.trial(found.name, now)
        if trial is None:
            return Choice(pair, since, until)
        tried = self._ready(trial.policy)
        return Choice(pair, since, until, None if trial.shadow else tried, tried if trial.shadow else None, trial)

    def prepare(self, last: "State | None" = None) -> "State":
        """Make every policy ready before a case asks for it; what ``last`` has ready with the same records is taken over."""
        if last is not None and last.records is self.records:
            self.pairs.update(last.pairs)
        for policy, _, _ in self.policies.versions(0):
            self._ready(policy)
        return self

    def _ready(self, policy: Policy) -> Pair:
        pair = self.pairs.get(policy.digest)
        if pair is None:
            decider = Decider(policy, self.records)
            pair = self.pairs[policy.digest] = Pair(decider, Answers(decider, self.engine_version))
        return pair
