"""Random backlogs: what hypothesis draws of policies, customers and cases, dealt out to hundreds of cases."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from router.cases import model as m
from router.decide.records import FactRecords
from router.facts import Type, Value
from router.policy.model import Policy
from router.time import DAY, HOUR, parse_instant
from tests.decide.strategies import OPENED, cases, documents, events, money, nows, records
from tests.frame.told import Backlog

NIGHTS = [OPENED, *map(parse_instant, ("2016-03-12T20:00Z", "2016-03-26T20:00Z", "2016-10-29T20:00Z", "2016-11-05T20:00Z"))]
"""Around which things happen: a long weekend, and the evenings before the clocks change in London and in New York."""

ATTRIBUTES: dict[str, Any] = {
    "case.severity": {"type": "integer", "meaning": "how severe"},
    "case.deposit": {"type": "money", "meaning": "what was paid"},
    "case.team": {"type": "text", "meaning": "who has it"},
    "case.urgent": {"type": "yes/no", "meaning": "whether it is urgent"},
    "customer.score": {"type": "number", "meaning": "a score"},
}
WHEN = ["case.severity > 2", "case.deposit >= 25", "case.team == 'north'", "case.urgent", "customer.score < 3"]


@st.composite
def written(draw: st.DrawFn) -> dict[str, Any]:
    """A policy as it is written, which reads attributes of its own in a rule or two."""
    document = draw(documents)
    own = draw(st.lists(st.sampled_from(WHEN), max_size=2, unique=True))
    rules = [{"id": f"own-{i}", "when": when, "say": "Look."} for i, when in enumerate(own)]
    return {**document, "facts": ATTRIBUTES, "guidance": [*document["guidance"], *rules]}


_VALUES: dict[Type, st.SearchStrategy[Value | m.Money]] = {
    Type.INTEGER: st.sampled_from([1.0, 3.0, float("nan"), float("inf")]),
    Type.MONEY: money,
    Type.TEXT: st.sampled_from(["north", "caf\u00e9"]),
    Type.YES_NO: st.booleans(),
}
_attributes = st.fixed_dictionaries(
    {},
    optional={
        name.partition(".")[2]: _VALUES[Type(fact["type"])] | _VALUES[Type.TEXT]
        for name, fact in ATTRIBUTES.items()
        if name.startswith("case.")
    },
)


@st.composite
def backlogs(
    draw: st.DrawFn, policies: st.SearchStrategy[Policy], moments: st.SearchStrategy[int] = nows, size: int = 250
) -> Backlog:
    """So many cases of a policy, its customers and a moment: heads and events of a few drawn ones, dealt out anew."""
    policy, now = draw(policies), draw(moments)
    known = draw(st.lists(records(policy, now), min_size=3, max_size=3))
    customers = {f"known{n}": row for n, each in enumerate(known) for row in each.customers.values()}
    heads = draw(st.lists(st.tuples(cases(most=0), _attributes), min_size=8, max_size=8))
    pool = draw(st.lists(events(), min_size=30, max_size=60))
    later, drawn = draw(st.sampled_from(NIGHTS)) - OPENED, Random(draw(st.integers(0, 2**32)))
    issues = [*policy.issues, "nonsense", ""]
    dealt = [_deal(drawn, heads, pool, later, now + later) for _ in range(size)]
    named = [each._replace(id=f"c{n}", issue=drawn.choice(issues)) for n, each in enumerate(dealt)]
    return Backlog(policy, replace(known[0], as_of=_moved(known[0], later), customers=customers), named, now + later)


def some_backlogs(policy: Policy, count: int) -> list[Backlog]:
    """Backlogs of a policy some days on, the same on every run; the first that hypothesis draws are small and left out."""
    found: list[Backlog] = []

    @settings(max_examples=5 * count, phases=[Phase.generate], derandomize=True, database=None)
    @given(backlogs(st.just(policy), st.just(OPENED + 5 * DAY)))
    def collect(backlog: Backlog) -> None:
        found.append(backlog)

    collect()
    return found[-count:]


def _moved(given: FactRecords, later: int) -> int | None:
    return None if given.as_of is None else given.as_of + later


def _deal(
    drawn: Random,
    heads: Sequence[tuple[m.Case, dict[str, Value | m.Money]]],
    pool: Sequence[m.Event],
    later: int,
    now: int,
) -> m.Case:
    head, attributes = drawn.choice(heads)
    customer = head.customer_id and drawn.choice(["stranger", "known0", "known1", "known2"])
    opened = head.opened_at + later + drawn.choice([0, 0, 0, 1, -1, 5 * HOUR, 90 * HOUR])
    timeline = tuple(_event(drawn, each, later, now) for each in drawn.choices(pool, k=drawn.choice([0, 1, 3, 6, 12, 24])))
    return head._replace(opened_at=opened, customer_id=customer, attributes=attributes, timeline=timeline)


def _event(drawn: Random, event: m.Event, later: int, now: int) -> m.Event:
    """The event in its time, a few of them just now; promises often fall due just now."""
    what = event.what
    if isinstance(what, m.PromiseMade):
        what = what._replace(due_at=drawn.choice([what.due_at + later, now]))
    return event._replace(at=drawn.choice([now, *[event.at + later] * 9]), what=what)
