"""Columns of lists: what holds of each case, in order."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl
from polars import col

from router.policy import plan as p
from router.policy.model import Rule

CODES = pl.List(pl.String())


class Item(NamedTuple):
    """What stands in a list where something holds: a value, or, if it is ``many``, each element of a list."""

    holds: pl.Expr
    value: pl.Expr
    many: bool = False


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
    reads = dict.fromkeys(name for item in found for part in (item.holds, item.value) for name in part.meta.root_names())
    if not reads:
        return pl.lit([], pl.List(inner))
    return pl.struct(*reads).map_batches(
        lambda rows: _listed(rows.struct.unnest(), found, inner), pl.List(inner), is_elementwise=True
    )


def _listed(rows: pl.DataFrame, items: Sequence[Item], inner: pl.DataType) -> pl.Series:
    table = rows.with_row_index("row").lazy()
    lists = pl.concat([_part(table, item, inner) for item in items]).group_by("row").agg("value")
    filled = table.select("row").join(lists, on="row", how="left", maintain_order="left")
    return filled.select(col("value").fill_null([])).collect().to_series()


def _part(table: pl.LazyFrame, item: Item, inner: pl.DataType) -> pl.LazyFrame:
    """What one item puts into the lists: the number of the row, and a value."""
    given = table.filter(item.holds)
    if item.many:
        return given.select("row", item.value.cast(pl.List(inner)).alias("value")).explode("value")
    return given.select("row", item.value.cast(inner).alias("value"))


def again(code: str, times: pl.Expr) -> Item:
    """A code, so many times."""
    return Item(times > 0, pl.lit(code).repeat_by(times.cast(pl.UInt32)), many=True)


def code(holds: pl.Expr, text: str) -> Item:
    """A code where something holds."""
    return Item(holds, pl.lit(text))


def fired(rule: Rule) -> pl.Expr:
    """Whether a rule of the policy fired."""
    return col(p.fired(rule.id))


def ids(*rules: Rule) -> list[Item]:
    """The ids of the rules that fired."""
    return [code(fired(rule), rule.id) for rule in rules]
