"""The outcome of the demo for machines: the same as is shown, and all of it; times in UTC, points and counts as numbers."""

from typing import Any

from google.protobuf.json_format import MessageToDict

from router.cli.demo.compare import side_by_side
from router.cli.demo.material import AS_OF, UNTIL
from router.cli.demo.report import Line, by_tier
from router.cli.demo.run import Outcome
from router.time import format_instant


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """Everything that was found out, as JSON; the decisions that are compared come whole, as on the wire."""
    history, compared = outcome.history, outcome.compared
    tiers = by_tier(outcome.real, (tier.name for tier in reversed(outcome.policy.tiers)))
    return {
        "history": {
            "as_of": format_instant(AS_OF),
            "cases_until": format_instant(UNTIL),
            "customers": history.customers,
            "orders": history.orders,
            "snapshot_id": history.manifest.id,
            "warnings": list(history.manifest.warnings),
        },
        "server": {
            "process": outcome.process,
            "address": outcome.address,
            "exit_code": outcome.exit_code,
            "info": MessageToDict(outcome.server, preserving_proto_field_name=True),
            "decisions": outcome.calls,
            "seconds": round(outcome.seconds, 3),
        },
        "queue": [_line(line) for line in outcome.queue],
        "tiers": [share._asdict() for share in tiers],
        "stories": [{"story": told.story.name, "moments": [_line(line) for line in told.moments]} for told in outcome.told],
        "side_by_side": {
            "case": compared.question.case.id,
            "customers": [compared.question.case.customer_id, "a stranger"],
            "things": [
                pair._asdict() | {"differs": pair.differs} for pair in side_by_side(*compared.decisions, format_instant)
            ],
            "decisions": [MessageToDict(each, preserving_proto_field_name=True) for each in compared.decisions],
        },
    }


def _line(line: Line) -> dict[str, Any]:
    question = line.question
    return {
        "case_id": question.case.id,
        "customer_id": question.case.customer_id,
        "who": question.who,
        "last_12_months": question.past,
        "made_up": question.made_up,
        "opened_at": format_instant(question.case.opened_at),
        "now": format_instant(question.now),
        "tier": line.tier,
        "band": line.band,
        "score": line.score,
        "suggestion": list(line.suggestions),
        "escalation": line.level,
        "next_update": format_instant(line.next_update.at),
        "next_update_state": line.next_update.state,
        "why": [earned._asdict() for earned in line.why],
    }
