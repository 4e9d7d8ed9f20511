"""What an executor does with one group of cases: read the cells, decide, put in order, count. It knows nothing of Spark."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pickle import dumps
from time import perf_counter
from typing import Any

import polars as pl
import pyarrow as pa
from polars import col

from router.bulk.merge import KEYS, in_order, keys, with_rank
from router.bulk.output import readable
from router.bulk.reading import case_frame, event_frame
from router.bulk.summary import FIRST_ROWS, Summary
from router.errors import Problem
from router.facts import Fact
from router.files.faults import check, repeated
from router.files.source import TableSource
from router.frame.customers import Customers
from router.frame.decide import FrameDecider
from router.frame.tables import Moment
from router.policy.model import Policy
from router.spark.held import PLACE, held
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
    """What came of one group, beside its decisions: rows read, what is wrong, what it adds up to, its head, and a sample
    of its keys; seconds in the frame back end."""

    group: int
    cases: int = 0
    events: int = 0
    strange: int = 0
    problems: list[Problem] = field(default_factory=list)
    summary: Summary | None = None
    head: pl.DataFrame | None = None
    sample: list[tuple[Any, ...]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that is one for all groups of a run; called with one of them it gives the rows of its decisions."""

    policy: PolicyText
    customers: KnownCustomers
    now: int
    with_accepted: bool
    cases: tuple[TableSource, pl.Schema]
    events: tuple[TableSource, pl.Schema] | None

    def __call__(self, group: int, left: Any, right: Any, schema: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
        """``left`` has a row for each case, customer and order, each in a column of its own, ``right`` the events."""
        begun = perf_counter()
        report = Report(group)
        decisions = self._decide(_frame(left), _frame(right), report)
        report.seconds = perf_counter() - begun
        told = pa.Table.from_pylist([{"report": dumps(report)}], schema=schema)
        return told if decisions is None else pa.concat_tables([told, _table(decisions, schema)])

    def _decide(self, left: pl.DataFrame, right: pl.DataFrame, report: Report) -> pl.DataFrame | None:
        policy = compiled(self.policy)
        cases = held(*self.cases, _of(left, "case"))
        events = None if self.events is None else held(*self.events, right.lazy().drop("group"))
        for table in (cases, events):
            report.problems += [] if table is None else check(table.scan)[1]
        if report.problems:
            return None
        case_rows = case_frame(cases, policy).collect()
        event_rows = None if events is None else event_frame(events, policy).collect()
        twice = case_rows.filter(col("case_id").is_duplicated()).get_column("case_id").unique().sort()
        report.problems += repeated(cases.scan, "case_id", twice)
        report.cases = case_rows.height
        if event_rows is not None:
            report.events = event_rows.height
            report.strange = event_rows.join(case_rows, on="case_id", how="anti").height
        if report.problems:
            return None
        known = self.customers
        customers = known.of_group(
            _members(left, "customer", known.schema), _members(left, "order", pl.Schema({"order_id": pl.String()}))
        )
        happened = None if event_rows is None else event_rows.lazy()
        return self._in_order(FrameDecider(policy, customers).decide(case_rows.lazy(), happened, self.now), policy, report)

    def _in_order(self, decisions: pl.LazyFrame, policy: Policy, report: Report) -> pl.DataFrame:
        """The decisions in order, as they are written, with the keys that they are sorted by; all of them are counted."""
        found = decisions.sort(*in_order()).collect()
        ranked = with_rank(found)
        report.summary = Summary(policy, self.now)
        report.summary.add(ranked)
        report.summary.policy = None  # type: ignore[assignment] # the driver has it, and it is large
        report.head = found.filter(col("status") != "accepted").head(FIRST_ROWS)
        kept = found if self.with_accepted else found.filter(col("status") != "accepted")
        keyed = kept.with_columns(keys())
        report.sample = keyed.select(KEYS).gather_every(max(1, kept.height // SAMPLE)).rows()
        return readable(keyed, policy.exponent)


def columns_of(task: Task) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The Arrow schema of what a task gives back: decisions as they are written, their keys, and the row that tells."""
    policy = compiled(task.policy)
    empty = held(*task.cases, pl.LazyFrame(schema={**task.cases[1], PLACE: pl.Int64()}))
    customers = task.customers.of_group(pl.LazyFrame(schema=task.customers.schema), _no_orders())
    decided = FrameDecider(policy, customers).decide(case_frame(empty, policy), None, task.now).collect()
    rows = readable(decided.with_columns(keys()), policy.exponent).to_arrow()
    return rows.schema.append(pa.field("refused", pa.string())).append(pa.field("report", pa.binary()))


def _no_orders() -> pl.LazyFrame:
    return pl.LazyFrame(schema={"order_id": pl.String()})


def _frame(table: Any) -> pl.DataFrame:  # noqa: ANN401 - pyarrow has no types
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)  # noqa: S101 - a table is none other
    return found


def _of(left: pl.DataFrame, name: str) -> pl.LazyFrame:
    return left.lazy().filter(col(name).is_not_null()).select(col(name).struct.unnest())


def _members(left: pl.DataFrame, name: str, schema: pl.Schema) -> pl.LazyFrame:
    if name not in left.columns:
        return pl.LazyFrame(schema=schema)
    return _of(left, name).select(col(each).cast(kind) for each, kind in schema.items())


def _table(rows: pl.DataFrame, schema: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Rows in a schema that has more columns, which are null."""
    table = rows.to_arrow()
    columns = [
        table.column(each.name).cast(each.type) if each.name in table.column_names else pa.nulls(table.num_rows, each.type)
        for each in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def merged(reports: Iterable[Report], policy: Policy, now: int) -> Summary:
    """What all groups add up to, with the head of the whole queue."""
    summary = Summary(policy, now)
    heads = []
    for report in reports:
        if report.summary is not None:
            summary.merge(report.summary)
        if report.head is not None:
            heads.append(report.head)
    if heads:
        summary.show(with_rank(pl.concat(heads).sort(*in_order()).head(FIRST_ROWS)))
    return summary
