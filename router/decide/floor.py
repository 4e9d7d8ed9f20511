"""What the engine itself says, whatever a policy does: its own rules and sentences.

The floor's arithmetic (ageing, caps, the level of an adverse action) is part of every plan; see ``router.policy.plan``.
"""

from typing import Final

from router.facts import Type
from router.policy.expression import Ref, YesNo
from router.policy.model import EscalationRule, Rule
from router.policy.sentence import Sentence


def _plain(text: str) -> Sentence:
    return Sentence((text,), (), ())


SENIOR_FOR_ADVERSE_ACTION: Final = EscalationRule(
    "engine-adverse-action",
    Ref("case.adverse_action", Type.YES_NO),
    _plain("An adverse action was taken against the customer: a senior human has to review it."),
)
"""Why a case with an adverse action is at least at the senior level."""

REVIEW: Final = Rule(
    "engine-review-adverse-action",
    Ref("case.adverse_action", Type.YES_NO),
    _plain("An adverse action was taken. Have a senior human review it now; take it back unless it is shown to be right."),
)
"""Guidance for an adverse action that was taken."""

ASK_FIRST: Final = Rule(
    "engine-ask-before-adverse-action",
    Ref("case.adverse_action_proposed", Type.YES_NO),
    _plain("Do not take the proposed adverse action: no senior human has approved it."),
)
"""Guidance for an adverse action that is proposed and not permitted."""

AGEING: Final = Rule("ageing", YesNo(value=True), _plain("Time spent waiting for the company."))
"""The engine's points for waiting."""

FLOOR: Final = (SENIOR_FOR_ADVERSE_ACTION, REVIEW, ASK_FIRST)
"""The engine's own rules that answers name."""

APOLOGY_ID: Final = "engine-apology"
APOLOGY_KIND: Final = "apology"
APOLOGY: Final = _plain("Money always comes with an apology in kind.")
"""The suggestion that goes with every suggestion of money."""

MAY_CLOSE: Final = "The customer accepted the resolution."
MAY_NOT_CLOSE: Final = "The customer has not accepted a resolution."
