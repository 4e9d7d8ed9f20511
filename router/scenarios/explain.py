"""A failed scenario in words: what was expected, what was found, and the rules and facts behind it."""

from collections.abc import Iterator, Mapping
from math import nan

from router.facts import Value
from router.policy.expression import names, write
from router.policy.model import Policy, Rule, Tier
from router.scenarios.check import told
from router.scenarios.model import Failure, Observed, Outcome


def explain(outcome: Outcome) -> str:
    """The failures of one scenario, one a line, with what lies behind them below."""
    scenario, seen = outcome.scenario, outcome.observed
    lines = [f"{scenario.where}:{scenario.line}: {scenario.name}"]
    rules = {rule.id: rule for rule in scenario.policy.rules}
    shown: set[str] = set()
    for failure in outcome.failures:
        lines.append(f"  {failure}")
        for line in _behind(failure, scenario.policy, seen, rules):
            if line not in shown:
                shown.add(line)
                lines.append(f"    {line}")
    return "\n".join(lines)


def _behind(failure: Failure, policy: Policy, seen: Observed, rules: Mapping[str, Rule]) -> Iterator[str]:
    part = failure.field.partition(".")[0]
    if failure.rule in rules:
        rule = rules[failure.rule]
        yield f"{rule.id} when {write(rule.when)}{_facts(policy, rule, seen)}"
    elif part == "tier":
        if (seen.facts or {}).get("customer.known") is False:
            yield "the customer is not known, and has the last tier"
        for tier in reversed(policy.tiers[1:]):  # the last one has no condition
            yield f"{tier.name} when {write(tier.when)}{_facts(policy, tier, seen)}"
    elif part in {"priority", "better_than"}:
        yield f"score {seen.score}, band {seen.band}"
        for rule_id, points in seen.points.items():
            facts = _facts(policy, rules[rule_id], seen) if rule_id in rules else ""
            yield f"{points:+d} {rule_id}{facts}"
    elif part in {"escalation", "recompense"}:
        for given in seen.suggestions if part == "recompense" else ():
            amount = "" if given.amount is None else f" {given.amount / 10**policy.exponent:.{policy.exponent}f}"
            yield f"{given.kind}{amount} by {given.rule}"
        fired = [rule for rule in getattr(policy, part) if rule.id in seen.fired]
        for rule in fired:
            yield f"{rule.id} fired{_facts(policy, rule, seen)}"


def _facts(policy: Policy, rule: Rule | Tier, seen: Observed) -> str:
    gives = rule.gives if isinstance(rule, Rule) else None
    read = names(rule.when) | (names(gives) if gives else frozenset())
    ranks = {tier.name: float(tier.rank) for tier in policy.tiers}
    results: Mapping[str, Value] = {
        "tier": seen.tier,
        "tier.rank": ranks.get(seen.tier, nan),
        "score": float(seen.score),
        "band": seen.band,
        "level": seen.level,
        "level.rank": float(seen.level_rank),
    }
    values = {**(seen.facts or {}), **results}
    read_as = [f"{name} = {told(values[name])}" for name in sorted(read) if name in values]
    return f"  ({', '.join(read_as)})" if read_as else ""
