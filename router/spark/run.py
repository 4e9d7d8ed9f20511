"""A backlog decided and put in order on a cluster: what ``case-router reprioritize --engine spark`` does."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark import StorageLevel, cloudpickle
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import from_arrow_schema

from router.bulk import tables
from router.bulk.manifest import manifest, of_run
from router.bulk.parts import parts_for
from router.bulk.run import Result
from router.errors import Problem, TableError
from router.files.faults import MOST
from router.policy.model import Policy
from router.spark import guard
from router.spark.customers import Published, published
from router.spark.order import in_order
from router.spark.policy import PolicyText
from router.spark.reading import Sheet, arrow_schema, first_line, id_of, read_sheet
from router.spark.storage import Storage, entries, not_written
from router.spark.task import Report, Task, columns_of, merged

MEMORY = 1 << 29
"""So many bytes a group may take at once in a process of an executor, where nothing is said."""
GROUP = "group"


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """What to decide, as ``router.bulk.run.Run`` has it: paths are any that Spark reads; the snapshot is a folder that all
    machines reach by that path. ``memory`` is for one group of cases in a process of an executor, in bytes; ``timing`` takes
    the seconds of each group in the frame back end."""

    cases: Sequence[str]
    events: Sequence[str]
    policy: Policy
    text: PolicyText
    snapshot: Path | None
    now: int
    out: str
    with_accepted: bool = False
    memory: int = 0
    groups: int = 0
    progress: Callable[[str, int, int], None] = lambda *_: None
    timing: Callable[[float], None] = lambda _: None


def reprioritize(run: ClusterRun, spark: SparkSession) -> Result:
    """Decide a backlog and write the queue as a folder of Parquet files in order, with its manifest beside it.

    The rows are those of a local run. Both appear whole or not at all. Raises ``TableError`` with everything that is wrong.
    """
    storage = Storage(spark, run.out)
    if Path(run.out).suffix != ".parquet":
        raise TableError([Problem("no-format", "on Spark the output is Parquet: give it a name with .parquet", run.out)])
    parent = run.out.rstrip("/").rpartition("/")[0]
    if parent and not storage.exists(parent):
        raise TableError([Problem("bad-file", f"there is no folder {parent} to write to", run.out)])
    if storage.is_file(run.out):
        said = "is a file, and on Spark the output is a folder; remove it, or write to another place"
        raise TableError([Problem("bad-file", said, run.out)])
    with _telling(run.out), storage.scratch(run.out) as scratch:
        return _run(run, spark, storage, scratch)


def _run(run: ClusterRun, spark: SparkSession, storage: Storage, scratch: str) -> Result:
    run.progress("reading", 0, 1)
    cases = read_sheet(spark, "cases", run.cases, (*tables.CASES, *tables.attributes(run.policy)))
    events = read_sheet(spark, "events", run.events, tables.EVENTS) if run.events else None
    known = published(run.snapshot, run.policy)
    task = Task(
        run.text,
        known.known,
        run.now,
        run.with_accepted,
        (cases.source, cases.schema),
        None if events is None else (events.source, events.schema),
    )
    run.progress("deciding", 0, 1)
    decided = _decided(run, spark, task, cases, events, known).persist(StorageLevel.DISK_ONLY)
    try:
        reports = _reports(decided)
        for report in reports:
            run.timing(report.seconds)
        summary = merged(reports, run.policy, run.now)
        strange = sum(report.strange for report in reports)
        told = [] if events is None or not strange else [_strange(strange, events.rows)]
        summary.remarks = (*cases.warnings, *(events.warnings if events else ()), *told)
        run.progress("writing", 0, 1)
        sample = [key for report in reports for key in report.sample]
        rows = sum(report.cases for report in reports) - (0 if run.with_accepted else summary.accepted)
        queue = in_order(decided.where("report is null").drop("report", "refused"), sample, rows)
        new = f"{scratch}/new"
        queue.write.option("compression", "zstd").parquet(new)
    finally:
        decided.unpersist()
    written = spark.read.parquet(new).count()
    if written != rows:
        raise not_written(run.out, f"{written} of {rows} rows are there")
    inputs = _inputs(run, spark, known, {"cases": cases, "events": events})
    files = storage.files(new)
    output = {
        "path": run.out,
        "files": entries(spark, files, [each.rpartition("/")[2] for each in files]),
        "rows": rows,
        "columns": queue.columns,
    }
    said = manifest(inputs, output, with_accepted=run.with_accepted)
    beside = f"{run.out.rstrip('/')}.manifest.json"
    storage.write_json(f"{scratch}/manifest", said)
    storage.put({run.out: new, beside: f"{scratch}/manifest"}, scratch)
    return Result(Path(run.out), summary, said)


def _strange(strange: int, rows: int) -> str:
    return f"events: {strange} of {rows} rows are of cases that are not in the backlog"


def _inputs(run: ClusterRun, spark: SparkSession, known: Published, sheets: dict[str, Sheet | None]) -> dict[str, Any]:
    told = {
        name: {"rows": sheet.rows, "files": entries(spark, sheet.uris, [each.as_posix() for each in sheet.source.files])}
        for name, sheet in sheets.items()
        if sheet is not None
    }
    return of_run(told, None, run.policy, known.customers, run.now)


def _decided(
    run: ClusterRun, spark: SparkSession, task: Task, cases: Sheet, events: Sheet | None, known: Published
) -> DataFrame:
    """The decisions of each group of cases, with a row that tells of the group."""
    groups = run.groups or _groups(spark, cases.rows, events.rows if events else 0, run.memory or MEMORY)
    left = _left(spark, cases, known, groups)
    right = spark.createDataFrame([], f"{GROUP} int") if events is None else _grouped(events, groups)
    schema = from_arrow_schema(columns_of(task))
    cloudpickle.register_pickle_by_value(guard)
    decide = guard.guarded(pickle.dumps(task), arrow_schema(schema), version("case-router"))
    return left.groupBy(GROUP).cogroup(right.groupBy(GROUP)).applyInArrow(decide, schema)


def _groups(spark: SparkSession, cases: int, events: int, memory: int) -> int:
    return max(parts_for(cases, events, memory), int(spark.sparkContext.defaultParallelism))


def _group(sheet: Sheet, groups: int) -> Any:  # noqa: ANN401 - a column of Spark
    """By a hash of the case id, so that a case and its events are never parted and a customer's cases always are."""
    return f.pmod(f.xxhash64(id_of(sheet, "case_id")), f.lit(groups)).cast("int").alias(GROUP)


