"""Suggestions of a column of cases, their approvals, and the warnings that they bring."""

from collections.abc import Iterator

import polars as pl
from polars import col

from router.decide.floor import APOLOGY_ID, APOLOGY_KIND
from router.frame.lists import Item, code, fired, listed
from router.policy import plan as p
from router.policy.model import Policy, RecompenseRule

SUGGESTION = pl.Struct(
    {
        "rule": pl.String(),
        "kind": pl.String(),
        "amount": pl.Int64(),
        "approver": pl.String(),
        "needs_approval": pl.Boolean(),
    }
)
"""One suggestion; its amount is in minor units, null where it is no money."""


class Recompense:
    """What a policy suggests of each case of a frame that has its plan's columns.

    ``unknown_history`` says where the goodwill already given is not known: all money then needs approval.
    """

    def __init__(self, policy: Policy, unknown_history: pl.Expr) -> None:
        self.policy = policy
        self.unknown_history = unknown_history
        self._money = [rule for rule in policy.recompense if rule.gives is not None]
        self._given = {rule.id: fired(rule) & (col(p.amount(rule.id)) > 0) for rule in self._money}
        self._any = pl.any_horizontal(*self._given.values()) if self._money else pl.lit(value=False)

    def suggestions(self) -> pl.Expr:
        """List of :data:`SUGGESTION`, in the order of the rules; the engine's apology in kind goes with any money."""
        in_kind = Item(self._any, self._in_kind(APOLOGY_ID, APOLOGY_KIND))
        return listed([*map(self._suggestion, self.policy.recompense), in_kind], SUGGESTION)

    def _suggestion(self, rule: RecompenseRule) -> Item:
        if rule.gives is None:
            return Item(fired(rule), self._in_kind(rule.id, rule.kind))
        amount = col(p.amount(rule.id))
        approver = self._approver(amount)
        needs = self.unknown_history | (approver > col("level.rank"))
        names = [level.name for level in self.policy.levels]
        name = approver.replace_strict(range(len(names)), names, return_dtype=pl.String)
        return Item(self._given[rule.id], _suggested(rule.id, rule.kind, amount.cast(pl.Int64), name, needs))

    def _approver(self, amount: pl.Expr) -> pl.Expr:
        """Rank of the lowest level that may approve an amount; of an unknown history, the senior level at least."""
        levels = self.policy.levels
        rank = pl.lit(levels[-1].rank, pl.Int64)
        for level in reversed(levels):
            rank = pl.when(amount <= level.may_approve).then(pl.lit(level.rank, pl.Int64)).otherwise(rank)
        return pl.when(self.unknown_history).then(rank.clip(lower_bound=self.policy.senior)).otherwise(rank)

    def _in_kind(self, rule: str, kind: str) -> pl.Expr:
        return _suggested(rule, kind, pl.lit(None, pl.Int64), pl.lit(self.policy.levels[0].name), pl.lit(value=False))

    def warnings(self) -> Iterator[Item]:
        """The codes of what cannot be known of the amounts, and of what the caps leave out."""
        for rule in self._money:
            unknown = col(p.asked(rule.id)).is_null()
            yield code(fired(rule) & unknown, "amount-missing")
            yield code(fired(rule) & ~unknown & ~self._given[rule.id], "amount-cut")
        yield code(self._any & self.unknown_history, "goodwill-unknown")


def _suggested(rule: str, kind: str, amount: pl.Expr, approver: pl.Expr, needs: pl.Expr) -> pl.Expr:
    return pl.struct(
        pl.lit(rule).alias("rule"),
        pl.lit(kind).alias("kind"),
        amount.alias("amount"),
        approver.alias("approver"),
        needs.alias("needs_approval"),
    )
