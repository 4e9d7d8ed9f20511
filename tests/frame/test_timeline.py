"""A column of timelines adds up to what each adds up to by itself."""

from collections.abc import Sequence
from random import Random
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.cases import model as m
from router.cases.facts import read_case
from router.cases.model import Case, Event
from router.cases.timeline import Timeline
from router.frame import strands
from router.frame.tables import EVENTS, frames_of
from router.frame.timeline import FOLD, fold
from router.time import HOUR
from tests.cases.reading import OPENED, TERMS, at
from tests.decide.strategies import cases as drawn_cases
from tests.decide.strategies import nows
from tests.frame import backlogs

Engine = Literal["in-memory", "streaming"]
ENGINES: Sequence[Engine] = ("in-memory", "streaming")
NOW = backlogs.OPENED + 90 * HOUR

SCALARS = (
    "contacts",
    "chases",
    "unanswered",
    "failed_contacts",
    "contact_channel",
    "remedies_rejected",
    "public_posts",
    "public_posts_unanswered",
    "public_posts_removed",
    "reopened",
    "escalation_requested",
    "leaving_signalled",
    "accepted_at",
    "replied_at",
    "acknowledged_at",
    "waiting_since",
    "redirects",
    "evidence_repeats",
    "apologies",
    "hedged_apologies",
    "handoffs",
    "escalations_refused",
    "closed_without_acceptance",
)


def expected(timeline: Timeline) -> dict[str, Any]:
    """What the row engine's timeline says, as columns hold it."""
    return {name: getattr(timeline, name) for name in SCALARS} | {
        "unanswered_since": timeline.unanswered_since if timeline.unanswered else None,
        "owner": timeline.owner or None,
        "contradictions": len(timeline.conflicts),
        "repeated_promises": len(timeline.repeated_promises),
        "waits": [{"start": start, "end": end} for start, end in timeline.waits],
        "waited": sum(end - start for start, end in timeline.waits),
        "failed_channels": list(timeline.failed_channels),
        "proposed": [{"kind": kind, "approvals": levels} for kind, levels in timeline.proposed.items()],
        "taken": bool(timeline.taken),
    }


def found(
    cases: Sequence[Case], now: int, *, on_record: bool | None = None, engine: Engine = "in-memory"
) -> list[dict[str, Any]]:
    """The fold's row of each case, in order; what is null as :data:`FOLD` says."""
    heads, events = frames_of(cases, TERMS)
    heads = heads.with_columns(order_on_record=pl.lit(on_record, pl.Boolean()))
    rows = fold(events, heads, TERMS, now).collect(engine=engine).rows_by_key("case_id", named=True, unique=True)
    defaults = {name: default for name, (_, default) in FOLD.items()}
    return [
        {name: defaults[name] if value is None else value for name, value in rows.get(case.id, defaults).items()}
        for case in cases
    ]


def differences(cases: Sequence[Case], now: int, *, on_record: bool | None = None, engine: Engine = "in-memory") -> set[str]:
    """The columns in which some case differs from the row engine."""
    wrong = set()
    for case, row in zip(cases, found(cases, now, on_record=on_record, engine=engine), strict=True):
        timeline = read_case(case, TERMS, now, order_on_record=on_record).timeline
        wrong |= {
            name for name, value in expected(timeline).items() if row[name] != value or type(row[name]) is not type(value)
        }
    return wrong


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(4))
def test_every_column_is_what_the_row_engine_says(seed: int, engine: Engine) -> None:
    cases = backlogs.random_cases(seed, 600)
    on_record = [None, True, False][seed % 3]
    assert differences(cases, NOW, on_record=on_record, engine=engine) == set()
    assert differences(cases, backlogs.moment(Random(seed)), on_record=on_record, engine=engine) == set()


@settings(max_examples=20)
@given(st.lists(drawn_cases(), max_size=4), nows, st.sampled_from([None, True, False]))
def test_so_it_is_of_few_cases(cases: list[Case], now: int, on_record: bool | None) -> None:  # noqa: FBT001 - drawn by name
    assert differences([case._replace(id=f"{place}") for place, case in enumerate(cases)], now, on_record=on_record) == set()


def test_the_columns_are_of_the_types_that_are_said() -> None:
    heads, events = frames_of(backlogs.random_cases(9, 50), TERMS)
    schema = fold(events, heads, TERMS, NOW).collect().schema
    assert schema == {"case_id": pl.String(), **{name: kind for name, (kind, _) in FOLD.items()}}


def test_what_is_not_wanted_is_not_worked_out() -> None:
    heads, events = frames_of(backlogs.random_cases(9, 50), TERMS)
    some = fold(events, heads, TERMS, NOW, wanted={"contacts"})
    assert some.collect_schema().names() == ["case_id", "contacts"]
    assert "due_at" not in some.explain()
    assert "due_at" in fold(events, heads, TERMS, NOW, wanted={"promises_broken"}).explain()


def test_a_table_may_lack_all_columns_that_an_event_needs_not() -> None:
    cases = [Case("a", OPENED, timeline=(at(1, m.CustomerContacted()), at(1, m.CustomerContacted())))]
    heads, events = frames_of(cases, TERMS)
    (row,) = fold(events.select("case_id", "at", "kind"), heads, TERMS, NOW).collect().to_dicts()
    assert (row["contacts"], row["chases"], row["failed_channels"], row["promises_broken"]) == (2, 1, None, None)


def test_events_of_unknown_cases_count_for_nobody() -> None:
    heads, _ = frames_of([Case("a", OPENED)], TERMS)
    _, events = frames_of([Case("b", OPENED, timeline=(at(1, m.CustomerContacted()),))], TERMS)
    assert fold(events, heads, TERMS, NOW).collect().is_empty()


def test_no_events_at_all_are_no_rows() -> None:
    heads, events = frames_of([Case("a", OPENED)], TERMS)
    assert fold(events, heads, TERMS, NOW).collect().is_empty()
    assert events.collect_schema() == EVENTS


def test_one_case_may_have_very_many_events() -> None:
    kinds: list[m.What] = [
        m.CustomerContacted("phone"),
        m.EvidenceRequested("photo"),
        m.StatementMade("delivery", "here"),
        m.Reopened(),
    ]
    events = [Event(OPENED + place, kinds[place % 4], 0, f"e{place % 50_000}") for place in range(60_000)]
    (row,) = found([Case("a", OPENED, timeline=tuple(events))], OPENED + HOUR)
    assert (row["contacts"], row["repeated_events"], len(row["waits"])) == (12_500, 10_000, 12_500)


@pytest.mark.parametrize(
    ("name", "planted", "column"),
    [
        ("NEVER", 0, "waits"),
        ("fold_text", str.strip, "contradictions"),
        ("PROOF_OF_PURCHASE", "photo", "evidence_repeats"),
    ],
)
def test_a_planted_change_is_noticed(name: str, planted: object, column: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = backlogs.random_cases(1, 300)
    assert differences(cases, NOW, on_record=True) == set()
    monkeypatch.setattr(strands, name, planted)
    assert column in differences(cases, NOW, on_record=True)
