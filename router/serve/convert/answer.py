"""From a decision to bytes on the wire.

What does not vary from case to case is serialised once, when a policy and a snapshot come together. On the wire a message
is its fields one after another, and a field that comes twice merges: so an answer is those fragments joined with the new.
The numbers of the fields are those of ``decision.proto``; the tests parse every answer and compare it field by field.
"""

from collections.abc import Mapping
from functools import cache
from itertools import compress
from operator import getitem
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from router.decide.decider import Decider, case_layout
from router.decide.floor import (
    AGEING,
    APOLOGY_ID,
    APOLOGY_KIND,
    ASK_FIRST,
    FLOOR,
    REVIEW,
    SENIOR_FOR_ADVERSE_ACTION,
)
from router.decide.model import Decision, Suggestion
from router.decide.words import DIGEST, RESULTS, Words
from router.facts import CHANNELS, CUSTOMER_FACTS, Type
from router.policy.model import COMMITMENTS, Rule
from router.policy.plan import BANDS
from router.policy.sentence import Sentence
from router.serve.convert.wire import embedded, number, stamp, text
from router.v1 import decision_pb2 as pb

_BAND: Final[Mapping[str, int]] = {band: pb.Band.Value(f"BAND_{band}") for band in BANDS}
_KIND: Final = {kind: number(1, pb.CommitmentKind.Value(f"COMMITMENT_KIND_{kind.upper()}")) for kind in COMMITMENTS}
_STATE: Final = {
    state: number(3, pb.CommitmentState.Value(f"COMMITMENT_STATE_{state.upper()}"))
    for state in ("open", "met", "breached", "paused")
}
_CHANNEL: Final = {name: index for index, name in enumerate(CHANNELS, start=1)}
_DIGEST: Final = [number(1, pb.DigestKind.Value(f"DIGEST_KIND_{kind.upper()}")) for kind in DIGEST]
_MOST_FRAGMENTS: Final = 1_000
"""Fragments kept of one rule whose points vary."""


