"""What came of decisions: told later, by decision id, kept beside the log of decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from router.cases.model import Money
from router.log.layout import FORMAT


class Use(StrEnum):
    """What an agent did with a suggestion."""

    USED = "used"
    CHANGED = "changed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class SuggestionOutcome:
    """What was done with the suggestion of a rule, and what was given in the end, where it is another amount."""

    rule: str
    use: Use
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision, known ``at`` an instant. ``None`` is not known; ``satisfaction`` is from 0 to 100."""

    decision_id: str
    at: int
    accepted: bool | None = None
    satisfaction: float | None = None
    stayed: bool | None = None
    suggestions: Sequence[SuggestionOutcome] = ()

    def line(self, recorded_at: int) -> bytes:
        """The line that a writer takes: all but its place."""
        row: Mapping[str, object] = {
            "format": FORMAT,
            "decision_id": self.decision_id,
            "recorded_at": recorded_at,
            "at": self.at,
            "accepted": self.accepted,
            "satisfaction": self.satisfaction,
            "stayed": self.stayed,
            "suggestions": [_money(each.amount) | {"rule": each.rule, "use": each.use.value} for each in self.suggestions],
        }
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)[1:]


def _money(amount: Money | None) -> dict[str, object]:
    return {"amount": None, "currency": None} if amount is None else {"amount": amount.minor, "currency": amount.currency}
