"""Columns of lists: what holds of each case, in order."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl
from polars import col

from router.policy import plan as p
from router.policy.model import Rule

CODES = pl.List(pl.String())


class Item(NamedTuple):
    """What stands in a list where something holds."""

    holds: pl.Expr
    value: pl.Expr


def listed(items: Iterable[Item], inner: pl.DataType) -> pl.Expr:
    """The values of the items that hold, in order, as a list of ``inner``; empty where none does.

    Polars puts lists together row by row. Here each item is looked at once, for the rows where it holds, and a value is
    only worked out there.

    >>> frame = pl.DataFrame({"late": [True, None], "paid": [True, True]})
    >>> items = [Item(pl.col(name), pl.lit(name)) for name in frame.columns]
    >>> frame.select(listed(items, pl.String())).to_series().to_list()
    [['late', 'paid'], ['paid']]
    """
    found = tuple(items)
    reads = dict.fromkeys(name for item in found for part in item for name in part.meta.root_names())
    if not reads:
        return pl.lit([], pl.List(inner))
    return pl.struct(*reads).map_batches(
        lambda rows: _listed(rows.struct.unnest(), found, inner), pl.List(inner), is_elementwise=True
    )


def _listed(rows: pl.DataFrame, items: Sequence[Item], inner: pl.DataType) -> pl.Series:
    table = rows.with_row_index("row").lazy()
    parts = [table.filter(item.holds).select("row", item.value.cast(inner).alias("value")) for item in items]
    lists = pl.concat(parts).group_by("row").agg("value")
    filled = table.select("row").join(lists, on="row", how="left", maintain_order="left")
    return filled.select(col("value").fill_null([])).collect().to_series()


def fired(rule: Rule) -> pl.Expr:
    """Whether a rule of the policy fired."""
    return col(p.fired(rule.id))


def ids(*rules: Rule) -> list[Item]:
    """The ids of the rules that fired."""
    return [Item(fired(rule), pl.lit(rule.id)) for rule in rules]
