"""Sixty rules on one case: the generated function beside zen-engine, a rule engine written in Rust, on the same rules."""

import json
import random
from typing import Any

from benchmarks.figures import Figures, figure, in_turn, middle
from router.decide.decider import case_layout
from router.facts import CUSTOMER_FACTS, Value
from router.policy.compile import compile_policy
from router.policy.model import Policy
from router.policy.plan import fired
from router.policy.row import Row, compile_row

RULES = 60
FACTS = (
    "customer.tenure_years",
    "customer.spend_12m",
    "customer.orders_12m",
    "customer.return_rate",
    "case.age_hours",
    "case.chases",
    "case.promises_broken",
    "case.contradictions",
    "case.value_at_stake",
    "case.handoffs",
)
SCALE = {"customer.tenure_years": 10, "customer.spend_12m": 2000, "customer.return_rate": 1, "case.age_hours": 200}


def rules() -> list[tuple[dict[str, str], int]]:
    """Each rule as two cells, a fact and what it is compared with, and its points; always the same."""
    drawn = random.Random(60)
    found = []
    for index in range(RULES):
        first, second = drawn.sample(FACTS, 2)
        cells = {
            name: f"{drawn.choice(['>', '>=', '<'])} {round(drawn.random() * SCALE.get(name, 6), 2)}"
            for name in (first, second)
        }
        found.append((cells, 10 + index))
    return found


def policy_text() -> str:
    """The rules as the priority rules of a policy."""
    given = [
        {
            "id": f"r{i}",
            "when": " and ".join(f"{name} {cell}" for name, cell in cells.items()),
            "points": points,
            "because": "x",
        }
        for i, (cells, points) in enumerate(rules())
    ]
    return json.dumps(
        {
            "policy": "sixty",
            "version": "1.0.0",
            "currency": "GBP",
            "tiers": [{"tier": "standard"}],
            "priority": {
                "ageing": {"points_per_hour": 2},
                "bands": {"P1": 700, "P2": 450, "P3": 200, "P4": 0},
                "rules": given,
            },
            "escalation": {"levels": [{"level": "one", "role": "agent"}], "outside": {"name": "x", "because": "x"}},
            "commitments": [{"acknowledge": "1h", "next_update": "1h", "resolve": "3 days", "final_response": "8 weeks"}],
        }
    )


def decision_table() -> str:
    """The rules as a decision table of zen-engine that collects every hit."""
    inputs = [{"id": name, "name": name, "field": name.replace(".", "_")} for name in FACTS]
    outputs = [{"id": "points", "name": "points", "field": "points"}, {"id": "rule", "name": "rule", "field": "rule"}]
    rows = [
        {"_id": f"r{i}", "points": str(points), "rule": f'"r{i}"', **{name: cells.get(name, "") for name in FACTS}}
        for i, (cells, points) in enumerate(rules())
    ]
    content = {"hitPolicy": "collect", "inputs": inputs, "outputs": outputs, "rules": rows}
    nodes: list[dict[str, Any]] = [
        {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
        {"id": "table", "type": "decisionTableNode", "name": "table", "position": {"x": 1, "y": 0}, "content": content},
        {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 2, "y": 0}},
    ]
    edges = [
        {"id": "a", "type": "edge", "sourceId": "in", "targetId": "table"},
        {"id": "b", "type": "edge", "sourceId": "table", "targetId": "out"},
    ]
    return json.dumps({"nodes": nodes, "edges": edges})


def one_case(policy: Policy) -> tuple[dict[str, float], tuple[Value, ...], tuple[Value, ...]]:
    """The facts of one case: by name, and as the row function takes them."""
    drawn = random.Random(1)
    facts = {name: round(drawn.random() * SCALE.get(name, 6), 2) for name in FACTS}

    def row(layout: tuple[Any, ...]) -> tuple[Value, ...]:
        return tuple(facts.get(fact.name, 0.0 if fact.type.numeric else None) for fact in layout)

    return facts, row(CUSTOMER_FACTS), row(case_layout(policy))


def the_plan() -> tuple[Policy, Row]:
    """The policy and its row function, asked for what a server asks it for: the points of these rules are known at load,
    so the score, and of each rule whether it fired, say what each adds."""
    policy = compile_policy(policy_text(), "sixty")
    wanted = ["tier.rank", "score", "level.rank", "commitments.row", "band", "points.ageing"]
    wanted += [fired(rule.id) for rule in policy.priority]
    return policy, compile_row(policy.plan, wanted, CUSTOMER_FACTS, case_layout(policy))


def measure() -> Figures:
    """``row_plan_us`` and ``zen_ratio``."""
    policy, plan = the_plan()
    facts, customer, case = one_case(policy)
    how = f"{RULES} rules of two comparisons each, what a basic decision needs, one case; median of 300 rounds of 100 calls"
    try:
        import zen  # noqa: PLC0415 - an extra that only this needs
    except ImportError:
        (ours,) = in_turn(lambda: plan(customer, case), rounds=300, repeats=100)
        return {
            "row_plan_us": figure(middle(ours), "us", "<= 10", how),
            "zen_ratio": figure(0, "x", ">= 30", "not measured: zen-engine is not installed"),
        }
    decision = zen.ZenEngine().create_decision(decision_table())
    given = {name.replace(".", "_"): value for name, value in facts.items()}
    theirs_fired = {hit["rule"] for hit in decision.evaluate(given)["result"]}
    hits = plan(customer, case)[-RULES:]
    ours_fired = {rule.id for rule, hit in zip(policy.priority, hits, strict=True) if hit}
    assert ours_fired == theirs_fired, ours_fired ^ theirs_fired
    ours, theirs = in_turn(lambda: plan(customer, case), lambda: decision.evaluate(given), rounds=300, repeats=20)
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return {
        "row_plan_us": figure(middle(ours), "us", "<= 10", how.replace("100 calls", "20 calls")),
        "zen_ratio": figure(
            middle(ratios),
            "x",
            ">= 30",
            f"the same rules as a collecting table of zen-engine ({middle(theirs):.0f} us), in turn; the same rules fire",
        ),
    }
