"""The log of a service desk as the tables that ``case-router`` reads: cases, events, and what the CRM knows of the callers.

    python -m examples.service_desk.incidents LOG.parquet OUT --until 2016-05-16T12:00:00Z

writes ``cases.parquet`` and ``events.parquet`` into OUT: the incidents that are not closed by then, each as far as it had
come; and ``callers.parquet`` and ``incidents.parquet`` with their ``mapping.yaml``: who called by then, and how often.
``docs/service-desk.md`` says what stands for what.
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from polars import col, lit

CHANNELS = {"Phone": "phone", "IVR": "phone", "Email": "email", "Self service": "web", "Direct opening": "in_person"}
ISSUES = {1: "major_incident", 2: "disruption", 3: "incident", 4: "minor_incident"}
"""Issues by the log's priority; without a category, those of 3 and 4 are ``unclassified``."""
ASKING = ("Awaiting User Info", "Awaiting Evidence")
ELSEWHERE = {"Awaiting Vendor": "vendor", "Awaiting Problem": "problem"}
UNKNOWN = "?"
OUTCOMES = ("made_sla", "resolved_at", "closed_at")
"""What is known only at the end; no table of cases has it."""

MAPPING = """\
# What the CRM knows of the callers.
currency: EUR
tables:
  customers:
    files: callers.parquet
    columns: {customer_since: first_seen}
  cases:
    files: incidents.parquet
"""


def read_log(path: Path) -> pl.LazyFrame:
    """The log in the order of replay, by incident and ``sequence``; outcomes are still in it."""
    times = col("updated_at", "opened_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    return pl.scan_parquet(path).with_columns(times).sort("incident", "sequence", maintain_order=True)


def until(log: pl.LazyFrame, moment: pl.Expr) -> pl.LazyFrame:
    """What had happened by a moment, one for all or one for each incident."""
    return log.filter(col("updated_at") <= moment)


def cases(log: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each incident, as its last row has it."""
    known = {name: pl.when(col(name) != UNKNOWN).then(name) for name in ("group", "category")}
    unclassified = (col("category") == UNKNOWN) & col("priority").is_in([3, 4])
    issue = pl.when(unclassified).then(lit("unclassified")).otherwise(_named("priority", ISSUES))
    last = log.group_by("incident", maintain_order=True).agg(pl.all().last())
    return last.select(
        case_id="incident",
        customer_id="caller",
        opened_at="opened_at",
        channel=_named("contact_type", CHANNELS),
        issue=issue,
        team=known["group"],
        category=known["category"],
        impact=col("impact").cast(pl.Float64),
        urgency=col("urgency").cast(pl.Float64),
        waiting_for=_named("state", ELSEWHERE),
    )


def events(log: pl.LazyFrame) -> pl.LazyFrame:
    """The timelines of all incidents; of what one row says, leaving a state comes first and a new owner last."""
    owner = pl.when(col("assignee") != UNKNOWN).then("assignee")
    rows = (
        log.with_row_index("row")
        .with_columns(
            before=col("state").shift(1).over("incident").fill_null(""),
            owner_before=owner.forward_fill().shift(1).over("incident"),
            reopens_before=col("reopens").cum_max().shift(1).over("incident").fill_null(0),
            owner=owner,
        )
        .with_columns(
            asks=col("state").is_in(ASKING) & (col("state") != col("before")),
            solves=(col("state") == "Resolved") & (col("state") != col("before")),
        )
    )
    rows = rows.with_columns(
        asked=col("asks").cast(pl.Int64).cum_sum().over("incident"),
        solved=col("solves").cast(pl.Int64).cum_sum().over("incident"),
    )
    answered = col("before").is_in(ASKING) & (col("state") != col("before"))
    parts = [
        rows.group_by("incident", maintain_order=True)
        .agg(col("row", "opened_at", "contact_type").first())
        .select(
            *_head(at="opened_at", kind="customer_contacted", step=0, sequence=lit(-1, pl.Int64)),
            channel=_named("contact_type", CHANNELS),
        ),
        rows.filter(answered).select(
            *_head(kind="evidence_received", step=1), item=pl.format("answer {}", col("asked") - col("asks"))
        ),
        rows.filter("asks").select(*_head(kind="evidence_requested", step=2), item=pl.format("answer {}", "asked")),
        rows.filter("solves").select(
            *_head(kind="remedy_offered", step=2), id=pl.format("solution {}", "solved"), kind_of_remedy=lit("solution")
        ),
        rows.filter((col("state") == "Closed") & (col("state") != col("before"))).select(
            *_head(kind="closed_by_company", step=2)
        ),
        rows.filter(col("reopens") > col("reopens_before")).select(*_head(kind="reopened", step=3)),
        rows.filter(col("owner").is_not_null() & col("owner").ne_missing(col("owner_before"))).select(
            *_head(kind="owner_assigned", step=4), owner_id="owner"
        ),
    ]
    return pl.concat(parts, how="diagonal").sort("case_id", "sequence", "row", "step").drop("row", "step")


def _head(*, kind: str, step: int, at: str = "updated_at", sequence: pl.Expr | None = None) -> list[pl.Expr]:
    """What every event has, and its place among those of one row."""
    return [
        col("incident").alias("case_id"),
        (col("sequence").cast(pl.Int64) if sequence is None else sequence).alias("sequence"),
        col(at).alias("at"),
        lit(kind).alias("kind"),
        col("row"),
        lit(step).alias("step"),
    ]


def _named(column: str, names: dict[int, str] | dict[str, str]) -> pl.Expr:
    return col(column).replace_strict(names, default=None, return_dtype=pl.String)


def write(log: pl.LazyFrame, moment: datetime, out: Path) -> None:
    """All four tables, and the mapping of two, as of a moment."""
    out.mkdir(parents=True, exist_ok=True)
    seen = until(log.drop(OUTCOMES), lit(moment)).collect().lazy()
    last = seen.group_by("incident").agg(col("state").last())
    backlog = seen.join(last.filter(col("state") != "Closed"), on="incident", how="semi", maintain_order="left")
    cases(backlog).sink_parquet(out / "cases.parquet")
    events(backlog).sink_parquet(out / "events.parquet")
    opened = seen.group_by("incident").agg(col("caller", "opened_at").first()).sort("incident")
    opened.select(customer_id="caller", case_id="incident", opened_at="opened_at").sink_parquet(out / "incidents.parquet")
    callers = opened.group_by("caller").agg(first_seen=col("opened_at").min()).sort("caller")
    (out / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    callers.rename({"caller": "customer_id"}).sink_parquet(out / "callers.parquet")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = ArgumentParser(prog="incidents", description="Tables of cases, events and callers from a service desk's log")
    parser.add_argument("log", type=Path, help="incident_events.parquet")
    parser.add_argument("out", type=Path, help="folder for the tables")
    parser.add_argument("--until", required=True, type=datetime.fromisoformat, help="as of when, as 2016-05-16T12:00:00Z")
    given = parser.parse_args(arguments)
    write(read_log(given.log), given.until.astimezone(UTC), given.out)


if __name__ == "__main__":
    main()
