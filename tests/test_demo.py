"""The demo from end to end, as a person runs it; what it prints is computed again from the shipped tables."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from router.scenarios.document import ScenarioDocument
from router.scenarios.load import read_files
from tests.demo_books import AS_OF, UNTIL, at, pasts, rows, tier_of

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-c", "from router.cli import main; main()", "demo"]
STORIES = {"bathroom", "fashion", "navigation", "phone", "shoes"}
PARTS = {
    "tier": "tier",
    "priority": "priority",
    "escalation": "escalation",
    "commitments": "commitments",
    "recompense": "recompense",
    "owed anyway": "entitlements",
    "reply by": "reply_channel",
    "likely reason": "likely_reasons",
    "guidance": "guidance",
    "known so far": "digest",
    "adverse action": "adverse_actions",
    "closure": "closure",
    "warning": "warnings",
}
"""The field of a decision on the wire that each part of the comparison shows."""


class Run(NamedTuple):
    """What a run of the demo left."""

    code: int
    out: str
    errors: str
    files: list[str]


def start(folder: Path, *options: str) -> "subprocess.Popen[str]":
    folder.mkdir()
    return subprocess.Popen(
        [*COMMAND, *options],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder), "CASE_ROUTER_NONSENSE": "of somebody else's"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Once for people and once for machines, at the same time."""
    folder = tmp_path_factory.mktemp("demo")
    started = {name: start(folder / name, *options) for name, options in {"text": (), "json": ("--json",)}.items()}
    found = {}
    for name, process in started.items():
        out, errors = process.communicate()
        found[name] = Run(process.returncode, out, errors, left(folder / name))
    return found


