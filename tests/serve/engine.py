"""Scenarios over the wire: a snapshot from their facts, a server in this process, a real channel; and answers read back."""

import asyncio
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from math import isnan
from pathlib import Path
from typing import Any, TypeAlias

import grpc

from router.cases.model import Case
from router.crm.rows import publish_facts
from router.crm.snapshot import Snapshot
from router.decide.model import Records
from router.errors import Problem, UnknownPolicyError
from router.facts import CHANNELS, Value
from router.money import NANOS
from router.policy.model import COMMITMENTS, Policy
from router.policy.store import policy_folders, shipped_policies
from router.scenarios.choose import PolicyChooser
from router.scenarios.load import bind, read_files, scenario_files
from router.scenarios.model import Due, Observed, Scenario, Suggested
from router.serve.backlog.service import Backlog
from router.serve.convert.answer import timestamp
from router.serve.convert.client import case_to_wire
from router.serve.server import build_server
from router.serve.service import CaseRouter
from router.serve.settings import Settings
from router.serve.state import NoRecords, State
from router.time import SECOND
from router.v1 import case_router_service_pb2 as pb
from router.v1 import decision_pb2
from router.v1.case_router_service_pb2_grpc import CaseRouterServiceStub


@cache
def shipped_scenarios() -> tuple[Scenario, ...]:
    """Every scenario of every policy that ships."""
    chooser = PolicyChooser(shipped_policies())
    folders = policy_folders(shipped_policies())
    return tuple(scenario for f in folders for scenario in bind(read_files(scenario_files(f / "tests")), chooser))


ENGINE_VERSION = "0.0.0-test"


@dataclass(frozen=True)
class OnePolicy:
    """A store that holds one policy and knows of no other."""

    policy: Policy

    def get(self, name: str, version: str, now: int) -> Policy:
        del now
        if name not in {"", self.policy.name} or version not in {"", self.policy.version}:
            raise UnknownPolicyError(Problem("unknown-policy", "there is only one"), [self.policy.name])
        return self.policy

    def versions(self, now: int) -> Iterator[tuple[Policy, bool, bool]]:
        del now
        yield self.policy, True, False

    def trial(self, name: str, now: int) -> None:
        del name, now

    def steady(self, name: str, now: int) -> tuple[int, int]:
        del name
        return now, now + 1


@dataclass
class Served:
    """A server in this process with a channel to it."""

    service: CaseRouter
    server: grpc.aio.Server
    channel: grpc.Channel
    loop: asyncio.AbstractEventLoop
    port: int

    @property
    def stub(self) -> CaseRouterServiceStub:
        return CaseRouterServiceStub(self.channel)


def state_of(policy: Policy, records: Records | None = None) -> State:
    return State(OnePolicy(policy), records or NoRecords(), ENGINE_VERSION)


@contextmanager
def serving(state: State, **settings: Any) -> Iterator[Served]:  # noqa: ANN401 - settings by name
    """A server with ``state`` on a free port of the loopback, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> tuple[grpc.aio.Server, CaseRouter, Backlog, int]:
        server, service, backlog, _ = build_server(Settings(**settings), state)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, service, backlog, port

    async def stop() -> None:
        """As when a server ends: what still goes on is cancelled and awaited."""
        await server.stop(None)
        await backlog.runs.close()
        going = asyncio.all_tasks() - {asyncio.current_task()}
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    try:
        started: Future[tuple[grpc.aio.Server, CaseRouter, Backlog, int]] = asyncio.run_coroutine_threadsafe(start(), loop)
        server, service, backlog, port = started.result()
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Served(service, server, channel, loop, port)
        finally:
            asyncio.run_coroutine_threadsafe(stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


_Stage: TypeAlias = tuple[str, int, bool]
"""What scenarios share that are decided on one snapshot: the policy's digest, now, and whether there is an orders table."""


