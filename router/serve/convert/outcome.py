"""From an outcome on the wire to one of the domain, with every field that is wrong."""

import re
from collections.abc import Mapping

from router.errors import CaseError, Problem
from router.log.outcomes import Outcome, SuggestionOutcome, Use
from router.money import EXPONENTS
from router.serve.convert.request import Wrong, instant, money_of
from router.v1 import case_router_service_pb2 as pb

_USES: Mapping[int, Use] = {pb.SuggestionUse.Value(f"SUGGESTION_USE_{use.name}"): use for use in Use}
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def outcome_of(wire: pb.RecordOutcomeRequest, now: int) -> Outcome:
    """The outcome that a request tells, known ``now`` if it does not say when. Raises :class:`CaseError`."""
    problems: list[Problem] = []

    def wrong(field: str, message: str) -> None:
        problems.append(Problem("invalid-case", message, field=field))

    _check_id(wire.decision_id, "decision_id", wrong)
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
    first: dict[str, int] = {}
    for index, each in enumerate(wire.suggestions):
        if each.rule and first.setdefault(each.rule, index) != index:
            wrong(f"suggestions[{index}].rule", f"stands in suggestions[{first[each.rule]}] already; name each rule once")
    if problems:
        raise CaseError(problems)
    return found


def _suggestion(wire: pb.SuggestionOutcome, path: str, wrong: Wrong) -> SuggestionOutcome:
    _check_id(wire.rule, f"{path}.rule", wrong)
    use = _USES.get(wire.use)
    if use is None:
        wrong(f"{path}.use", f"{wire.use} is not known; known: {', '.join(each.name for each in Use)}")
    amount = None
    if wire.HasField("amount"):
        amount = money_of(wire.amount, f"{path}.amount", wrong)
        if amount.currency not in EXPONENTS:
            wrong(f"{path}.amount.currency_code", "is no currency; give three capital letters, as GBP")
    return SuggestionOutcome(wire.rule, use or Use.USED, amount)


def _check_id(given: str, field: str, wrong: Wrong) -> None:
    """Only ids are stored, since a log holds no free text."""
    if not given:
        wrong(field, "is required")
    elif not _ID.fullmatch(given):
        wrong(field, "is no id; give that of the decision: letters, digits, - and _, at most 80")
