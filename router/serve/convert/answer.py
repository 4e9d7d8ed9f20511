"""From a decision to bytes on the wire.

What does not vary from case to case is serialised once, when a policy and a snapshot come together. On the wire messages merge by
being joined, so an answer is those fragments and one small message of what is new.
"""

from collections.abc import Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from router.cases.facts import Notice
from router.decide.decider import Decider
from router.decide.floor import AGEING
from router.decide.model import Contribution, Decision
from router.decide.words import DigestKind, Words
from router.facts import CHANNELS
from router.policy.model import COMMITMENTS, EscalationRule, Rule
from router.policy.plan import BANDS
from router.v1 import decision_pb2 as pb

_BAND: Mapping[str, pb.Band] = {band: pb.Band.Value(f"BAND_{band}") for band in BANDS}
_KIND = {kind: pb.CommitmentKind.Value(f"COMMITMENT_KIND_{kind.upper()}") for kind in COMMITMENTS}
_STATE = {
    state: pb.CommitmentState.Value(f"COMMITMENT_STATE_{state.upper()}") for state in ("open", "met", "breached", "paused")
}
_CHANNEL = {name: index for index, name in enumerate(CHANNELS, start=1)}
_DIGEST = {kind: pb.DigestKind.Value(f"DIGEST_KIND_{kind.upper()}") for kind in DigestKind}
_MOST_FRAGMENTS = 10_000


