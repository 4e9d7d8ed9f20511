"""A decision told to people and to machines."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from router.decide.model import Decision
from router.decide.words import DIGEST, Words
from router.money import format_money, to_major
from router.time import format_instant, to_datetime


def tell(decision: Decision, console: Console) -> None:
    """Explain a decision in words: what was decided, why, and by what."""
    words = Words(decision)

    def section(title: str, lines: Iterable[str]) -> None:
        listed = list(lines)
        if listed:
            console.print(f"\n[bold]{title}[/bold]")
            for line in listed:
                console.print(Padding(line, (0, 0, 0, 2), expand=False))

    tier, level = decision.tier, decision.level
    why = f" {escape(words.say(tier.because))}" if tier.because else ""
    console.print(f"[bold]{escape(decision.state.case.id)}[/bold] at {_local(decision, decision.now)}")
    console.print(f"Tier [bold]{tier.name}[/bold].{why}")
    console.print(f"Priority [bold]{decision.band}[/bold], score [bold]{decision.score}[/bold] (higher is sooner):")
    width = max((len(rule.id) for rule, _ in decision.contributions), default=0)
    for rule, earned in decision.contributions:
        console.print(f"{earned:>+6d}  {rule.id:<{width}}  {escape(words.say(rule.because))}")
    section(
        "Commitments",
        (
            f"{kind.replace('_', ' ')} by {_local(decision, due_at)}: {_state(state)}"
            for kind, due_at, state in decision.commitments
        ),
    )
    section(
        "Escalation",
        (
            f"level [bold]{level.name}[/bold] ({escape(level.role)}), owner {escape(decision.owner or 'nobody named yet')}",
            *(f"{rule.id}: {escape(words.say(rule.because))}" for rule in decision.reasons),
            f"the customer may ask for: {_next(decision, words)}",
        ),
    )
    section("Suggested recompense", _suggestions(decision, words))
    section("Entitled to anyway", (f"{escape(words.say(r.because))} ({escape(r.source)})" for r in decision.entitlements))
    if decision.reply_channel:
        channel = decision.reply_channel
        section("Reply by", (f"{channel.name}, {_hours(decision)}",))
    section("Guidance", (f"{rule.id}: {escape(words.say(rule.because))}" for rule in decision.guidance))
    section("Likely reasons", (f"{rule.id}: {escape(words.say(rule.because))}" for rule in decision.likely_reasons))
    section("Known so far", (f"{DIGEST[kind]}, {words.moment(at)}: {escape(text)}" for kind, at, text in words.digest()))
    section(
        "Adverse actions",
        (
            f"{escape(action.kind)}: {'permitted' if action.permitted else f'not permitted without {action.approver.name}'}"
            for action in decision.adverse_actions
        ),
    )
    section("Closure", (("may close. " if decision.may_close else "may not close. ") + words.closure(),))
    section("Warnings", (f"{notice.code}: {escape(notice.message)}" for notice in decision.warnings))
    policy, records = decision.policy, decision.records
    as_of = f" as of {format_instant(records.as_of)}" if records.as_of is not None else ""
    console.print(
        f"\n[dim]policy {policy.name} {policy.version} ({policy.digest[:12]}), snapshot {records.id or 'none'}{as_of}, "
        f"decision {decision.id}[/dim]"
    )


def _local(decision: Decision, instant: int) -> str:
    return f"{to_datetime(instant).astimezone(ZoneInfo(decision.policy.time_zone)):%a %d %b %Y %H:%M %Z}"


def _state(state: str) -> str:
    colour = {"breached": "red", "met": "green", "paused": "yellow"}.get(state)
    return f"[{colour}]{state}[/{colour}]" if colour else state


def _next(decision: Decision, words: Words) -> str:
    above, outside = decision.next_person, decision.policy.outside
    if above.level:
        return f"{above.level.name} ({escape(above.level.role)})"
    return f"{escape(above.name)}. {escape(words.say(outside.because))}"


def _hours(decision: Decision) -> str:
    channel = decision.reply_channel
    if channel is None or channel.always:
        return "open at all times"
    return "open now" if channel.open_at <= decision.now else f"open from {_local(decision, channel.open_at)}"


def _suggestions(decision: Decision, words: Words) -> Iterable[str]:
    currency = decision.policy.currency
    for suggestion in decision.suggestions:
        rule, kind, because = words.suggestion(suggestion)
        money = "" if suggestion.amount is None else f" [bold]{format_money(suggestion.amount, currency)}[/bold]"
        approval = f" [yellow]Needs approval: {suggestion.approver.name}.[/yellow]" if suggestion.needs_approval else ""
        yield f"{kind}{money} ({rule}): {escape(because)}{approval}"
    if decision.total:
        yield f"in all {format_money(decision.total, currency)}"


def decision_data(decision: Decision) -> dict[str, Any]:
    """A decision as JSON: money in major units, times in UTC."""
    words, policy = Words(decision), decision.policy
    above = decision.next_person
    return {
        "case_id": decision.state.case.id,
        "tier": {
            "name": decision.tier.name,
            "rank": decision.tier.rank,
            "because": words.say(decision.tier.because) if decision.tier.because else "",
        },
        "priority": {
            "score": decision.score,
            "band": decision.band,
            "contributions": [
                {"rule": rule.id, "points": points, "because": words.say(rule.because)}
                for rule, points in decision.contributions
            ],
        },
        "escalation": {
            "level": decision.level.name,
            "rank": decision.level.rank,
            "role": decision.level.role,
            "owner": decision.owner,
            "reasons": [{"rule": rule.id, "because": words.say(rule.because)} for rule in decision.reasons],
            "next_person": {"level": above.level.name if above.level else None, "name": above.name},
        },
        "commitments": [
            {"kind": kind, "due_at": format_instant(due_at), "state": state} for kind, due_at, state in decision.commitments
        ],
        "recompense": [
            {
                "rule": rule,
                "kind": kind,
                "amount": None if suggestion.amount is None else to_major(suggestion.amount, policy.exponent),
                "because": because,
                "approver": suggestion.approver.name,
                "needs_approval": suggestion.needs_approval,
            }
            for suggestion, (rule, kind, because) in ((s, words.suggestion(s)) for s in decision.suggestions)
        ],
        "currency": policy.currency,
        "entitlements": [{"rule": r.id, "what": words.say(r.because), "source": r.source} for r in decision.entitlements],
        "reply_channel": decision.reply_channel
        and {"channel": decision.reply_channel.name, "open_at": format_instant(decision.reply_channel.open_at)},
        "guidance": [{"rule": rule.id, "say": words.say(rule.because)} for rule in decision.guidance],
        "likely_reasons": [{"rule": rule.id, "because": words.say(rule.because)} for rule in decision.likely_reasons],
        "digest": [{"kind": DIGEST[kind], "at": format_instant(at), "text": text} for kind, at, text in words.digest()],
        "adverse_actions": [
            {"kind": action.kind, "permitted": action.permitted, "approver": action.approver.name}
            for action in decision.adverse_actions
        ],
        "closure": {"may_close": decision.may_close, "because": words.closure()},
        "warnings": [{"code": notice.code, "message": notice.message} for notice in decision.warnings],
        "provenance": {
            "policy": policy.name,
            "version": policy.version,
            "digest": policy.digest,
            "snapshot_id": decision.records.id,
            "as_of": None if decision.records.as_of is None else format_instant(decision.records.as_of),
            "decision_id": decision.id,
            "now": format_instant(decision.now),
        },
    }
