"""What a decider asks of the plan, and where each part stands in the results."""

from collections.abc import Sequence

from router.decide.model import Slices
from router.policy import plan as p
from router.policy.expression import Number
from router.policy.model import Policy, Rule


def varying(policy: Policy) -> list[Rule]:
    """Priority rules whose points are not always the same."""
    return [rule for rule in policy.priority if not isinstance(rule.gives, Number)]


def _ids(rules: Sequence[Rule]) -> list[str]:
    return [p.fired(rule.id) for rule in rules]


def outputs(policy: Policy) -> tuple[list[str], list[str], Slices]:
    """The columns that the basic and the full answer need, the basic ones first, and where their parts stand."""
    wanted = ["tier.rank", "score", "level.rank", "commitments.row", "band", "points.ageing"]

    def add(names: list[str]) -> slice:
        start = len(wanted)
        wanted.extend(names)
        return slice(start, len(wanted))

    priority = add(_ids(policy.priority))
    points = add([p.points(rule.id) for rule in varying(policy)])
    escalation = add(_ids(policy.escalation))
    basic = list(wanted)
    money = [rule for rule in policy.recompense if rule.gives is not None]
    slices = Slices(
        priority,
        points,
        escalation,
        entitlements=add(_ids(policy.entitlements)),
        recompense=add(_ids(policy.recompense)),
        asked=add([p.asked(rule.id) for rule in money]),
        amounts=add([p.amount(rule.id) for rule in money]),
        likely=add(_ids(policy.likely_reasons)),
        guidance=add(_ids(policy.guidance)),
    )
    return basic, wanted, slices
