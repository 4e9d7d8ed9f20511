"""The queue of a frame stands in the order of the decisions' own keys."""

from random import Random

import polars as pl

from router.frame.queue import in_order, ranked
from router.policy.model import COMMITMENTS

STATES = ("open", "met", "breached", "paused")


def decisions(count: int) -> list[dict[str, int | str]]:
    """Decisions of few different values, so that each part of the order decides somewhere; ids of several scripts."""
    drawn = Random(count)
    ids = drawn.sample(
        [f"{letter}{number}" for letter in ("a", "B", "\u00e9", "\uffee", "\U0001f600") for number in range(count)], count
    )
    return [
        {
            "case_id": case_id,
            "score": drawn.choice([-7, 0, 300, 2**53]),
            "opened_at": drawn.choice([0, 1]),
            "status": drawn.choice(["open", "waiting", "accepted"]),
            **{f"{kind}_by": drawn.choice([5, 9]) for kind in COMMITMENTS},
            **{f"{kind}_state": drawn.choice(STATES[: drawn.randint(2, 4)]) for kind in COMMITMENTS},
        }
        for case_id in ids
    ]


def key(of: dict[str, int | str]) -> tuple[int, int, int, str]:
    due = [int(of[f"{kind}_by"]) for kind in COMMITMENTS if of[f"{kind}_state"] != "met"]
    return -int(of["score"]), min(due, default=2**63), int(of["opened_at"]), str(of["case_id"])


def test_the_order_is_that_of_the_keys() -> None:
    rows = decisions(1500)
    assert in_order(pl.LazyFrame(rows)).collect().to_dicts() == sorted(rows, key=key)


def test_cases_have_ranks_from_1_once_accepted_ones_have_left() -> None:
    rows = decisions(400)
    waiting = [row["case_id"] for row in sorted(rows, key=key) if row["status"] != "accepted"]
    found = ranked(pl.LazyFrame(rows)).select("rank", "case_id").collect()
    assert found.rows() == list(enumerate(waiting, start=1))
    assert found.schema["rank"] == pl.Int64
