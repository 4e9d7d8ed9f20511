"""A trace says of every rule what the decision says, and of every part of a condition what it is."""

from pathlib import Path

import pytest

from router.decide.decider import Decider
from router.decide.trace import Part, Tracer
from router.policy.store import policy_folders
from router.scenarios.choose import PolicyChooser, choose
from router.scenarios.load import bind, read_files

SHIPPED = Path(__file__).parents[2] / "policies"


def joined(part: Part) -> bool | None:
    """What the parts of a condition make it, three-valued."""
    truths = [joined(below) for below in part.parts]
    if part.joined == "all of":
        return False if False in truths else None if None in truths else True
    if part.joined == "any of":
        return True if True in truths else None if None in truths else False
    if part.joined:
        test, then, otherwise = truths
        return then if test else otherwise
    return part.truth


@pytest.mark.parametrize("folder", policy_folders(SHIPPED), ids=lambda folder: folder.name)
def test_every_rule_is_traced_as_it_was_decided(folder: Path) -> None:
    tracers: dict[int, Tracer] = {}
    for scenario in bind(read_files(choose(folder).files), PolicyChooser(SHIPPED))[::7]:
        policy, records = scenario.policy, scenario.records
        tracer = tracers.setdefault(id(policy), Tracer(policy, records))
        decision = Decider(policy, records).decide(scenario.case, b"", scenario.now)
        sections = {section.name: section.rules for section in tracer.trace(decision)}
        fired = [
            rule.id
            for name, rules in sections.items()
            if name not in {"tiers", "commitments"}
            for rule in rules
            if rule.fired
        ]
        assert fired == [rule for rule in decision.fired if not rule.startswith("engine-")]
        assert [tier.id for tier in sections["tiers"] if tier.fired] == [decision.tier.name]
        assert sum(row.fired for row in sections["commitments"]) == 1
        points = {rule.id: rule.gives[0][1] for rule in sections["priority"] if rule.fired}
        assert points == {rule.id: earned for rule, earned in decision.contributions if rule.id != "ageing"}
        for rules in sections.values():
            for rule in rules:
                if rule.condition is not None:
                    assert joined(rule.condition) == rule.condition.truth
                    assert (
                        rules is sections["tiers"]
                        or rules is sections["commitments"]
                        or rule.fired is (rule.condition.truth is True)
                    )
