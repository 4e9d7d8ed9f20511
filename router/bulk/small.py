"""A small backlog, decided and put in order in memory, from cases to the rows of the queue."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from polars import col

from router.bulk.budget import Funding, choose
from router.bulk.merge import in_order, with_rank
from router.bulk.summary import Summary
from router.cases.model import Case
from router.decide.decider import terms_of
from router.frame.customers import Customers
from router.frame.decide import FrameDecider
from router.frame.tables import frames_of
from router.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue in memory: its rows as the engine has them (money in minor units, times in microseconds), ``rank`` first,
    what they add up to, and what a budget came to."""

    rows: pl.DataFrame
    summary: Summary
    funding: Funding | None = None


def put_in_order(
    cases: Iterable[Case],
    policy: Policy,
    customers: Customers,
    now: int,
    *,
    budget: int | None = None,
    with_accepted: bool = False,
) -> Queue:
    """The queue of cases whose ids are all different; the same as :func:`router.bulk.run.reprioritize` makes of tables.

    ``budget`` is in minor units.
    """
    heads, events = frames_of(cases, terms_of(policy))
    decisions = FrameDecider(policy, customers).decide(heads, events, now)
    found = with_rank(decisions.sort(*in_order()).collect())
    choice = None if budget is None else choose(found.lazy(), budget, policy)
    if choice is not None:
        found = choice.mark(found.lazy()).collect()
    summary = Summary(policy, now)
    summary.add(found)
    kept = found if with_accepted else found.filter(col("rank").is_not_null())
    return Queue(kept, summary, None if choice is None else choice.funding)
