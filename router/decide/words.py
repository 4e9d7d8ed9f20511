"""A decision in words: the one place where its sentences are rendered, and only for what is shown."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from router.cases.timeline import PROOF_OF_PURCHASE
from router.decide.floor import APOLOGY, APOLOGY_ID, APOLOGY_KIND, MAY_CLOSE, MAY_NOT_CLOSE
from router.decide.model import Decision, Suggestion
from router.facts import Value
from router.policy.sentence import Sentence, say
from router.time import SECOND, to_datetime

DIGEST: Final = ("received", "promised", "said", "open")
"""The kinds of lines of a digest, in order."""
_RECEIVED: Final = 0
_PROMISED: Final = 1
_SAID: Final = 2
_OPEN: Final = 3

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

DigestLine: TypeAlias = tuple[int, int, str]
"""One line of a digest: the index of its kind in :data:`DIGEST`, when it happened or fell due, and its words."""


class Words:
    """The sentences of one decision, with times in the policy's zone."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self._sayings = decision.basis.sayings
        self._zone = decision.basis.zone
        self._customer, self._case = decision.customer, decision.state.facts

    def read(self, name: str) -> Value:
        """The value of a fact, of a result of the plan, or of a detail of the timeline."""
        decision = self.decision
        place = decision.places.get(name)
        if place is not None:
            return (decision.customer if place[0] else decision.state.facts)[place[1]]
        result = _RESULTS.get(name)
        if result is not None:
            return result(decision)
        detail = _DETAILS.get(name)
        return detail(self) if detail is not None else None

    def say(self, sentence: Sentence) -> str:
        """A sentence with its facts."""
        if not sentence.names:
            return sentence.texts[0]
        said = sentence.texts[0]
        for blank in self._sayings[id(sentence)]:
            if blank.index < 0:
                value = self.read(blank.name)
            else:
                value = (self._customer if blank.of_customer else self._case)[blank.index]
            said += say(value, blank.places) + blank.text
        return said

    def suggestion(self, suggestion: Suggestion) -> tuple[str, str, str]:
        """Rule id, kind and reason of a suggestion."""
        if suggestion.rule is None:
            return APOLOGY_ID, APOLOGY_KIND, self.say(APOLOGY)
        return suggestion.rule.id, suggestion.rule.kind, self.say(suggestion.rule.because)

    def closure(self) -> str:
        """Whether the case may close, and why."""
        return MAY_CLOSE if self.decision.may_close else MAY_NOT_CLOSE

    def day(self, instant: int) -> str:
        """A day as people say it: ``12 September``."""
        local = self._local(instant)
        return f"{local.day} {_MONTHS[local.month - 1]}"

    def moment(self, instant: int) -> str:
        """A day and time: ``12 September 14:30``."""
        local = self._local(instant)
        return f"{local.day} {_MONTHS[local.month - 1]} {local.hour:02}:{local.minute:02}"

    def _local(self, instant: int) -> datetime:
        """A time by the clock of the policy's zone, to the second; in the first and last hours there are, by UTC."""
        try:
            return datetime.fromtimestamp(instant // SECOND, self._zone)
        except (OverflowError, ValueError):
            return to_datetime(instant)

    def digest(self) -> list[DigestLine]:
        """What was received, promised and said, and what is still open, each part in the order of time."""
        t, now = self.decision.state.timeline, self.decision.now
        lines: list[DigestLine] = [(_RECEIVED, at, item) for item, at in t.received.items()]
        for name, (made_at, due_at) in t.promises.items():
            kept = t.kept.get(name)
            if kept is not None:
                outcome = "kept" if kept <= due_at else "kept late"
            else:
                outcome = "broken" if due_at < now else "still to be kept"
                lines.append((_OPEN, due_at, f"promise {name}: {outcome}"))
            lines.append((_PROMISED, made_at, f"{name}: {outcome}"))
        lines += [(_SAID, at, f"{topic}: {claim}") for topic, claim, at in t.claims.values()]
        lines += [
            (_SAID, at, f"{topic}: {before!r}, then {after!r}, not corrected")
            for (_, before, _), (topic, after, at) in t.conflicts
        ]
        for item, at in t.requested.items():
            if item not in t.received:
                lines.append((_OPEN, at, f"{item} was asked for and has not come"))
        if t.unanswered:
            text = f"{t.unanswered} contact(s) without a reply"
            lines.append((_OPEN, t.unanswered_since, text))
        lines.sort()
        return lines


_RESULTS: Final[Mapping[str, Callable[[Decision], Value]]] = {
    "tier": lambda d: d.tier.name,
    "tier.rank": lambda d: float(d.tier.rank),
    "score": lambda d: float(d.score),
    "band": lambda d: d.band,
    "level": lambda d: d.level.name,
    "level.rank": lambda d: float(d.level.rank),
}


RESULTS: Final = frozenset(_RESULTS)
"""What a sentence may name beside facts and details: a few results of the plan."""


def _listed(parts: Iterable[str]) -> str | None:
    return ", ".join(parts) or None


def _received(w: Words) -> Value:
    return _listed(f"{item} ({w.day(at)})" for item, at in w.decision.state.timeline.received.items())


def _repeated(w: Words) -> Value:
    """Each item once, with the day on which it came; a proof of purchase may be on record without having come."""
    t = w.decision.state.timeline
    came: dict[str, int] = {}
    again: dict[str, str] = {}
    for at, (kind, values) in zip(t.times, t.events, strict=True):
        if kind == "evidence_received":
            came.setdefault(values[0], at)
        elif kind == "evidence_requested":
            (item,) = values
            if item in came:
                again[item] = f"{item} (received {w.day(came[item])})"
            elif item == PROOF_OF_PURCHASE and t.order_on_record:
                again[item] = f"{item} (the order is on record)"
    return _listed(again.values())


def _outstanding(w: Words) -> Value:
    t = w.decision.state.timeline
    return _listed(item for item in t.requested if item not in t.received)


def _contradiction(w: Words) -> Value:
    conflicts = w.decision.state.timeline.conflicts
    if not conflicts:
        return None
    (_, before, first), (_, after, then) = conflicts[-1]
    return f"{before!r} ({w.day(first)}), then {after!r} ({w.day(then)})"


def _broken_promise(w: Words) -> Value:
    t, now = w.decision.state.timeline, w.decision.now
    broken = ((name, due) for name, (_, due) in t.promises.items() if due < now and t.kept.get(name, now) > due)
    return _listed(f"{name} by {w.moment(due)}" for name, due in broken)


_DETAILS: Final[Mapping[str, Callable[[Words], Value]]] = {
    "detail.received": _received,
    "detail.repeated": _repeated,
    "detail.outstanding": _outstanding,
    "detail.contradiction": _contradiction,
    "detail.broken_promise": _broken_promise,
    "detail.failed_channels": lambda w: _listed(w.decision.state.timeline.failed_channels),
    "detail.owner": lambda w: w.decision.owner,
    "detail.next_person": lambda w: w.decision.next_person.name,
}
