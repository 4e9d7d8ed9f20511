"""case-router route."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from tests.cli.running import OF_SHOP, ROOT, SHOP, Run

CASE = """\
issue: delivery_failed
opened_at: 2016-05-31T10:00:00Z
channel: social
value_at_stake: {amount: 49.99, currency: GBP}
timeline:
  - {at: 2016-05-31T11:00:00Z, promise_made: {id: p1, due_at: 2016-06-01T09:00:00Z}}
  - {at: 2016-05-31T12:00:00Z, evidence_received: {item: "[photo]"}}
  - {at: 2016-05-31T13:00:00Z, adverse_action_proposed: {kind: cut_off}}
"""


def test_a_case_is_decided_and_explained_in_words(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "late-parcel.yaml"
    file.write_text(CASE + "customer: {tenure_years: 3.1}\n")
    ran = run("route", file, *OF_SHOP)
    assert ran.code == 0
    told = re.sub(r"\([0-9a-f]{12}\)|decision [0-9a-f]{32}", "…", ran.out)
    assert told == (ROOT / "tests" / "cli" / "route.txt").read_text()


def test_a_decision_for_machines(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"id": "c1", "customer_id": "ann", "opened_at": "2016-06-01T09:00:00Z", "channel": "email"}))
    decision = json.loads(run("route", file, *OF_SHOP, "--json").out)
    assert decision["case_id"] == "c1"
    assert decision["tier"]["name"] == "standard"
    assert decision["priority"] == {
        "score": 2,
        "band": "P4",
        "contributions": [{"rule": "ageing", "points": 2, "because": "Time spent waiting for the company."}],
    }
    assert decision["provenance"]["as_of"] is None
    said = "customer ann is not known, since there is no snapshot"
    assert {"code": "unknown-customer", "message": said} in decision["warnings"]


def test_its_id_may_be_named_as_on_the_wire(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"case_id": "c1", "opened_at": "2016-06-01T09:00:00Z"}))
    assert json.loads(run("route", file, *OF_SHOP, "--json").out)["case_id"] == "c1"


def test_a_case_may_come_by_the_input_and_bring_its_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "now: 2016-06-01T10:00:00Z\nopened_at: 2016-06-01T09:00:00Z\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    decision = json.loads(run("route", "-", "--policy", SHOP / "1.0.0.yaml", "--json").out)
    assert decision["provenance"]["now"] == "2016-06-01T10:00:00Z"


def test_a_scenario_is_a_question_too(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(
        "name: late\nnow: 2016-06-01T10:00:00Z\ncustomer: {known: false}\nexpect: {tier: standard}\n"
        "case: {opened_at: 2016-06-01T09:00:00Z, order_on_record: true, timeline: ["
        "{at: 2016-06-01T09:00:00Z, evidence_requested: {item: proof_of_purchase}}]}\n"
    )
    decision = json.loads(run("route", file, *OF_SHOP, "--json").out)
    assert decision["case_id"] == "late"
    assert decision["digest"] == []  # what the company has on record is not waited for


def test_the_shipped_policies_are_at_hand(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(CASE)
    decision = json.loads(run("route", file, "--now", "2016-06-01T10:00:00Z", "--json").out)
    assert (decision["provenance"]["policy"], decision["provenance"]["version"]) == ("retail", "1.0.0")


def test_everything_wrong_with_a_case_is_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text("opened_at: soon\nchanel: email\ncustomer: {tenur: 3}\n")
    ran = run("route", file, *OF_SHOP)
    assert (ran.code, ran.out) == (1, "")
    assert [line.rpartition("[")[2] for line in ran.err.splitlines() if line.endswith("]")] == ["bad-value]", "unknown-key]"]
    file.write_text("opened_at: 2016-06-01\ncustomer: {tenur: 3}\n")
    assert "no fact customer.tenur" in run("route", file, *OF_SHOP).err
    assert "cannot be read" in run("route", tmp_path / "nowhere.yaml").err
    assert "no policy retial; did you mean retail?" in run("route", file, "--policy", "retial").err
    assert run("route", file, "--now", "soon").code == 2


def test_an_input_that_is_no_text_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe")))
    ran = run("route", "-")
    assert (ran.code, "cannot be read" in ran.err) == (1, True)