@dataclass
class WireEngine:
    """A server as an ``Engine``. Scenarios share a snapshot where they can, each with a customer and an order of its own."""

    served: Served
    scenarios: Sequence[Scenario]
    folder: Path
    _places: dict[int, int] = field(init=False)
    _stages: dict[_Stage, State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {id(scenario): place for place, scenario in enumerate(self.scenarios)}

    def __call__(self, scenario: Scenario) -> Observed:
        return observed(self.ask(scenario), scenario.policy)

    def ask(self, scenario: Scenario) -> decision_pb2.Decision:
        """The answer for one scenario, as it came."""
        self.served.service.state = self._stage(scenario)
        request = pb.RouteCaseRequest(
            policy=scenario.policy.name,
            policy_version=scenario.policy.version,
            now=timestamp(scenario.now),
            case=case_to_wire(self.own(scenario)),
        )
        response: pb.RouteCaseResponse = self.served.stub.RouteCase(request)
        return response.decision

    def own(self, scenario: Scenario) -> Case:
        """The scenario's case with ids that are its own in the snapshot."""
        case, place = scenario.case, self._places[id(scenario)]
        return case._replace(
            customer_id=f"{place}:{case.customer_id}" if case.customer_id else "",
            order_id=f"{place}:{case.order_id}" if case.order_id else "",
        )

    def _stage(self, scenario: Scenario) -> State:
        key = _key(scenario)
        if key not in self._stages:
            folder = self.folder / str(len(self._stages))
            sharing = [other for other in self.scenarios if _key(other) == key]
            publish_facts(
                [row for other in sharing for row in self._customers(other)],
                folder,
                as_of=scenario.now,
                currency=scenario.policy.currency,
                order_ids=[order for other in sharing for order in self._orders(other)] if key[2] else None,
                extras=[fact for fact in scenario.policy.facts if fact.of_customer],
            )
            self._stages[key] = state_of(scenario.policy, Snapshot.open(folder))
        return self._stages[key]

    def _customers(self, scenario: Scenario) -> Iterable[Mapping[str, Value]]:
        place, records = self._places[id(scenario)], scenario.records
        for customer, row in records.customers.items():
            named = {fact.key: value for fact, value in zip(records.layout, row, strict=True) if not _missing(value)}
            yield named | {"customer_id": f"{place}:{customer}"}

    def _orders(self, scenario: Scenario) -> Iterable[str]:
        place = self._places[id(scenario)]
        return (f"{place}:{order}" for order, on_record in (scenario.records.orders or {}).items() if on_record)


def _key(scenario: Scenario) -> _Stage:
    return scenario.policy.digest, scenario.now, scenario.records.orders is not None


def _missing(value: Value) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


# from an answer to what can be observed of it


def observed(decision: decision_pb2.Decision, policy: Policy) -> Observed:
    """A full answer in plain ids and numbers; it tells no facts."""
    escalation, priority, person = decision.escalation, decision.priority, decision.escalation.next_person
    suggestions = tuple(_suggested(each, policy) for each in decision.recompense)
    return Observed(
        tier=decision.tier.name,
        score=priority.score,
        band=decision_pb2.Band.Name(priority.band).removeprefix("BAND_"),
        level=escalation.level,
        level_rank=escalation.rank,
        total=sum(each.amount for each in suggestions if each.amount is not None),
        suggestions=suggestions,
        entitlements=tuple(each.rule for each in decision.entitlements),
        fired=(
            *(each.rule for each in priority.contributions if each.rule != "ageing"),
            *(each.rule for each in escalation.reasons),
            *(each.rule for each in decision.entitlements),
            *_recompense_fired(decision, policy),
            *(each.rule for each in decision.likely_reasons),
            *(each.rule for each in decision.guidance),
        ),
        points={each.rule: each.points for each in priority.contributions},
        guidance=tuple(each.rule for each in decision.guidance),
        likely_reasons=tuple(each.rule for each in decision.likely_reasons),
        permitted=all(each.permitted for each in decision.adverse_actions) if decision.adverse_actions else None,
        may_close=decision.closure.may_close,
        warnings=tuple(kebab(decision_pb2.WarningCode.Name(each.code), "WARNING_CODE_") for each in decision.warnings),
        commitments=dict(map(_due, decision.commitments)),
        reply_channel=CHANNELS[decision.reply_channel.channel - 1] if decision.HasField("reply_channel") else None,
        next_person=(person.name,) if person.outside else (person.level, person.name),
    )


def _recompense_fired(decision: decision_pb2.Decision, policy: Policy) -> list[str]:
    """A suggestion that was left out is named by its warning; its rule fired all the same."""
    left_out = {decision_pb2.WARNING_CODE_AMOUNT_CUT, decision_pb2.WARNING_CODE_AMOUNT_MISSING}
    told = " ".join(warning.message for warning in decision.warnings if warning.code in left_out)
    named = {word.strip(";") for word in told.split()} | {each.rule for each in decision.recompense}
    return [rule.id for rule in policy.recompense if rule.id in named]


def _suggested(suggestion: decision_pb2.Suggestion, policy: Policy) -> Suggested:
    money, scale = suggestion.amount, 10**policy.exponent
    amount = None
    if suggestion.HasField("amount"):
        assert money.currency_code == policy.currency
        amount, rest = divmod((money.units * NANOS + money.nanos) * scale, NANOS)
        assert rest == 0
    return Suggested(suggestion.rule, suggestion.kind, amount, suggestion.needs_approval)


def _due(commitment: decision_pb2.Commitment) -> tuple[str, Due]:
    kind = decision_pb2.CommitmentKind.Name(commitment.kind).removeprefix("COMMITMENT_KIND_").lower()
    state = decision_pb2.CommitmentState.Name(commitment.state).removeprefix("COMMITMENT_STATE_").lower()
    assert kind in COMMITMENTS
    due_at = commitment.due_at
    return kind, Due(due_at.seconds * SECOND + due_at.nanos // 1000, state)


def kebab(name: str, prefix: str) -> str:
    """``WARNING_CODE_SNAPSHOT_OLD`` as ``snapshot-old``."""
    return name.removeprefix(prefix).lower().replace("_", "-")
