"""What the demo found out: a line for each case in the order of a queue, and a summary by tier."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple, Self

from google.protobuf.timestamp_pb2 import Timestamp

from router.cli.demo.server import Question
from router.money import EXPONENTS, format_money, minor_of_nanos
from router.v1.decision_pb2 import Band, CommitmentKind, CommitmentState, Decision, Suggestion, WarningCode


class Earned(NamedTuple):
    """Points that a rule gave, and why."""

    rule: str
    points: int
    because: str


class Due(NamedTuple):
    """A commitment: what is due, when, and how it stands."""

    kind: str
    at: int
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """One decided case, as the table shows it; ``why`` begins with what gave most points."""

    question: Question
    decision: Decision
    tier: str
    band: str
    score: int
    level: str
    suggestions: tuple[str, ...]
    next_update: Due
    why: tuple[Earned, ...]

    @classmethod
    def of(cls, question: Question, decision: Decision) -> Self:
        """The line of one decision."""
        earned = [Earned(each.rule, each.points, each.because) for each in decision.priority.contributions]
        return cls(
            question,
            decision,
            decision.tier.name,
            band(decision),
            decision.priority.score,
            decision.escalation.level,
            suggestions(decision),
            next(due for due in commitments(decision) if due.kind == "next update"),
            tuple(sorted(earned, key=lambda each: -each.points)),
        )

    @property
    def known(self) -> bool:
        """Whether the customer is on record."""
        return "unknown-customer" not in warnings(self.decision)

    @property
    def place(self) -> tuple[int, int, int, str]:
        """Where it stands in a queue: by score, then the earliest deadline not met, the oldest opening, the case id."""
        deadlines = [due.at for due in commitments(self.decision) if due.state != "met"]
        return -self.score, min(deadlines), self.question.case.opened_at, self.question.case.id


class Share(NamedTuple):
    """The cases of one tier: how many, which share of all, their scores, how many of each band, how many of strangers."""

    tier: str
    cases: int
    share: float
    lowest: int
    median: float
    highest: int
    bands: Mapping[str, int]
    strangers: int


def by_tier(lines: Sequence[Line], tiers: Iterable[str]) -> list[Share]:
    """A summary for each tier, in the order given; a tier without a case is left out."""
    found = []
    for tier in tiers:
        own = [line for line in lines if line.tier == tier]
        if own:
            scores = [line.score for line in own]
            bands = dict(sorted(Counter(line.band for line in own).items()))
            strangers = sum(not line.known for line in own)
            share = len(own) / len(lines)
            found.append(Share(tier, len(own), share, min(scores), median(scores), max(scores), bands, strangers))
    return found


def band(decision: Decision) -> str:
    """``P1`` to ``P4``."""
    return Band.Name(decision.priority.band).removeprefix("BAND_")


def commitments(decision: Decision) -> list[Due]:
    """Every commitment."""
    found = []
    for each in decision.commitments:
        kind = word(CommitmentKind.Name(each.kind), "COMMITMENT_KIND_")
        found.append(Due(kind, instant(each.due_at), word(CommitmentState.Name(each.state), "COMMITMENT_STATE_")))
    return found


def warnings(decision: Decision) -> list[str]:
    """The codes of the warnings."""
    return [word(WarningCode.Name(each.code), "WARNING_CODE_", "-") for each in decision.warnings]


def suggestions(decision: Decision) -> tuple[str, ...]:
    """The suggestions in a few words, the money of one kind as one sum."""
    sums: dict[str, int | None] = {}
    for each in decision.recompense:
        minor, before = amount(each), sums.get(each.kind)
        sums[each.kind] = minor if before is None else before + (minor or 0)
    currency = _currency(decision)
    return tuple(offer(kind, minor, currency) for kind, minor in sums.items())


def total(decision: Decision) -> str:
    """The money that is suggested in all."""
    minor = sum(amount(each) or 0 for each in decision.recompense)
    return format_money(minor, _currency(decision)) if minor else "no money"


def offer(kind: str, minor: int | None, currency: str) -> str:
    """A suggestion in a few words.

    >>> offer("personal_call", None, ""), offer("credit", 1250, "GBP")
    ('personal call', 'credit 12.50 GBP')
    """
    said = kind.replace("_", " ")
    return said if minor is None else f"{said} {format_money(minor, currency)}"


def amount(wire: Suggestion) -> int | None:
    """The amount of a suggestion in minor units, if it is money."""
    money = wire.amount
    return minor_of_nanos(money.units, money.nanos, EXPONENTS[money.currency_code]) if wire.HasField("amount") else None


def _currency(decision: Decision) -> str:
    return next((each.amount.currency_code for each in decision.recompense if each.HasField("amount")), "")


def instant(wire: Timestamp) -> int:
    """A time in microseconds."""
    return wire.ToMicroseconds()


def word(name: str, prefix: str, blank: str = " ") -> str:
    """The name of an enum's value in small letters: ``next update`` for ``COMMITMENT_KIND_NEXT_UPDATE``."""
    return name.removeprefix(prefix).lower().replace("_", blank)
