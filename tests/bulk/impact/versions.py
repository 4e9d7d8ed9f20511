"""Two versions of the retail policy and some hundred cases that they decide otherwise."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from router.bulk.impact.population import Versions
from router.cases.model import Case
from router.decide.records import FactRecords, facts_layout
from router.facts import Value
from router.policy.model import Policy
from router.policy.store import read_policy, shipped_policies
from tests.frame.backlogs import random_cases

RETAIL = shipped_policies() / "retail" / "1.0.0.yaml"
EDITS = (
    ("version: 1.0.0", "version: 1.1.0"),
    ("per_case: 50", "per_case: 40"),
    ("points: 150", "points: 380"),
    ("points: 40\n", "points: 10\n"),
    ("customer.tenure_years >= 1 or", "customer.tenure_years >= 9 or"),
    ("case.reopened >= 5", "case.reopened >= 2"),
    ("case.escalations_refused >= 1", "case.escalations_refused >= 2"),
    ("- id: redelivery-or-refund\n", "- id: redelivery-or-refund\n    enabled: false\n"),
)


def edited(text: str) -> str:
    """The version after: other points, caps, tiers, levels; an entitlement is gone."""
    for old, new in EDITS:
        assert old in text, old
        text = text.replace(old, new)
    return text


@cache
def versions() -> Versions:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "1.1.0.yaml"
        path.write_text(edited(RETAIL.read_text()))
        return Versions(read_policy(RETAIL), read_policy(path))


KNOWN: dict[str, dict[str, Value]] = {
    "old": {"tenure_years": 6.0, "spend_12m": 900.0, "orders": 30.0, "subscribed": True, "spend_percentile": 97.0},
    "some": {"tenure_years": 3.0, "spend_12m": 300.0, "orders": 9.0, "spend_percentile": 50.0, "goodwill_12m": 30.0},
    "new": {"tenure_years": 0.2, "spend_12m": 20.0, "orders": 1.0, "goodwill_12m": 0.0},
}


def records(policy: Policy, as_of: int) -> FactRecords:
    """A few customers, loyal and new."""
    layout = facts_layout(policy)
    rows = {}
    for name, given in KNOWN.items():
        facts = {"customer.known": True, **{f"customer.{key}": value for key, value in given.items()}}
        rows[name] = tuple(facts.get(fact.name, float("nan") if fact.type.numeric else None) for fact in layout)
    return FactRecords(layout, policy.currency, as_of, rows, {"on-record": True})


def cases(count: int) -> list[Case]:
    """Random ones of all customers and of a stranger, about issues of the policy."""
    names, issues = ("old", "some", "new", ""), ("delivery_late", "faulty", "wrong_item", "nonsense")
    found = random_cases(7, count)
    return [case._replace(customer_id=names[place % 4], issue=issues[place // 4 % 4]) for place, case in enumerate(found)]
