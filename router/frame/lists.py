"""Columns of lists: what holds of each case, in order."""

from collections.abc import Iterable

import polars as pl

from router.policy import plan as p
from router.policy.model import Rule

CODES = pl.List(pl.String())


def listed(parts: Iterable[tuple[pl.Expr, pl.Expr]], inner: pl.DataType) -> pl.Expr:
    """The second of each pair whose first holds, as a list of ``inner``; empty where none does.

    >>> frame = pl.DataFrame({"late": [True, None], "paid": [True, True]})
    >>> frame.select(listed([(pl.col(name), pl.lit(name)) for name in frame.columns], pl.String())).to_series().to_list()
    [['late', 'paid'], ['paid']]
    """
    found = [pl.when(holds).then(value) for holds, value in parts]
    if not found:
        return pl.lit([], pl.List(inner))
    return pl.concat_list(*found).list.drop_nulls().cast(pl.List(inner))


def fired(rule: Rule) -> pl.Expr:
    """Whether a rule of the policy fired."""
    return pl.col(p.fired(rule.id))


def ids(rules: Iterable[Rule], *own: tuple[pl.Expr, Rule]) -> pl.Expr:
    """Ids of the rules that fired, then of the engine's ``own``, each with the condition that it holds under."""
    pairs = [*((fired(rule), rule) for rule in rules), *own]
    return listed(((holds, pl.lit(rule.id)) for holds, rule in pairs), pl.String())
