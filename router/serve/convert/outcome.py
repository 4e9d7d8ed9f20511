"""From an outcome on the wire to one of the domain, with every field that is wrong."""

from collections.abc import Mapping

from router.errors import CaseError, Problem
from router.log.outcomes import Outcome, SuggestionOutcome, Use
from router.serve.convert.request import Wrong, instant, money_of
from router.v1 import case_router_service_pb2 as pb

_USES: Mapping[int, Use] = {pb.SuggestionUse.Value(f"SUGGESTION_USE_{use.name}"): use for use in Use}


def outcome_of(wire: pb.RecordOutcomeRequest, now: int) -> Outcome:
    """The outcome that a request tells, known ``now`` if it does not say when. Raises :class:`CaseError`."""
    problems: list[Problem] = []

    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=field))

    if not wire.decision_id:
        wrong("decision_id", "is required")
    satisfaction = wire.satisfaction if wire.HasField("satisfaction") else None
    if satisfaction is not None and not 0 <= satisfaction <= 100:  # noqa: PLR2004 - the ends of the scale
        wrong("satisfaction", f"{satisfaction:g} is not from 0 to 100")
    found = Outcome(
        wire.decision_id,
        instant(wire.at, "at", wrong) if wire.HasField("at") else now,
        wire.accepted if wire.HasField("accepted") else None,
        satisfaction,
        wire.stayed if wire.HasField("stayed") else None,
        tuple(_suggestion(each, f"suggestions[{index}]", wrong) for index, each in enumerate(wire.suggestions)),
    )
    if problems:
        raise CaseError(problems)
    return found


def _suggestion(wire: pb.SuggestionOutcome, path: str, wrong: Wrong) -> SuggestionOutcome:
    if not wire.rule:
        wrong(f"{path}.rule", "is required")
    use = _USES.get(wire.use)
    if use is None:
        wrong(f"{path}.use", f"{wire.use} is not known; known: {', '.join(each.name for each in Use)}")
    amount = money_of(wire.amount, f"{path}.amount", wrong) if wire.HasField("amount") else None
    return SuggestionOutcome(wire.rule, use or Use.USED, amount)
