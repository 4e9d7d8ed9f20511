"""Decisions for whole tables of cases: the parts in order, and of each only what is wanted."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from router.decide.decider import terms_of
from router.frame import channel, commitments
from router.frame.answer import DECISION, Answer
from router.frame.customers import Customers, join, with_orders
from router.frame.facts import case_facts, fold_columns
from router.frame.tables import Moment
from router.frame.timeline import fold
from router.policy.frame import apply
from router.policy.model import Policy

ON_RECORD = "case.order_on_record"


class Part(NamedTuple):
    """What is made of each case once its plan is known: the columns that it adds, those that it reads, and how."""

    adds: Collection[str]
    reads: Collection[str]
    add: Callable[[pl.LazyFrame, Policy, Moment], pl.LazyFrame]


PARTS = (
    Part(commitments.ADDS, commitments.READS, commitments.commit),
    Part(channel.ADDS, channel.READS, channel.reply_channel),
)


class FrameDecider:
    """A policy with the customers that it reads, ready to decide tables of cases, as ``Decider`` decides one."""

    def __init__(self, policy: Policy, customers: Customers) -> None:
        self.policy = policy
        self.customers = customers
        self.terms = terms_of(policy)

    def decide(
        self,
        cases: pl.LazyFrame,
        events: pl.LazyFrame | None,
        now: Moment,
        columns: Sequence[str] = tuple(DECISION),
        *,
        enums: bool = False,
    ) -> pl.LazyFrame:
        """One row for each case, in any order, with these ``columns``, lazily: of :data:`DECISION`, facts, or what
        timelines add up to.

        ``cases`` and ``events`` are as ``router.frame.tables`` has them; without ``events`` nothing has happened. ``now``
        may be a column of ``cases``. With ``enums``, tier, band and level are Enums of the policy's words, which are made,
        sorted and written faster than Strings.
        """
        policy, customers = self.policy, self.customers
        answer = Answer(policy, customers, now).columns()
        made = [answer.get(name, pl.col(name)).alias(name) for name in columns]
        reads = {name for column in made for name in column.meta.root_names()}
        parts = [part for part in PARTS if not reads.isdisjoint(part.adds)]
        reads = reads.union(*(part.reads for part in parts))
        wanted = [column.name for column in policy.plan.columns if column.name in reads]
        reads |= policy.plan.only(wanted).reads()
        if events is None and ON_RECORD not in reads:
            customers = replace(customers, orders=None)
        cases = with_orders(cases, customers)
        folded = None
        if events is not None:
            timeline = fold_columns(reads, self.terms)
            folded = fold(events, cases, self.terms, now, as_of=customers.as_of, wanted=timeline)
        frame = join(case_facts(cases, folded, self.terms, now), customers, policy, now)
        frame = apply(frame, policy.plan, wanted, enums=enums)
        for part in parts:
            frame = part.add(frame, policy, now)
        return frame.select(made)
