"""The plots of a report about a queue: each a specification in Vega-Lite, and the same in numbers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from router.bulk.picture import AGES, HORIZON, SCORES, Picture
from router.bulk.summary import Summary
from router.policy.model import COMMITMENTS
from router.report import Cell, Column, Plot, Table

_COMMITMENT_COLOURS = ("var(--one)", "var(--two)", "var(--three)", "var(--four)")
_UP, _DOWN, _SAME = "var(--good)", "var(--bad)", "var(--P4)"
_RULES = 12
"""So many rules behind the movement are drawn; the table has all."""
_DESCRIPTION = {"field": "told", "type": "nominal"}


def bands_by_tier(summary: Summary) -> Plot:
    """What share of each tier is in each band."""
    policy = summary.policy
    bands, tiers = list(policy.bands), [tier.name for tier in reversed(policy.tiers)]
    values: list[dict[str, Any]] = []
    rows: list[Sequence[Cell]] = []
    for tier in tiers:
        counts = [summary.tiers[tier, band] for band in bands]
        total = sum(counts)
        rows.append([tier, *counts, total])
        values += [
            {
                "tier": tier,
                "band": band,
                "order": order,
                "share": count / total,
                "told": f"{tier}, {band}: {count:,} of {total:,} cases ({count / total:.0%})",
            }
            for order, (band, count) in enumerate(zip(bands, counts, strict=True))
            if count
        ]
    spec = {
        "height": {"step": 46},
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": {"field": "tier", "type": "nominal", "sort": tiers, "scale": {"domain": tiers}, "title": None},
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": "share of the tier's cases",
                "axis": {"format": "%", "tickCount": 5},
            },
            "color": _colours("band", bands, [f"var(--{band})" for band in bands]),
            "order": {"field": "order", "type": "quantitative"},
            "description": _DESCRIPTION,
        },
    }
    head = [Column("Tier"), *(Column(band, numeric=True) for band in bands), Column("Cases", numeric=True)]
    told = "What share of each tier's cases is in each band."
    table = Table("Cases by tier and band", head, rows if summary.queue else [])
    return Plot("bands", "Band by tier", told, spec, table)


def age_and_score(picture: Picture) -> Plot:
    """How many cases there are of each age and score."""
    step, last = picture.score_step, 2 * SCORES - 1
    columns = sorted({column for column, _ in picture.ages})
    rows = sorted({row for _, row in picture.ages}, reverse=True)
    ages = [_age(column) for column in range(min(columns, default=0), max(columns, default=0) + 1)]
    values: list[dict[str, Any]] = []
    for (column, row), count in sorted(picture.ages.items()):
        above = f"{row * step:,} and more" if row == last else f"{row * step:,} to {(row + 1) * step - 1:,}"
        told = f"{count:,} cases, open {_age(column)}, score {above}"
        values.append({"age": _age(column), "low": row * step, "high": (row + 1) * step, "cases": count, "told": told})
    top = max((value["high"] for value in values), default=0)
    lines = [{"band": band, "score": least} for band, least in picture.policy.bands.items() if 0 < least <= top]
    density = {
        "data": {"values": values},
        "mark": {"type": "rect", "color": "var(--shade)"},
        "encoding": {
            "x": {
                "field": "age",
                "type": "ordinal",
                "sort": ages,
                "scale": {"domain": ages, "padding": 0.06},
                "title": "time since opening",
                "axis": {"labelAngle": 0, "labelOverlap": "parity", "labelSeparation": 8},
            },
            "y": {"field": "low", "type": "quantitative", "title": "score", "axis": {"tickCount": 6}},
            "y2": {"field": "high"},
            "opacity": {
                "field": "cases",
                "type": "quantitative",
                "scale": {"type": "log", "range": [0.14, 1]},
                "legend": None,
            },
            "description": _DESCRIPTION,
        },
    }
    score = {"field": "score", "type": "quantitative"}
    thresholds = {
        "data": {"values": lines},
        "layer": [
            {
                "mark": {"type": "rule", "strokeDash": [3, 3], "color": "var(--soft)", "aria": False},
                "encoding": {"y": score},
            },
            {
                "mark": {"type": "text", "align": "left", "baseline": "middle", "dx": 6, "aria": False},
                "encoding": {"y": score, "x": {"value": "width"}, "text": {"field": "band"}},
            },
        ],
    }
    shown: list[Sequence[Cell]] = [[f"{row * step:,}", *(picture.ages[column, row] for column in columns)] for row in rows]
    head = [Column("Score from", numeric=True), *(Column(_age(column), numeric=True) for column in columns)]
    told = "The stronger the colour, the more cases; the dashed lines are where the bands begin."
    table = Table("Cases by time since opening and score", head, shown)
    return Plot("ages", "Age against score", told, {"height": 300, "layer": [density, thresholds]}, table)


def at_risk(picture: Picture) -> Plot:
    """How many open commitments fall due in each of the next hours."""
    kinds = [kind.replace("_", " ") for kind in COMMITMENTS]
    totals = Counter[int]()
    for (_, hour), count in picture.due.items():
        totals[hour] += count
    values = [
        {
            "hour": hour,
            "end": hour + 1,
            "kind": name,
            "count": picture.due[kind, hour],
            "told": f"{name}: {picture.due[kind, hour]:,} due in {hour} to {hour + 1} hours",
        }
        for kind, name in zip(COMMITMENTS, kinds, strict=True)
        for hour in range(HORIZON)
        if picture.due[kind, hour]
    ]
    spec = {
        "height": 300,
        "data": {"values": values},
        "mark": {"type": "bar", "binSpacing": 2},
        "encoding": {
            "x": {
                "field": "hour",
                "type": "quantitative",
                "bin": {"binned": True, "step": 1},
                "title": "hours from now",
                "scale": {"domain": [0, HORIZON], "nice": False},
                "axis": {"values": list(range(0, HORIZON + 1, 4)), "grid": False},
            },
            "x2": {"field": "end"},
            "y": {
                "field": "count",
                "type": "quantitative",
                "title": "commitments due",
                "axis": _whole(max(totals.values(), default=0)),
            },
            "color": _colours("kind", kinds, _COMMITMENT_COLOURS),
            "description": _DESCRIPTION,
        },
    }
    rows = [
        [hour + 1, *(picture.due[kind, hour] for kind in COMMITMENTS)]
        for hour in range(HORIZON)
        if any(picture.due[kind, hour] for kind in COMMITMENTS)
    ]
    head = [Column("Within hours", numeric=True), *(Column(name, numeric=True) for name in kinds)]
    told = f"Open commitments by when they fall due in the next {HORIZON} hours; what is broken already is counted above."
    return Plot("risk", "Commitments at risk", told, spec, Table("Commitments due, by hour", head, rows))


def movement(picture: Picture) -> Plot:
    """How many cases moved how far."""
    furthest = max((abs(step) for step in picture.steps), default=0)
    steps = range(furthest, -furthest - 1, -1)
    rows: list[tuple[str, int]] = [(_places(step), picture.steps[step]) for step in steps]
    values = [
        {"places": places, "cases": count, "way": (step > 0) - (step < 0), "told": f"{places}: {count:,} cases"}
        for step, (places, count) in zip(steps, rows, strict=True)
    ]
    spec = {
        "height": {"step": 26},
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": {"field": "places", "type": "ordinal", "sort": [row[0] for row in rows], "title": None},
            "x": {
                "field": "cases",
                "type": "quantitative",
                "title": "cases",
                "axis": _whole(max(picture.steps.values(), default=0)),
            },
            "color": {**_colours("way", [1, 0, -1], [_UP, _SAME, _DOWN]), "legend": None},
            "description": _DESCRIPTION,
        },
    }
    head = [Column("Places"), Column("Cases", numeric=True)]
    told = "How many places in the queue the cases moved since the earlier output."
    return Plot("moves", "Movement", told, spec, Table("Cases by places moved", head, rows if picture.steps else []))


def rules_behind(summary: Summary) -> Plot:
    """Which rules moved the cases that rose, and those that fell."""
    listed = sorted(summary.causes.items(), key=lambda each: (-abs(each[1][1]), each[0]))
    ways = {"rose": "cases that rose", "fell": "cases that fell"}
    totals: dict[str, int] = {}
    for (_, rule), (_, points) in listed:
        totals[rule] = totals.get(rule, 0) + abs(points)
    shown = sorted(totals, key=lambda rule: (-totals[rule], rule))[:_RULES]
    values = [
        {"rule": rule, "points": points, "way": ways[way], "told": f"{rule}: {points:+,} points for {cases:,} {ways[way]}"}
        for (way, rule), (cases, points) in listed
        if rule in shown
    ]
    spec = {
        "height": {"step": 26},
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": {"field": "rule", "type": "nominal", "sort": shown, "title": None, "axis": {"labelLimit": 170}},
            "x": {
                "field": "points",
                "type": "quantitative",
                "title": "points, gained and lost",
                "axis": {"tickCount": 5, "format": "~s"},
            },
            "color": _colours("way", list(ways.values()), [_UP, _DOWN]),
            "description": _DESCRIPTION,
        },
    }
    head = [Column("Rule"), Column("Of cases that"), Column("Cases", numeric=True), Column("Points", numeric=True)]
    rows: list[Sequence[Cell]] = [[rule, way, cases, f"{points:+,}"] for (way, rule), (cases, points) in listed]
    told = "The points that rules gave or took since the earlier output, in all, to cases that moved."
    return Plot("causes", "Rules behind the movement", told, spec, Table("Points by rule", head, rows))


def _colours(name: str, domain: Sequence[object], colours: Sequence[str]) -> dict[str, Any]:
    return {"field": name, "type": "nominal", "scale": {"domain": list(domain), "range": list(colours)}}


def _whole(highest: int) -> dict[str, Any]:
    """An axis of whole numbers."""
    return {"tickCount": max(1, min(5, highest)), "format": ",d"}


def _age(column: int) -> str:
    """Where a column of ages begins, in the largest unit that fits.

    >>> _age(0), _age(3), _age(7), _age(10), _age(15)
    ('< 1 h', '4 h', '2 d', '2 w', '1 y')
    """
    hours = AGES[column]
    if not hours:
        return f"< {AGES[1]} h"
    unit, size = next((unit, size) for unit, size in (("y", 8784), ("w", 168), ("d", 24), ("h", 1)) if hours >= size)
    return f"{hours // size} {unit}"


def _places(step: int) -> str:
    """A step of places in words.

    >>> _places(2), _places(-1), _places(0)
    ('up 10 to 99', 'down 1 to 9', 'stayed')
    """
    if not step:
        return "stayed"
    size = abs(step)
    return f"{'up' if step > 0 else 'down'} {10 ** (size - 1):,} to {10**size - 1:,}"
