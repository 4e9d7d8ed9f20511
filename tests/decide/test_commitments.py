"""Deadlines: anchored in the timeline, counted in elapsed or open time, moved by waits for the customer."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.cases import model as m
from router.decide.decider import Decider
from router.decide.model import Decision
from router.policy.model import COMMITMENTS
from router.time import DAY
from tests.cases.reference import Reference
from tests.decide.deciding import OPENED, at, case, decide, decider, instant
from tests.decide.strategies import cases, compiled, documents, nows, records

ASKED, SENT, CALLED = m.EvidenceRequested("photo"), m.EvidenceReceived("photo"), m.CustomerContacted("phone")
REPLIED, AUTOMATIC = m.CompanyReplied("email"), m.CompanyReplied("email", automatic=True)
ACCEPTED, REOPENED = m.ResolutionAccepted(), m.Reopened()
LATER = "2016-06-25T10:00"


def of(**durations: str) -> Decider:
    """A decider whose commitments are so."""
    usual = {"acknowledge": "1h", "next_update": "4h", "resolve": "3 days", "final_response": "8 weeks"}
    return decider(commitments=[usual | durations])


def due(decision: Decision, kind: str) -> int:
    return {name: due_at for name, due_at, _ in decision.commitments}[kind]


def state(decision: Decision, kind: str) -> str:
    return {name: stands for name, _, stands in decision.commitments}[kind]


# durations: from Wednesday 2016-05-25, 11:00 in London, open until 20:00


@pytest.mark.parametrize(
    ("duration", "opened", "expected"),
    [
        ("0m", "2016-05-25T10:00", "2016-05-25T10:00"),
        ("15m", "2016-05-25T10:00", "2016-05-25T10:15"),
        ("24h", "2016-05-27T18:00", "2016-05-28T18:00"),  # elapsed, closed or not
        ("3 days", "2016-05-27T18:00", "2016-05-30T18:00"),
        ("8 weeks", "2016-05-25T10:00", "2016-07-20T10:00"),
        ("0 business hours", "2016-05-25T02:00", "2016-05-25T02:00"),  # the anchor itself, at night too
        ("4 business hours", "2016-05-25T10:00", "2016-05-25T14:00"),
        ("9 business hours", "2016-05-25T10:00", "2016-05-25T19:00"),  # the closing, not the next morning
        ("10 business hours", "2016-05-25T10:00", "2016-05-26T08:00"),
        ("1 business day", "2016-05-25T10:00", "2016-05-26T10:00"),  # twelve hours
        ("1 business day", "2016-05-25T02:00", "2016-05-25T19:00"),  # from before the opening
        ("1 business hour", "2016-05-25T21:00", "2016-05-26T08:00"),  # from after the closing
        ("1 business day", "2016-05-27T18:00", "2016-05-30T11:00"),  # an hour, seven on Saturday over lunch, four on Monday
        (
            "3 business days",
            "2016-03-25T10:00",
            "2016-03-29T14:00",
        ),  # 10, 7 and 12 hours, and 7; the clocks go forward on Sunday
    ],
)
def test_a_duration_ends(duration: str, opened: str, expected: str) -> None:
    asked = case(opened_at=instant(opened))
    for kind in COMMITMENTS:
        assert due(decide(of(**{kind: duration}), asked, opened), kind) == instant(expected)


def test_a_public_holiday_is_left_out() -> None:
    calendar = {"time_zone": "Europe/London", "holidays": "GB-ENG", "hours": {"mon-fri": ["08:00-20:00"]}}
    found = decider(calendar=calendar, commitments=[dict.fromkeys(COMMITMENTS, "1 business day")])
    friday = case(opened_at=instant("2016-05-27T18:00"))  # Monday is a bank holiday
    assert due(decide(found, friday, "2016-05-27T18:00"), "resolve") == instant("2016-05-31T18:00")


def test_without_a_calendar_business_time_is_elapsed_time() -> None:
    found = decider(calendar=None, commitments=[dict.fromkeys(COMMITMENTS, "1 business day")])
    assert due(decide(found, case()), "resolve") == OPENED + DAY


# anchors


def test_the_next_update_is_counted_from_the_last_reply() -> None:
    for timeline, expected in (
        ((), "2016-05-25T14:00"),
        ((at("2016-05-25T09:00", REPLIED),), "2016-05-25T14:00"),  # before the opening
        ((at("2016-05-25T11:00", REPLIED), at("2016-05-25T12:00", REPLIED)), "2016-05-25T16:00"),
        ((at("2016-05-25T12:00", AUTOMATIC),), "2016-05-25T14:00"),  # no reply
        ((at("2016-05-25T12:00", CALLED),), "2016-05-25T14:00"),
    ):
        assert due(decide(of(), case(*timeline), LATER), "next_update") == instant(expected)


def test_the_others_are_counted_from_the_opening() -> None:
    replied = case(at("2016-05-25T12:00", REPLIED), at("2016-05-25T13:00", CALLED))
    for kind in ("acknowledge", "resolve", "final_response"):
        assert due(decide(of(), replied, LATER), kind) == due(decide(of(), case()), kind)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Decider, list[m.Case], int]:
    """A policy with one row of commitments, and cases of which nothing lies ahead."""
    document, now = draw(documents), draw(nows)
    policy = compiled({**document, "commitments": document["commitments"][-1:]})
    asked = [
        each._replace(timeline=tuple(event for event in each.timeline if event.at <= now))
        for each in draw(st.lists(cases(), min_size=3, max_size=6))
    ]
    return Decider(policy, draw(records(policy, now))), asked, now


@settings(max_examples=12)
@given(scenes(), st.integers(0, 10 * DAY))
def test_no_deadline_moves_with_the_clock_but_a_resolution_while_waiting_for_the_customer(
    scene: tuple[Decider, list[m.Case], int], later: int
) -> None:
    found, asked, now = scene
    for each in asked:
        before, after = (found.decide(each, b"", moment) for moment in (now, now + later))
        for kind in COMMITMENTS:
            if kind != "resolve" or not Reference(each, now, before.state.timeline.order_on_record).waiting():
                assert due(after, kind) == due(before, kind)
            else:
                assert due(after, kind) >= due(before, kind)


# states


@pytest.mark.parametrize(
    ("timeline", "now", "expected"),
    [
        ((), "2016-05-25T11:00", "open"),  # due exactly now
        ((), "2016-05-25T11:00:00.000001", "breached"),
        ((at("2016-05-25T11:00", REPLIED),), LATER, "met"),  # exactly in time
        ((at("2016-05-25T11:00:00.000001", REPLIED),), LATER, "breached"),
        ((at("2016-05-25T10:30", AUTOMATIC),), LATER, "met"),  # an automatic one acknowledges
        ((at("2016-05-25T09:30", REPLIED),), LATER, "breached"),  # before the opening
        ((at("2016-05-25T09:30", REPLIED), at("2016-05-25T10:00", REPLIED)), LATER, "met"),
        ((at("2016-05-25T10:30", CALLED),), LATER, "breached"),
    ],
)
def test_an_acknowledgement_stands(timeline: tuple[m.Event, ...], now: str, expected: str) -> None:
    assert state(decide(of(), case(*timeline), now), "acknowledge") == expected


@pytest.mark.parametrize(("now", "expected"), [("2016-05-25T16:00", "open"), ("2016-05-25T16:00:00.000001", "breached")])
def test_a_next_update_is_never_met_since_each_reply_asks_for_another(now: str, expected: str) -> None:
    assert state(decide(of(), case(at("2016-05-25T12:00", REPLIED)), now), "next_update") == expected


@pytest.mark.parametrize(
    ("timeline", "now", "expected"),
    [
        ((), "2016-05-28T10:00", "open"),
        ((), "2016-05-28T10:00:00.000001", "breached"),
        ((at("2016-05-28T10:00", ACCEPTED),), LATER, "met"),
        ((at("2016-05-28T10:00:00.000001", ACCEPTED),), LATER, "breached"),
        ((at("2016-05-26T10:00", ACCEPTED), at("2016-05-27T10:00", REOPENED)), "2016-05-28T10:00", "open"),
        ((at("2016-05-26T10:00", ACCEPTED), at("2016-05-27T10:00", REOPENED)), LATER, "breached"),
        (
            (at("2016-05-26T10:00", ACCEPTED), at("2016-05-27T10:00", REOPENED), at("2016-05-28T09:00", ACCEPTED)),
            LATER,
            "met",
        ),
        ((at("2016-05-26T10:00", m.ClosedByCompany()),), LATER, "breached"),  # the company's own word does not count
        ((at("2016-05-26T10:00", ASKED),), "2016-05-27T10:00", "paused"),
        ((at("2016-05-26T10:00", ASKED),), LATER, "paused"),  # for as long as it takes
        ((at("2016-05-26T10:00", ASKED), at("2016-05-26T12:00", SENT)), "2016-05-27T10:00", "open"),
        ((at("2016-05-28T10:00", ASKED),), LATER, "paused"),  # asked at the very deadline
        ((at("2016-05-28T10:00:00.000001", ASKED),), LATER, "breached"),  # asked after it
        ((at("2016-05-26T10:00", ACCEPTED), at("2016-05-26T12:00", ASKED)), "2016-05-27T10:00", "met"),
    ],
)
def test_a_resolution_stands(timeline: tuple[m.Event, ...], now: str, expected: str) -> None:
    assert state(decide(of(), case(*timeline), now), "resolve") == expected


def test_a_final_response_is_an_acceptance_and_never_pauses() -> None:
    found = of(final_response="3 days")
    waiting = case(at("2016-05-26T10:00", ASKED))
    assert state(decide(found, waiting, "2016-05-28T10:00"), "final_response") == "open"
    assert state(decide(found, waiting, LATER), "final_response") == "breached"
    accepted = case(at("2016-05-28T10:00", ACCEPTED))
    assert state(decide(found, accepted, LATER), "final_response") == "met"


# pauses


@pytest.mark.parametrize(
    ("resolve", "timeline", "expected"),
    [
        ("3 days", (at("2016-05-26T10:00", ASKED), at("2016-05-26T15:00", SENT)), "2016-05-28T15:00"),
        ("3 days", (at("2016-05-26T10:00", ASKED), at("2016-05-26T15:00", CALLED)), "2016-05-28T15:00"),  # any act ends it
        ("3 days", (at("2016-05-20T10:00", ASKED), at("2016-05-25T12:00", SENT)), "2016-05-28T12:00"),  # from the opening
        (
            "3 days",  # two at once count once
            (
                at("2016-05-26T10:00", ASKED),
                at("2016-05-26T12:00", m.EvidenceRequested("note")),
                at("2016-05-26T15:00", SENT),
            ),
            "2016-05-28T15:00",
        ),
        (
            "3 days",  # the second begins when the first had moved the deadline past it
            (
                at("2016-05-28T09:00", ASKED),
                at("2016-05-28T12:00", SENT),
                at("2016-05-28T12:30", m.EvidenceRequested("note")),
                at("2016-05-28T14:30", CALLED),
            ),
            "2016-05-28T15:00",
        ),
        ("3 days", (at("2016-05-28T11:00", ASKED), at("2016-05-28T15:00", SENT)), "2016-05-28T10:00"),  # too late
        (
            "1 business day",  # due on Thursday at 10:00; a night's wait moves it by the open hours in it
            (at("2016-05-25T18:00", ASKED), at("2016-05-26T08:00", SENT)),
            "2016-05-26T12:00",
        ),
        ("1 business day", (at("2016-05-25T20:00", ASKED), at("2016-05-26T06:00", SENT)), "2016-05-26T10:00"),  # none in it
        (
            "1 business day",  # 29 open hours, over Saturday's lunch and Sunday
            (at("2016-05-26T09:00", ASKED), at("2016-05-29T10:00", SENT)),
            "2016-05-30T08:00",
        ),
    ],
)
def test_waits_for_the_customer_move_the_resolution(resolve: str, timeline: tuple[m.Event, ...], expected: str) -> None:
    found = decide(of(resolve=resolve), case(*timeline), LATER)
    assert due(found, "resolve") == instant(expected)
    for kind in ("acknowledge", "final_response"):
        assert due(found, kind) == due(decide(of(), case()), kind)


def test_a_wait_that_runs_counts_up_to_now() -> None:
    waiting = case(at("2016-05-26T10:00", ASKED))
    assert due(decide(of(), waiting, "2016-05-26T10:00"), "resolve") == instant("2016-05-28T10:00")
    assert due(decide(of(), waiting, "2016-05-29T10:00"), "resolve") == instant("2016-05-31T10:00")


def test_a_repeat_is_no_wait_and_moves_nothing() -> None:
    repeat = case(at("2016-05-26T09:00", SENT), at("2016-05-26T10:00", ASKED), at("2016-05-26T20:00", CALLED))
    assert due(decide(of(), repeat, LATER), "resolve") == instant("2016-05-28T10:00")


# rows


def test_the_first_row_whose_condition_holds_at_the_time_is_taken() -> None:
    rows: list[dict[str, Any]] = [
        {"when": "band == 'P1'", **dict.fromkeys(COMMITMENTS, "1h")},
        {"when": "tier == 'gold'", **dict.fromkeys(COMMITMENTS, "2h")},
        {**dict.fromkeys(COMMITMENTS, "3h")},
    ]
    loyal, stranger = decider({"spend_12m": 500}, commitments=rows), decider(commitments=rows)
    hour = instant("2016-05-25T11:00") - OPENED
    assert due(decide(stranger, case()), "resolve") == OPENED + 3 * hour
    assert due(decide(loyal, case()), "resolve") == OPENED + 2 * hour
    assert due(decide(stranger, case(), "2016-06-25T10:00"), "resolve") == OPENED + hour  # ageing made it urgent
