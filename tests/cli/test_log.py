"""case-router log, replay and outcomes."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.running import Run
from tests.log.records import KEY, SECRET, decided, logged
from tests.serve.engine import shipped_scenarios

SCENARIOS = shipped_scenarios()[:6]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASE_ROUTER_LOG_KEY", SECRET)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of six decisions of scenarios."""
    logged(tmp_path / "log", decided(SCENARIOS))
    return tmp_path / "log"


def test_the_last_decisions_are_shown_oldest_first(run: Run, log: Path) -> None:
    shown = run("log", "tail", log, "-n", "2").out.splitlines()
    assert [line.split("  ")[3] for line in shown] == [each.case.id for each in SCENARIOS[-2:]]
    assert len(run("log", "tail", log).out.splitlines()) == len(SCENARIOS)


def test_basic_decisions_are_shown_too(run: Run, tmp_path: Path) -> None:
    logged(tmp_path, decided(SCENARIOS, full=False))
    ran = run("log", "tail", tmp_path)
    assert (ran.code, len(ran.out.splitlines())) == (0, len(SCENARIOS))


def test_decisions_that_fit_are_shown_told_as_data_or_written(run: Run, log: Path, tmp_path: Path) -> None:
    every = json.loads(run("log", "filter", log, "--json").out)
    first = next(row for row in every if row["fired"])
    band, rule = first["band"], first["fired"][0]
    chosen = json.loads(run("log", "filter", log, "--band", band, "--rule", rule, "--json").out)
    assert [row["decision_id"] for row in chosen] == [
        row["decision_id"] for row in every if row["band"] == band and rule in row["fired"]
    ]
    assert band in run("log", "filter", log, "--case", first["case_id"]).out
    unknown = run("log", "filter", log, "--band", "P9")
    assert (unknown.code, "no band P9; known: P1, P2, P3, P4" in unknown.err) == (2, True)
    out = tmp_path / "chosen.parquet"
    assert run("log", "filter", log, "--until", "2025-11-22T10:00:00.000003Z", "--out", out).out.startswith("3 decision(s)")
    assert pl.read_parquet(out).height == 3


def test_a_log_is_compacted_and_verified(run: Run, log: Path) -> None:
    assert run("log", "compact", log).out == "6 record(s) of 1 file(s) are in Parquet\n"
    ran = run("log", "verify", log)
    assert (ran.code, ran.out) == (0, "sealed 1, open 0, growing 0, records 6, torn 0, repaired 0, wrong 0\n")
    (path,) = (log / "decisions").glob("date=*/*.parquet")
    path.write_bytes(path.read_bytes() + b"x")
    ran = run("log", "verify", log)
    assert ran.code == 1
    assert "the file is not what was sealed, its SHA-256 differs [log-damaged]" in ran.err


def test_a_line_that_was_cut_off_is_told_and_cut_away(run: Run, log: Path) -> None:
    (path,) = (log / "decisions").glob("date=*/*.ndjson")
    path.write_bytes(path.read_bytes()[:-9])
    for command in (["log", "filter"], ["log", "tail"], ["outcomes"], ["replay"]):
        assert run(*command, log).err.count("the last line was cut off and is skipped") == 1
    assert "repaired 1" in run("log", "verify", log, "--repair").out
    assert "cut off" not in run("log", "filter", log).err


@pytest.mark.parametrize("command", [["compact"], ["erase", "--customer", "nobody", "--by", "eve"]])
def test_a_line_that_was_cut_off_and_goes_with_its_file_is_told(run: Run, log: Path, command: list[str]) -> None:
    (path,) = (log / "decisions").glob("date=*/*.ndjson")
    path.write_bytes(path.read_bytes()[:-9])
    ran = run("log", command[0], log, *command[1:])
    assert (ran.code, path.exists()) == (0, False)
    assert f"{path}: the last line was cut off and was left out; no reply went out for it" in ran.err


def test_a_customer_is_erased(run: Run, log: Path) -> None:
    customer = next(each.case.customer_id for each in SCENARIOS if each.case.customer_id)
    ran = run("log", "erase", log, "--customer", customer, "--by", "eve")
    assert ran.code == 0, ran.err
    assert f"tombstone {KEY.exact(customer)}" in ran.out
    assert json.loads(run("log", "filter", log, "--customer", customer, "--json").out) == []


def test_without_a_key_nothing_is_sealed_or_erased(run: Run, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASE_ROUTER_LOG_KEY")
    for command in (["compact"], ["verify"], ["erase", "--customer", "ann", "--by", "eve"]):
        ran = run("log", command[0], log, *command[1:])
        assert ran.code == 1
        assert "openssl rand -hex 32" in ran.err


def test_logged_decisions_are_made_again(run: Run, log: Path) -> None:
    ran = run("replay", log)
    assert (ran.code, ran.out) == (0, "6 decision(s) made again, 0 differ\n")


def test_a_record_that_was_changed_ends_a_replay_with_code_1(run: Run, log: Path) -> None:
    (path,) = (log / "decisions").glob("date=*/*.ndjson")
    path.write_bytes(path.read_bytes().replace(b'"score":', b'"score":1', 1))
    ran = run("replay", log, "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["differing"], found["differences"][0]["column"]) == (1, 1, "score")


def test_what_another_version_would_have_said_is_no_mistake(run: Run, log: Path) -> None:
    policy = SCENARIOS[0].policy
    ran = run("replay", log, "--policy", policy.name, "--policy-version", policy.version)
    assert ran.code == 0
    assert "would be another: tier 0, band 0, level 0, recompense 0" in ran.out


def test_outcomes_are_shown_for_each_rule(run: Run, log: Path) -> None:
    found = json.loads(run("outcomes", log, "--json").out)
    assert {row["known"] for row in found["rules"]} == {0}
    assert "suggestions" in run("outcomes", log).out


def test_where_there_is_no_log_that_is_said(run: Run, tmp_path: Path) -> None:
    ran = run("log", "tail", tmp_path)
    assert (ran.code, "[no-log]" in ran.err) == (1, True)


def test_a_line_that_cannot_be_read_is_told_without_a_traceback(run: Run, log: Path) -> None:
    (path,) = (log / "decisions").glob("date=*/*.ndjson")
    path.write_bytes(b'{"a": \xff}\n' + path.read_bytes())
    ended = run("log", "tail", log)
    assert (ended.code, "log-damaged" in ended.err) == (1, True)


@pytest.mark.parametrize("out", [".", "no/such/folder/x.parquet"])
def test_where_nothing_can_be_written_is_told_without_a_traceback(run: Run, log: Path, tmp_path: Path, out: str) -> None:
    ended = run("log", "filter", log, "--out", tmp_path / out)
    assert (ended.code, str(tmp_path) in ended.err, "cannot be read or written" in ended.err) == (1, True, True)


@pytest.mark.parametrize(("customer", "by"), [("ann", " "), ("", "eve")])
def test_who_is_erased_and_who_erases_is_named(run: Run, log: Path, customer: str, by: str) -> None:
    ended = run("log", "erase", log, "--customer", customer, "--by", by)
    assert (ended.code, (log / "tombstones.ndjson").exists()) == (2, False)
