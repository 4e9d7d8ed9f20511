"""A goodwill budget: which suggestions of money are funded, and why the others are not.

Each rule states what funding one of its suggestions is worth (``value``). Suggestions are funded in the order of their value
for money, as far as the budget goes; what is too dear for the rest is passed over, and smaller ones behind it still get
their turn. Of equal value for money the cheaper comes first, of equal amount the one whose case is ahead in the queue.

- No other choice is worth more by as much as one suggestion: less than the first that was passed over (Dantzig 1957, the
  bound of the fractional knapsack). An exact choice could win that much and would lose the answer to "why not this one?".
- A larger budget is never worth less. The first suggestion in which two budgets differ is one that the larger funds; all
  that the smaller can buy instead is cheaper and of no better value for money, so it is worth less than that one.
- Caps hold, since amounts come cut. What is owed by law is no suggestion, and what costs nothing is always kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

import polars as pl

from router.errors import Problem, SettingsError
from router.money import EXPONENTS, POWERS, format_money, to_major, to_minor
from router.policy.model import Policy

ALL = 2**63 - 1
"""The last turn where all are funded."""
LARGEST = 10**15
"""The largest budget, in major units: its minor ones fit an Int64 in every currency, and in a float64 too."""


@dataclass(frozen=True, slots=True)
class Funding:
    """What a budget came to: money in minor units of ``currency``, ``value`` in the unit of the rules' ``value``.

    ``reached`` is the value for a major unit of the first suggestion that was not funded; ``None`` if all were.
    """

    currency: str
    budget: int
    spent: int
    value: float
    funded: int
    not_funded: int
    withheld: int
    reached: float | None

    @property
    def left(self) -> int:
        """What nobody could be given any more."""
        return self.budget - self.spent

    def data(self) -> dict[str, Any]:
        """Plain data for JSON: money in major units."""
        money = {name: getattr(self, name) for name in ("budget", "spent", "left", "withheld")}
        return {
            "currency": self.currency,
            **{name: to_major(minor, EXPONENTS[self.currency]) for name, minor in money.items()},
            "value": self.value,
            "funded": self.funded,
            "not_funded": self.not_funded,
            "reached": self.reached,
        }

    def told(self) -> str:
        """What it came to, in a sentence or two."""
        spent, budget = (format_money(each, self.currency, grouped=True) for each in (self.spent, self.budget))
        told = f"{self.funded:,} suggestions are funded with {spent} of {budget}, worth {self.value:,.10g} in all."
        if self.reached is None:
            return f"{told} The budget is enough for every suggestion."
        withheld = format_money(self.withheld, self.currency, grouped=True)
        return (
            f"{told} {self.not_funded:,} more, {withheld} in all, are not: the budget reached down to a value of "
            f"{self.reached:.3g} per {self.currency}, and below that funded only what still fitted."
        )


def budget_minor(amount: float, policy: Policy) -> int:
    """A budget in minor units of the policy's currency; one that is no amount of money is refused."""
    if not (isfinite(amount) and 0 <= amount <= LARGEST):
        message = f"{amount:g} is no budget; give an amount in {policy.currency} from 0 to {LARGEST:g}, as --budget 10000"
        raise SettingsError([Problem("bad-value", message, field="budget")])
    return to_minor(amount, policy.exponent)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: ``funding`` sums it up, ``turns`` has for each price the last turn that is funded."""

    policy: Policy
    funding: Funding
    turns: pl.DataFrame

    def mark(self, queue: pl.LazyFrame) -> pl.LazyFrame:
        """The queue, or any rows of it, with each suggestion ``funded`` or not, and the ``reason``.

        ``recompense_total`` becomes the sum of what is funded. A case without a ``rank`` has left the queue and gets none.
        """
        return _marked(queue, self.turns.lazy(), self.policy)


def choose(queue: pl.LazyFrame, budget: int, policy: Policy) -> Choice:
    """Which suggestions of a queue are funded.

    ``queue`` has ``rank`` (Int64, distinct), ``suggestions`` (List[Struct] with ``rule`` and ``amount``, minor units) and
    ``recompense_total`` (minor units). It is read twice, so it should be a table or a scan of files, not a decision still to
    be made.
    """
    waiting = queue.select("rank", "suggestions").filter(pl.col("rank").is_not_null())
    offers = _offers(waiting, policy).filter(pl.col("amount") > 0)
    prices = offers.group_by("value", "amount").agg(number=pl.len()).collect(engine="streaming")
    in_order = prices.sort(pl.col("value") / pl.col("amount"), pl.col("amount"), descending=[True, False])
    prices = pl.DataFrame(list(_prices(in_order, budget, policy)), schema=_PRICE, orient="row")
    return Choice(policy, _funding(prices, budget, policy), _turns(offers, prices))


def by_rule(queue: pl.LazyFrame) -> pl.DataFrame:
    """What came of each rule that suggests money, of a queue that :meth:`Choice.mark` gave; money as it is there."""
    funded, amount = pl.col("funded"), pl.col("amount")
    return (
        queue.select(pl.col("suggestions").explode(empty_as_null=False))
        .unnest("suggestions")
        .filter(amount.is_not_null())
        .group_by("rule")
        .agg(
            funded=funded.sum(),
            spent=amount.filter(funded).sum(),
            not_funded=(~funded).sum(),
            withheld=amount.filter(~funded).sum(),
        )
        .sort("rule")
        .collect(engine="streaming")
    )


class _Price(NamedTuple):
    """All suggestions of one value and amount: how many, how many of them are funded, and what is said of either."""

    value: float
    amount: int
    number: int
    taken: int
    rate: float
    yes: str
    no: str


_PRICE = {
    "value": pl.Float64,
    "amount": pl.Int64,
    "number": pl.Int64,
    "taken": pl.Int64,
    "rate": pl.Float64,
    "yes": pl.String,
    "no": pl.String,
}


def _prices(prices: pl.DataFrame, budget: int, policy: Policy) -> Iterator[_Price]:
    """One step for each distinct price: no more than the caps have minor units, for each value, whatever the backlog."""
    left = budget
    for value, amount, number in prices.select("value", "amount", "number").iter_rows():
        taken = min(number, left // amount)
        left -= taken * amount
        rate = value * POWERS[policy.exponent] / amount
        worth = f"worth {rate:.3g} per {policy.currency}"
        over = f"not funded: {worth}, and {format_money(left, policy.currency)} was left at its turn"
        yield _Price(value, amount, number, taken, rate, f"funded: {worth}", over)


def _offers(queue: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """A row for each suggestion, with its value and its ``turn``: the case's place in the queue, then the rule's."""
    rules = [rule.id for rule in policy.recompense]
    values = [rule.value for rule in policy.recompense]
    place = pl.col("rule").replace_strict(rules, range(len(rules)), default=None, return_dtype=pl.Int64)
    return (
        queue.explode("suggestions", empty_as_null=False, keep_nulls=False)
        .unnest("suggestions")
        .with_columns(
            value=pl.col("rule").replace_strict(rules, values, default=None, return_dtype=pl.Float64),
            turn=pl.col("rank").cast(pl.Int64) * len(rules) + place,
        )
    )


def _turns(offers: pl.LazyFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """For each price the ``last`` turn that is funded; it has to be looked for only where some are and some are not."""
    some = prices.lazy().filter(pl.col("taken").is_between(0, pl.col("number"), closed="none"))
    last = (
        offers.join(some.select("value", "amount", "taken"), on=["value", "amount"])
        .group_by("value", "amount")
        .agg(last=pl.col("turn").sort().get(pl.col("taken").first() - 1))
        .collect(engine="streaming")
    )
    whole = pl.when(pl.col("taken") > 0).then(ALL).otherwise(-1)
    turns = prices.join(last, on=["value", "amount"], how="left").with_columns(pl.col("last").fill_null(whole))
    return turns.select("value", "amount", "last", "yes", "no")


def _marked(queue: pl.LazyFrame, turns: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    rows = queue.with_row_index("row")
    free = pl.col("amount").is_null()
    reason = (
        pl.when(free)
        .then(pl.lit("costs nothing"))
        .when(pl.col("rank").is_null())
        .then(pl.lit("not funded: the case has left the queue"))
        .otherwise(pl.when("funded").then("yes").otherwise("no"))
    )
    marked = (
        _offers(rows.select("row", "rank", "suggestions"), policy)
        .join(turns, on=["value", "amount"], how="left", maintain_order="left")
        .with_columns(funded=free | (pl.col("turn") <= pl.col("last")).fill_null(value=False))
        .with_columns(reason=reason)
        .select("row", pl.struct(pl.exclude(*_OURS)).alias("suggestions"), spent=pl.col("amount") * pl.col("funded"))
        .group_by("row")
        .agg("suggestions", recompense_total=pl.col("spent").sum())
    )
    none = pl.lit([], dtype=marked.collect_schema()["suggestions"])
    return (
        rows.drop("suggestions", "recompense_total")
        .join(marked, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("suggestions").fill_null(none), pl.col("recompense_total").fill_null(0))
        .select(queue.collect_schema().names())
    )


_OURS = ("row", "rank", "value", "turn", "last", "yes", "no")


def _funding(prices: pl.DataFrame, budget: int, policy: Policy) -> Funding:
    taken, number, amount = pl.col("taken"), pl.col("number"), pl.col("amount")
    spent, value, funded, others, withheld = prices.select(
        (taken * amount).sum(),
        (taken * pl.col("value")).sum().alias("value"),
        taken.sum().alias("funded"),
        (number - taken).sum().alias("others"),
        ((number - taken) * amount).sum().alias("withheld"),
    ).row(0)
    reached = prices.filter(taken < number)["rate"]
    return Funding(policy.currency, budget, spent, value, funded, others, withheld, reached[0] if len(reached) else None)
