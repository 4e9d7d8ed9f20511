"""One policy to decide by in tests, as a document that each test changes where it matters, and the cases for it."""

from collections.abc import Mapping
from typing import Any

from router.cases import model as m
from router.decide.decider import Decider
from router.decide.model import Decision
from router.decide.records import FactRecords, facts_layout, read_facts
from router.time import parse_instant
from tests.decide.strategies import compiled

OPENED = parse_instant("2016-05-25T10:00:00Z")
"""A Wednesday, eleven o'clock in London."""

BASE: Mapping[str, Any] = {
    "policy": "small",
    "version": "1.0.0",
    "currency": "GBP",
    "calendar": {"time_zone": "Europe/London", "hours": {"mon-fri": ["08:00-20:00"], "sat": ["09:00-13:00", "14:00-17:00"]}},
    "issues": {"late": {"company_failure": True}, "question": {"company_failure": False}},
    "tiers": [{"tier": "gold", "when": "customer.spend_12m >= 100"}, {"tier": "standard"}],
    "priority": {"ageing": {"points_per_hour": 2}, "bands": {"P1": 300, "P2": 200, "P3": 100}, "rules": []},
    "escalation": {
        "levels": [
            {"level": "frontline", "role": "agent", "may_approve": 10},
            {"level": "senior", "role": "senior agent", "may_approve": 40},
            {"level": "executive", "role": "head", "may_approve": 200},
        ],
        "outside": {"name": "ombudsman", "because": "Nobody is above."},
        "rules": [],
    },
    "commitments": [{"acknowledge": "1h", "next_update": "4h", "resolve": "3 days", "final_response": "8 weeks"}],
}


def instant(text: str) -> int:
    return parse_instant(f"{text}Z")


def case(*timeline: m.Event, **given: Any) -> m.Case:  # noqa: ANN401 - attributes of a case
    """A case of ``ann`` with these events."""
    return m.Case("c1", OPENED, "ann", issue="late", timeline=timeline)._replace(**given)


def at(text: str, what: m.What) -> m.Event:
    return m.Event(instant(text), what)


def decider(
    customer: Mapping[str, object] | None = None,
    *,
    as_of: int | None = OPENED,
    orders: Mapping[str, bool] | None = None,
    **sections: Any,  # noqa: ANN401 - of a policy
) -> Decider:
    """A decider by ``BASE`` with some sections replaced, that knows ``ann`` by these facts, and these orders."""
    policy = compiled({**BASE, **sections})
    layout = facts_layout(policy)
    row, mistakes = read_facts(customer or {}, layout)
    assert mistakes == []
    assert row is not None
    return Decider(policy, FactRecords(layout, policy.currency, as_of, {"ann": row}, orders))


def decide(of: Decider, asked: m.Case, now: str = "2016-05-25T10:00", *, full: bool = True) -> Decision:
    return of.decide(asked, b"question", instant(now), full=full)


def codes(decision: Decision) -> list[str]:
    return [notice.code for notice in decision.warnings]
