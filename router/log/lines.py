"""Lines of decisions, whose facts and events stand in lists, as records that have them by name."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
from polars import col

from router.decide.floor import AGEING
from router.log.layout import EARNED, EVENT_LISTS, LAYOUT, LAYOUT_NAME, layout_file
from router.log.schema import DECISION, DECISION_LINE, EVENT


def read_lines(data: bytes, folder: Path | None = None) -> pl.DataFrame:
    """Whole lines as records with the columns of ``DECISION``; ``folder`` has the layouts of lines by other versions.

    Raises ``OSError`` if one is not there, and a ``PolarsError`` if a line cannot be read.
    """
    lines = pl.read_ndjson(BytesIO(data), schema=dict(DECISION_LINE))
    names = lines.get_column("layout").unique().drop_nulls().to_list()
    parts = [_named(part, _layout(folder, name)) for name in names for part in [lines.filter(col("layout") == name)]]
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict(DECISION))


def _layout(folder: Path | None, name: str) -> Mapping[str, Any]:
    if name == LAYOUT_NAME or folder is None:
        return LAYOUT
    found: Mapping[str, Any] = json.loads(layout_file(folder, name).read_bytes())
    if found.keys() != LAYOUT.keys():
        raise OSError("these lines are of an earlier build; compact them with the one that wrote them")
    return found


def _named(lines: pl.DataFrame, layout: Mapping[str, Any]) -> pl.DataFrame:
    """Lines of one layout; what it has not is missing."""
    lists: list[tuple[pl.Expr, Sequence[str]]] = [(col(group), names) for group, names in layout["facts"].items()]
    lists += [(_item(col("commitments"), place), names) for place, names in enumerate(layout["commitments"])]
    parts = [
        _typed(_item(values, place), DECISION[name]).alias(name)
        for values, names in lists
        for place, name in enumerate(names)
        if name in DECISION
    ]
    known = lines.with_columns(*parts, timeline=_timelines(lines, layout["events"]), points=_points(lines))
    absent = [pl.lit(None, kind).alias(name) for name, kind in DECISION.items() if name not in known.columns]
    return known.with_columns(absent).select(list(DECISION))


def _item(values: pl.Expr, place: int) -> pl.Expr:
    return values.list.get(place, null_on_oob=True)


def _typed(text: pl.Expr, kind: pl.DataType | None) -> pl.Expr:
    return text == "true" if kind == pl.Boolean() else text.cast(kind or pl.String())


def _timelines(lines: pl.DataFrame, layout: Mapping[str, Sequence[str]]) -> pl.Series:
    """The events of each line, in order."""
    rows = lines.select(*EVENT_LISTS).with_row_index("row")
    fields = dict(_fields(layout))
    event = pl.struct(fields.get(name, pl.lit(None, kind)).alias(name) for name, kind in EVENT.items())
    found = (
        rows.filter(col("events").list.len() > 0)
        .explode(EVENT_LISTS)
        .group_by("row", maintain_order=True)
        .agg(event.alias("timeline"))
    )
    joined = rows.select("row").join(found, on="row", how="left", maintain_order="left")
    return joined.get_column("timeline").fill_null([])


def _points(lines: pl.DataFrame) -> pl.Series:
    """The points of each line with their rules; those for waiting only where there are any."""
    waiting = pl.concat_list(pl.lit(AGEING.id), col("fired").list.head(col(EARNED).list.len() - 1))
    rows = lines.with_row_index("row").select("row", EARNED, rule=waiting).explode(EARNED, "rule")
    counted = rows.filter((col("rule") != AGEING.id) | (col(EARNED) != 0))
    each = counted.group_by("row", maintain_order=True).agg(points=pl.struct("rule", col(EARNED).alias("points")))
    joined = rows.select(col("row").unique(maintain_order=True)).join(each, on="row", how="left", maintain_order="left")
    return joined.get_column("points").fill_null([])


def _fields(layout: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, pl.Expr]]:
    """What each column of an event is read from: an attribute may stand at another place in another kind of event."""
    places: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind, names in layout.items():
        for place, name in enumerate(names):
            places[name][place].append(kind)
    found = _item(col("events"), 0)
    yield "at", col("times")
    for name, kinds in places.items():
        texts = [pl.when(found.is_in(of)).then(_item(col("events"), place)) for place, of in kinds.items()]
        yield name, _typed(pl.coalesce(texts), EVENT.get(name))