def timestamp(instant: int) -> Timestamp:
    """A timestamp of microseconds."""
    seconds, micros = divmod(instant, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


@cache
def warning_code(code: str) -> int:
    """The enum value of a warning's kind: ``snapshot-old`` is ``WARNING_CODE_SNAPSHOT_OLD``."""
    return pb.WarningCode.Value(f"WARNING_CODE_{code.upper().replace('-', '_')}")


NOT_LOGGED: Final = embedded(
    7, number(1, warning_code("not-logged")) + text(2, "the decision could not be logged and is given all the same")
)
"""What is added to an answer that has no record."""


class _Contributions(dict[int, bytes]):
    """What one rule adds, by its points: they are whole and few, so each is written once."""

    def __init__(self, rule: bytes) -> None:
        self._rule = rule

    def __missing__(self, points: int) -> bytes:
        if len(self) >= _MOST_FRAGMENTS:
            self.clear()
        found = self[points] = embedded(3, self._rule + number(2, points))
        return found


class _Said:
    """What a full answer says of one rule: its id, its points if it has some, why, and what else is always said of it.

    A reason without a fact, and one with a fact of few values (a count, a tier), are written once for each value. ``outer``
    are the fields around it, the inner one last, ``field`` that of the reason.
    """

    def __init__(
        self, because: Sentence, few: frozenset[str], head: bytes, outer: tuple[int, ...], field: int, tail: bytes
    ) -> None:
        self._because = because
        self._name = because.names[0] if len(because.names) == 1 and because.names[0] in few else ""
        self._plain = not because.names
        self._head = head
        self._outer = outer
        self._field = field
        self._tail = tail
        self._known: dict[object, bytes] = {}

    def of(self, words: Words, points: int = 0) -> bytes:
        """The fragment."""
        if not self._plain and not self._name:
            return self._made(words, points)
        value: object = points if self._plain else words.read(self._name)
        found = self._known.get(value)
        if found is None:
            if len(self._known) >= _MOST_FRAGMENTS:
                self._known.clear()
            found = self._known[value] = self._made(words, points)
        return found

    def _made(self, words: Words, points: int) -> bytes:
        found = self._head + number(2, points) + text(self._field, words.say(self._because)) + self._tail
        for field in self._outer:
            found = embedded(field, found)
        return found


class Answers:
    """Writes the decisions of one decider."""

    def __init__(self, decider: Decider, engine_version: str) -> None:
        policy, records = decider.policy, decider.records
        self.policy = policy
        self._scale = 10**policy.exponent
        provenance = pb.Provenance(
            policy=policy.name,
            policy_version=policy.version,
            policy_digest=policy.digest,
            snapshot_id=records.id,
            snapshot_as_of=None if records.as_of is None else timestamp(records.as_of),
            engine_version=engine_version,
        )
        self._provenance = pb.Decision(provenance=provenance).SerializeToString()
        self._tiers = [pb.Decision(tier=pb.Tier(name=t.name, rank=t.rank)).SerializeToString() for t in policy.tiers]
        self._levels = [self._escalation(decider, rank).SerializeToString() for rank in range(len(policy.levels))]
        self._bands = {band: number(2, _BAND[band]) for band in BANDS}
        self._currency = text(1, policy.currency)
        self._ids = {rule.id: text(1, rule.id) for rule in (*policy.rules, AGEING, *FLOOR)}
        self._contributions = [_Contributions(self._ids[rule.id]) for rule in policy.priority]
        self._reasons = [embedded(4, embedded(5, self._ids[rule.id])) for rule in policy.escalation]
        self._said = self._sayings(decider)
        self._priority = [self._said[rule.id] for rule in policy.priority]
        self._suggested = {rule.id: self._ids[rule.id] + text(2, rule.kind) for rule in policy.recompense}
        self._suggested[APOLOGY_ID] = text(1, APOLOGY_ID) + text(2, APOLOGY_KIND)

    def _escalation(self, decider: Decider, rank: int) -> pb.Decision:
        level, following = decider.policy.levels[rank], decider.basis.next_people[rank]
        person = pb.NextPerson(
            level=following.level.name if following.level else "", name=following.name, outside=following.level is None
        )
        return pb.Decision(
            escalation=pb.Escalation(level=level.name, rank=rank, role=level.role, next_person=person),
        )

    def _sayings(self, decider: Decider) -> dict[str, _Said]:
        """What is said of each rule, by its id. Where points vary, a reason with a fact is written anew each time."""
        policy, facts = self.policy, (*CUSTOMER_FACTS, *case_layout(decider.policy), *decider.policy.facts)
        few = RESULTS | {fact.name for fact in facts if fact.type is Type.INTEGER and fact.name in decider.places}
        vary = {rule.id for rule, points in zip(policy.priority, decider.points, strict=True) if points is None}

        def said(rule: Rule, outer: tuple[int, ...], field: int = 2, tail: bytes = b"") -> _Said:
            return _Said(rule.because, few if rule.id not in vary else frozenset(), self._ids[rule.id], outer, field, tail)

        found = {rule.id: said(rule, (3,), 3) for rule in (*policy.priority, AGEING)}
        found |= {rule.id: said(rule, (5, 4)) for rule in (*policy.escalation, SENIOR_FOR_ADVERSE_ACTION)}
        found |= {rule.id: said(rule, (9,), tail=text(3, rule.source)) for rule in policy.entitlements}
        found |= {rule.id: said(rule, (11,)) for rule in policy.likely_reasons}
        return found | {rule.id: said(rule, (12,)) for rule in (*policy.guidance, REVIEW, ASK_FIRST)}

    def of(self, decision: Decision) -> bytes:
        """A serialised ``Decision`` in the view that it was made for."""
        return self.full(decision) if decision.full else self.basic(decision)

    # what every answer has

    def _start(self, decision: Decision) -> list[bytes]:
        """The fragments that both views share, contributions and reasons left out."""
        parts = [
            text(1, decision.state.case.id),
            self._tiers[decision.tier.rank],
            self._levels[decision.level.rank],
            self._provenance,
            embedded(6, text(7, decision.id) + embedded(8, stamp(decision.now))),
        ]
        if decision.owner:
            parts.append(embedded(4, text(4, decision.owner)))
        for kind, due_at, state in decision.commitments:
            parts.append(embedded(5, _KIND[kind] + embedded(2, stamp(due_at)) + _STATE[state]))
        parts += [embedded(7, number(1, warning_code(n.code)) + text(2, n.message)) for n in decision.warnings]
        return parts

    def basic(self, decision: Decision) -> bytes:
        """A serialised ``Decision`` with what a router needs."""
        slices, out = decision.basis.slices, decision.out
        contributions = map(getitem, compress(self._contributions, out[slices.priority]), decision.earned)
        ageing = embedded(3, self._ids[AGEING.id] + number(2, int(out[5]))) if out[5] else b""
        score = number(1, decision.score) + self._bands[decision.band]
        parts = self._start(decision)
        parts.append(embedded(3, b"".join((score, ageing, *contributions))))
        parts += compress(self._reasons, out[slices.escalation])
        if decision.state.timeline.taken:
            parts.append(embedded(4, embedded(5, self._ids[SENIOR_FOR_ADVERSE_ACTION.id])))
        return b"".join(parts)

    # the rest of a full answer

    def full(self, decision: Decision) -> bytes:
        """A serialised ``Decision`` with everything, in words too."""
        words = Words(decision)
        said, say = self._said, words.say
        parts = self._start(decision)
        priority = [number(1, decision.score), self._bands[decision.band]]
        if decision.out[5]:
            priority.append(said[AGEING.id].of(words, int(decision.out[5])))
        fired = compress(self._priority, decision.out[decision.basis.slices.priority])
        priority += [rule.of(words, points) for rule, points in zip(fired, decision.earned, strict=True)]
        parts.append(embedded(3, b"".join(priority)))
        parts += [said[rule.id].of(words) for rule in decision.reasons]
        if decision.tier.because is not None:
            parts.append(embedded(2, text(3, say(decision.tier.because))))
        if decision.next_person.level is None:
            parts.append(embedded(4, embedded(6, text(4, say(self.policy.outside.because)))))
        for suggestion in decision.suggestions:
            parts.append(self._suggestion(suggestion, words))
        for rules in (decision.entitlements, decision.likely_reasons, decision.guidance):
            parts += [said[rule.id].of(words) for rule in rules]
        for kind, at, line in words.digest():
            parts.append(embedded(13, _DIGEST[kind] + embedded(2, stamp(at)) + text(3, line)))
        for action in decision.adverse_actions:
            permitted = number(2, action.permitted)
            parts.append(embedded(14, text(1, action.kind) + permitted + text(3, action.approver.name)))
        channel = decision.reply_channel
        if channel is not None:
            opens = embedded(2, stamp(channel.open_at))
            parts.append(embedded(10, number(1, _CHANNEL[channel.name]) + opens + number(3, channel.always)))
        parts.append(embedded(15, number(1, decision.may_close) + text(2, words.closure())))
        return b"".join(parts)

    def _suggestion(self, suggestion: Suggestion, words: Words) -> bytes:
        rule, _, because = words.suggestion(suggestion)
        money = b""
        if suggestion.amount is not None:
            units = suggestion.amount // self._scale
            minor = suggestion.amount - units * self._scale
            money = embedded(3, self._currency + number(2, units) + number(3, minor * (1_000_000_000 // self._scale)))
        who = text(5, suggestion.approver.name) + number(6, suggestion.needs_approval)
        return embedded(8, b"".join((self._suggested[rule], money, text(4, because), who)))
