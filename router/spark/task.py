"""What an executor does with one group of cases: decide, put in order, count. It knows nothing of Spark."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import polars as pl
from polars import col

from router.bulk.merge import in_order, keys
from router.bulk.previous import left, with_previous
from router.frame.customers import Customers
from router.frame.decide import FrameDecider
from router.spark.blocks import Of, blocks_of, handed, received, reported, rows_of
from router.spark.customers import KEYS, ORDERS, KnownCustomers
from router.spark.policy import PolicyText, compiled

SAMPLE = 256
"""So many rows of a group, evenly spread over its order, show where the queue is to be cut."""


@dataclass(slots=True)
class Report:
    """What came of one group, beside its decisions: how many there are, events of cases that are not in the backlog, ids of
    cases that come twice with each of their places, cases that left the earlier queue, a sample of the keys; seconds of the
    work, and those in which its rows came and its decisions went."""

    group: int
    cases: int = 0
    strange: int = 0
    again: list[tuple[str, int]] = field(default_factory=list)
    left: int = 0
    sample: list[tuple[Any, ...]] = field(default_factory=list)
    seconds: float = 0.0
    handed: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that is one for all groups of a run; ``tables`` has the columns of each that there is."""

    policy: PolicyText
    customers: KnownCustomers
    now: int
    tables: Mapping[Of, pl.Schema]

    def __call__(self, batches: Iterator[Any], partition: int) -> Iterator[Any]:
        """Takes the blocks of one group and the customers and orders that its cases name; gives its decisions in order."""
        begun = perf_counter()
        report = Report(partition)
        blocks = {kind: [pl.DataFrame(schema=schema)] for kind, schema in self.tables.items()}
        blocks |= {Of.CUSTOMER: [pl.DataFrame(schema=self.customers.schema)], Of.ORDER: [pl.DataFrame(schema=ORDERS)]}
        for batch in batches:
            for kind, block in received(batch):
                blocks[kind].append(rows_of(block))
        came = perf_counter()
        customers = self.customers.of_group(*(_each_once(blocks.pop(kind), key) for kind, key in KEYS.items()))
        found = self._decide({kind: pl.concat(each) for kind, each in blocks.items()}, customers, report)
        decided = list(blocks_of(partition, Of.DECISIONS, found))
        made = perf_counter()
        report.seconds = made - came
        yield from handed(decided)
        report.handed = came - begun + perf_counter() - made
        yield from handed([reported(partition, report)])

    def nothing(self) -> pl.DataFrame:
        """Decisions without any rows."""
        tables = {kind: pl.DataFrame(schema=schema) for kind, schema in self.tables.items()}
        rows, orders = pl.LazyFrame(schema=self.customers.schema), pl.LazyFrame(schema=ORDERS)
        return self._decide(tables, self.customers.of_group(rows, orders), Report(0))

    def _decide(self, tables: Mapping[Of, pl.DataFrame], customers: Customers, report: Report) -> pl.DataFrame:
        """The decisions in order; none where ids of cases come twice, which is told."""
        cases, events, previous = tables[Of.CASES], tables.get(Of.EVENTS), tables.get(Of.PREVIOUS)
        twice = cases.filter(col("case_id").is_duplicated())
        report.again = twice.select("case_id", "position").sort("case_id", "position").rows()
        if events is not None:
            report.strange = events.join(cases, on="case_id", how="anti").height
        decider = FrameDecider(compiled(self.policy), customers)
        chosen = cases.drop("position").head(0 if report.again else cases.height)
        decisions = decider.decide(chosen.lazy(), None if events is None else events.lazy(), self.now, enums=True)
        if previous is not None:
            decisions = with_previous(decisions, previous.lazy())
        found = decisions.sort(*in_order()).collect()
        if previous is not None:
            report.left = left(previous.lazy(), found.lazy())
        report.cases = found.height
        report.sample = found.select(keys()).gather_every(max(1, found.height // SAMPLE)).rows()
        return found


def _each_once(rows: Sequence[pl.DataFrame], key: str) -> pl.LazyFrame:
    """A customer whom cases name in several files comes as often."""
    return pl.concat(rows).unique(key).lazy()
