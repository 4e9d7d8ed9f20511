"""The order of a queue: score, then the earliest commitment that is not met, then the oldest opening, then case id."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from router.cases import model as m
from router.decide.decider import Decider
from router.decide.model import Decision
from router.time import HOUR
from tests.decide.deciding import OPENED, at, case, decide, decider
from tests.decide.strategies import cases, nows, policies, records

NOW = "2016-05-25T12:00"
POINTS = [{"id": "asked", "when": "case.escalation_requested", "points": 50, "because": "Asked."}]
PLAIN = decider(priority={"ageing": {"points_per_hour": 2}, "bands": {"P1": 300, "P2": 200, "P3": 100}, "rules": POINTS})


def queue(*asked: m.Case) -> list[str]:
    """Ids in the order of the queue, whatever the order they came in."""
    decisions = [decide(PLAIN, each, NOW) for each in asked]
    orders = {tuple(d.state.case.id for d in sorted(order, key=Decision.queue_key)) for order in permutations(decisions)}
    (found,) = orders
    return list(found)


def test_a_higher_score_is_sooner() -> None:
    urgent = case(at("2016-05-25T11:00", m.EscalationRequested()), id="urgent")
    assert queue(case(id="a"), urgent, case(id="z")) == ["urgent", "a", "z"]


def test_of_one_score_the_earliest_commitment_that_is_not_met_decides() -> None:
    replied = case(at("2016-05-25T10:30", m.CompanyReplied()), id="a")  # acknowledged; an update is due at 14:30
    assert queue(replied, case(id="b")) == ["b", "a"]


def test_then_the_oldest_opening_then_the_id() -> None:
    minute = 60_000_000
    old, new = case(id="z", opened_at=OPENED - minute), case(id="a")
    reply = at("2016-05-25T10:30", m.CompanyReplied())
    same = [each._replace(timeline=(reply,)) for each in (new, old)]  # the same update is due
    assert queue(*same) == ["z", "a"]
    assert queue(case(id="b"), case(id="a"), case(id="c")) == ["a", "b", "c"]


def test_where_all_are_met_there_is_still_an_order() -> None:
    done = at("2016-05-25T10:30", m.ResolutionAccepted())
    assert queue(*(case(done, id=name) for name in "ba")) == ["a", "b"]


@st.composite
def queues(draw: st.DrawFn) -> list[Decision]:
    policy, now = draw(policies), draw(nows)
    found = Decider(policy, draw(records(policy, now)))
    asked = draw(st.lists(cases(most=4), min_size=2, max_size=6))
    return [
        found.decide(each._replace(id=f"c{place}", opened_at=each.opened_at + place % 2 * HOUR), b"", now)
        for place, each in enumerate(asked)
    ]


@settings(max_examples=12)
@given(queues())
def test_the_order_is_total_and_no_score_below_stands_above(decisions: list[Decision]) -> None:
    keys = [decision.queue_key() for decision in decisions]
    assert len(set(keys)) == len(keys)
    ordered = sorted(decisions, key=Decision.queue_key)
    scores = [decision.score for decision in ordered]
    assert scores == sorted(scores, reverse=True)
    decisions.reverse()
    assert sorted(decisions, key=Decision.queue_key) == ordered