@pytest.fixture(scope="module")
def said(runs: dict[str, Run]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(runs["json"].out)
    return found


@pytest.fixture(scope="module")
def real(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in said["queue"] if not line["made_up"]]


def scenarios() -> dict[str, ScenarioDocument]:
    files = read_files(sorted((ROOT / "policies" / "retail" / "tests").glob("story_*.yaml")))
    return {document.name: document for file in files for document in file.documents.values()}


def test_it_succeeds_and_says_nothing_but_its_result(runs: dict[str, Run]) -> None:
    assert {name: (run.code, run.errors) for name, run in runs.items()} == {"text": (0, ""), "json": (0, "")}


def test_it_leaves_no_file(runs: dict[str, Run]) -> None:
    assert {name: run.files for name, run in runs.items()} == {"text": [], "json": []}


def test_it_leaves_no_server(said: dict[str, Any]) -> None:
    server = said["server"]
    assert server["exit_code"] == 0
    assert not Path(f"/proc/{server['process']}").exists()
    host, _, port = server["address"].rpartition(":")
    assert host == "127.0.0.1"
    with socket.socket() as caller:
        assert caller.connect_ex((host, int(port))) != 0


def test_every_cancellation_of_the_five_weeks_is_sent_and_there_are_at_least_200(real: list[dict[str, Any]]) -> None:
    wanted = {row["case_id"]: row for row in rows("cancellations.csv") if AS_OF < at(row["opened_at"]) <= UNTIL}
    assert len(wanted) >= 200
    assert {line["case_id"]: (line["customer_id"], line["opened_at"]) for line in real} == {
        case_id: (row["customer_id"], row["opened_at"]) for case_id, row in wanted.items()
    }
    assert len(real) == len(wanted)


def test_each_is_decided_ten_minutes_after_it_came_in(real: list[dict[str, Any]]) -> None:
    assert {at(line["now"]) - at(line["opened_at"]) for line in real} == {timedelta(minutes=10)}


def test_the_history_knows_of_nothing_later(said: dict[str, Any], real: list[dict[str, Any]]) -> None:
    assert said["history"]["customers"] == len(pasts())
    assert said["history"]["orders"] == sum(at(row["ordered_at"]) <= AS_OF for row in rows("orders.csv"))
    for line in real:
        past = pasts().get(line["customer_id"])
        if past is None:
            assert line["last_12_months"] == "not on record"
        else:
            orders, spend = re.findall(r"-?[\d,]*\d", line["last_12_months"])
            assert int(orders) == past.orders
            assert int(spend.replace(",", "")) == pytest.approx(past.spend, abs=0.51)


def test_some_customers_came_later_and_are_strangers(real: list[dict[str, Any]]) -> None:
    assert any(line["last_12_months"] == "not on record" for line in real)


def test_the_tiers_are_those_of_the_policy_and_the_real_history(real: list[dict[str, Any]]) -> None:
    wrong = [line for line in real if line["tier"] != tier_of(line["customer_id"], at(line["now"]))]
    assert wrong == []


def test_the_summary_counts_the_cases_and_three_tiers_have_five_percent_each(
    said: dict[str, Any], real: list[dict[str, Any]]
) -> None:
    counted = Counter(line["tier"] for line in real)
    assert {share["tier"]: share["cases"] for share in said["tiers"]} == counted
    for share in said["tiers"]:
        scores = [line["score"] for line in real if line["tier"] == share["tier"]]
        assert (share["lowest"], share["highest"]) == (min(scores), max(scores))
        assert share["share"] == pytest.approx(len(scores) / len(real))
    assert sum(share["share"] >= 0.05 for share in said["tiers"]) >= 3


def test_the_queue_is_in_the_order_of_the_scores(said: dict[str, Any]) -> None:
    scores = [line["score"] for line in said["queue"]]
    assert scores == sorted(scores, reverse=True)
    assert all(line["score"] == sum(earned["points"] for earned in line["why"]) for line in said["queue"])


def test_the_five_stories_are_told_and_their_customers_are_made_up(said: dict[str, Any]) -> None:
    assert {told["story"] for told in said["stories"]} == STORIES
    made_up = {line["customer_id"] for told in said["stories"] for line in told["moments"]}
    assert made_up == {f"made-up-{story}" for story in STORIES}
    assert made_up.isdisjoint(row["customer_id"] for row in rows("customers.csv"))


def test_each_moment_of_a_story_is_decided_as_its_scenario_expects(said: dict[str, Any]) -> None:
    expected = scenarios()
    tier: dict[str, str] = {}
    for told in said["stories"]:
        for line in told["moments"]:
            expect = expected[line["case_id"]].expect
            tier[told["story"]] = expect.tier or tier[told["story"]]
            assert line["tier"] == tier[told["story"]]
            assert (line["band"], line["score"]) == (expect.priority.band or line["band"], expect.priority.score)
            assert line["escalation"] == (expect.escalation.level or line["escalation"])
            total = sum(float(amount) for each in line["suggestion"] for amount in re.findall(r"[\d.]+(?= GBP)", each))
            assert total == pytest.approx(total if expect.recompense.total is None else expect.recompense.total)


def test_the_decision_gets_better_for_the_customer_at_every_moment(said: dict[str, Any]) -> None:
    for told in said["stories"]:
        scores = [line["score"] for line in told["moments"]]
        assert len(scores) >= 5
        assert all(before < after for before, after in pairwise(scores))


def test_the_loyal_customer_of_the_comparison_is_real_and_platinum_and_the_other_a_stranger(
    said: dict[str, Any], real: list[dict[str, Any]]
) -> None:
    compared = said["side_by_side"]
    loyal, stranger = compared["decisions"]
    assert (loyal["tier"]["name"], stranger["tier"]["name"]) == ("platinum", "standard")
    assert compared["customers"][0] in {line["customer_id"] for line in real}
    assert loyal["case_id"] == stranger["case_id"]


def test_every_difference_is_marked_and_nothing_else(said: dict[str, Any]) -> None:
    compared = said["side_by_side"]
    things, decisions = compared["things"], compared["decisions"]
    assert {thing["part"] for thing in things} <= PARTS.keys()
    assert {name for each in decisions for name in each} - {*PARTS.values(), "case_id", "provenance"} == set()
    for thing in things:
        assert thing["differs"] == (thing["left"] != thing["right"])
    for part, field in PARTS.items():
        marked = any(thing["differs"] for thing in things if thing["part"] == part)
        assert marked == (decisions[0].get(field) != decisions[1].get(field)), part


def test_the_comparison_lists_every_rule_of_either_decision(said: dict[str, Any]) -> None:
    compared = said["side_by_side"]
    listed = {(thing["part"], thing["item"]) for thing in compared["things"]}
    for decision in compared["decisions"]:
        wanted = {("priority", each["rule"]) for each in decision["priority"]["contributions"]}
        for part in ("recompense", "owed anyway", "guidance"):
            wanted |= {(part, each["rule"]) for each in decision[PARTS[part]]}
        assert wanted <= listed


def test_in_a_pipe_the_text_is_plain_and_as_wide_as_a_page(runs: dict[str, Run]) -> None:
    text = runs["text"].out
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_text_tells_the_same_as_the_data(runs: dict[str, Run], said: dict[str, Any], real: list[dict[str, Any]]) -> None:
    text = runs["text"].out
    assert f"{len(real)} cancellations" in text
    assert "Online Retail, doi 10.24432/C5BW33, CC BY 4.0" in " ".join(text.split())
    for share in said["tiers"]:
        assert re.search(rf"^ *{share['tier']} +{share['cases']} +{share['share']:.1%} ", text, re.MULTILINE)
    shown = [int(place) for place in re.findall(r"^ *(\d+)  (?:story \w|\d{5} )", text, re.MULTILINE)]
    assert {*range(1, 16), len(said["queue"])} <= set(shown)
    assert shown == sorted(shown)
    marked = re.findall(r"^ ≠ ", text, re.MULTILINE)
    assert len(marked) == sum(thing["differs"] for thing in said["side_by_side"]["things"])
    assert text.rstrip().endswith("Server stopped, exit code 0; its temporary folder is gone.")


def commands(folder: Path) -> Iterator[int]:
    """Processes that were told of a folder."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in entry.read_bytes():
                yield int(entry.parent.name)
        except OSError:
            continue


@pytest.fixture
def hangs_up() -> Iterator[None]:
    """What we start can be told that nobody is there any more, even where we were told not to listen, as by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangs_up")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_told_to_stop_half_way_it_takes_its_server_with_it(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "stopped"
    process = start(folder)
    while process.poll() is None and not list(commands(folder)):
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate()
    assert process.returncode == 128 + number
    assert list(commands(folder)) == []
    assert left(folder) == []
