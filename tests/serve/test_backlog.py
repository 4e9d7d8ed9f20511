"""A backlog put in order over gRPC, from files: what the command does, no more and no less, below the roots alone."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import polars as pl
import pytest
from google.rpc.code_pb2 import FAILED_PRECONDITION, INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from router.bulk.engine import Run
from router.bulk.manifest import manifest_of
from router.bulk.run import reprioritize
from router.crm.snapshot import Snapshot
from router.errors import TableError
from router.frame.customers import of_snapshot
from router.money import to_minor
from router.policy.model import COMMITMENTS
from router.serve.settings import Settings
from router.time import parse_instant
from router.v1 import backlog_service_pb2 as pb
from router.v1 import decision_pb2
from router.v1.case_router_service_pb2 import ErrorReason
from tests.bulk.backlog import ROOT
from tests.serve.backlogs import TERMS, Desk, desk, files, steps
from tests.serve.engine import Served, kebab
from tests.serve.shop import NOW, case_of, fields, reason, refused


@pytest.fixture(scope="module")
def open_desk(shop: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(shop, tmp_path_factory.mktemp("desk"), backlog_runs=2) as found:
        yield found


def command(desk: Desk, out: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - options of a run
    """What the command makes of the same files: its summary, as for machines."""
    state = desk.served.service.state
    assert isinstance(state.records, Snapshot)
    policy, now = state.policies.get("shop", "", parse_instant(NOW)), parse_instant(NOW)
    cases, events = ([str(desk.root / f"{name}.csv")] for name in ("cases", "events"))
    result = reprioritize(Run(cases, events, policy, of_snapshot(state.records), now, desk.root / out, **options))
    return result.summary.data() | {"budget": result.funding and result.funding.data(), "manifest": result.manifest}


def contents(desk: Desk, out: str) -> tuple[bytes, bytes]:
    """A queue and its manifest, which are then removed."""
    both = desk.root / out, manifest_of(desk.root / out)
    found = both[0].read_bytes(), both[1].read_bytes()
    for file in both:
        file.unlink()
    return found


# the same as the command


def test_the_files_are_those_of_the_command_to_the_byte(open_desk: Desk) -> None:
    out = open_desk.root / "queue.parquet"
    command(open_desk, out.name)
    wanted = contents(open_desk, out.name)
    cases, events = (str(open_desk.root / f"{name}.csv") for name in ("cases", "events"))
    answers = open_desk.run(cases=[cases], events=[events], out=str(out))
    assert contents(open_desk, out.name) == wanted
    assert steps(answers) == ["progress", "result"]
    assert {answer.progress.doing for answer in answers[:-1]} >= {"reading", "cutting cases", "deciding", "writing"}
    result = answers[-1].result
    assert (result.out, result.manifest) == (str(out), str(manifest_of(out)))
    assert json.loads(wanted[1])["output"]["sha256"] == result.sha256


def test_so_they_are_with_a_budget_an_earlier_queue_and_accepted_cases(open_desk: Desk) -> None:
    before = open_desk.root / "before.ndjson"
    pl.DataFrame({"case_id": ["K-1001", "gone"], "rank": [7, 1], "score": [1, 2], "band": ["P4", "P1"]}).with_columns(
        points=pl.Series([[{"rule": "chased", "points": 1}], []])
    ).write_ndjson(before)
    told = command(open_desk, "queue.csv", previous=before, budget=to_minor(12.5, 2), with_accepted=True)
    wanted = contents(open_desk, "queue.csv")
    terms = {**TERMS, "budget": {"currency_code": "GBP", "units": 12, "nanos": 500_000_000}, "with_accepted": True}
    result = open_desk.run(terms=terms, previous="before.ndjson", out="queue.csv")[-1].result
    assert contents(open_desk, "queue.csv") == wanted
    assert summary_of(result) == {name: told[name] for name in summary_of(result)}
    assert told["movement"]["left"] == 1
    before.unlink()


def test_a_decision_log_keeps_the_manifest_of_every_run(shop: Served, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with desk(shop, tmp_path, log=log, log_key="the key of a test, long enough") as found:
        found.run()
        (kept,) = (log / "runs").rglob("*.json")
        manifest = manifest_of(found.root / "queue.parquet").read_bytes()
        assert json.loads(kept.read_bytes()) == json.loads(manifest)
        found.send({"terms": TERMS, "cases": [case_of(case_id="a"), case_of(case_id="b")]})
        (sent,) = {*(log / "runs").rglob("*.json")} - {kept}
    told = json.loads(sent.read_bytes())
    assert (told["tables"]["cases"]["rows"], told["output"]["rows"]) == (2, 2)
    assert told["policy"] == json.loads(manifest)["policy"]
    assert told["now"] == NOW


def summary_of(result: pb.BacklogResult) -> dict[str, Any]:
    """The summary as the command prints it for machines, without the head of the queue and the manifest."""
    found, funding = result.summary, result.funding
    bands = [name.removeprefix("BAND_") for name in decision_pb2.Band.keys()[1:]]
    counts = {(each.tier, decision_pb2.Band.Name(each.band).removeprefix("BAND_")): each.cases for each in found.tiers}
    return {
        "now": found.now.ToJsonString(),
        "cases": found.cases,
        "queue": found.queue,
        "accepted": found.accepted,
        "tiers": {tier: {band: counts.get((tier, band), 0) for band in bands} for tier in ("gold", "standard")},
        "levels": dict(found.levels),
        "recompense": {"total": major(found.recompense), "currency": "GBP"},
        "commitments": {kind: commitment_of(found, place) for place, kind in enumerate(COMMITMENTS)},
        "warnings": {
            kebab(decision_pb2.WarningCode.Name(each.code), "WARNING_CODE_"): each.cases for each in found.warnings
        },
        "remarks": list(found.remarks),
        "movement": {
            **{name: getattr(found.movement, name) for name in ("rose", "fell", "stayed", "new", "left")},
            "causes": [
                {"direction": "rose" if each.rose else "fell", "rule": each.rule, "cases": each.cases, "points": each.points}
                for each in found.movement.causes
            ],
        },
        "budget": {
            "currency": funding.budget.currency_code,
            **{name: major(getattr(funding, name)) for name in ("budget", "spent", "left", "withheld")},
            "value": funding.value,
            "funded": funding.funded,
            "not_funded": funding.not_funded,
            "reached": funding.reached if funding.HasField("reached") else None,
        },
    }


def major(money: Any) -> float:  # noqa: ANN401 - the package has no public name for it
    return float(money.units) + float(money.nanos) / 1e9


def commitment_of(summary: pb.BacklogSummary, place: int) -> dict[str, Any]:
    found = summary.commitments[place]
    assert found.kind == place + 1
    states = {state: getattr(found, state) for state in ("open", "met", "breached", "paused")}
    return states | {"due_within_hours": {str(hours): found.due_within_hours[hours] for hours in (1, 4, 24)}}


def test_a_pattern_means_the_files_that_match(open_desk: Desk) -> None:
    result = open_desk.run(cases=["c*.csv"], events=[str(open_desk.root / "[e]vents.csv")])[-1].result
    assert result.summary.cases == 8
    wanted = contents(open_desk, "queue.parquet")
    open_desk.run()
    assert contents(open_desk, "queue.parquet") == wanted


# bad requests


def test_without_roots_it_says_what_to_set(shop: Served, tmp_path: Path) -> None:
    with desk(shop, tmp_path, backlog_roots=()) as closed:
        status = refused(closed.run)
    assert status.code == FAILED_PRECONDITION
    assert status.message == (
        "the server reads and writes no files for a call; set CASE_ROUTER_BACKLOG_ROOTS to the folders where they may lie"
    )
    assert reason(status).reason == "ERROR_REASON_NO_BACKLOG_ROOTS"


TERMS_WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"policy": "shoe"}, NOT_FOUND, "no policy shoe; did you mean shop? [unknown-policy]"),
    ({"policy_version": "9.0.0"}, NOT_FOUND, "policy shop has no version 9.0.0; did you mean 1.0.0? [unknown-version]"),
    ({"now": "2016-06-01T10:00:00Z", "budget": {"units": -1}}, INVALID_ARGUMENT, "terms.budget: is not between 0 and 1e+15"),
    ({"budget": {"currency_code": "USD"}}, INVALID_ARGUMENT, "terms.budget.currency_code: is USD; the policy has GBP"),
    ({"budget": {"units": 1, "nanos": 1_000_000_000}}, INVALID_ARGUMENT, "terms.budget: is not between"),
]


@pytest.mark.parametrize(("terms", "code", "said"), TERMS_WRONG)
def test_wrong_terms_are_told_by_both_calls(open_desk: Desk, terms: dict[str, Any], code: int, said: str) -> None:
    for status in (
        refused(lambda: open_desk.run(terms=TERMS | terms)),
        refused(lambda: open_desk.send({"terms": TERMS | terms})),
    ):
        assert status.code == code
        assert status.message.startswith(said)


def test_a_time_that_is_none_is_told(open_desk: Desk) -> None:
    asked = files()
    asked.terms.now.nanos = -1
    status = refused(lambda: list(open_desk.stub.Reprioritize(asked)))
    assert (status.code, fields(status)) == (INVALID_ARGUMENT, ["terms.now"])


@pytest.mark.parametrize("call", ["Reprioritize", "ReprioritizeCases"])
def test_what_is_no_message_is_told(open_desk: Desk, call: str) -> None:
    asked: Any = open_desk.served.channel.stream_stream(f"/router.v1.BacklogService/{call}")
    status = refused(lambda: list(asked(iter([b"\xff"]))))
    assert status.code == INVALID_ARGUMENT
    assert status.message.startswith(f"this is no {call}Request")


def violations(status: Status) -> list[tuple[str, str]]:
    bad = BadRequest()
    assert status.details[1].Unpack(bad)
    return [(each.field, each.description) for each in bad.field_violations]


def test_everything_that_is_wrong_about_tables_is_told_by_its_file(open_desk: Desk) -> None:
    bad = open_desk.root / "bad.csv"
    bad.write_text("case_id,opened_at\nK-1,soon\n,2016-06-01\n")
    status = refused(lambda: open_desk.run(cases=["bad.csv"]))
    with pytest.raises(TableError) as info:
        command_on(open_desk, bad)
    assert (status.code, reason(status).reason) == (INVALID_ARGUMENT, "ERROR_REASON_INVALID_BACKLOG")
    assert status.message == str(info.value)
    assert violations(status) == [(problem.where, problem.message) for problem in info.value.problems]
    assert len(info.value.problems) == 2
    assert "queue.parquet" not in open_desk.listing()
    bad.unlink()


def command_on(desk: Desk, cases: Path) -> None:
    state = desk.served.service.state
    assert isinstance(state.records, Snapshot)
    policy = state.policies.get("shop", "", parse_instant(NOW))
    reprioritize(Run([str(cases)], [], policy, of_snapshot(state.records), parse_instant(NOW), desk.root / "queue.parquet"))


def test_a_file_that_is_not_there_is_told_with_those_that_are(open_desk: Desk) -> None:
    status = refused(lambda: open_desk.run(cases=["case.csv", "sub/x.csv"], out="queue.txt"))
    assert status.code == INVALID_ARGUMENT
    assert "the name of the output tells its format" in status.message
    status = refused(lambda: open_desk.run(cases=["case.csv"]))
    assert "no such file for cases; did you mean cases.csv?" in status.message


def test_what_is_required_is_told_at_once(open_desk: Desk) -> None:
    status = refused(lambda: open_desk.run(cases=[], events=["", "a\0b", "**/x.csv", "x" * 300], out=""))
    assert (status.code, reason(status).reason) == (INVALID_ARGUMENT, "ERROR_REASON_INVALID_BACKLOG")
    assert fields(status) == ["cases", "events[0]", "events[1]", "events[2]", "events[3]", "out"]


# where files may lie


def test_a_call_for_files_outside_is_denied_with_every_location_and_the_roots(open_desk: Desk) -> None:
    before = open_desk.listing()
    status = refused(
        lambda: open_desk.run(cases=["/etc/passwd", "cases.csv"], events=["../x.csv"], previous="../p.csv", out="/tmp/q.csv")  # noqa: S108 - not written
    )
    assert (status.code, reason(status).reason) == (PERMISSION_DENIED, "ERROR_REASON_LOCATION_REFUSED")
    assert fields(status) == ["cases[0]", "events[0]", "out", "previous"]
    assert reason(status).metadata["roots"] == str(open_desk.root)
    assert open_desk.listing() == before


def test_queues_go_where_they_may_be_written_alone(shop: Served, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    with desk(shop, tmp_path, backlog_out_roots=[made]) as apart:
        assert refused(lambda: apart.run(out=str(apart.root / "queue.csv"))).code == PERMISSION_DENIED
        first = apart.run(out="queue.csv")[-1].result
        assert first.out == str(made / "queue.csv")
        later = apart.run(out="later.csv", previous=str(made / "queue.csv"))[-1].result
        assert later.summary.movement.stayed == first.summary.queue
        assert apart.listing() == ["cases.csv", "events.csv"]


# its document


def test_its_document_tells_every_setting_and_every_status() -> None:
    told = (ROOT / "docs" / "bulk.md").read_text(encoding="utf-8").partition("## Over gRPC\n")[2]
    settings = [(name, str(field.description)) for name, field in Settings.model_fields.items() if "backlog" in name]
    assert re.findall(r"^\| `(backlog_\w+)` \| (.*) \|$", told, re.MULTILINE) == settings
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*) \| .* \|$", told, re.MULTILINE)
    assert {status for status, _ in rows} <= {code.name for code in grpc.StatusCode}
    reasons = {f"ERROR_REASON_{name}" for _, names in rows for name in re.findall(r"\w+", names)}
    of_others = ("UNSPECIFIED", "BATCH_TOO_LARGE", "LOG_UNAVAILABLE", "NO_LOG", "UNREADABLE_POLICY")
    assert reasons == set(ErrorReason.keys()) - {f"ERROR_REASON_{name}" for name in of_others}
