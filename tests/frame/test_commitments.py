"""Commitments of a column of cases are those of each case alone, to the microsecond."""

from dataclasses import replace
from random import Random

import polars as pl
import pytest

from router.calendar import ALWAYS, Calendar, Duration
from router.cases.timeline import Timeline
from router.decide.commitments import commit as commit_one
from router.decide.model import Commitment
from router.frame.commitments import commit
from router.policy.expression import YesNo
from router.policy.model import COMMITMENTS, CommitmentRow, Policy
from router.time import DAY, FIRST, HOUR, LAST, MINUTE, WEEK
from tests.decide.deciding import decider
from tests.frame.test_calendar import CHANGES, NIGHTS, SHOP

SPANS = (0, 1, 15 * MINUTE, 4 * HOUR, 12 * HOUR, 3 * DAY, 8 * WEEK, LAST, 10**30)
SMALL = decider().policy
WAITS = pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64}))
SCHEMA = {
    "commitments.row": pl.Float64(),
    **dict.fromkeys(["opened_at", "replied_at", "acknowledged_at", "accepted_at", "waiting_since"], pl.Int64()),
    "waits": WAITS,
}


def policy_of(drawn: Random, calendar: Calendar, rows: int) -> Policy:
    def durations() -> tuple[Duration, Duration, Duration, Duration]:
        first, second, third, fourth = (Duration(drawn.choice(SPANS), drawn.random() < 0.5) for _ in COMMITMENTS)
        return first, second, third, fourth

    commitments = tuple(CommitmentRow(YesNo(value=True), durations()) for _ in range(rows))
    return replace(SMALL, calendar=calendar, commitments=commitments)


def timeline_of(drawn: Random, opened: int, now: int) -> Timeline:
    """What may have happened, around the opening and around deadlines that end within days; up to six waits."""

    def moment() -> int | None:
        away = drawn.choice([0, 1, HOUR, DAY, 4 * DAY])
        return drawn.choice([None, opened + away, opened - away, opened + drawn.randrange(5 * DAY)])

    timeline = Timeline(opened, lambda _: False, None)
    timeline.replied_at, timeline.acknowledged_at, timeline.accepted_at = moment(), moment(), moment()
    at = opened + drawn.randrange(3 * DAY)
    for _ in range(drawn.choice([0, 0, 1, 2, 6])):
        until = at + drawn.choice([1, HOUR, DAY, drawn.randrange(1, 2 * DAY)])
        timeline.waits.append((at, until))
        at = until + drawn.choice([0, 1, drawn.randrange(2 * DAY)])
    if drawn.random() < 0.2:
        timeline.waiting_since = now - 1
    return timeline


def committed(policy: Policy, timelines: list[Timeline], rows: list[int], now: int) -> list[tuple[Commitment, ...]]:
    """The commitments of all cases at once."""
    table = [
        {
            "commitments.row": float(row),
            **{name: getattr(each, name) for name in SCHEMA if hasattr(each, name)},
            "waits": [{"start": start, "end": end} for start, end in each.waits] or None,
        }
        for row, each in zip(rows, timelines, strict=True)
    ]
    found = commit(pl.LazyFrame(table, SCHEMA), policy, now).collect()
    return [tuple((kind, row[f"{kind}_by"], row[f"{kind}_state"]) for kind in COMMITMENTS) for row in found.to_dicts()]


@pytest.mark.parametrize("calendar", [ALWAYS, SHOP, NIGHTS], ids=["always", "shop", "nights"])
@pytest.mark.parametrize("seed", range(6))
def test_commitments_are_those_of_each_case_alone(calendar: Calendar, seed: int) -> None:
    drawn = Random(seed)
    policy = policy_of(drawn, calendar, rows=drawn.choice([1, 2, 4]))
    now = CHANGES[0] + drawn.randrange(10 * DAY)
    openings = [FIRST + WEEK, LAST - 3 * WEEK, *CHANGES, *(now - drawn.randrange(12 * DAY) for _ in range(300))]
    timelines = [timeline_of(drawn, opened, now) for opened in openings]
    rows = [drawn.randrange(len(policy.commitments)) for _ in timelines]
    alone = [
        commit_one(policy.calendar, policy.commitments[row], each, now) for row, each in zip(rows, timelines, strict=True)
    ]
    assert committed(policy, timelines, rows, now) == alone


def test_a_deadline_at_the_very_moment_is_not_breached_and_an_act_at_it_is_in_time() -> None:
    hour = Duration(HOUR, business=False)
    policy = replace(SMALL, commitments=(CommitmentRow(YesNo(value=True), (hour, hour, hour, hour)),))
    opened = CHANGES[0]
    silent, answered, late = (Timeline(opened, lambda _: False, None) for _ in range(3))
    answered.acknowledged_at, late.acknowledged_at = opened + HOUR, opened + HOUR + 1
    found = committed(policy, [silent, answered, late], [0, 0, 0], opened + HOUR)
    assert [first for first, *_ in found] == [("acknowledge", opened + HOUR, state) for state in ("open", "met", "breached")]