def timestamp(instant: int) -> Timestamp:
    """A timestamp of microseconds."""
    seconds, micros = divmod(instant, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def warning_code(code: str) -> pb.WarningCode:
    """The enum value of a warning's kind: ``snapshot-old`` is ``WARNING_CODE_SNAPSHOT_OLD``."""
    return pb.WarningCode.Value(f"WARNING_CODE_{code.upper().replace('-', '_')}")


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
        self._priorities: dict[tuple[str, int], bytes] = {}
        self._reasons: dict[str, bytes] = {}
        self._fixed: dict[str, bytes] = {}
        self._notices: dict[Notice, bytes] = {}

    def _escalation(self, decider: Decider, rank: int) -> pb.Decision:
        level, following = decider.policy.levels[rank], decider.next_people[rank]
        person = pb.NextPerson(
            level=following.level.name if following.level else "", name=following.name, outside=following.level is None
        )
        return pb.Decision(
            escalation=pb.Escalation(level=level.name, rank=rank, role=level.role, next_person=person),
        )

    # fragments that are made once and kept

    def _contribution(self, contribution: Contribution) -> bytes:
        rule, points = contribution
        name = rule.id if rule is not None else AGEING.id
        fragment = self._priorities.get((name, points))
        if fragment is None:
            item = pb.Contribution(rule=name, points=points)
            fragment = pb.Decision(priority=pb.Priority(contributions=[item])).SerializeToString()
            if len(self._priorities) < _MOST_FRAGMENTS:
                self._priorities[name, points] = fragment
        return fragment

    def _reason(self, rule: EscalationRule) -> bytes:
        fragment = self._reasons.get(rule.id)
        if fragment is None:
            fragment = pb.Decision(escalation=pb.Escalation(reasons=[pb.Reason(rule=rule.id)])).SerializeToString()
            self._reasons[rule.id] = fragment
        return fragment

    def _notice(self, notice: Notice) -> bytes:
        fragment = self._notices.get(notice)
        if fragment is None:
            warning = pb.Warning(code=warning_code(notice.code), message=notice.message)
            fragment = pb.Decision(warnings=[warning]).SerializeToString()
            if len(self._notices) < _MOST_FRAGMENTS:
                self._notices[notice] = fragment
        return fragment

    # answers

    def basic(self, decision: Decision) -> bytes:
        """A serialised ``Decision`` with what a router needs."""
        wire = self._start(decision)
        parts = [self._tiers[decision.tier.rank], self._levels[decision.level.rank], self._provenance]
        parts += map(self._contribution, decision.contributions)
        parts += map(self._reason, decision.reasons)
        parts += map(self._notice, decision.warnings)
        parts.append(wire.SerializeToString())
        return b"".join(parts)

    def _start(self, decision: Decision) -> pb.Decision:
        """What is new in every answer."""
        wire = pb.Decision(case_id=decision.state.case.id)
        priority = wire.priority
        priority.score = decision.score
        priority.band = _BAND[decision.band]
        if decision.owner:
            wire.escalation.owner = decision.owner
        provenance = wire.provenance
        provenance.decision_id = decision.id
        at = provenance.decided_at
        at.seconds, micros = divmod(decision.now, 1_000_000)
        at.nanos = micros * 1000
        add = wire.commitments.add
        for kind, due_at, state in decision.commitments:
            due = add(kind=_KIND[kind], state=_STATE[state]).due_at
            due.seconds, micros = divmod(due_at, 1_000_000)
            if micros:
                due.nanos = micros * 1000
        return wire

    def full(self, decision: Decision) -> bytes:
        """A serialised ``Decision`` with everything, in words too."""
        words = Words(decision)
        wire = self._start(decision)
        parts = [self._tiers[decision.tier.rank], self._levels[decision.level.rank], self._provenance]
        parts += map(self._notice, decision.warnings)
        if decision.tier.because is not None:
            wire.tier.because = words.say(decision.tier.because)
        self._explain(decision, words, wire)
        self._suggest(decision, words, wire)
        for rules, make in (
            (decision.entitlements, self._entitlement),
            (decision.likely_reasons, self._likely_reason),
            (decision.guidance, self._guide),
        ):
            for rule in rules:
                fixed = self._fixed.get(rule.id)
                if fixed is None:
                    fixed = make(rule, words).SerializeToString()  # type: ignore[operator]
                    if not rule.because.names:
                        self._fixed[rule.id] = fixed
                parts.append(fixed)
        self._tell(decision, words, wire)
        parts.append(wire.SerializeToString())
        return b"".join(parts)

    def _explain(self, decision: Decision, words: Words, wire: pb.Decision) -> None:
        add = wire.priority.contributions.add
        for contribution in decision.contributions:
            rule = contribution.rule or AGEING
            add(rule=rule.id, points=contribution.points, because=words.say(rule.because))
        reasons = wire.escalation.reasons
        for reason in decision.reasons:
            reasons.add(rule=reason.id, because=words.say(reason.because))
        if decision.next_person.level is None:
            wire.escalation.next_person.because = words.say(self.policy.outside.because)

    def _suggest(self, decision: Decision, words: Words, wire: pb.Decision) -> None:
        for suggestion in decision.suggestions:
            rule, kind, because = words.suggestion(suggestion)
            item = wire.recompense.add(
                rule=rule,
                kind=kind,
                because=because,
                approver=suggestion.approver.name,
                needs_approval=suggestion.needs_approval,
            )
            if suggestion.amount is not None:
                units, minor = divmod(suggestion.amount, self._scale)
                money = item.amount
                money.currency_code = self.policy.currency
                money.units = units
                money.nanos = minor * (1_000_000_000 // self._scale)

    def _entitlement(self, rule: Rule, words: Words) -> pb.Decision:
        return pb.Decision(
            entitlements=[pb.Entitlement(rule=rule.id, what=words.say(rule.because), source=getattr(rule, "source", ""))]
        )

    def _likely_reason(self, rule: Rule, words: Words) -> pb.Decision:
        return pb.Decision(likely_reasons=[pb.LikelyReason(rule=rule.id, because=words.say(rule.because))])

    def _guide(self, rule: Rule, words: Words) -> pb.Decision:
        return pb.Decision(guidance=[pb.Guidance(rule=rule.id, say=words.say(rule.because))])

    def _tell(self, decision: Decision, words: Words, wire: pb.Decision) -> None:
        channel = decision.reply_channel
        if channel is not None:
            reply = wire.reply_channel
            reply.channel = _CHANNEL[channel.name]  # type: ignore[assignment]
            reply.always = channel.always
            at = reply.open_at
            at.seconds, micros = divmod(channel.open_at, 1_000_000)
            at.nanos = micros * 1000
        for action in decision.adverse_actions:
            wire.adverse_actions.add(kind=action.kind, permitted=action.permitted, approver=action.approver.name)
        add = wire.digest.add
        for kind, instant, text in words.digest():
            at = add(kind=_DIGEST[kind], text=text).at
            at.seconds, micros = divmod(instant, 1_000_000)
            at.nanos = micros * 1000
        closure = wire.closure
        closure.may_close = decision.may_close
        closure.because = words.closure()
