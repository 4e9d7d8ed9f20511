"""Facts given by hand in place of a snapshot: for scenarios, and for a case that is decided from a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan

from router.errors import nearby
from router.facts import CUSTOMER_FACTS, Fact, Type, Value, as_meant, to_float
from router.policy.model import Policy
from router.text import nfc


@dataclass(frozen=True, slots=True)
class FactRecords:
    """What is known of some customers, and which orders are on record (``None``: of none is it known)."""

    layout: tuple[Fact, ...]
    currency: str
    as_of: int | None
    customers: Mapping[str, tuple[Value, ...]]
    orders: Mapping[str, bool] | None = None
    id: str = "facts"

    def customer(self, customer_id: str, now: int) -> tuple[Value, ...] | None:
        """The facts of a customer, as they were given: the clock moves none of them."""
        del now
        return self.customers.get(customer_id)

    def has_order(self, order_id: str) -> bool | None:
        """Whether an order is on record; ``None`` if that is not known."""
        return None if self.orders is None else self.orders.get(order_id)


def facts_layout(policy: Policy) -> tuple[Fact, ...]:
    """The customer facts that a policy may read: the vocabulary's, then its own."""
    return (*CUSTOMER_FACTS, *(fact for fact in policy.facts if fact.of_customer))


def read_facts(
    given: Mapping[str, object], layout: tuple[Fact, ...]
) -> tuple[tuple[Value, ...] | None, list[tuple[str, str, str]]]:
    """The facts of one customer in the order of ``layout``, by their names without ``customer.``, and the mistakes in them:
    each as the name, a code and a sentence. What is not named is missing. ``None`` for a stranger, ``{"known": False}``.

    >>> read_facts({"orders": 2}, CUSTOMER_FACTS[:3])
    ((True, nan, 2.0), [])
    """
    by_key = {fact.key: fact for fact in layout}
    mistakes: list[tuple[str, str, str]] = []
    values: dict[str, Value] = {"known": True}
    for key, value in given.items():
        if key not in by_key:
            mistakes.append((key, "unknown-fact", f"no fact customer.{key}; {nearby(key, by_key)}"))
            continue
        read = _read(by_key[key], value)
        if isinstance(read, _Wrong):
            mistakes.append((key, "bad-value", f"customer.{key}: {read}"))
        else:
            values[key] = read
    if values["known"] is False:
        mistakes += [(key, "bad-value", "a stranger has no facts but known") for key in values.keys() - {"known"}]
        return None, mistakes
    if values["known"] is None:
        mistakes.append(("known", "bad-value", "customer.known is never missing"))
    return tuple(values.get(fact.key, nan if fact.type.numeric else None) for fact in layout), mistakes


class _Wrong(str):
    """What is wrong with a value."""

    __slots__ = ()


def _read(fact: Fact, given: object) -> Value | _Wrong:
    value = as_meant(given, fact.type)
    read = to_float(value) if isinstance(value, float | int) and not isinstance(value, bool) else None
    if value is None or (read is not None and isnan(read)):
        return nan if fact.type.numeric else None
    if isinstance(value, str) and fact.type is Type.TEXT:
        return nfc(value)
    if isinstance(value, bool) and fact.type is Type.YES_NO:
        return value
    if read is None or not fact.type.numeric:
        return _Wrong(f"{value!r} is no {fact.type.value}{'; write true or false' if fact.type is Type.YES_NO else ''}")
    if fact.type is Type.INTEGER and not read.is_integer():
        return _Wrong(f"{value!r} is no whole number")
    if not fact.low <= read <= fact.high:
        ends = f"from {fact.low:g}" + ("" if fact.high == float("inf") else f" to {fact.high:g}")
        return _Wrong(f"{value!r} cannot be; it is {ends}")
    return read
