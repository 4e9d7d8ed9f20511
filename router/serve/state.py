"""What a server decides by: its policies and its snapshot, swapped as one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from router.decide.decider import Decider
from router.decide.model import Decision, Records
from router.decide.trace import Tracer
from router.facts import CUSTOMER_FACTS, Fact, Value
from router.policy.model import Policy
from router.serve.convert.answer import Answers
from router.serve.convert.trace import traced


class Policies(Protocol):
    """Where policies come from; see ``router.policy.store``."""

    def get(self, name: str, version: str, now: int) -> Policy:
        """The policy of that name and version; empty: the only one, the one in force at ``now``."""

    def versions(self, now: int) -> Iterable[tuple[Policy, bool, bool]]:
        """Every policy, whether it is in force at ``now``, and whether it is a draft."""


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


@dataclass(slots=True)
class State:
    """One state of the releases and one snapshot. A call, or a whole batch, holds on to one."""

    policies: Policies
    records: Records
    engine_version: str
    _pairs: dict[str, Pair] = field(default_factory=dict)

    def pair(self, policy: str, version: str, now: int) -> Pair:
        """The policy asked for, ready. Raises ``UnknownPolicyError`` naming what exists."""
        found = self.policies.get(policy, version, now)
        pair = self._pairs.get(found.digest)
        if pair is None:
            decider = Decider(found, self.records)
            pair = self._pairs[found.digest] = Pair(decider, Answers(decider, self.engine_version))
        return pair
