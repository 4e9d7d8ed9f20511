"""The tables of a CRM: their columns, what each holds, and what it means when one is absent. The only list of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from router.files.columns import Column, Kind


@dataclass(frozen=True, slots=True)
class Table:
    """One table; ``dated`` is the column that says from when a row may be known (empty for customers)."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    dated: str = ""

    def column(self, name: str) -> Column:
        """The column of that name. Raises ``KeyError``."""
        return {column.name: column for column in self.columns}[name]


def _key(name: str, meaning: str) -> Column:
    return Column(name, Kind.TEXT, meaning, required=True, filled=True, unique=True)


def _when(name: str, meaning: str) -> Column:
    return Column(name, Kind.TIME, meaning, required=True, filled=True)


def _amount(meaning: str) -> Column:
    return Column("amount", Kind.MONEY, meaning, required=True, filled=True, low=0)


_WHOSE = Column("customer_id", Kind.TEXT, "whose row it is", "nobody's row: it counts for no customer", required=True)

_ALL = (
    Table(
        "customers",
        "who is known; the only table that has to be there",
        (
            _key("customer_id", "id of the customer, as in cases"),
            Column("customer_since", Kind.TIME, "when the customer became one", "the first order says it"),
            Column("vulnerable", Kind.YES_NO, "flagged as vulnerable", "missing"),
            Column("owner", Kind.TEXT, "agent or account manager on record", "missing"),
        ),
    ),
    Table(
        "orders",
        "one row for each order",
        (
            _key("order_id", "id of the order, as in cases"),
            _WHOSE,
            _when("ordered_at", "when it was placed"),
            _amount("what was ordered, before returns"),
            Column("returned_amount", Kind.MONEY, "what was given back of it", "nothing was returned", low=0),
            Column("returned_at", Kind.TIME, "when the return was known", "known at once"),
            Column("promised_at", Kind.TIME, "by when it was promised", "nothing was promised"),
            Column("delivered_at", Kind.TIME, "when it was delivered", "not delivered"),
            Column("cancelled_at", Kind.TIME, "when it was cancelled", "not cancelled"),
        ),
        dated="ordered_at",
    ),
    Table(
        "subscriptions",
        "one row for each subscription",
        (
            _WHOSE,
            _when("started_at", "when it began"),
            Column("ended_at", Kind.TIME, "when it ended", "it goes on"),
            Column("renews_at", Kind.TIME, "when it renews next", "missing"),
            Column("plan", Kind.TEXT, "name of the plan", "missing"),
        ),
        dated="started_at",
    ),
    Table(
        "cases",
        "one row for each earlier case",
        (
            Column("case_id", Kind.TEXT, "id, in every row", "not checked for repeats", filled=True, unique=True),
            _WHOSE,
            _when("opened_at", "when it was opened"),
        ),
        dated="opened_at",
    ),
    Table(
        "goodwill",
        "one row for each time that something was given beyond what was due",
        (_WHOSE, _when("granted_at", "when it was given"), _amount("what was given")),
        dated="granted_at",
    ),
    Table("bills", "one row for each bill", (_WHOSE, _when("billed_at", "when it was sent")), dated="billed_at"),
    Table("offers", "one row for each offer", (_WHOSE, _when("offered_at", "when it was sent")), dated="offered_at"),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _ALL}
"""Every table by name; ``customers`` is the first."""
