"""How well the score of the service desk's policy ranks the incidents that later missed their target.

``python -m benchmarks.service_desk_auc EVENTS.parquet [--choose]``. Each incident of the log is replayed to 4, 24 and 72
hours after its opening; those that are open then become cases, and the engine that serves decides them. The figure is the
area under the ROC curve: how often, of an incident that missed and one that did not, the first has the higher score.

The policy's lists of teams and categories are chosen on half of the callers (``--choose`` prints them), the figure is told
of the other half. The outcome (``made_sla`` of the last event) is read for the choice and for the figure, by no rule.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from statistics import stdev
from typing import Any

import polars as pl

from router.cases.model import (
    Case,
    ClosedByCompany,
    CustomerContacted,
    Event,
    EvidenceReceived,
    EvidenceRequested,
    OwnerAssigned,
    RemedyOffered,
    Reopened,
    What,
)
from router.decide.decider import Decider
from router.decide.records import FactRecords, facts_layout
from router.policy.model import Policy
from router.policy.store import read_policy
from router.time import HOUR, from_datetime

ROOT = Path(__file__).parents[1]
POLICY = ROOT / "policies" / "service_desk" / "1.0.0.yaml"
MOMENTS = (4, 24, 72)
"""Hours after the opening."""

CHANNELS = {"Phone": "phone", "IVR": "phone", "Email": "email", "Self service": "web", "Direct opening": "in_person"}
ISSUES = {1: "major_incident", 2: "disruption", 3: "incident", 4: "minor_incident"}
"""Issues by the log's priority; without a category, those of 3 and 4 are ``unclassified``."""
ASKING = ("Awaiting User Info", "Awaiting Evidence")
ELSEWHERE = {"Awaiting Vendor": "vendor", "Awaiting Problem": "problem"}
UNKNOWN = "?"

LEAST = 20
"""Incidents of a team or category on the choosing half, fewer of which say nothing."""
SMOOTHING = 30
LISTS = {"teams": ("group", 0.10, 0.03, -0.05), "categories": ("category", 0.08, 0.03, -0.04)}
"""Column, and the excess of misses from which a team or category is far behind, behind, and to which it is quick."""


