"""A small backlog sent by stream: the same answers as from files and as case by case, within limits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import polars as pl
import pytest
from google.protobuf.json_format import MessageToDict
from google.rpc.code_pb2 import DEADLINE_EXCEEDED, INVALID_ARGUMENT

from router.bulk.run import reprioritize
from router.decide.records import FactRecords, facts_layout
from router.facts import CHANNELS
from router.frame.customers import Customers, of_records
from router.money import NANOS
from router.policy.model import COMMITMENTS
from router.serve.convert.answer import timestamp
from router.serve.convert.client import case_to_wire
from router.time import SECOND
from router.v1 import backlog_service_pb2 as pb
from router.v1 import case_router_service_pb2, decision_pb2
from router.v1.backlog_service_pb2_grpc import BacklogServiceStub
from tests.bulk.backlog import NOW, RETAIL, cases, run_of
from tests.serve.backlogs import TERMS, one_part, sent
from tests.serve.engine import Served, kebab, serving, state_of
from tests.serve.shop import case_of, fields, reason, refused

WARNED = "WARNING_CODE_"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The policy that ships, about strangers."""
    with serving(state_of(RETAIL), backlog_upload_cases=1_000, backlog_upload_mb=1, backlog_patience_seconds=1) as found:
        yield found


def put_in_order(served: Served, **terms: Any) -> list[pb.ReprioritizeCasesResponse]:  # noqa: ANN401 - fields of terms
    """The example, sent in three parts."""
    wires = [case_to_wire(case) for case in cases()]
    given = pb.BacklogTerms(now=timestamp(NOW), **terms)
    parts = [pb.ReprioritizeCasesRequest(cases=wires[i::3]) for i in range(3)]
    return list(
        BacklogServiceStub(served.channel).ReprioritizeCases(iter([pb.ReprioritizeCasesRequest(terms=given), *parts]))
    )


def rows_of(answers: list[pb.ReprioritizeCasesResponse]) -> list[pb.QueueRow]:
    return [row for answer in answers for row in answer.rows.rows]


def as_table(row: pb.QueueRow) -> dict[str, Any]:
    """A row with the columns and values of a queue in a file, money in minor units and times in microseconds."""
    found, budgeted = row.decision, iter(row.funding)
    by_kind = {
        decision_pb2.CommitmentKind.Name(each.kind).removeprefix("COMMITMENT_KIND_").lower(): each
        for each in found.commitments
    }
    suggestions = [suggestion(each, next(budgeted, None)) for each in found.recompense]
    return {
        "rank": row.rank or None,
        "case_id": found.case_id,
        "customer_id": row.customer_id or None,
        "status": row.status,
        "opened_at": micros(row.opened_at),
        "tier": found.tier.name,
        "tier_rank": found.tier.rank,
        "score": found.priority.score,
        "band": decision_pb2.Band.Name(found.priority.band).removeprefix("BAND_"),
        "level": found.escalation.level,
        "level_rank": found.escalation.rank,
        "owner": found.escalation.owner or None,
        "next_person": found.escalation.next_person.name,
        "recompense_total": minor(row.recompense_total),
        "suggestions": suggestions,
        "entitlements": [each.rule for each in found.entitlements],
        **{f"{kind}_by": micros(by_kind[kind].due_at) for kind in COMMITMENTS},
        **{f"{kind}_state": state(by_kind[kind]) for kind in COMMITMENTS},
        "fired": list(row.fired),
        "points": [{"rule": each.rule, "points": each.points} for each in found.priority.contributions],
        "likely_reasons": [each.rule for each in found.likely_reasons],
        "guidance": [each.rule for each in found.guidance],
        "warnings": [kebab(decision_pb2.WarningCode.Name(each.code), WARNED) for each in found.warnings],
        "permitted": row.permitted if row.HasField("permitted") else None,
        "may_close": found.closure.may_close,
        "reply_channel": CHANNELS[found.reply_channel.channel - 1] if found.HasField("reply_channel") else None,
        "reply_channel_open_at": micros(found.reply_channel.open_at) if found.HasField("reply_channel") else None,
    }


def suggestion(each: decision_pb2.Suggestion, funding: pb.SuggestionFunding | None) -> dict[str, Any]:
    budgeted = {} if funding is None else {"funded": funding.funded, "reason": funding.reason}
    return {
        "rule": each.rule,
        "kind": each.kind,
        "amount": minor(each.amount) if each.HasField("amount") else None,
        "approver": each.approver,
        "needs_approval": each.needs_approval,
    } | budgeted


def state(commitment: decision_pb2.Commitment) -> str:
    return decision_pb2.CommitmentState.Name(commitment.state).removeprefix("COMMITMENT_STATE_").lower()


