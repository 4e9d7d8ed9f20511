"""Customers given as rows of facts: kept in memory, or published as a snapshot with the same answers (scenarios, tests)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, nan
from pathlib import Path

from router.crm.lookup import KNOWN, OVERDUE, Row, advanced, layout_of, stranger_of
from router.crm.manifest import Manifest
from router.errors import Problem, SnapshotError, nearby
from router.facts import Fact, Type, Value
from router.text import nfc


def stored_row(values: Mapping[str, Value], layout: Sequence[Fact]) -> Row:
    """A row as a snapshot stores it, from facts by key (``tenure_years``); what is not named is missing.

    Raises ``SnapshotError`` with every name that is no customer fact and every value of another type.
    """
    known = {fact.key: fact for fact in layout if fact.name != KNOWN}
    problems = [
        Problem("unknown-fact", f"no fact customer.{key}; {nearby(key, known)}")
        for key in values
        if key not in known and key not in {"known", "customer_id"}
    ]
    row: list[Value] = []
    for fact in layout:
        value = True if fact.name == KNOWN else values.get(fact.key)
        if value is None:
            row.append(nan if fact.type.numeric else None)
        elif fact.type.numeric and isinstance(value, int | float) and not isinstance(value, bool):
            row.append(_stored(fact, float(value)))
        elif (fact.type is Type.TEXT and isinstance(value, str)) or (fact.type is Type.YES_NO and isinstance(value, bool)):
            row.append(nfc(value) if isinstance(value, str) else value)
        else:
            problems.append(Problem("bad-fact", f"{fact.name} is {fact.type.value}, not {value!r}"))
    if problems:
        raise SnapshotError(problems)
    return tuple(row)


def _stored(fact: Fact, value: float) -> float:
    """As in the file: an overdue of nothing is no open order, so that it does not begin to run."""
    if not isfinite(value):
        return nan
    return -inf if fact.name == OVERDUE and value <= 0 else value + 0.0  # no -0.0


@dataclass(frozen=True, slots=True)
class InMemory:
    """Customers in memory; a :class:`router.crm.lookup.Customers`. ``in_memory`` makes one."""

    id: str
    as_of: int
    currency: str
    layout: tuple[Fact, ...]
    stranger: Row
    rows: Mapping[str, Row] = field(repr=False)
    orders: Collection[str] | None = None

    def customer(self, customer_id: str, now: int) -> Row | None:
        """The row of one customer at ``now``, or ``None`` if unknown."""
        row = self.rows.get(nfc(customer_id))
        return None if row is None else tuple(map(_advance, self.layout, row, [now - self.as_of] * len(row)))

    def has_order(self, order_id: str) -> bool | None:
        """Whether an order is on record, or ``None`` without an orders table."""
        return None if self.orders is None else nfc(order_id) in self.orders


def _advance(fact: Fact, value: Value, elapsed: int) -> Value:
    if isinstance(value, bool) or not isinstance(value, float) or not fact.moves:
        return value
    later = advanced(value, fact.moves, elapsed)
    return max(later, 0.0) if fact.name == OVERDUE else later


def in_memory(
    rows: Iterable[Mapping[str, Value]],
    *,
    as_of: int,
    currency: str,
    order_ids: Iterable[str] | None = None,
    extras: Sequence[Fact] = (),
) -> InMemory:
    """Customers in memory from rows as ``publish_facts`` takes them. Raises ``SnapshotError``."""
    layout = layout_of(extras)
    kept = {_id(row): stored_row(row, layout) for row in rows if row.get("known") is not False}
    orders = None if order_ids is None else frozenset(map(nfc, order_ids))
    return InMemory("in-memory", as_of, currency, layout, stranger_of(layout), kept, orders)


def publish_facts(
    rows: Iterable[Mapping[str, Value]],
    directory: Path,
    *,
    as_of: int,
    currency: str,
    order_ids: Iterable[str] | None = None,
    extras: Sequence[Fact] = (),
    shards: int = 1,
) -> Manifest:
    """Publish a snapshot of ready-made facts: a row has ``customer_id`` and facts by key, as at ``as_of``.

    A look-up at ``as_of`` gives back exactly these values. A row with ``known: False`` is left out: a stranger is who is not
    there. Raises ``SnapshotError``.
    """
    import polars as pl  # noqa: PLC0415 - rows in memory do without

    from router.crm.publish import Content, publish  # noqa: PLC0415 - as above

    layout = layout_of(extras)
    kept = [(_id(row), stored_row(row, layout)) for row in rows if row.get("known") is not False]
    columns: dict[str, pl.Series] = {"customer_id": pl.Series([customer for customer, _ in kept], dtype=pl.String)}
    for place, fact in enumerate(layout):
        if fact.name != KNOWN:
            dtype = pl.Float64 if fact.type.numeric else pl.String if fact.type is Type.TEXT else pl.Boolean
            columns[fact.name] = pl.Series([row[place] for _, row in kept], dtype=dtype)
    orders = None if order_ids is None else pl.Series(sorted(set(map(nfc, order_ids))), dtype=pl.String)
    return publish(Content(as_of, currency, pl.DataFrame(columns), orders, tuple(extras)), directory, shards=shards)


def _id(row: Mapping[str, Value]) -> str:
    customer = row.get("customer_id")
    if not isinstance(customer, str):
        raise SnapshotError([Problem("bad-fact", f"customer_id is text, not {customer!r}")])
    return nfc(customer)
