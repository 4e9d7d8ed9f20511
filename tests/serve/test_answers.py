"""Answers are joined from fragments of bytes: each is the message that protobuf itself would make of the decision."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from google.type.money_pb2 import Money
from hypothesis import given, settings
from hypothesis import strategies as st

from router.cases.model import Case
from router.decide.decider import Decider
from router.decide.model import Decision, Suggestion
from router.decide.words import DIGEST, Words
from router.facts import CHANNELS
from router.money import NANOS
from router.scenarios.model import Scenario
from router.scenarios.run import _Stage
from router.serve.convert.answer import Answers, timestamp
from router.v1 import decision_pb2 as pb
from tests.decide.strategies import cases, nows, policies, records
from tests.serve.engine import shipped_scenarios

VERSION = "1.2.3"
SCENARIOS = shipped_scenarios()


def message(decision: Decision) -> pb.Decision:
    """The decision, field by field, as the contract words it."""
    policy, records, full = decision.policy, decision.records, decision.full
    words = Words(decision)

    def say(sentence: Any) -> str:  # noqa: ANN401 - a sentence, where the policy has one
        return words.say(sentence) if full and sentence is not None else ""

    outside = decision.next_person.level is None
    found = pb.Decision(
        case_id=decision.state.case.id,
        tier=pb.Tier(name=decision.tier.name, rank=decision.tier.rank, because=say(decision.tier.because)),
        priority=pb.Priority(
            score=decision.score,
            band=pb.Band.Value(f"BAND_{decision.band}"),
            contributions=[
                pb.Contribution(rule=rule.id, points=points, because=say(rule.because))
                for rule, points in decision.contributions
            ],
        ),
        escalation=pb.Escalation(
            level=decision.level.name,
            rank=decision.level.rank,
            role=decision.level.role,
            owner=decision.owner or "",
            reasons=[pb.Reason(rule=rule.id, because=say(rule.because)) for rule in decision.reasons],
            next_person=pb.NextPerson(
                level=decision.next_person.level.name if decision.next_person.level else "",
                name=decision.next_person.name,
                outside=outside,
                because=say(policy.outside.because) if outside else "",
            ),
        ),
        commitments=[
            pb.Commitment(
                kind=pb.CommitmentKind.Value(f"COMMITMENT_KIND_{kind.upper()}"),
                due_at=timestamp(due_at),
                state=pb.CommitmentState.Value(f"COMMITMENT_STATE_{state.upper()}"),
            )
            for kind, due_at, state in decision.commitments
        ],
        provenance=pb.Provenance(
            policy=policy.name,
            policy_version=policy.version,
            policy_digest=policy.digest,
            snapshot_id=records.id,
            snapshot_as_of=None if records.as_of is None else timestamp(records.as_of),
            engine_version=VERSION,
            decision_id=decision.id,
            decided_at=timestamp(decision.now),
        ),
        warnings=[
            pb.Warning(
                code=pb.WarningCode.Value(f"WARNING_CODE_{notice.code.upper().replace('-', '_')}"), message=notice.message
            )
            for notice in decision.warnings
        ],
    )
    if full:
        found.MergeFrom(_rest(decision, words))
    return found


def _rest(decision: Decision, words: Words) -> pb.Decision:
    channel = decision.reply_channel
    return pb.Decision(
        recompense=[_suggestion(suggestion, decision, words) for suggestion in decision.suggestions],
        entitlements=[
            pb.Entitlement(rule=rule.id, what=words.say(rule.because), source=rule.source) for rule in decision.entitlements
        ],
        reply_channel=None
        if channel is None
        else pb.ReplyChannel(
            channel=pb.ReplyChannel(channel=CHANNELS.index(channel.name) + 1).channel,  # type: ignore[arg-type]  # a number
            open_at=timestamp(channel.open_at),
            always=channel.always,
        ),
        likely_reasons=[pb.LikelyReason(rule=r.id, because=words.say(r.because)) for r in decision.likely_reasons],
        guidance=[pb.Guidance(rule=rule.id, say=words.say(rule.because)) for rule in decision.guidance],
        digest=[
            pb.DigestLine(kind=pb.DigestKind.Value(f"DIGEST_KIND_{DIGEST[kind].upper()}"), at=timestamp(at), text=text)
            for kind, at, text in words.digest()
        ],
        adverse_actions=[
            pb.AdverseAction(kind=action.kind, permitted=action.permitted, approver=action.approver.name)
            for action in decision.adverse_actions
        ],
        closure=pb.Closure(may_close=decision.may_close, because=words.closure()),
    )


def _suggestion(suggestion: Suggestion, decision: Decision, words: Words) -> pb.Suggestion:
    rule, kind, because = words.suggestion(suggestion)
    made = pb.Suggestion(
        rule=rule,
        kind=kind,
        because=because,
        approver=suggestion.approver.name,
        needs_approval=suggestion.needs_approval,
    )
    if suggestion.amount is not None:
        scale = 10**decision.policy.exponent
        units, minor = divmod(suggestion.amount, scale)
        made.amount.CopyFrom(Money(currency_code=decision.policy.currency, units=units, nanos=minor * NANOS // scale))
    return made


def same(answer: bytes, decision: Decision) -> None:
    """An answer, parsed, is the message of the decision; it knows every field, and written again it stays the same."""
    parsed, wanted = pb.Decision.FromString(answer), message(decision)
    assert parsed == wanted
    assert parsed.SerializeToString(deterministic=True) == wanted.SerializeToString(deterministic=True)
    assert pb.Decision.FromString(parsed.SerializeToString()) == parsed
    no_unknown(parsed)


def no_unknown(found: Message) -> None:
    assert len(UnknownFieldSet(found)) == 0
    for field, value in found.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                no_unknown(part)


@cache
def stage() -> Callable[[Scenario], tuple[Decider, Answers]]:
    """Deciders by policy, each compiled once; the records are those of the scenario that is on."""
    deciders: dict[str, tuple[_Stage, Decider]] = {}

    def of(scenario: Scenario) -> tuple[Decider, Answers]:
        policy = scenario.policy
        if policy.digest not in deciders:
            records = _Stage(scenario.records)
            deciders[policy.digest] = records, Decider(policy, records)
        records, decider = deciders[policy.digest]
        records.records = scenario.records
        return decider, Answers(decider, VERSION)

    return of


def answered(scenario: Scenario, *, full: bool) -> tuple[bytes, Decision]:
    decider, answers = stage()(scenario)
    decision = decider.decide(scenario.case, b"question", scenario.now, full=full)
    return (answers.full if full else answers.basic)(decision), decision


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: f"{Path(s.where).stem}: {s.name}")
def test_the_answers_of_every_scenario_are_the_decision_s_message(scenario: Scenario) -> None:
    same(*answered(scenario, full=True))
    same(*answered(scenario, full=False))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Decider, list[Case], int]:
    policy, now = draw(policies), draw(nows)
    return Decider(policy, draw(records(policy, now))), draw(st.lists(cases(), min_size=3, max_size=6)), now


@settings(max_examples=20)
@given(scenes())
def test_and_so_are_those_of_random_policies_and_cases(scene: tuple[Decider, list[Case], int]) -> None:
    decider, asked, now = scene
    answers = Answers(decider, VERSION)
    for case in asked:
        full, basic = (decider.decide(case, b"question", now, full=full) for full in (True, False))
        same(answers.full(full), full)
        same(answers.basic(basic), basic)
        same(answers.full(full), full)  # fragments that were kept serve again


FULL_ONLY = (
    "recompense",
    "entitlements",
    "reply_channel",
    "likely_reasons",
    "guidance",
    "digest",
    "adverse_actions",
    "closure",
)


EXPLAINED = pb.Decision.DESCRIPTOR.fields_by_name["trace"]
"""What is there only where a request asks for it, in either view."""


def shown(*, full: bool) -> set[str]:
    """Full names of the fields that the answers of the scenarios set, between them."""
    return set().union(*(paths(pb.Decision.FromString(answered(scenario, full=full)[0])) for scenario in SCENARIOS))


def test_between_them_the_scenarios_show_every_field_of_a_full_answer() -> None:
    every = {field.full_name for field in fields(pb.Decision.DESCRIPTOR)}
    assert every - shown(full=True) <= {"router.v1.Tier.because"}  # the shipped tiers speak for themselves


def test_a_basic_answer_has_the_parts_that_a_router_needs_and_no_words() -> None:
    found = shown(full=False)
    parts = {"case_id", "tier", "priority", "escalation", "commitments", "provenance", "warnings"}
    assert {field.name for field in pb.Decision.DESCRIPTOR.fields if field.full_name in found} == parts
    assert {*parts, *FULL_ONLY, EXPLAINED.name} == {field.name for field in pb.Decision.DESCRIPTOR.fields}
    assert not {path for path in found if path.endswith(".because")}


def paths(found: Message) -> set[str]:
    """Full names of the fields that are set somewhere in a message."""
    names: set[str] = set()
    for field, value in found.ListFields():
        names.add(field.full_name)
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                names |= paths(part)
    return names


def fields(descriptor: Any) -> list[Any]:  # noqa: ANN401 - descriptors have no public types
    """Every field of a message and of the messages in it, those of google.* left closed, and the trace."""
    found: list[Any] = []
    for field in descriptor.fields:
        if field == EXPLAINED:
            continue
        found.append(field)
        if field.message_type is not None and field.message_type.full_name.startswith("router."):
            found += fields(field.message_type)
    return found
