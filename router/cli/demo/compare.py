"""Two decisions about one case side by side: everything that is in either, and where they differ."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from router.cli.demo.report import amount, band, commitments, instant, offer, total, word
from router.v1.case_pb2 import Channel
from router.v1.decision_pb2 import Decision, DigestKind, WarningCode

Moment = Callable[[int], str]
"""How an instant is written."""


class Entry(NamedTuple):
    """One thing that a decision says: the part of the decision, what of it, and the thing itself."""

    part: str
    item: str
    said: str


class Pair(NamedTuple):
    """One thing in two decisions; empty where one does not say it."""

    part: str
    item: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Whether the two say something else."""
        return self.left != self.right


def side_by_side(left: Decision, right: Decision, moment: Moment) -> list[Pair]:
    """Everything that either decision says, in the order of the decision's parts."""
    one, other = _by_place(left, moment), _by_place(right, moment)
    keys = sorted(dict.fromkeys((*one, *other)), key=lambda key: _ORDER.index(key[0]))
    return [Pair(*key, one.get(key, ""), other.get(key, "")) for key in keys]


def _by_place(decision: Decision, moment: Moment) -> dict[tuple[str, str], str]:
    """What a decision says by part and item; what it says of one item more than once stands in lines."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for part, item, said in entries(decision, moment):
        found[part, item].append(said)
    return {key: "\n".join(said) for key, said in found.items()}


def entries(decision: Decision, moment: Moment) -> Iterator[Entry]:
    """Everything that a decision says, but for the id of its case and what it was made by."""
    tier, escalation, person = decision.tier, decision.escalation, decision.escalation.next_person
    yield Entry("tier", "", f"{tier.name}. {tier.because}".removesuffix(". "))
    yield Entry("priority", "band", band(decision))
    yield Entry("priority", "score", str(decision.priority.score))
    for earned in decision.priority.contributions:
        yield Entry("priority", earned.rule, f"{earned.points:+d}. {earned.because}")
    yield Entry("escalation", "level", f"{escalation.level}, {escalation.role}")
    yield Entry("escalation", "owner", escalation.owner or "nobody named yet")
    yield Entry("escalation", "next person", f"{person.name}. {person.because}".removesuffix(". "))
    for reason in escalation.reasons:
        yield Entry("escalation", reason.rule, reason.because)
    for kind, due, state in commitments(decision):
        yield Entry("commitments", kind, f"{moment(due)}, {state}")
    yield from _offers(decision)
    if decision.HasField("reply_channel"):
        channel = decision.reply_channel
        closed = instant(channel.open_at) > instant(decision.provenance.decided_at)
        opens = f"open from {moment(instant(channel.open_at))}" if closed else "open now"
        yield Entry("reply by", "", f"{word(Channel.Name(channel.channel), 'CHANNEL_')}, {opens}")
    for cause in decision.likely_reasons:
        yield Entry("likely reason", cause.rule, cause.because)
    for advice in decision.guidance:
        yield Entry("guidance", advice.rule, advice.say)
    for line in decision.digest:
        kind = word(DigestKind.Name(line.kind), "DIGEST_KIND_")
        yield Entry("known so far", f"{kind} {moment(instant(line.at))}", line.text)
    for action in decision.adverse_actions:
        yield Entry("adverse action", action.kind, "permitted" if action.permitted else f"not without {action.approver}")
    yield Entry("closure", "may close" if decision.closure.may_close else "may not close", decision.closure.because)
    for warning in decision.warnings:
        yield Entry("warning", word(WarningCode.Name(warning.code), "WARNING_CODE_", "-"), warning.message)


def _offers(decision: Decision) -> Iterator[Entry]:
    for each in decision.recompense:
        approval = f" Needs approval: {each.approver}." if each.needs_approval else ""
        suggested = offer(each.kind, amount(each), each.amount.currency_code)
        yield Entry("recompense", each.rule, f"{suggested}. {each.because}{approval}")
    yield Entry("recompense", "in all", total(decision))
    for due in decision.entitlements:
        yield Entry("owed anyway", due.rule, f"{due.what} ({due.source})")


_ORDER = (
    "tier",
    "priority",
    "escalation",
    "commitments",
    "recompense",
    "owed anyway",
    "reply by",
    "likely reason",
    "guidance",
    "known so far",
    "adverse action",
    "closure",
    "warning",
)
