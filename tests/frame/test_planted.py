"""One line changed in either back end is noticed when the two are compared."""

import inspect
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from router.calendar import Calendar
from router.cases import facts as case_facts
from router.cases.timeline import Timeline
from router.compiled import COMPILED
from router.decide import channel, commitments
from router.decide.decider import Decider
from router.frame import commitments as frame_commitments
from router.frame import customers, facts, order, strands
from router.frame.answer import Answer
from router.frame.calendar import OpenHours
from router.frame.recompense import Recompense
from router.policy.store import read_policy
from tests.frame.drawing import some_backlogs
from tests.frame.told import Backlog, Row, by_frame, by_rows

if COMPILED:
    pytest.skip("a compiled function has no code that could be changed", allow_module_level=True)

RETAIL = Path(__file__).parents[2] / "policies" / "retail" / "1.0.0.yaml"

Fault = tuple[Callable[..., Any], str, str]
"""A function, a part of one of its lines, and what is put in its place."""

IN_ROWS: list[Fault] = [
    (Timeline.customer_contacted, "self.chases += 1", "self.chases += 2"),
    (Timeline._wait, "max(since, self.opened_at)", "since"),
    (case_facts.in_order, "event.at > now", "event.at >= now"),
    (case_facts._promises, "due_at < now", "due_at <= now"),
    (Calendar.after, "bisect_left(opened, target)", "bisect_right(opened, target)"),
    (commitments._state, "act <= due", "act > due"),
    (channel.fitting_channel, "channel is not usual", "channel is usual"),
    (Decider._money_suggestion, "approver.rank < self", "approver.rank > self"),
]
IN_FRAMES: list[Fault] = [
    (order.in_order, 'col("at") > now', 'col("at") >= now'),
    (strands.promises, "(due_at < now)", "(due_at <= now)"),
    (facts._facts, 'col("unanswered") > 0', 'col("unanswered") > 1'),
    (OpenHours.instant, 'side="left"', 'side="right"'),
    (frame_commitments._state, "act <= due", "act > due"),
    (customers.join, "fill_null(value=False)", "fill_null(value=True)"),
    (Recompense._approver, "lower_bound", "upper_bound"),
    (Answer._points, "ageing != 0", "ageing > 40"),
]


Decided = list[tuple[Backlog, dict[str, Row]]]
"""Backlogs with what both back ends say of each."""


@pytest.fixture(scope="module")
def decided() -> Decided:
    return [(backlog, by_rows(backlog)) for backlog in some_backlogs(read_policy(RETAIL), 2)]


def name_of(fault: Fault) -> str:
    return f"{fault[0].__module__}.{fault[0].__name__}"


def plant(patch: pytest.MonkeyPatch, fault: Fault) -> None:
    """The function runs with the fault in it, whoever holds it."""
    function, part, other = fault
    source = dedent(inspect.getsource(function))
    assert source.count(part) == 1
    made: dict[str, Any] = {}
    exec(source.replace(part, other), function.__globals__, made)  # noqa: S102 - our own source
    patch.setattr(function, "__code__", made[function.__name__].__code__)


def differs(decided: Decided, engine: Callable[[Backlog], dict[str, Row]]) -> bool:
    return any(engine(backlog) != rows for backlog, rows in decided)


def test_without_a_fault_there_is_no_difference(decided: Decided) -> None:
    assert not differs(decided, by_frame)


@pytest.mark.parametrize("fault", IN_ROWS, ids=name_of)
def test_a_fault_in_a_line_of_the_row_back_end_is_noticed(
    decided: Decided, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, fault)
    assert differs(decided, by_rows)


@pytest.mark.parametrize("fault", IN_FRAMES, ids=name_of)
def test_a_fault_in_a_line_of_the_frame_back_end_is_noticed(
    decided: Decided, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, fault)
    assert differs(decided, by_frame)
