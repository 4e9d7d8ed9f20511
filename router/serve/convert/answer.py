"""From a decision to bytes on the wire.

What does not vary from case to case is serialised once, when a policy and a snapshot come together. On the wire a message
is its fields one after another, and a field that comes twice merges: so an answer is those fragments joined with the new.
The numbers of the fields are those of ``decision.proto``; the tests parse every answer and compare it field by field.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import compress
from operator import getitem
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from router.decide.decider import Decider
from router.decide.floor import AGEING, FLOOR, SENIOR_FOR_ADVERSE_ACTION
from router.decide.model import Decision, Suggestion
from router.decide.words import DIGEST, Words
from router.facts import CHANNELS
from router.policy.model import COMMITMENTS, Entitlement, Rule
from router.policy.plan import BANDS
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
        self._said = self._constants(decider.points)

    def _escalation(self, decider: Decider, rank: int) -> pb.Decision:
        level, following = decider.policy.levels[rank], decider.basis.next_people[rank]
        person = pb.NextPerson(
            level=following.level.name if following.level else "", name=following.name, outside=following.level is None
        )
        return pb.Decision(
            escalation=pb.Escalation(level=level.name, rank=rank, role=level.role, next_person=person),
        )

    def _constants(self, points: Sequence[int | None]) -> Mapping[str, bytes]:
        """What a full answer says of each rule of which nothing varies, neither points nor a fact in its sentence, by id."""
        policy = self.policy
        fixed = [(rule, given) for rule, given in zip(policy.priority, points, strict=True) if given is not None]
        said = {rule.id: self._contribution(rule, given, rule.because.texts[0]) for rule, given in fixed}
        said |= {rule.id: self._reason(rule, rule.because.texts[0]) for rule in policy.escalation}
        said |= {rule.id: self._entitlement(rule, rule.because.texts[0]) for rule in policy.entitlements}
        said |= {rule.id: self._rule(11, rule, rule.because.texts[0]) for rule in policy.likely_reasons}
        said |= {rule.id: self._rule(12, rule, rule.because.texts[0]) for rule in policy.guidance}
        varying = {rule.id for rule in policy.rules if rule.because.names}
        return {name: fragment for name, fragment in said.items() if name not in varying}

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
        ageing, out, slices = int(decision.out[5]), decision.out, decision.basis.slices
        priority = [number(1, decision.score), self._bands[decision.band]]
        if ageing:
            priority.append(self._contribution(AGEING, ageing, AGEING.because.texts[0]))
        for rule, points in zip(compress(self.policy.priority, out[slices.priority]), decision.earned, strict=True):
            priority.append(said.get(rule.id) or self._contribution(rule, points, say(rule.because)))
        parts.append(embedded(3, b"".join(priority)))
        parts += [said.get(rule.id) or self._reason(rule, say(rule.because)) for rule in decision.reasons]
        if decision.tier.because is not None:
            parts.append(embedded(2, text(3, say(decision.tier.because))))
        if decision.next_person.level is None:
            parts.append(embedded(4, embedded(6, text(4, say(self.policy.outside.because)))))
        for suggestion in decision.suggestions:
            parts.append(self._suggestion(suggestion, words))
        parts += [said.get(rule.id) or self._entitlement(rule, say(rule.because)) for rule in decision.entitlements]
        parts += [said.get(rule.id) or self._rule(11, rule, say(rule.because)) for rule in decision.likely_reasons]
        parts += [said.get(rule.id) or self._rule(12, rule, say(rule.because)) for rule in decision.guidance]
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

    def _contribution(self, rule: Rule, points: int, because: str) -> bytes:
        return embedded(3, self._ids[rule.id] + number(2, points) + text(3, because))

    def _reason(self, rule: Rule, because: str) -> bytes:
        return embedded(4, embedded(5, self._ids[rule.id] + text(2, because)))

    def _entitlement(self, rule: Entitlement, because: str) -> bytes:
        return embedded(9, self._ids[rule.id] + text(2, because) + text(3, rule.source))

    def _rule(self, field: int, rule: Rule, because: str) -> bytes:
        return embedded(field, self._ids[rule.id] + text(2, because))

    def _suggestion(self, suggestion: Suggestion, words: Words) -> bytes:
        rule, kind, because = words.suggestion(suggestion)
        money = b""
        if suggestion.amount is not None:
            units, minor = divmod(suggestion.amount, self._scale)
            money = embedded(3, self._currency + number(2, units) + number(3, minor * (1_000_000_000 // self._scale)))
        who = text(5, suggestion.approver.name) + number(6, suggestion.needs_approval)
        return embedded(8, text(1, rule) + text(2, kind) + money + text(4, because) + who)
