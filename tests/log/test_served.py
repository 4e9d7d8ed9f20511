"""The log of a running server: what is in it, what is not, and what a client is told when it cannot be written."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict

from router.crm.snapshot import Snapshot
from router.errors import LogError, Problem, RouterError
from router.log.again import Record
from router.log.decisions import DECISIONS, OUTCOMES
from router.log.effects import effects
from router.log.files import frames
from router.log.replay import replay, rows
from router.log.runs import record_run
from router.log.writer import Writer
from router.policy.store import PolicyStore
from router.serve.microbatch import PROBE
from router.serve.server import open_state
from router.serve.settings import Settings
from router.serve.state import State
from router.v1 import case_router_service_pb2 as pb
from router.v1 import decision_pb2
from tests.log.records import SECRET, TODAY
from tests.serve.engine import ENGINE_VERSION, Served, serving
from tests.serve.shop import (
    NAMELESS,
    STRANGER,
    asked,
    batch,
    case_of,
    fields,
    reason,
    refused,
    request,
    streamed,
    write_policies,
    write_snapshot,
)

PATIENT = {"accepted": True, "satisfaction": 80.0, "stayed": True}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> State:
    folder = tmp_path_factory.mktemp("shop")
    write_policies(folder / "policies")
    write_snapshot(folder / "snapshot")
    return State(PolicyStore.open(folder / "policies"), Snapshot.open(folder / "snapshot"), ENGINE_VERSION)


@contextmanager
def open_shop(shop: State, log: Path, **settings: Any) -> Iterator[Served]:  # noqa: ANN401 - settings by name
    with serving(shop, log=log, log_key=SECRET, **settings) as served:
        yield served


def records(log: Path) -> list[Record]:
    return list(rows(frames(log, DECISIONS)))


def test_every_way_to_ask_leaves_a_record_and_errors_leave_none(shop: State, tmp_path: Path) -> None:
    with open_shop(shop, tmp_path) as served:
        given = [asked(served), asked(served, view="VIEW_BASIC")]
        results = served.stub.BatchRouteCases(batch(case_of(case_id="b1"), NAMELESS, STRANGER)).results
        given += [result.decision for result in results if result.HasField("decision")]
        answers = list(served.stub.StreamRouteCases(streamed(request(case_of(case_id="s1")), request(NAMELESS))))
        given += [answer.decision for answer in answers if answer.HasField("decision")]
        refused(lambda: served.stub.RouteCase(request(NAMELESS)))
    found = records(tmp_path)
    assert [record["decision_id"] for record in found] == [each.provenance.decision_id for each in given]
    assert [record["score"] for record in found] == [each.priority.score for each in given]
    assert [record["view"] for record in found] == ["full", "basic", "full", "full", "full"]
    again = replay(frames(tmp_path, DECISIONS), lambda name, version: shop.policies.get(name, version, 0))
    assert (again.records, again.differences, again.unknown) == (5, [], {})


def test_the_policys_own_facts_of_a_customer_are_in_the_record(shop: State, tmp_path: Path) -> None:
    with open_shop(shop, tmp_path, log_durability="sync") as served:
        asked(served)
    (record,) = records(tmp_path)
    named = {each["name"]: each["text"] for each in record["attributes"]}
    assert named["customer.segment"] == "family"
    assert (record["customer.owner"], record["customer.spend_12m"]) == ("maria", 820.0)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(writer: Writer, *_: object) -> None:
        raise LogError([Problem("log-not-written", "no space left on device", str(writer.folder))])

    monkeypatch.setattr(Writer, "append", fail)


CALLS: list[Callable[[Served], object]] = [
    lambda served: served.stub.RouteCase(request()),
    lambda served: served.stub.BatchRouteCases(batch(case_of())),
    lambda served: served.stub.RecordOutcome(pb.RecordOutcomeRequest(decision_id="d1")),
]


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("call", CALLS, ids=["one", "batch", "outcome"])
def test_on_a_full_disk_calls_are_refused(shop: State, tmp_path: Path, call: Callable[[Served], object]) -> None:
    with open_shop(shop, tmp_path) as served:
        status = refused(lambda: call(served))
    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert reason(status).reason == "ERROR_REASON_LOG_UNAVAILABLE"


@pytest.mark.usefixtures("full_disk")
def test_or_answered_with_a_warning_and_counted(shop: State, tmp_path: Path) -> None:
    with open_shop(shop, tmp_path, log_on_full="warn") as served:
        one = asked(served)
        many = served.stub.BatchRouteCases(batch(case_of(), NAMELESS, STRANGER)).results
        info = served.stub.GetServerInfo(pb.GetServerInfoRequest())
    for decision in (one, many[0].decision, many[2].decision):
        assert decision.warnings[-1].code == decision_pb2.WARNING_CODE_NOT_LOGGED
        assert decision.tier.name
    assert many[1].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert info.decisions_not_logged == 3


class Told:
    """The context of a call that is made without a channel: keeps the code with which it ends."""

    code: grpc.StatusCode | None = None

    async def abort(self, code: grpc.StatusCode, *_: object) -> None:
        self.code = code


def together(served: Served, *requests: pb.RouteCaseRequest) -> list[decision_pb2.Decision | grpc.StatusCode]:
    """Calls that come in the same moment: a decision or a code for each."""

    async def call(request: pb.RouteCaseRequest) -> decision_pb2.Decision | grpc.StatusCode:
        told: Any = Told()
        try:
            answer = await served.service.route_case(request.SerializeToString(), told)
        except Exception:  # noqa: BLE001 - what ends a call has been told
            code: grpc.StatusCode = told.code
            return code
        return pb.RouteCaseResponse.FromString(answer).decision

    async def calls() -> list[decision_pb2.Decision | grpc.StatusCode]:
        return list(await asyncio.gather(*map(call, requests)))

    return asyncio.run_coroutine_threadsafe(calls(), served.loop).result()


SOME = (request(), request(case=NAMELESS), request(case=STRANGER), request(policy="shoe"), request(view="VIEW_BASIC"))
INVALID, UNKNOWN = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


def test_calls_that_come_together_are_logged_with_one_write_and_answered_as_each_alone(
    shop: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    append = Writer.append

    def counted(writer: Writer, lines: list[bytes], at: int) -> None:
        written.append(len(lines))
        append(writer, lines, at)

    with open_shop(shop, tmp_path) as served:
        alone = [together(served, each)[0] for each in SOME]
        monkeypatch.setattr(Writer, "append", counted)
        found = together(served, *SOME)
        for _ in range(PROBE):  # until it has been noticed that they come together
            found = together(served, *SOME)
    assert written[-1] == 3
    assert found == alone
    assert [found[1], found[3]] == [INVALID, UNKNOWN]
    last = records(tmp_path)[-3:]
    assert [each["decision_id"] for each in last] == [found[n].provenance.decision_id for n in (0, 2, 4)]  # type: ignore[union-attr]  # three of them are decisions
    assert len({each["decided_at"] for each in last}) == 1


@pytest.mark.usefixtures("full_disk")
def test_of_calls_that_come_together_each_is_told_what_is_wrong_with_it(shop: State, tmp_path: Path) -> None:
    full = grpc.StatusCode.RESOURCE_EXHAUSTED
    with open_shop(shop, tmp_path) as served:
        assert together(served, *SOME) == [full, INVALID, full, UNKNOWN, full]
    with open_shop(shop, tmp_path, log_on_full="warn") as served:
        found = together(served, *SOME)
        lost = served.service.log.lost if served.service.log else None
    assert [found[1], found[3], lost] == [INVALID, UNKNOWN, 3]
    for decision in (found[0], found[2], found[4]):
        assert isinstance(decision, decision_pb2.Decision)
        assert decision.warnings[-1].code == decision_pb2.WARNING_CODE_NOT_LOGGED


def test_a_server_with_a_log_and_no_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(RouterError, match="openssl rand -hex 32"):
        open_state(Settings(log=tmp_path / "log"))


# what came of decisions


def outcome(**given: Any) -> pb.RecordOutcomeRequest:  # noqa: ANN401 - fields of a request
    return ParseDict(given, pb.RecordOutcomeRequest())


def test_what_came_of_a_decision_stands_beside_what_it_cost(shop: State, tmp_path: Path) -> None:
    with open_shop(shop, tmp_path) as served:
        decision = asked(served)
        asked(served, case=STRANGER)
        rule, amount = decision.recompense[0].rule, decision.recompense[0].amount
        told = {"decision_id": decision.provenance.decision_id}
        served.stub.RecordOutcome(outcome(**told, accepted=False))
        changed = {"rule": rule, "use": "SUGGESTION_USE_CHANGED", "amount": {"currency_code": "GBP", "units": 3}}
        served.stub.RecordOutcome(outcome(**told, **PATIENT, suggestions=[changed]))
    suggestions, rules = effects(tmp_path)
    row = next(row for row in suggestions.to_dicts() if row["rule"] == rule)
    minor = amount.units * 100 + amount.nanos // 10_000_000
    assert row["amount"] >= minor
    assert (row["changed"], row["used"], row["given"], row["known"]) == (1, 0, 300, 1)
    assert (row["accepted"], row["satisfaction"], row["stayed"]) == (1.0, 80.0, 1.0)
    fired = {row["rule"]: row["fired"] for row in rules.to_dicts()}
    assert fired
    assert max(fired.values()) <= 2


def test_what_was_given_in_another_currency_is_not_added_up(shop: State, tmp_path: Path) -> None:
    with open_shop(shop, tmp_path) as served:
        decision = asked(served)
        rule = decision.recompense[0].rule
        changed = {"rule": rule, "use": "SUGGESTION_USE_CHANGED", "amount": {"currency_code": "USD", "units": 3}}
        served.stub.RecordOutcome(outcome(decision_id=decision.provenance.decision_id, suggestions=[changed]))
    row = next(row for row in effects(tmp_path)[0].to_dicts() if row["rule"] == rule)
    assert (row["changed"], row["given"]) == (1, 0)


def test_an_outcome_holds_no_free_text_no_rule_twice_and_no_amount_beyond_64_bits(shop: State, tmp_path: Path) -> None:
    used = {"use": "SUGGESTION_USE_USED"}
    amounts = [{"currency_code": "GBP", "units": 2**62}, {"currency_code": "Zebedee was here", "units": 1}]
    names = ("late-credit", "late-credit", "Zebedee was here", "x" * 81)
    suggestions: list[dict[str, Any]] = [{"rule": name, **used} for name in names]
    suggestions += [{"rule": f"rule-{place}", "amount": amount, **used} for place, amount in enumerate(amounts)]
    with open_shop(shop, tmp_path) as served:
        status = refused(lambda: served.stub.RecordOutcome(outcome(decision_id="it was Zebedee", suggestions=suggestions)))
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert sorted(fields(status)) == [
        "decision_id",
        "suggestions[1].rule",
        "suggestions[2].rule",
        "suggestions[3].rule",
        "suggestions[4].amount",
        "suggestions[5].amount.currency_code",
    ]


def test_a_server_without_a_log_keeps_no_outcomes(shop: State) -> None:
    with serving(shop) as served:
        status = refused(lambda: served.stub.RecordOutcome(outcome(decision_id="d1")))
    assert (status.code, reason(status).reason) == (grpc.StatusCode.FAILED_PRECONDITION.value[0], "ERROR_REASON_NO_LOG")


def test_every_field_of_an_outcome_that_is_wrong_is_named(shop: State, tmp_path: Path) -> None:
    wrong = outcome(satisfaction=101, suggestions=[{"rule": ""}], at="0001-01-01T00:00:00Z")
    with open_shop(shop, tmp_path) as served:
        status = refused(lambda: served.stub.RecordOutcome(wrong))
    assert fields(status) == ["decision_id", "satisfaction", "suggestions[0].rule", "suggestions[0].use"]
    assert not list((tmp_path / OUTCOMES).glob("*"))


def test_the_manifest_of_a_bulk_run_is_kept_once(tmp_path: Path) -> None:
    manifest = {"run": "r1", "cases": 3}
    paths = {record_run(tmp_path, manifest, TODAY) for _ in range(2)}
    assert [path.parent.name for path in paths] == ["date=2025-11-22"]
