"""How closely two facts go together over many customers or cases: Cramér's V."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import sqrt

import polars as pl
from polars import col

MANY = 10
"""Different numbers from which a fact is read by its fifths."""
MOST_GROUPS = 50
"""Groups of a text; those with the fewest rows beyond them are one."""
LEAST_ROWS = 50
"""Rows below which nothing is said."""
PROXY = 0.3
"""From this V on one fact is told to stand in for another: a medium effect (Cohen 1988, w = 0.3, for a yes/no)."""


@dataclass(frozen=True, slots=True)
class Association:
    """Two facts, how closely they go together (0: not at all, 1: the one gives the other), and over how many rows."""

    first: str
    second: str
    v: float
    rows: int


def proxies(facts: pl.DataFrame, protected: Iterable[str], read: Iterable[str]) -> Iterator[Association]:
    """The facts of ``read`` that go along with one of ``protected``, from :data:`PROXY` on, the closest first.

    ``facts`` has a row for each customer or case and a column for each fact, by name; a missing value is a group of its own.
    """
    known = [name for name in sorted(set(read)) if name in facts.columns]
    for name in protected:
        if name in facts.columns and facts.height >= LEAST_ROWS:
            pairs = (
                Association(other, name, cramers_v(facts, name, other), facts.height) for other in known if other != name
            )
            yield from sorted((pair for pair in pairs if pair.v >= PROXY), key=lambda pair: (-pair.v, pair.first))


def cramers_v(facts: pl.DataFrame, first: str, second: str) -> float:
    """Cramér's V of two columns, without the bias that few rows give it; 0 where one of them never varies.

    Source: Bergsma, W. (2013). A bias-correction for Cramér's V and Tschuprow's T. Journal of the Korean Statistical
    Society 42 (3), 323-328. With n rows, r and k groups and chi-squared X: p = max(0, X/n - (k-1)(r-1)/(n-1)),
    k' = k - (k-1)²/(n-1), r' likewise, V = sqrt(p / min(k'-1, r'-1)).

    >>> table = pl.DataFrame({"a": [1.0, 2.0] * 40, "b": ["x", "y"] * 40, "c": ["x", "x", "y", "y"] * 20})
    >>> round(cramers_v(table, "a", "b"), 3), cramers_v(table, "a", "c")
    (1.0, 0.0)
    """
    pair = facts.select(a=_groups(facts, first), b=_groups(facts, second))
    cells = pair.group_by("a", "b").agg(n=pl.len().cast(pl.Float64))
    cells = cells.with_columns(of_a=col("n").sum().over("a"), of_b=col("n").sum().over("b"))
    n, r, k = float(facts.height), cells["a"].n_unique(), cells["b"].n_unique()
    if min(r, k) < 2 or n < 2:  # noqa: PLR2004 - one group does not vary
        return 0.0
    phi = float(cells.select((col("n") ** 2 / (col("of_a") * col("of_b"))).sum()).item()) - 1
    corrected = max(0.0, phi - (k - 1) * (r - 1) / (n - 1))
    room = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return min(1.0, sqrt(corrected / room)) if room > 0 else 0.0


def _groups(facts: pl.DataFrame, name: str) -> pl.Expr:
    """The groups of a fact: its values; of many numbers their fifths; of many texts the most frequent ones."""
    values = facts[name]
    if values.dtype.is_numeric() and values.n_unique() > MANY:
        fifths = [values.quantile(share) for share in (0.2, 0.4, 0.6, 0.8)]
        return pl.sum_horizontal(*(col(name) > edge for edge in fifths if edge is not None), ignore_nulls=False).cast(
            pl.String
        )
    if values.n_unique() > MOST_GROUPS:
        frequent = values.drop_nulls().value_counts(sort=True)[name].head(MOST_GROUPS - 1)
        return pl.when(col(name).is_in(frequent.implode()) | col(name).is_null()).then(col(name)).otherwise(pl.lit("…"))
    return col(name).cast(pl.String)
