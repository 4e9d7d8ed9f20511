"""What an executor does with one group of cases: decide, put in order, count. It knows nothing of Spark."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import polars as pl
from polars import col

from router.bulk.merge import in_order, keys
from router.bulk.previous import left, with_previous
from router.facts import Fact
from router.frame.customers import Customers
from router.frame.decide import FrameDecider
from router.frame.tables import Moment
from router.spark.blocks import Of, blocks_of, columns_of, handed, received, reported, rows_of
from router.spark.policy import PolicyText, compiled

SAMPLE = 256
"""So many rows of a group, evenly spread over its order, show where the queue is to be cut."""


@dataclass(frozen=True, slots=True)
class KnownCustomers:
    """What is said of all customers of a snapshot, as ``Customers`` has it; their rows come with each group."""

    id: str
    as_of: Moment | None
    currency: str
    layout: tuple[Fact, ...]
    moves: bool
    orders: bool
    other_orders: bool | None
    schema: pl.Schema

    def of_group(self, rows: pl.LazyFrame, orders: pl.LazyFrame) -> Customers:
        """The customers of one group."""
        listed = orders.with_columns(on_record=True) if self.orders else None
        other = self.other_orders if self.orders else None
        return Customers(self.id, self.as_of, self.currency, self.layout, rows, self.moves, listed, other)


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
        known = [pl.DataFrame(schema=self.customers.schema)]
        orders = [pl.DataFrame(schema=_ORDERS)]
        for batch in batches:
            for kind, block in received(batch):
                blocks[kind].append(rows_of(block))
            known.append(_members(batch, Of.CUSTOMER, self.customers.schema))
            orders.append(_members(batch, Of.ORDER, _ORDERS))
        came = perf_counter()
        customers = self.customers.of_group(_each_once(known, "customer_id"), _each_once(orders, "order_id"))
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
        rows, orders = pl.LazyFrame(schema=self.customers.schema), pl.LazyFrame(schema=_ORDERS)
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
        decisions = decider.decide(chosen.lazy(), None if events is None else events.lazy(), self.now)
        if previous is not None:
            decisions = with_previous(decisions, previous.lazy())
        found = decisions.sort(*in_order()).collect()
        if previous is not None:
            report.left = left(previous.lazy(), found.lazy())
        report.cases = found.height
        report.sample = found.select(keys()).gather_every(max(1, found.height // SAMPLE)).rows()
        return found


_ORDERS = pl.Schema({"order_id": pl.String()})


def _members(batch: Any, kind: Of, schema: pl.Schema) -> pl.DataFrame:  # noqa: ANN401 - pyarrow has no types
    """The rows of one kind that Spark joined; none where there is no snapshot to join."""
    names = columns_of(kind, len(schema))
    if names[0] not in batch.schema.names:
        return pl.DataFrame(schema=schema)
    rows = pl.from_arrow(batch.select(["kind", *names]))
    assert isinstance(rows, pl.DataFrame)  # noqa: S101 - a batch is none other
    theirs = zip(names, schema.items(), strict=True)
    return rows.filter(col("kind") == int(kind)).select(col(name).cast(dtype).alias(own) for name, (own, dtype) in theirs)


def _each_once(rows: Sequence[pl.DataFrame], key: str) -> pl.LazyFrame:
    """A customer whom cases name in several files comes as often."""
    return pl.concat(rows).unique(key).lazy()
