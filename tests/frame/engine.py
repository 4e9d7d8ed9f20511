"""The frame back end as an engine: the scenarios of one policy and one moment are one backlog."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, TypeAlias

from router.cases.model import Case
from router.decide.decider import terms_of
from router.decide.records import FactRecords
from router.frame.customers import of_records
from router.frame.decide import FrameDecider
from router.frame.tables import frames_of
from router.policy.model import COMMITMENTS, Policy
from router.scenarios.model import Due, Observed, Scenario, Suggested

_Backlog: TypeAlias = tuple[int, int, int | None, str]
"""What scenarios of one backlog share: policy, moment, and the moment and currency of the records."""


class FrameEngine:
    """The frame back end as an :data:`Engine` of some scenarios and those that they are compared with."""

    def __init__(self, scenarios: Iterable[Scenario]) -> None:
        together: dict[_Backlog, list[Scenario]] = {}
        for scenario in dict.fromkeys(chain.from_iterable((each, each.better_than) for each in scenarios)):
            if scenario is not None:
                records = scenario.records
                backlog = id(scenario.policy), scenario.now, records.as_of, records.currency
                together.setdefault(backlog, []).append(scenario)
        self._observed = {scenario: seen for backlog in together.values() for scenario, seen in _decide(backlog)}

    def __call__(self, scenario: Scenario) -> Observed:
        """The decision of one of the scenarios."""
        return self._observed[scenario]


def _decide(backlog: list[Scenario]) -> Iterable[tuple[Scenario, Observed]]:
    first = backlog[0]
    records = [_apart(scenario.records, str(place)) for place, scenario in enumerate(backlog)]
    orders = [each.orders for each in records if each.orders is not None]
    together = FactRecords(
        first.records.layout,
        first.records.currency,
        first.records.as_of,
        dict(chain.from_iterable(each.customers.items() for each in records)),
        dict(chain.from_iterable(each.items() for each in orders)) if orders else None,
    )
    named = [_named(scenario.case, str(place)) for place, scenario in enumerate(backlog)]
    cases, events = frames_of(named, terms_of(first.policy))
    decisions = FrameDecider(first.policy, of_records(together)).decide(cases, events, first.now).collect()
    return [(backlog[int(row["case_id"])], observe_row(first.policy, row)) for row in decisions.iter_rows(named=True)]


def _apart(records: FactRecords, place: str) -> FactRecords:
    """Records whose ids are those of no other scenario."""
    customers = {place + name: facts for name, facts in records.customers.items()}
    orders = None if records.orders is None else {place + name: known for name, known in records.orders.items()}
    return FactRecords(records.layout, records.currency, records.as_of, customers, orders)


def _named(case: Case, place: str) -> Case:
    customer, order = (name and place + name for name in (case.customer_id, case.order_id))
    return case._replace(id=place, customer_id=customer, order_id=order)


def observe_row(policy: Policy, row: dict[str, Any]) -> Observed:
    """A row of :data:`router.frame.answer.DECISION` in plain ids and numbers."""
    above = [level.name for level in policy.levels[row["level_rank"] + 1 :][:1]]
    return Observed(
        tier=row["tier"],
        score=row["score"],
        band=row["band"],
        level=row["level"],
        level_rank=row["level_rank"],
        total=row["recompense_total"],
        suggestions=tuple(
            Suggested(each["rule"], each["kind"], each["amount"], each["needs_approval"]) for each in row["suggestions"]
        ),
        entitlements=tuple(row["entitlements"]),
        fired=tuple(row["fired"]),
        points={each["rule"]: each["points"] for each in row["points"]},
        guidance=tuple(row["guidance"]),
        likely_reasons=tuple(row["likely_reasons"]),
        permitted=row["permitted"],
        may_close=row["may_close"],
        warnings=tuple(row["warnings"]),
        commitments={kind: Due(row[f"{kind}_by"], row[f"{kind}_state"]) for kind in COMMITMENTS},
        reply_channel=row["reply_channel"],
        next_person=(*above, row["next_person"]),
    )
