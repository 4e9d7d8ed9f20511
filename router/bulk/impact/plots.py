"""The plots of a comparison: each a specification in Vega-Lite, and the same in numbers."""

from collections.abc import Sequence
from typing import Any

from router.bulk.impact.comparison import GAINED, LOST, MIXED, Comparison, sides
from router.money import format_money, to_major
from router.report import Cell, Column, Plot, Table

_WHEN = ("before", "after")
_COLOURS = ("var(--P4)", "var(--one)")
_WAYS = {GAINED: "var(--good)", MIXED: "var(--warn)", LOST: "var(--bad)"}


def bands(found: Comparison) -> Plot:
    """How many cases are of each band, before and after."""
    names = list(found.versions.after.bands)
    counts = {name: sides(found.bands, name) for name in names}
    told = "How many cases are of each band, by each version."
    if found.capacity is not None:
        told += f" Of P1, {found.capacity:,} can be served."
    values = [
        {"name": name, "when": when, "value": count, "told": f"{name} {when}: {count:,} cases"}
        for name, both in counts.items()
        for when, count in zip(_WHEN, both, strict=True)
    ]
    rows: list[Sequence[Cell]] = [[name, *both] for name, both in counts.items()]
    head = [Column("Band"), *(Column(when, numeric=True) for when in _WHEN)]
    return Plot("bands", "Bands", told, _beside(names, values, "cases"), Table("Cases by band", head, rows))


def recompense(found: Comparison) -> Plot:
    """What each tier is suggested, before and after."""
    policy = found.versions.after
    names = found.tier_names()
    values, rows = [], []
    for name in names:
        both = [sums[name] for sums in found.recompense]
        shown = [format_money(each, policy.currency, grouped=True) for each in both]
        rows.append([name, *shown])
        values += [
            {"name": name, "when": when, "value": to_major(each, policy.exponent), "told": f"{name} {when}: {text}"}
            for when, each, text in zip(_WHEN, both, shown, strict=True)
        ]
    head = [Column("Tier"), *(Column(when, numeric=True) for when in _WHEN)]
    told = "All suggested money, by the tier that each version gives."
    table = Table("Recompense by tier", head, rows)
    return Plot("recompense", "Recompense by tier", told, _beside(names, values, policy.currency), table)


def effects(found: Comparison) -> Plot:
    """Who gains, who loses, by tier."""
    names = found.tier_names()
    words = {GAINED: "gain", MIXED: "gain and lose", LOST: "lose"}
    values = [
        {"name": name, "way": words[way], "value": count, "order": order, "told": f"{name}: {count:,} cases {words[way]}"}
        for name in names
        for order, way in enumerate(_WAYS)
        if (count := found.balance[name, way])
    ]
    spec = {
        "height": {"step": 40},
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": _names(names),
            "x": {"field": "value", "type": "quantitative", "title": "cases", "axis": {"tickCount": 5, "format": "~s"}},
            "color": _colours("way", [words[way] for way in _WAYS], list(_WAYS.values())),
            "order": {"field": "order", "type": "quantitative"},
            "description": {"field": "told", "type": "nominal"},
        },
    }
    rows: list[Sequence[Cell]] = [[name, *(found.balance[name, way] for way in _WAYS)] for name in names]
    head = [Column("Tier"), *(Column(words[way], numeric=True) for way in _WAYS)]
    told = "Cases that gain or lose in score, recompense, escalation level or entitlements, by the tier that they had."
    return Plot("effects", "Gains and losses", told, spec, Table("Cases that gain or lose", head, rows if values else []))


def _beside(names: Sequence[str], values: Sequence[dict[str, Any]], unit: str) -> dict[str, Any]:
    """A bar for each version, one below the other."""
    return {
        "height": {"step": 18},
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": _names(names),
            "yOffset": {"field": "when", "type": "nominal", "sort": list(_WHEN)},
            "x": {"field": "value", "type": "quantitative", "title": unit, "axis": {"tickCount": 5, "format": "~s"}},
            "color": _colours("when", _WHEN, _COLOURS),
            "description": {"field": "told", "type": "nominal"},
        },
    }


def _names(names: Sequence[str]) -> dict[str, Any]:
    return {"field": "name", "type": "nominal", "sort": list(names), "scale": {"domain": list(names)}, "title": None}


def _colours(name: str, domain: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    return {"field": name, "type": "nominal", "scale": {"domain": list(domain), "range": list(colours)}}
