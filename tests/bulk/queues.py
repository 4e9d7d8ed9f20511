"""Queues made up for tests: many cases with every column that a report reads, from a seed."""

from random import Random
from typing import Any

import polars as pl

from router.bulk.picture import Picture
from router.bulk.previous import POINTS
from router.bulk.summary import Summary
from router.frame.answer import DECISION
from router.policy.model import COMMITMENTS, Policy
from router.policy.store import newest_file, read_policy, shipped_policies
from router.time import HOUR, parse_instant

NOW = parse_instant("2016-06-01T10:00:00Z")
PREVIOUS: dict[str, pl.DataType] = {
    "previous_rank": pl.Int64(),
    "previous_score": pl.Int64(),
    "previous_band": pl.String(),
    "previous_points": POINTS,
}


def retail() -> Policy:
    file = newest_file(shipped_policies() / "retail")
    assert file is not None
    return read_policy(file)


def queue(policy: Policy, cases: int, seed: int = 1, *, previous: bool = False) -> pl.DataFrame:
    """So many waiting cases with their ranks, money in minor units and times in microseconds."""
    random = Random(seed)
    rows = [_case(policy, number, random) for number in range(cases)]
    rows.sort(key=lambda row: (-row["score"], row["case_id"]))
    before = random.sample(range(1, cases + 1), cases)
    for rank, row in enumerate(rows, start=1):
        row["rank"] = rank
        old = [{**each, "points": each["points"] - random.randrange(-20, 40)} for each in row["points"]]
        row |= {"previous_rank": (rank + before[rank - 1]) // 2, "previous_score": row["score"] - 20, "previous_band": "P3"}
        row["previous_points"] = old
    schema = {"rank": pl.Int64(), **DECISION, **(PREVIOUS if previous else {})}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def _case(policy: Policy, number: int, random: Random) -> dict[str, Any]:
    tier = random.choices(policy.tiers, weights=range(len(policy.tiers), 0, -1))[0]
    hours = random.expovariate(1 / 90)
    rules = random.sample(policy.priority, k=random.randrange(2, 8))
    points: list[dict[str, Any]] = [{"rule": "ageing", "points": int(hours * policy.points_per_hour)}]
    points += [{"rule": rule.id, "points": random.randrange(5, 20) * 5 + 15 * tier.rank} for rule in rules]
    score = sum(each["points"] for each in points)
    band = next((name for name, least in policy.bands.items() if score >= least), "P4")
    money = _suggestions(policy, random)
    row: dict[str, Any] = {
        "case_id": f"case-{number:05}",
        "status": "open",
        "opened_at": NOW - int(hours * HOUR),
        "tier": tier.name,
        "tier_rank": tier.rank,
        "score": score,
        "band": band,
        "level": random.choice(policy.levels).name,
        "owner": random.choice(["ana", "bo", None]),
        "suggestions": money,
        "recompense_total": sum(each["amount"] or 0 for each in money),
        "fired": [rule.id for rule in rules],
        "points": points,
        "warnings": random.sample(["unknown-customer", "facts-missing"], k=random.randrange(3)),
    }
    for place, kind in enumerate(COMMITMENTS):
        by = NOW + int((random.gauss(12, 18) + 6 * place) * HOUR)
        row |= {f"{kind}_by": by, f"{kind}_state": random.choice(["met", "paused", "open"]) if by > NOW else "breached"}
    return row


def _suggestions(policy: Policy, random: Random) -> list[dict[str, Any]]:
    rules = [rule for rule in policy.recompense if rule.gives is not None]
    level = policy.levels[0].name
    found: list[tuple[str, str, int | None]] = [
        (rule.id, rule.kind, random.randrange(100, 2500)) for rule in random.sample(rules, k=random.randrange(3))
    ]
    found += [("engine-apology", "apology", None)] * bool(found)
    return [
        {"rule": rule, "kind": kind, "amount": amount, "approver": level, "needs_approval": False}
        for rule, kind, amount in found
    ]


def counted(policy: Policy, frame: pl.DataFrame, rows: int = 97) -> tuple[Summary, Picture]:
    """A queue counted some rows at a time."""
    summary, picture = Summary(policy, NOW), Picture(policy, NOW)
    for part in frame.iter_slices(rows):
        summary.add(part)
        picture.add(part)
    return summary, picture


MANIFEST: dict[str, Any] = {
    "engine": "0.1.0",
    "now": "2016-06-01T10:00:00Z",
    "policy": {"name": "retail", "version": "1.0.0", "digest": "0f" * 32},
    "snapshot": {"id": "snapshot-1", "as_of": "2016-06-01T00:00:00Z"},
    "tables": {"cases": {"rows": 3, "files": [{"path": "in/cases.parquet", "bytes": 9, "sha256": "ab" * 32}]}},
    "previous": None,
    "output": {"path": "queue.parquet", "bytes": 9, "sha256": "cd" * 32},
}
