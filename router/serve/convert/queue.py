"""From a queue and what it adds up to, to messages. A row says what ``RouteCase`` says of the case, without sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money as WireMoney

from router.bulk.budget import Funding
from router.bulk.summary import MOVES, SOON, Summary
from router.cases.model import Money
from router.facts import CHANNELS
from router.policy.model import COMMITMENTS, Policy
from router.serve.convert.answer import timestamp, warning_code
from router.serve.convert.client import money_to_wire
from router.v1 import backlog_service_pb2 as pb
from router.v1 import decision_pb2

_CHANNEL: Mapping[str, int] = {name: number for number, name in enumerate(CHANNELS, start=1)}


class Rows:
    """Writes rows of a queue of one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._levels = [level.name for level in policy.levels]

    def of(self, row: Mapping[str, Any]) -> pb.QueueRow:
        """A row as the engine has it: money in minor units, times in microseconds."""
        found = pb.QueueRow(
            rank=row["rank"] or 0,
            customer_id=row["customer_id"] or "",
            status=row["status"],
            opened_at=timestamp(row["opened_at"]),
            decision=self._decision(row),
            recompense_total=self._money(row["recompense_total"]),
            fired=row["fired"],
            funding=[
                pb.SuggestionFunding(funded=each["funded"], reason=each["reason"])
                for each in row["suggestions"]
                if "funded" in each
            ],
        )
        if row["permitted"] is not None:
            found.permitted = row["permitted"]
        return found

    def _decision(self, row: Mapping[str, Any]) -> decision_pb2.Decision:
        return decision_pb2.Decision(
            case_id=row["case_id"],
            tier=decision_pb2.Tier(name=row["tier"], rank=row["tier_rank"]),
            priority=decision_pb2.Priority(
                score=row["score"],
                band=_band(row["band"]),  # type: ignore[arg-type]  # an enum is a number
                contributions=[
                    decision_pb2.Contribution(rule=each["rule"], points=each["points"]) for each in row["points"]
                ],
            ),
            escalation=self._escalation(row),
            commitments=[_commitment(kind, row) for kind in COMMITMENTS],
            warnings=[decision_pb2.Warning(code=warning_code(code)) for code in row["warnings"]],  # type: ignore[arg-type]  # a number
            recompense=[self._suggestion(each) for each in row["suggestions"]],
            entitlements=[decision_pb2.Entitlement(rule=rule) for rule in row["entitlements"]],
            reply_channel=_reply_channel(row),
            likely_reasons=[decision_pb2.LikelyReason(rule=rule) for rule in row["likely_reasons"]],
            guidance=[decision_pb2.Guidance(rule=rule) for rule in row["guidance"]],
            closure=decision_pb2.Closure(may_close=row["may_close"]),
        )

    def _escalation(self, row: Mapping[str, Any]) -> decision_pb2.Escalation:
        rank = row["level_rank"]
        above = self._levels[rank + 1 : rank + 2]
        person = decision_pb2.NextPerson(level=above[0] if above else "", name=row["next_person"], outside=not above)
        return decision_pb2.Escalation(level=row["level"], rank=rank, owner=row["owner"] or "", next_person=person)

    def _suggestion(self, row: Mapping[str, Any]) -> decision_pb2.Suggestion:
        return decision_pb2.Suggestion(
            rule=row["rule"],
            kind=row["kind"],
            amount=None if row["amount"] is None else self._money(row["amount"]),
            approver=row["approver"],
            needs_approval=row["needs_approval"],
        )

    def _money(self, minor: int) -> WireMoney:
        return money_to_wire(Money(minor, self._policy.currency))


def _band(name: str) -> int:
    return decision_pb2.Band.Value(f"BAND_{name}")


def _kind(name: str) -> int:
    return decision_pb2.CommitmentKind.Value(f"COMMITMENT_KIND_{name.upper()}")


def _commitment(kind: str, row: Mapping[str, Any]) -> decision_pb2.Commitment:
    state = decision_pb2.CommitmentState.Value(f"COMMITMENT_STATE_{row[f'{kind}_state'].upper()}")
    return decision_pb2.Commitment(kind=_kind(kind), due_at=timestamp(row[f"{kind}_by"]), state=state)  # type: ignore[arg-type]  # a number


def _reply_channel(row: Mapping[str, Any]) -> decision_pb2.ReplyChannel | None:
    if row["reply_channel"] is None:
        return None
    open_at: Timestamp = timestamp(row["reply_channel_open_at"])
    return decision_pb2.ReplyChannel(channel=_CHANNEL[row["reply_channel"]], open_at=open_at)  # type: ignore[arg-type]  # a number


def summary_to_wire(summary: Summary) -> pb.BacklogSummary:
    """What a queue adds up to."""
    policy = summary.policy
    found = pb.BacklogSummary(
        now=timestamp(summary.now),
        cases=summary.cases,
        queue=summary.queue,
        accepted=summary.accepted,
        tiers=[
            pb.TierBandCount(tier=tier.name, band=_band(band), cases=summary.tiers[tier.name, band])  # type: ignore[arg-type]  # a number
            for tier in reversed(policy.tiers)
            for band in policy.bands
            if summary.tiers[tier.name, band]
        ],
        levels={level.name: summary.levels[level.name] for level in policy.levels},
        recompense=money_to_wire(Money(summary.recompense, policy.currency)),
        commitments=[_commitments(summary, kind) for kind in COMMITMENTS],
        warnings=[
            pb.WarningCount(code=warning_code(code), cases=cases)  # type: ignore[arg-type]  # a number
            for code, cases in sorted(summary.warnings.items())
        ],
        remarks=summary.remarks,
    )
    if summary.moves:
        found.movement.CopyFrom(_movement(summary))
    return found


def _commitments(summary: Summary, kind: str) -> pb.CommitmentCount:
    states = {state: summary.states[kind, state] for state in ("open", "met", "breached", "paused")}
    due = {hours: summary.due[kind, hours] for hours in SOON}
    return pb.CommitmentCount(kind=_kind(kind), due_within_hours=due, **states)  # type: ignore[arg-type]  # a number


def _movement(summary: Summary) -> pb.BacklogMovement:
    counts = {name: summary.moves[name] for name in MOVES}
    return pb.BacklogMovement(**counts, causes=_causes(summary))


def _causes(summary: Summary) -> Iterator[pb.MovementCause]:
    for direction, rule, cases, points in summary.listed_causes():
        yield pb.MovementCause(rule=rule, rose=direction == "rose", cases=cases, points=points)


def funding_to_wire(funding: Funding) -> pb.BacklogFunding:
    """What a budget came to."""
    money = {
        name: money_to_wire(Money(getattr(funding, name), funding.currency))
        for name in ("budget", "spent", "left", "withheld")
    }
    return pb.BacklogFunding(
        **money, funded=funding.funded, value=funding.value, not_funded=funding.not_funded, reached=funding.reached
    )
