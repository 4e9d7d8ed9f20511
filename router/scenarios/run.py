"""Runs scenarios: through the row back end, or any other engine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from router.decide.decider import Decider
from router.decide.records import FactRecords
from router.facts import Fact, Value
from router.policy.model import Policy
from router.scenarios.check import check
from router.scenarios.model import Engine, Observed, Outcome, Scenario
from router.scenarios.observe import observe


@dataclass(slots=True)
class _Stage:
    """The records of whichever scenario is on: one decider serves all scenarios of a policy."""

    records: FactRecords

    @property
    def id(self) -> str:
        return self.records.id

    @property
    def as_of(self) -> int | None:
        return self.records.as_of

    @property
    def currency(self) -> str:
        return self.records.currency

    @property
    def layout(self) -> Sequence[Fact]:
        return self.records.layout

    def customer(self, customer_id: str, now: int) -> tuple[Value, ...] | None:
        return self.records.customer(customer_id, now)

    def has_order(self, order_id: str) -> bool | None:
        return self.records.has_order(order_id)


@dataclass(slots=True)
class RowEngine:
    """The row back end as an :data:`Engine`."""

    _deciders: dict[int, tuple[Policy, _Stage, Decider]] = field(default_factory=dict)

    def __call__(self, scenario: Scenario) -> Observed:
        """The decision of one scenario."""
        policy = scenario.policy
        if id(policy) not in self._deciders:
            stage = _Stage(scenario.records)
            self._deciders[id(policy)] = policy, stage, Decider(policy, stage)
        _, stage, decider = self._deciders[id(policy)]
        stage.records = scenario.records
        return observe(decider.decide(scenario.case, b"", scenario.now))


def run(scenarios: Iterable[Scenario], engine: Engine | None = None) -> tuple[Outcome, ...]:
    """The outcome of each scenario, in order; each is decided once."""
    decide = engine or RowEngine()
    seen: dict[Scenario, Observed] = {}

    def observed(scenario: Scenario) -> Observed:
        if scenario not in seen:
            seen[scenario] = decide(scenario)
        return seen[scenario]

    outcomes = []
    for scenario in scenarios:
        other = observed(scenario.better_than) if scenario.better_than else None
        outcomes.append(Outcome(scenario, observed(scenario), check(scenario, observed(scenario), other)))
    return tuple(outcomes)
