"""What of a policy no scenario tries: rules that never fire, tiers and levels that nobody gets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from router.policy.model import Policy
from router.scenarios.model import Outcome


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many scenarios a policy has, how often each of its rules fired, and which tiers and levels were given."""

    policy: Policy
    scenarios: int
    fired: Mapping[str, int]
    tiers: frozenset[str]
    levels: frozenset[str]

    @property
    def missed(self) -> tuple[str, ...]:
        """Rules that never fired, tiers and levels that nobody got: each in words, in the order of the policy."""
        rules = [f"rule {rule.id}" for rule in self.policy.rules if not self.fired[rule.id]]
        tiers = [f"tier {tier.name}" for tier in reversed(self.policy.tiers) if tier.name not in self.tiers]
        levels = [f"level {level.name}" for level in self.policy.levels if level.name not in self.levels]
        return (*tiers, *levels, *rules)


def coverage(outcomes: Iterable[Outcome]) -> tuple[Coverage, ...]:
    """The coverage of each policy that the scenarios were decided by."""
    by_policy: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        by_policy.setdefault(id(outcome.scenario.policy), []).append(outcome)
    return tuple(map(_of_one, by_policy.values()))


def _of_one(outcomes: list[Outcome]) -> Coverage:
    policy = outcomes[0].scenario.policy
    fired = dict.fromkeys((rule.id for rule in policy.rules), 0)
    for outcome in outcomes:
        for rule in outcome.observed.fired:
            if rule in fired:  # the engine's own rules are no part of the policy
                fired[rule] += 1
    seen = [outcome.observed for outcome in outcomes]
    return Coverage(policy, len(outcomes), fired, frozenset(o.tier for o in seen), frozenset(o.level for o in seen))
