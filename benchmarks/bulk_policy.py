"""A policy of sixty rules, always the same, that reads customers and cases without their timelines."""

import json
import random

PRIORITY, ESCALATION, RECOMPENSE = 40, 10, 10
FACTS = {
    "customer.tenure_years": 1000.0,
    "customer.spend_12m": 1000.0,
    "customer.spend_percentile": 1000.0,
    "customer.orders_12m": 1000.0,
    "customer.return_rate": 1000.0,
    "customer.late_deliveries_12m": 1000.0,
    "customer.cases_12m": 1000.0,
    "case.value_at_stake": 500.0,
    "case.age_hours": 1440.0,
}
"""Facts that the rules read, and how far they reach in the made-up data."""
TEXTS = {"case.issue": ("delivery_failed", "damaged", "faulty", "question"), "case.channel": ("phone", "email", "social")}
LEVELS = ("frontline", "senior", "specialist", "executive")


def policy_text() -> str:
    """The policy as a JSON document, which is YAML too."""
    drawn = random.Random(60)

    def condition() -> str:
        first, second = drawn.sample(sorted(FACTS), 2)
        parts = [
            f"{name} {drawn.choice(['>', '>=', '<'])} {round(drawn.random() * FACTS[name], 2)}" for name in (first, second)
        ]
        if drawn.random() < 0.3:
            name = drawn.choice(sorted(TEXTS))
            parts.append(f"{name} == '{drawn.choice(TEXTS[name])}'")
        return drawn.choice([" and ", " or "]).join(parts)

    def rules(prefix: str, count: int, gives: dict[str, list[object]]) -> list[dict[str, object]]:
        return [
            {"id": f"{prefix}{i}", "when": condition(), "because": "x"} | {key: drawn.choice(v) for key, v in gives.items()}
            for i in range(count)
        ]

    amounts: list[object] = ["5", "min(0.2 * case.value_at_stake, 25)", "0.01 * customer.spend_12m", "10"]
    return json.dumps(
        {
            "policy": "sixty",
            "version": "1.0.0",
            "currency": "GBP",
            "issues": {name: {"company_failure": True} for name in (*TEXTS["case.issue"], "delivery_late", "wrong_item")},
            "tiers": [
                {"tier": "platinum", "when": "customer.tenure_years >= 800 or customer.spend_percentile >= 900"},
                {"tier": "gold", "when": "customer.tenure_years >= 500 and customer.subscribed"},
                {"tier": "silver", "when": "customer.orders_12m >= 400"},
                {"tier": "standard"},
            ],
            "priority": {
                "ageing": {"points_per_hour": 2},
                "bands": {"P1": 2500, "P2": 1800, "P3": 1000, "P4": 0},
                "rules": rules(
                    "p", PRIORITY, {"points": [20, 50, 80, "10 + 0.1 * case.age_hours", "min(case.value_at_stake, 90)"]}
                ),
            },
            "escalation": {
                "levels": [{"level": level, "role": level, "may_approve": 20 * 4**i} for i, level in enumerate(LEVELS)],
                "outside": {"name": "ombudsman", "because": "x"},
                "rules": rules("e", ESCALATION, {"at_least": list(LEVELS[1:])}),
            },
            "recompense": {
                "caps": {"per_case": 50, "per_customer_12m": 120, "share_of_price": 1.5},
                "rules": rules("r", RECOMPENSE, {"kind": ["credit"], "amount": amounts}),
            },
            "commitments": [{"acknowledge": "1h", "next_update": "1h", "resolve": "3 days", "final_response": "8 weeks"}],
        }
    )
