"""Both back ends asked about one backlog, in one form, so that any field in which they differ can be named."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from router.cases.model import Case
from router.decide.decider import Decider
from router.decide.model import Decision, Suggestion
from router.decide.records import FactRecords
from router.frame.answer import DECISION
from router.frame.customers import of_records
from router.frame.decide import FrameDecider
from router.frame.tables import frames_of
from router.policy.model import Policy
from router.scenarios.observe import observe

Row = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Backlog:
    """Cases of different ids at a moment, the policy and the records to decide them by."""

    policy: Policy
    records: FactRecords
    cases: Sequence[Case]
    now: int


def by_rows(backlog: Backlog) -> dict[str, Row]:
    """Each decided alone, by case id."""
    return by_row(backlog.policy, backlog.records, backlog.cases, backlog.now)


def by_row(policy: Policy, records: FactRecords, cases: Iterable[Case], now: int) -> dict[str, Row]:
    """Each of some cases decided alone, by its id."""
    decider = Decider(policy, records)
    return {case.id: told(decider.decide(case, b"", now)) for case in cases}


def by_frame(backlog: Backlog) -> dict[str, Row]:
    """All decided as a table, by case id."""
    decider = FrameDecider(backlog.policy, of_records(backlog.records))
    cases, events = frames_of(backlog.cases, decider.terms)
    return rows_of(decider.decide(cases, events, backlog.now))


def rows_of(decisions: pl.LazyFrame) -> dict[str, Row]:
    """The decisions of a frame, by case id."""
    found = decisions.collect()
    assert dict(found.schema) == DECISION
    return {row["case_id"]: row for row in found.iter_rows(named=True)}


def differences(rows: dict[str, Row], frame: dict[str, Row]) -> Iterator[str]:
    """Every field in which the answers of the back ends differ."""
    if rows.keys() != frame.keys():
        yield "they answer different cases"
    for case_id, row in rows.items():
        other = frame[case_id]
        yield from (f"{case_id} {name}: {row[name]}, {other[name]}" for name in DECISION if row[name] != other[name])


def told(decision: Decision) -> Row:
    """A decision of the row back end as a row of the frame's."""
    case, seen, channel = decision.state.case, observe(decision), decision.reply_channel
    return {
        "case_id": case.id,
        "customer_id": case.customer_id or None,
        "status": decision.fact("case.status"),
        "opened_at": case.opened_at,
        "tier": seen.tier,
        "tier_rank": decision.tier.rank,
        "score": seen.score,
        "band": seen.band,
        "level": seen.level,
        "level_rank": seen.level_rank,
        "owner": decision.owner,
        "next_person": decision.next_person.name,
        "recompense_total": seen.total,
        "suggestions": [
            _suggestion(each, rule) for each, (rule, *_) in zip(decision.suggestions, seen.suggestions, strict=True)
        ],
        "entitlements": list(seen.entitlements),
        **{f"{kind}_by": due for kind, (due, _) in seen.commitments.items()},
        **{f"{kind}_state": state for kind, (_, state) in seen.commitments.items()},
        "fired": list(seen.fired),
        "points": [{"rule": rule, "points": points} for rule, points in seen.points.items()],
        "likely_reasons": list(seen.likely_reasons),
        "guidance": list(seen.guidance),
        "warnings": list(seen.warnings),
        "permitted": seen.permitted,
        "may_close": seen.may_close,
        "reply_channel": channel.name if channel else None,
        "reply_channel_open_at": channel.open_at if channel else None,
    }


def _suggestion(suggestion: Suggestion, rule: str) -> Row:
    kind = suggestion.rule.kind if suggestion.rule else "apology"
    return {
        "rule": rule,
        "kind": kind,
        "amount": suggestion.amount,
        "approver": suggestion.approver.name,
        "needs_approval": suggestion.needs_approval,
    }