def micros(stamp: Any) -> int:  # noqa: ANN401 - the package has no public name for it
    return int(stamp.seconds * SECOND + stamp.nanos // 1000)


def minor(money: Any) -> int:  # noqa: ANN401 - the package has no public name for it
    assert money.currency_code == RETAIL.currency
    return int(money.units * 100 + money.nanos * 100 // NANOS)


def from_files(out: Path, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - options of a run
    """The queue of the same cases from files, likewise."""
    reprioritize(run_of(out, customers=strangers(), **options))
    frame = pl.read_parquet(out)
    money = pl.element().struct.with_fields((pl.field("amount") * 100).cast(pl.Int64))
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    return frame.with_columns(
        pl.col(times).cast(pl.Int64),
        (pl.col("recompense_total") * 100).cast(pl.Int64),
        pl.col("suggestions").list.eval(money),
    ).to_dicts()


def strangers() -> Customers:
    return of_records(FactRecords(facts_layout(RETAIL), RETAIL.currency, None, {}))


# the same answers


def test_what_is_sent_is_put_in_order_as_files_are(served: Served, tmp_path: Path) -> None:
    found = put_in_order(served)
    assert [as_table(row) for row in rows_of(found)] == from_files(tmp_path / "queue.parquet")
    assert [answer.WhichOneof("step") for answer in found[-2:]] == ["rows", "result"]
    assert (found[-1].result.out, found[-1].result.summary.queue) == ("", len(rows_of(found)))


def test_so_it_is_with_a_budget_and_accepted_cases(served: Served, tmp_path: Path) -> None:
    found = put_in_order(served, budget={"currency_code": "GBP", "units": 12}, with_accepted=True)
    wanted = from_files(tmp_path / "queue.parquet", budget=1200, with_accepted=True)
    assert [as_table(row) for row in rows_of(found)] == wanted
    assert wanted[-1]["rank"] is None
    assert {each["funded"] for row in wanted for each in row["suggestions"]} == {True, False}
    funding = found[-1].result.funding
    assert minor(funding.budget) == minor(funding.spent) + minor(funding.left) == 1200


def test_a_row_says_what_the_call_for_its_case_says(served: Served) -> None:
    rows = {row.decision.case_id: row for row in rows_of(put_in_order(served, with_accepted=True))}
    for case in cases():
        asked = case_router_service_pb2.RouteCaseRequest(now=timestamp(NOW), case=case_to_wire(case))
        whole = wordless(MessageToDict(served.stub.RouteCase(asked).decision))
        told = MessageToDict(rows[case.id].decision)
        left_out = {"provenance", "digest", "adverseActions"}
        assert told == {name: value for name, value in whole.items() if name not in left_out}


def wordless(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A decision without its sentences and what else a table has not."""
    if isinstance(value, list):
        return [wordless(each) for each in value]
    if isinstance(value, dict):
        words = {"because", "say", "message", "what", "source", "role", "reasons", "always"}
        return {name: wordless(each) for name, each in value.items() if name not in words}
    return value


def test_many_rows_come_in_several_messages(shop: Served) -> None:
    stub = BacklogServiceStub(shop.channel)
    many = [case_of(case_id=f"c{number}") for number in range(1_500)]
    answers = list(stub.ReprioritizeCases(sent({"terms": TERMS, "cases": many[:700]}, {"cases": many[700:]})))
    sizes = [answer.ByteSize() for answer in answers if answer.HasField("rows")]
    assert len(sizes) > 1
    assert max(sizes) < 1 << 19
    assert [row.rank for row in rows_of(answers)] == list(range(1, 1_501))
    assert {row.decision.tier.name for row in rows_of(answers)} == {"gold"}


def test_nothing_sent_is_an_empty_queue(served: Served) -> None:
    answers = list(BacklogServiceStub(served.channel).ReprioritizeCases(iter([])))
    assert rows_of(answers) == []
    assert (answers[-1].result.summary.cases, answers[-1].result.summary.queue) == (0, 0)


# bad requests


def refusal(served: Served, *parts: dict[str, Any]) -> Any:  # noqa: ANN401 - a status
    return refused(lambda: list(BacklogServiceStub(served.channel).ReprioritizeCases(sent(*parts))))


def test_every_field_that_is_wrong_is_told_by_its_place_in_the_whole(served: Served) -> None:
    status = refusal(
        served,
        {"cases": [case_of(), case_of(case_id="", opened_at=None)]},
        {"cases": [case_of(), case_of(case_id="c4", timeline=[{"reopened": {}}])]},
    )
    assert (status.code, reason(status).reason) == (INVALID_ARGUMENT, "ERROR_REASON_INVALID_BACKLOG")
    assert fields(status) == [
        "cases[1].case_id",
        "cases[1].opened_at",
        "cases[2].case_id",
        "cases[3].timeline[0].at",
    ]
    assert "cases[2].case_id: is that of cases[0] too" in status.message


def test_terms_come_first_or_not_at_all(served: Served) -> None:
    status = refusal(served, {"cases": [case_of()]}, {"terms": {"policy": "retail"}})
    assert (status.code, fields(status)) == (INVALID_ARGUMENT, ["terms"])


def test_more_cases_or_bytes_than_are_taken_are_refused(served: Served) -> None:
    many = [{"case_id": f"c{number}", "opened_at": "2016-06-01T06:00:00Z"} for number in range(1_001)]
    long = [case_of(case_id=f"c{number}", brand="x" * 600_000) for number in range(2)]
    for parts, limit, said in (
        ([{"cases": many[:600]}, {"cases": many[600:]}], "1000", "more than 1,000 cases were sent"),
        ([{"cases": long[:1]}, {"cases": long[1:]}], "1", "more than 1 MB were sent"),
    ):
        status = refusal(served, *parts)
        assert (status.code, reason(status).reason) == (INVALID_ARGUMENT, "ERROR_REASON_BACKLOG_TOO_LARGE")
        assert reason(status).metadata["limit"] == limit
        assert status.message == f"{said}; a larger backlog goes by files, with Reprioritize"


def test_one_that_stalls_is_let_go(served: Served) -> None:
    with one_part({"cases": [case_of()]}) as parts:
        calling: Any = BacklogServiceStub(served.channel).ReprioritizeCases(parts)
        status = refused(lambda: list(calling))
    assert (status.code, reason(status).reason) == (DEADLINE_EXCEEDED, "ERROR_REASON_UPLOAD_STALLED")
    assert calling.code() is grpc.StatusCode.DEADLINE_EXCEEDED
