"""The facts of a column of cases are those of each case by itself, to the last bit."""

from collections.abc import Sequence
from dataclasses import replace
from math import isnan, nan
from random import Random

import polars as pl
import pytest

from router.calendar import ALWAYS, Calendar
from router.cases import model as m
from router.cases.facts import Terms, read_case
from router.cases.model import Case
from router.facts import CASE_FACTS, INPUTS, Fact, Type, Value
from router.frame import facts as frame_facts
from router.frame.facts import case_facts, fold_columns, whole_quotient
from router.frame.tables import frames_of
from router.frame.timeline import fold
from router.time import FIRST, HOUR, LAST
from tests.cases.reading import OPENED, TERMS, at
from tests.cases.timelines import CONVERSATIONS
from tests.frame import backlogs

ATTRIBUTES = (
    Fact("case.team", Type.TEXT, "team"),
    Fact("case.deposit", Type.MONEY, "deposit"),
    Fact("case.repairs", Type.INTEGER, "repairs"),
    Fact("case.under_guarantee", Type.YES_NO, "guarantee"),
)
WITH_ATTRIBUTES = replace(TERMS, attributes=ATTRIBUTES)
NOW = backlogs.OPENED + 90 * HOUR
NAMES = [fact.name for fact in (*CASE_FACTS, *INPUTS)]


def as_column(value: Value) -> Value:
    """A value as a column has it: a number as a float, missing as null."""
    if isinstance(value, bool | str) or value is None:
        return value
    return None if isnan(value) else float(value)


def differences(cases: Sequence[Case], now: int, terms: Terms = TERMS, as_of: int | None = None) -> set[str]:
    """The columns in which some case differs from the row engine; text tells 0 from -0 and a number from a yes/no."""
    heads, events = frames_of(cases, terms)
    frame = case_facts(heads, fold(events, heads, terms, now, as_of=as_of), terms, now).collect()
    rows = frame.rows_by_key("case_id", named=True, unique=True)
    names = [*NAMES, *(fact.name for fact in terms.attributes)]
    wrong = set() if len(rows) == len(cases) else {"case_id"}
    for case in cases:
        state = read_case(case, terms, now, as_of=as_of)
        values = dict(zip(names, map(as_column, state.facts), strict=True))
        values |= {"notices": [notice.code for notice in state.notices]}  # type: ignore[dict-item]  # beside the facts
        wrong |= {name for name, value in values.items() if repr(rows[case.id][name]) != repr(value)}
    return wrong


@pytest.mark.parametrize("seed", range(10, 16))
def test_every_fact_and_warning_is_the_row_engines(seed: int) -> None:
    cases = backlogs.random_cases(seed, 600)
    assert differences(cases, NOW, as_of=[None, backlogs.OPENED][seed % 2]) == set()
    assert differences(cases, backlogs.moment(Random(seed))) == set()


def test_every_conversation_reads_the_same() -> None:
    cases = [Case(about, OPENED, timeline=timeline) for about, timeline, _ in CONVERSATIONS]
    assert differences(cases, OPENED + 48 * HOUR) == set()


def test_without_events_the_facts_are_those_of_an_empty_timeline() -> None:
    cases = [case._replace(timeline=()) for case in backlogs.random_cases(3, 40)]
    assert differences(cases, NOW) == set()
    heads, events = frames_of(cases, TERMS)
    folds = (None, fold(events, heads, TERMS, NOW))
    without, nothing = (case_facts(heads, each, TERMS, NOW).sort("case_id").collect() for each in folds)
    assert without.equals(nothing.select(without.columns))


def test_attributes_are_read_as_declared_and_their_warnings_come_last() -> None:
    given: tuple[dict[str, Value | m.Money], ...] = (
        {},
        {"team": "north", "deposit": m.Money(1050, "GBP"), "repairs": 2, "under_guarantee": True},
        {"deposit": m.Money(1050, "EUR"), "repairs": nan, "nonsense": 1.0},
        {"team": 1.0, "deposit": 3.5, "repairs": True, "under_guarantee": "yes"},
    )
    cases = [Case(f"{place}", OPENED, attributes=each) for place, each in enumerate(given)]
    assert differences(cases, NOW, WITH_ATTRIBUTES) == set()


@pytest.mark.parametrize("calendar", [ALWAYS, Calendar((FIRST, NOW + 1), (NOW, LAST + 1), (0, NOW - FIRST), HOUR)])
def test_out_of_hours_is_one_answer_for_all(calendar: Calendar) -> None:
    assert differences(backlogs.random_cases(1, 3), NOW, replace(TERMS, calendar=calendar)) == set()


def test_instants_of_any_year_are_exact() -> None:
    draw = Random(5)
    cases = [Case(f"{place}", draw.randint(FIRST, LAST), timeline=(at(1, m.CustomerContacted()),)) for place in range(500)]
    assert differences(cases, LAST) == set()


def test_a_quotient_is_the_nearest_float() -> None:
    draw = Random(6)
    numbers = [draw.randint(-(2**bits), 2**bits) for bits in range(1, 60) for _ in range(200)]
    frame = pl.DataFrame({"whole": numbers})
    for divisor in (1, 100, 1000, 10_000, HOUR):
        assert frame.select(whole_quotient(pl.col("whole"), divisor)).to_series().to_list() == [n / divisor for n in numbers]


def test_a_fact_whose_columns_were_not_folded_is_not_there() -> None:
    heads, events = frames_of(backlogs.random_cases(1, 5), TERMS)
    wanted = fold_columns(["case.status", "case.chases"], TERMS)
    columns = case_facts(heads, fold(events, heads, TERMS, NOW, wanted=wanted), TERMS, NOW).collect_schema().names()
    assert {"case.status", "case.chases", "case.issue"} <= set(columns)
    assert {"case.contacts", "engine.waiting_hours"}.isdisjoint(columns)


def test_a_planted_change_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = backlogs.random_cases(1, 100)
    monkeypatch.setattr(frame_facts, "HOUR", HOUR + 1)
    assert {"case.age_hours", "case.hours_unanswered"} <= differences(cases, NOW)