def _grouped(sheet: Sheet, groups: int) -> DataFrame:
    return sheet.frame.select(_group(sheet, groups), "*")


def _left(spark: SparkSession, cases: Sheet, known: Published, groups: int) -> DataFrame:
    """The cases of each group and, once, each customer and order that they name, in a column of its own each."""
    found = cases.frame.select(_group(cases, groups), f.struct("*").alias("case"))
    if known.snapshot is None:
        return found
    others = [("customer", known.rows(spark), "customer_id")]
    if known.known.orders:
        others.append(("order", known.orders(spark), "order_id"))
    for name, rows, key in others:
        theirs = id_of(cases, key)
        if theirs is not None:
            named = cases.frame.select(_group(cases, groups), theirs.alias(key)).where(f.col(key).isNotNull()).distinct()
            joined = named.join(rows, key).select(
                GROUP, f.struct(*(f.col(f"`{each}`") for each in rows.columns)).alias(name)
            )
            found = found.unionByName(joined, allowMissingColumns=True)
    return found


def _reports(decided: DataFrame) -> list[Report]:
    """What is told of each group. Raises ``TableError`` with all that is wrong, the first rows of it."""
    rows = decided.where("report is not null or refused is not null").select("report", "refused").collect()
    refused = sorted({row.refused for row in rows if row.refused is not None})
    if refused:
        ours = version("case-router")
        said = f"an executor has case-router {', '.join(refused)}, and the driver {ours}; install {ours} on all of them"
        raise TableError([Problem("other-version", said)])
    reports: list[Report] = [pickle.loads(row.report) for row in rows]  # noqa: S301 - our own executors wrote it
    problems = [_placed(problem, report.group) for report in reports for problem in report.problems]
    if len(problems) > MOST:
        more = Problem("bad-cell", f"at least {len(problems) - MOST} more cells are wrong", problems[MOST].where)
        problems = [*problems[:MOST], more]
    if problems:
        raise TableError(problems)
    return sorted(reports, key=lambda each: each.group)


def _placed(problem: Problem, group: int) -> Problem:
    return Problem(problem.code, f"{problem.message} (partition {group})", problem.where, problem.line)


@contextmanager
def _telling(out: str) -> Iterator[None]:
    """What Spark or a file system refuses, in words."""
    try:
        yield
    except PySparkException as error:
        raise not_written(out, f"Spark says: {_reason(error)}") from error
    except (OSError, Py4JError) as error:
        raise not_written(out, first_line(error)) from error


def _reason(error: BaseException) -> str:
    """The line that says why: behind a traceback of Python the last one, else the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    behind = [line for line in lines if "Error:" in line or "Exception:" in line]
    return (behind or lines or [type(error).__name__])[0]
