"""Consistent customers: facts that one history can have, and how one of them rises with no other falling."""

from collections.abc import Iterable, Mapping
from math import isnan
from typing import TypeAlias

from router.facts import CUSTOMER_FACTS, Direction, Fact, Type, Value
from router.policy.model import Policy

Facts: TypeAlias = dict[str, Value]
"""Facts by name; NaN or ``None`` where missing."""

KNOWN = "customer.known"
ORDERS = tuple(f"customer.{key}" for key in ("orders", "orders_12m", "spend", "spend_12m", "spend_percentile"))
"""Known together: the table of orders is there and the customer is known, or not."""
SUBSCRIPTION = tuple(f"customer.{key}" for key in ("subscribed", "plan", "subscription_years"))
"""The first says whether the others are known."""
TOGETHER = (
    ORDERS,
    ("customer.cases", "customer.cases_12m"),
    ("customer.goodwill_12m", "customer.goodwill_grants_12m"),
)
NO_MORE_THAN = (
    ("customer.orders_12m", "customer.orders"),
    ("customer.spend_12m", "customer.spend"),
    ("customer.subscription_years", "customer.tenure_years"),
    ("customer.cases_12m", "customer.cases"),
)
"""The first is a part of the second."""
NEEDS_ONE = (
    ("customer.spend_12m", "customer.orders_12m"),
    ("customer.spend", "customer.orders"),
    ("customer.spend_percentile", "customer.spend_12m"),
    ("customer.late_deliveries_12m", "customer.orders"),
    ("customer.open_order_overdue_hours", "customer.orders"),
    ("customer.goodwill_12m", "customer.goodwill_grants_12m"),
    ("customer.goodwill_grants_12m", "customer.goodwill_12m"),
)
"""More than 0 of the first is there only with at least 1 of the second."""
OF_ORDERS = ("customer.average_order", "customer.return_rate", "customer.days_since_last_order")
"""Known only with an order; the first always then."""


def missing(value: Value) -> bool:
    """Whether a fact is missing."""
    return value is None or (isinstance(value, float) and isnan(value))


def absent(fact: Fact) -> Value:
    """What a fact is where it is missing."""
    return float("nan") if fact.type.numeric else None


def same(a: Value, b: Value) -> bool:
    """Whether two values of a fact are the same; missing is the same as missing."""
    return a == b or (missing(a) and missing(b))


def no_lower(a: Value, b: Value) -> bool:
    """Whether ``b`` is ``a``, higher than ``a``, or known where ``a`` is missing."""
    return missing(a) or (not missing(b) and not isinstance(a, str | None) and not isinstance(b, str | None) and a <= b)


class History:
    """Customers of one policy. ``plan`` is the plan of one who gets a subscription by a rise."""

    def __init__(self, policy: Policy) -> None:
        self.facts: Mapping[str, Fact] = {f.name: f for f in (*CUSTOMER_FACTS, *(f for f in policy.facts if f.of_customer))}
        self.plan = "some plan"

    def stranger(self) -> Facts:
        """An unknown customer."""
        return {name: absent(fact) for name, fact in self.facts.items()} | {KNOWN: False}

    def acquaintance(self) -> Facts:
        """A known customer of whom nothing else is known."""
        return self.stranger() | {KNOWN: True}

    def put(self, facts: Facts, name: str, value: Value) -> None:
        """Set one fact, and what has to follow: a higher value lifts what it is a part of, a lower one lowers its parts."""
        facts[name] = value
        if name == KNOWN:
            if not value:
                facts.update(self.stranger())
        elif missing(value):
            self._forget(facts, name)
        else:
            facts[KNOWN] = True
            self._know(facts, name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                self._balance(facts, name, value)

    def _forget(self, facts: Facts, name: str) -> None:
        for group in TOGETHER:
            if name in group:
                self._drop(facts, group)
        if name in ORDERS:
            self._drop(facts, [*OF_ORDERS, "customer.late_deliveries_12m", "customer.open_order_overdue_hours"])
        elif name == OF_ORDERS[0] and _above(facts["customer.orders"], 0):
            self.put(facts, "customer.orders", 0)
        elif name in SUBSCRIPTION:
            self._drop(facts, [*SUBSCRIPTION, "customer.days_to_renewal"])
            if name != SUBSCRIPTION[0]:
                facts[SUBSCRIPTION[0]] = False

    def _drop(self, facts: Facts, names: Iterable[str]) -> None:
        for name in names:
            facts[name] = absent(self.facts[name])

    def _know(self, facts: Facts, name: str) -> None:
        """What is known because ``name`` is."""
        for group in TOGETHER:
            if name in group:
                for other in group:
                    if missing(facts[other]):
                        facts[other] = 0.0
        subscribed, plan, years = SUBSCRIPTION
        if name in {plan, years, "customer.days_to_renewal"} or (name == subscribed and facts[name]):
            facts[subscribed] = True
            facts[plan] = self.plan if missing(facts[plan]) else facts[plan]
            if missing(facts[years]):
                self.put(facts, years, 0.0)
        elif name == subscribed:
            self._drop(facts, (plan, years, "customer.days_to_renewal"))
        if name in OF_ORDERS or name in {small for small, big in NEEDS_ONE if big == "customer.orders"}:
            self._need(facts, "customer.orders", 1.0 if name in OF_ORDERS else 0.0)

    def _need(self, facts: Facts, name: str, least: float) -> None:
        value = facts[name]
        if missing(value) or not _above(value, least, equal=True):
            self.put(facts, name, least)

    def _balance(self, facts: Facts, name: str, value: float) -> None:
        for small, big in NO_MORE_THAN:
            if name == small and not missing(facts[big]):
                self._need(facts, big, value)
            elif name == big and _above(facts[small], value):
                self.put(facts, small, value)
        for small, big in NEEDS_ONE:
            if name == small and value > 0:
                self._need(facts, big, 1.0)
            elif name == big and value <= 0 and _above(facts[small], 0):
                self.put(facts, small, 0.0)
        if name == "customer.orders":
            if value <= 0:
                self._drop(facts, OF_ORDERS)
            elif missing(facts[OF_ORDERS[0]]):
                facts[OF_ORDERS[0]] = 20.0

    def raised(self, facts: Facts, name: str, value: Value) -> Facts:
        """The customer with one fact higher, and the others that then have to be."""
        higher = dict(facts)
        self.put(higher, name, value)
        return higher

    def lifts(self, before: Facts, after: Facts) -> bool:
        """Whether ``after`` is ``before`` with more loyalty, all else equal (a plan becomes known with its subscription)."""
        for name, fact in self.facts.items():
            a, b = before[name], after[name]
            if same(a, b):
                continue
            carried = name == "customer.plan" and missing(a)
            ordered = fact.direction is Direction.LOYALTY and fact.type is not Type.TEXT and no_lower(a, b)
            if not carried and not ordered:
                return False
        return True


def _above(value: Value, least: float, *, equal: bool = False) -> bool:
    """Whether a number is known and above a bound."""
    if missing(value) or isinstance(value, str | None):
        return False
    return value >= least if equal else value > least