def read_events(path: Path) -> pl.DataFrame:
    """The log in the order of replay: by incident, then ``sequence``. ``missed`` is the outcome, ``choosing`` the half."""
    times = pl.col("updated_at", "opened_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    log = pl.read_parquet(path).with_columns(times).sort("incident", "sequence", maintain_order=True)
    callers = log.select("caller").unique().sort("caller")
    halves = callers.with_columns(choosing=pl.Series([in_choosing_half(caller) for caller in callers["caller"]]))
    outcome = log.group_by("incident").agg(missed=~pl.col("made_sla").last(), caller=pl.col("caller").first())
    outcome = outcome.join(halves, on="caller").select("incident", "missed", "choosing")
    return log.drop("made_sla", "resolved_at", "closed_at").join(outcome, on="incident", maintain_order="left")


def in_choosing_half(caller: str) -> bool:
    """Whether a caller belongs to the half on which the lists are chosen.

    >>> in_choosing_half("2403"), in_choosing_half("290")
    (True, False)
    """
    return blake2b(caller.encode(), digest_size=8).digest()[0] % 2 == 0


def until(log: pl.DataFrame, hours: int) -> pl.DataFrame:
    """What had happened so many hours after the opening of each incident."""
    return log.filter(pl.col("updated_at") <= pl.col("opened_at") + pl.duration(hours=hours))


def open_at(log: pl.DataFrame, hours: int) -> pl.DataFrame:
    """The incidents that are neither resolved nor closed so many hours after their opening, each as its last event says."""
    last = until(log, hours).group_by("incident", maintain_order=True).agg(pl.all().last())
    return last.filter(~pl.col("state").is_in(["Resolved", "Closed"])).with_columns(hours=pl.lit(hours))


# from the log to cases


def timeline(rows: Sequence[Mapping[str, Any]], opened_at: int) -> Iterator[Event]:
    """The events of one incident, from its rows by ``sequence``."""
    state, owner, reopens, asked, solved = "", UNKNOWN, 0, 0, 0
    yield Event(opened_at, CustomerContacted(CHANNELS[rows[0]["contact_type"]]), sequence=-1)
    for row in rows:
        happened: list[What] = []
        if row["state"] != state:
            if state in ASKING:
                happened.append(EvidenceReceived(f"answer {asked}"))
            if row["state"] in ASKING:
                asked += 1
                happened.append(EvidenceRequested(f"answer {asked}"))
            elif row["state"] == "Resolved":
                solved += 1
                happened.append(RemedyOffered(f"solution {solved}", "solution"))
            elif row["state"] == "Closed":
                happened.append(ClosedByCompany())
            state = row["state"]
        if row["reopens"] > reopens:
            reopens = row["reopens"]
            happened.append(Reopened())
        if row["assignee"] not in {UNKNOWN, owner}:
            owner = row["assignee"]
            happened.append(OwnerAssigned(owner))
        at = from_datetime(row["updated_at"])
        yield from (Event(at, what, sequence=row["sequence"]) for what in happened)


def case_of(rows: Sequence[Mapping[str, Any]]) -> Case:
    """One incident as a case, as its rows until now have it."""
    last = rows[-1]
    opened_at = from_datetime(last["opened_at"])
    issue = ISSUES[last["priority"]]
    if last["category"] == UNKNOWN and last["priority"] > 2:
        issue = "unclassified"
    attributes = {
        "team": last["group"] if last["group"] != UNKNOWN else None,
        "category": last["category"] if last["category"] != UNKNOWN else None,
        "impact": float(last["impact"]),
        "urgency": float(last["urgency"]),
        "waiting_for": ELSEWHERE.get(last["state"]),
    }
    return Case(
        id=last["incident"],
        opened_at=opened_at,
        channel=CHANNELS[last["contact_type"]],
        issue=issue,
        attributes={name: value for name, value in attributes.items() if value is not None},
        timeline=tuple(timeline(rows, opened_at)),
    )


def scored(log: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Open incidents at each moment with the score that the engine gives them then; nothing is known of the callers."""
    decider = Decider(policy, FactRecords(facts_layout(policy), policy.currency, None, {}))
    parts = []
    for hours in MOMENTS:
        still = open_at(log, hours)
        rows = until(log.drop("missed"), hours).join(still, on="incident", how="semi", maintain_order="left")
        scores = {}
        for incident, own in rows.rows_by_key("incident", named=True, include_key=True).items():
            case = case_of(own)
            scores[incident] = decider.decide(case, b"", case.opened_at + hours * HOUR, full=False).score
        parts.append(still.with_columns(score=pl.col("incident").replace_strict(scores, return_dtype=pl.Int64)))
    return pl.concat(parts)


# the choice of the lists


def excess(known: pl.DataFrame, column: str, alike: Iterable[str]) -> pl.DataFrame:
    """Of each value: misses beyond those of incidents alike, as a share of its open incidents, pulled towards none."""
    missed = pl.col("missed").cast(pl.Float64)
    surplus = known.with_columns(surplus=missed - missed.mean().over(*alike)).filter(pl.col(column) != UNKNOWN)
    found = surplus.group_by(column).agg(
        excess=pl.col("surplus").sum() / (pl.len() + SMOOTHING), incidents=pl.col("incident").n_unique()
    )
    return found.filter(pl.col("incidents") >= LEAST).sort(column)


def choose(log: pl.DataFrame) -> dict[str, list[str]]:
    """The lists of the policy's parameters: teams first, then categories among teams of one kind."""
    known = pl.concat([open_at(log, hours) for hours in MOMENTS]).filter("choosing")
    lists: dict[str, list[str]] = {}
    alike = ["hours", "priority"]
    for name, (column, far, behind, quick) in LISTS.items():
        found = excess(known, column, alike)
        kinds = {
            "far_behind": pl.col("excess") >= far,
            "behind": pl.col("excess").is_between(behind, far, closed="left"),
            "quick": pl.col("excess") <= quick,
        }
        for kind, chosen in kinds.items():
            lists[f"{name}_{kind}"] = sorted(found.filter(chosen)[column].to_list(), key=int)
        known = known.with_columns(pl.lit("").alias(name))
        for kind in kinds:
            within = pl.col(column).is_in(lists[f"{name}_{kind}"])
            known = known.with_columns(pl.when(within).then(pl.lit(kind)).otherwise(name).alias(name))
        alike.append(name)
    return lists


# the figure


def auc(cases: pl.DataFrame, column: str, *within: str) -> float:
    """Area under the ROC curve: among all pairs of one that missed and one that did not, the share in which the first has
    more of ``column``; equal counts half. ``within`` allows only pairs that are alike in it."""
    missed = pl.col("missed").sum().cast(pl.Float64)
    alike = cases.with_columns(alike=pl.concat_str(pl.lit(""), *within))
    ranked = alike.with_columns(rank=pl.col(column).rank("average").over("alike"))
    won = pl.col("rank").filter("missed").sum() - missed * (missed + 1) / 2
    pairs = ranked.group_by("alike").agg(won=won, pairs=missed * (pl.len() - missed)).filter(pl.col("pairs") > 0)
    return float(pairs.select(pl.col("won").sum() / pl.col("pairs").sum()).item())


def spread(cases: pl.DataFrame, column: str, draws: int = 100) -> float:
    """Two standard errors of the area: the callers are drawn anew so many times."""
    callers = cases.select("caller").unique().sort("caller")
    drawn = (callers.sample(fraction=1, with_replacement=True, seed=seed) for seed in range(draws))
    return 2 * stdev(auc(each.join(cases, on="caller"), column) for each in drawn)


def main(arguments: Sequence[str]) -> None:
    """Print the table, or the lists."""
    parser = ArgumentParser(
        prog="service_desk_auc", description="How well the score ranks incidents that missed their target"
    )
    parser.add_argument("events", type=Path, help="incident_events.parquet")
    parser.add_argument("--choose", action="store_true", help="print the lists of teams and categories instead")
    given = parser.parse_args(arguments)
    log = read_events(given.events)
    if given.choose:
        for name, values in choose(log).items():
            print(f"  {name}: {json.dumps(values)}")
        return
    cases = scored(log, read_policy(POLICY)).with_columns(
        month=pl.col("opened_at").dt.strftime("%Y-%m"), by_priority=-pl.col("priority").cast(pl.Int64)
    )
    print("callers   hours     n  missed  score     ±  score in month  priority field")
    for chosen_on, name in ((True, "choosing"), (False, "held out")):
        for hours in MOMENTS:
            part = cases.filter((pl.col("choosing") == chosen_on) & (pl.col("hours") == hours))
            share = part.select(pl.col("missed").mean()).item()
            score, month, field = auc(part, "score"), auc(part, "score", "month"), auc(part, "by_priority")
            line = f"{name:9} {hours:5} {len(part):5} {share:7.3f} {score:6.3f} {spread(part, 'score'):5.3f}"
            print(f"{line} {month:15.3f} {field:15.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
