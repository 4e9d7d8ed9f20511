"""One rule planted in the shipped retail policy, among all of its own: what is wrong is found, what only looks it is not."""

from pathlib import Path

import pytest

from router.fairness import check_fairness
from router.policy.compile import compile_policy

RETAIL = (Path(__file__).parents[2] / "policies" / "retail" / "1.0.0.yaml").read_text(encoding="utf-8")
PRIORITY, ESCALATION, RECOMPENSE, COMMITMENTS = "priority:", "escalation:", "recompense:", "commitments:"
LOYALTY, FAILURE, STARVES, SLOWER = "loyalty-lowers", "failure-lowers", "case-starves", "commitment-slower"

REST = "resolve: 9 business days, final_response: 8 weeks}"


def planted(section: str, *rules: str) -> str:
    """The retail policy with rules at the start of a section, each as YAML in braces."""
    start = RETAIL.index(f"\n{section}") + 1
    mark = "\n" if section == COMMITMENTS else "\n  rules:\n"
    at = RETAIL.index(mark, start) + len(mark)
    indent = "  " if section == COMMITMENTS else "    "
    return RETAIL[:at] + "".join(f"{indent}- {rule}\n" for rule in rules) + RETAIL[at:]


def found(text: str) -> set[str]:
    return {problem.code for problem in check_fairness(compile_policy(text, "retail.yaml"))}


FAULTS = [
    (PRIORITY, "{id: a, when: customer.tenure_years > 12, points: -10, because: x}", LOYALTY),
    (PRIORITY, "{id: a, when: customer.vulnerable and tier.rank >= 2, points: -201, because: x}", LOYALTY),
    (PRIORITY, "{id: a, when: customer.tenure_years - customer.subscription_years > 2, points: 15, because: x}", LOYALTY),
    (PRIORITY, "{id: a, points: 'min(customer.spend_12m / max(customer.orders_12m, 1), 50)', because: x}", LOYALTY),
    (PRIORITY, "{id: a, when: customer.plan == 'lite', points: -45, because: x}", LOYALTY),
    (PRIORITY, "{id: a, when: case.unanswered > 3, points: -45, because: x}", FAILURE),
    (PRIORITY, "{id: a, when: case.closed_without_acceptance and case.reopened > 0, points: -150, because: x}", FAILURE),
    (
        PRIORITY,
        "{id: a, when: case.only_statutory_offered and case.remedies_rejected >= 1, points: -200, because: x}",
        FAILURE,
    ),
    (PRIORITY, "{id: a, when: customer.open_order_overdue_hours > 100, points: -5, because: x}", FAILURE),
    (PRIORITY, "{id: a, when: case.contacts >= 3, points: -1 * case.age_hours * case.contacts, because: x}", STARVES),
    (PRIORITY, "{id: a, points: 0.2 * customer.days_to_renewal, because: x}", STARVES),
    (ESCALATION, "{id: a, when: tier == 'silver' and case.leaving_signalled, at_least: specialist, because: x}", LOYALTY),
    (RECOMPENSE, "{id: a, kind: credit, amount: 2 * tier.rank, because: x}", LOYALTY),
    (RECOMPENSE, "{id: a, kind: credit, when: case.reopened > 0, amount: 5, because: x}", FAILURE),
    (
        COMMITMENTS,
        "{when: tier.rank >= 2, acknowledge: 15m, next_update: 5 business hours, " + REST,
        SLOWER,
    ),
    (
        COMMITMENTS,
        "{when: level == 'executive', acknowledge: 15m, next_update: 1 business day, " + REST,
        SLOWER,
    ),
]
FINE = [
    (PRIORITY, "{id: a, when: customer.orders_12m > customer.orders, points: -500, because: x}"),
    (PRIORITY, "{id: a, when: case.hedged_apologies > case.apologies, points: -500, because: x}"),
    (PRIORITY, "{id: a, when: case.promise_overdue_hours > 0 and case.promises_broken == 0, points: -500, because: x}"),
    (PRIORITY, "{id: a, when: case.escalation_requested and case.escalations_refused == 0, points: 60, because: x}"),
    (PRIORITY, "{id: a, when: case.age_hours < 48, points: 100 - 2 * case.age_hours, because: x}"),
    (PRIORITY, "{id: a, when: customer.return_rate > 0.3, points: -80, because: x}"),
    (
        PRIORITY,
        "{id: a, when: customer.tenure_years < 1, points: 20, because: x}",
        "{id: b, when: customer.tenure_years >= 1, points: 30, because: x}",
    ),
    (
        RECOMPENSE,
        "{id: a, kind: gift, when: tier == 'silver', because: x}",
        "{id: b, kind: gift, when: tier.rank >= 2, because: x}",
    ),
]


@pytest.mark.parametrize(("section", "rule", "code"), FAULTS, ids=[rule[:80] for _, rule, _ in FAULTS])
def test_a_fault_among_many_rules_is_found(section: str, rule: str, code: str) -> None:
    assert code in found(planted(section, rule))


@pytest.mark.parametrize("rules", FINE, ids=lambda rules: rules[1])
def test_what_only_looks_wrong_raises_no_alarm(rules: tuple[str, ...]) -> None:
    section, *more = rules
    assert found(planted(section, *more)) == set()
