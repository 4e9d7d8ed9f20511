"""What a decision of the row back end shows, in the plain form in which engines are compared."""

from router.decide.floor import APOLOGY_ID, APOLOGY_KIND
from router.decide.model import Decision, Suggestion
from router.scenarios.model import Due, Observed, Suggested


def observe(decision: Decision) -> Observed:
    """A full decision in plain ids and numbers."""
    above = decision.next_person
    return Observed(
        tier=decision.tier.name,
        score=decision.score,
        band=decision.band,
        level=decision.level.name,
        level_rank=decision.level.rank,
        total=decision.total,
        suggestions=tuple(map(_suggested, decision.suggestions)),
        entitlements=tuple(rule.id for rule in decision.entitlements),
        fired=tuple(decision.fired),
        points={rule.id: points for rule, points in decision.contributions},
        guidance=tuple(rule.id for rule in decision.guidance),
        likely_reasons=tuple(rule.id for rule in decision.likely_reasons),
        permitted=all(a.permitted for a in decision.adverse_actions) if decision.adverse_actions else None,
        may_close=decision.may_close,
        warnings=tuple(notice.code for notice in decision.warnings),
        commitments={kind: Due(due_at, state) for kind, due_at, state in decision.commitments},
        reply_channel=decision.reply_channel.name if decision.reply_channel else None,
        next_person=(above.level.name, above.name) if above.level else (above.name,),
        facts={name: decision.fact(name) for name in decision.places},
    )


def _suggested(suggestion: Suggestion) -> Suggested:
    rule = suggestion.rule
    if rule is None:
        return Suggested(APOLOGY_ID, APOLOGY_KIND, None, needs_approval=False)
    return Suggested(rule.id, rule.kind, suggestion.amount, suggestion.needs_approval)
