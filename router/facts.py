"""The vocabulary: every fact that a policy may read. The only list of facts.

Type checks, hints, ``docs/facts.md``, the JSON Schema, the snapshot's columns, the fairness check and the property tests
all derive from it. A policy adds facts of its own under ``facts:``, as further :class:`Fact` values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, nan
from typing import Any, SupportsFloat, TypeAlias

from router.time import DAY, HOUR, YEAR

Value: TypeAlias = float | str | bool | None
"""A fact as the row back end holds it: a number (NaN is missing), a text or a yes/no (``None`` is missing)."""


class Type(StrEnum):
    """What a fact holds. Numbers, integers and money are all float64 inside an expression."""

    NUMBER = "number"
    INTEGER = "integer"
    MONEY = "money"
    TEXT = "text"
    YES_NO = "yes/no"

    @property
    def numeric(self) -> bool:
        """Whether it is a number inside an expression."""
        return self in NUMERIC


NUMERIC = frozenset({Type.NUMBER, Type.INTEGER, Type.MONEY})


def to_float(number: SupportsFloat) -> float:
    """A number as it is kept: float64, NaN where it is missing; one that is not finite, or too large, is missing.

    >>> to_float(3), to_float(float("inf")), to_float(10**400)
    (3.0, nan, nan)
    """
    try:
        found = float(number)
    except OverflowError:
        return nan
    return found if isfinite(found) else nan


def as_meant(value: Any, kind: Type | None) -> Any:  # noqa: ANN401 - whatever was written
    """What somebody wrote by hand for a value of ``kind`` (``None``: of any): to YAML digits are a number, though they may
    name a team, and ``yes`` and ``no`` are texts.

    >>> as_meant(72, Type.TEXT), as_meant("yes", Type.YES_NO), as_meant("no", Type.TEXT), as_meant(72, Type.NUMBER)
    ('72', True, 'no', 72)
    """
    if kind is Type.TEXT and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if kind is Type.YES_NO and isinstance(value, str) and value in {"yes", "no"}:
        return value == "yes"
    return value


class Direction(StrEnum):
    """What a higher value says: of the customer (loyalty), of the company (failure), or neither."""

    LOYALTY = "loyalty"
    FAILURE = "failure"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its name, type, unit, meaning, direction, range, and what missing means.

    ``missing`` is empty for a fact that is never missing. ``moves`` is the microseconds in which the clock moves a
    customer fact up by one, negative for one that falls; 0 for one that stands still. ``now_dependent`` says
    that the fact moves with ``now``.
    """

    name: str
    type: Type
    meaning: str
    unit: str = ""
    direction: Direction = Direction.NEITHER
    low: float = -inf
    high: float = inf
    missing: str = ""
    moves: int = 0
    now_dependent: bool = False

    @property
    def of_customer(self) -> bool:
        """Whether it comes from CRM history, not from the case."""
        return self.name.startswith("customer.")

    @property
    def key(self) -> str:
        """The name without its family: ``tenure_years`` of ``customer.tenure_years``."""
        return self.name.partition(".")[2]


CHANNELS = ("phone", "email", "chat", "social", "web", "letter", "in_person")
TOUCHPOINTS = ("evaluating", "purchasing", "gone_wrong", "needs_attention")
STATUSES = ("accepted", "waiting", "open")


def _count(name: str, meaning: str, direction: Direction = Direction.NEITHER, *, missing: str = "") -> Fact:
    return Fact(name, Type.INTEGER, meaning, "count", direction, low=0, missing=missing)


def _flag(name: str, meaning: str, direction: Direction = Direction.NEITHER, *, missing: str = "") -> Fact:
    return Fact(name, Type.YES_NO, meaning, "", direction, missing=missing)


def _money(name: str, meaning: str, direction: Direction = Direction.NEITHER, *, missing: str, low: float = -inf) -> Fact:
    return Fact(name, Type.MONEY, meaning, "policy currency, major units", direction, low=low, missing=missing)


def _text(name: str, meaning: str, missing: str) -> Fact:
    return Fact(name, Type.TEXT, meaning, missing=missing)


def _hours(
    name: str,
    meaning: str,
    direction: Direction = Direction.NEITHER,
    *,
    low: float = 0,
    missing: str = "",
    moves: int = 0,
) -> Fact:
    return Fact(name, Type.NUMBER, meaning, "hours", direction, low, inf, missing, moves, now_dependent=True)


def _days(name: str, meaning: str, missing: str, *, low: float = 0, moves: int = DAY) -> Fact:
    return Fact(name, Type.NUMBER, meaning, "days", low=low, missing=missing, moves=moves, now_dependent=True)


def _years(name: str, meaning: str, missing: str) -> Fact:
    return Fact(name, Type.NUMBER, meaning, "years", Direction.LOYALTY, 0, inf, missing, moves=YEAR, now_dependent=True)


_LOYALTY, _FAILURE, _NEITHER = Direction.LOYALTY, Direction.FAILURE, Direction.NEITHER
_NO_ORDERS = "customer unknown, or no orders table"
_NO_CASES = "customer unknown, or no cases table"
_NO_GOODWILL = "customer unknown, or no goodwill table"

CASE_FACTS: tuple[Fact, ...] = (
    _text("case.issue", "what the case is about: one of the policy's declared issues", "not one of the declared issues"),
    _text("case.channel", f"channel the case came by: {', '.join(CHANNELS)}", "not given"),
    _text(
        "case.touchpoint",
        f"where the customer stands: {', '.join(TOUCHPOINTS)}; as given, else the declared issue's",
        "neither given nor declared by the issue",
    ),
    _text("case.brand", "brand the case is about", "not given"),
    _text("case.status", f"{', '.join(STATUSES)}; accepted cases leave the queue", ""),
    _money("case.value_at_stake", "value at stake", missing="not given, or in another currency", low=0),
    _hours("case.age_hours", "time since the opening", low=-inf),
    _count("case.contacts", "contacts by the customer"),
    _count("case.failed_contacts", "times the customer tried and could not get through", _FAILURE),
    _count("case.chases", "contacts whose previous contact had no reply in between", _FAILURE),
    _count("case.unanswered", "contacts since the last reply", _FAILURE),
    _hours("case.hours_unanswered", "time since the first unanswered contact; 0 if there is none", _FAILURE),
    _hours("case.hours_since_reply", "time since the last reply", missing="there was no reply"),
    _count("case.promises_broken", "promises due before now and not kept by the due time (kept late counts)", _FAILURE),
    _hours("case.promise_overdue_hours", "longest overdue among promises not kept yet; 0 if none", _FAILURE),
    _count(
        "case.contradictions",
        "statements whose claim differs from the previous claim on that topic and that are not marked as a correction",
        _FAILURE,
    ),
    _count("case.evidence_repeats", "requests for an item already received or needless", _FAILURE),
    _flag("case.order_on_record", "the case's order id is in the CRM's orders", missing="no order id, or no orders table"),
    _count("case.handoffs", "changes from one owner to a different one", _FAILURE),
    _count("case.redirects", "times the customer was told to use another channel", _FAILURE),
    _count("case.apologies", "apologies given"),
    _count("case.hedged_apologies", "apologies flagged as hedged, or with a hedging word after the apology", _FAILURE),
    _count("case.remedies_rejected", "rejections of an offered remedy, counted as events", _FAILURE),
    _flag("case.only_statutory_offered", "something was offered and all of it was statutory", _FAILURE),
    _flag("case.escalation_requested", "an escalation was requested and not granted since", _FAILURE),
    _count("case.escalations_refused", "escalations refused", _FAILURE),
    _count("case.public_posts", "public posts by the customer"),
    _count("case.public_posts_unanswered", "public posts with no public reply after them", _FAILURE),
    _count("case.public_posts_removed", "public posts that the company removed", _FAILURE),
    _flag("case.adverse_action_proposed", "an adverse action is proposed and neither taken nor withdrawn"),
    _flag("case.adverse_action", "an adverse action was taken and not reversed", _FAILURE),
    _flag("case.leaving_signalled", "the customer signalled to leave"),
    _count("case.reopened", "times the case was reopened", _FAILURE),
    _flag("case.closed_without_acceptance", "closed by the company, ever, while not accepted", _FAILURE),
    Fact("case.out_of_hours", Type.YES_NO, "now is outside the policy's calendar", now_dependent=True),
)

CUSTOMER_FACTS: tuple[Fact, ...] = (
    _flag("customer.known", "found in the snapshot", _LOYALTY),
    _years(
        "customer.tenure_years", "since customer_since, else since the first order", "customer unknown, or neither known"
    ),
    _count("customer.orders", "orders", _LOYALTY, missing=_NO_ORDERS),
    _count("customer.orders_12m", "orders of the last 12 months", _LOYALTY, missing=_NO_ORDERS),
    _money("customer.spend", "ordered value net of returns", _LOYALTY, missing=_NO_ORDERS),
    _money("customer.spend_12m", "ordered value net of returns, orders of the last 12 months", _LOYALTY, missing=_NO_ORDERS),
    Fact(
        "customer.spend_percentile",
        Type.NUMBER,
        "100 × share of known customers with a strictly lower spend_12m",
        "percent",
        _LOYALTY,
        0,
        100,
        _NO_ORDERS,
    ),
    _money(
        "customer.average_order", "ordered value over the number of orders", _LOYALTY, missing=f"{_NO_ORDERS}, or no order"
    ),
    Fact(
        "customer.return_rate",
        Type.NUMBER,
        "returned value over ordered value",
        "share",
        low=0,
        missing=f"{_NO_ORDERS}, or nothing ordered",
    ),
    _count("customer.late_deliveries_12m", "orders delivered late in the last 12 months", _FAILURE, missing=_NO_ORDERS),
    _hours(
        "customer.open_order_overdue_hours",
        "oldest order past its promised time and not delivered; 0 if none",
        _FAILURE,
        missing=_NO_ORDERS,
        moves=HOUR,
    ),
    _days("customer.days_since_last_order", "since the last order", f"{_NO_ORDERS}, or no order"),
    _days("customer.days_since_last_bill", "since the last bill", "customer unknown, no bills table, or no bill"),
    _days(
        "customer.days_since_last_offer", "since the last offer was sent", "customer unknown, no offers table, or no offer"
    ),
    _text("customer.plan", "plan of the active subscription", "none active, customer unknown, or no subscriptions table"),
    _flag(
        "customer.subscribed", "has an active subscription", _LOYALTY, missing="customer unknown, or no subscriptions table"
    ),
    _years("customer.subscription_years", "since the active subscription began", "no active subscription known"),
    _days(
        "customer.days_to_renewal",
        "until the active subscription renews; below 0 once past",
        "no active subscription with a renewal date known",
        low=-inf,
        moves=-DAY,
    ),
    _count("customer.cases", "earlier cases", missing=_NO_CASES),
    _count("customer.cases_12m", "earlier cases opened in the last 12 months", missing=_NO_CASES),
    _money("customer.goodwill_12m", "goodwill already given in the last 12 months", missing=_NO_GOODWILL, low=0),
    _count("customer.goodwill_grants_12m", "how often goodwill was given in the last 12 months", missing=_NO_GOODWILL),
    _flag(
        "customer.vulnerable",
        "flagged by the CRM; protects, whatever the tier, and so only ever lifts",
        _LOYALTY,
        missing="customer unknown, or the CRM does not say",
    ),
    _text("customer.owner", "agent or account manager on record", "customer unknown, or none on record"),
)

VOCABULARY: Mapping[str, Fact] = {fact.name: fact for fact in (*CASE_FACTS, *CUSTOMER_FACTS)}
"""Every fact of the engine by name, in the order of the documentation."""

INPUTS: tuple[Fact, ...] = (
    Fact("engine.waiting_hours", Type.NUMBER, "time spent waiting on the customer since the opening", "hours", low=0),
    Fact("engine.goodwill_offered", Type.INTEGER, "goodwill offered in this case and not rejected", "minor units", low=0),
    Fact("engine.goodwill_since", Type.INTEGER, "the part of it offered after the snapshot's as-of", "minor units", low=0),
    Fact(
        "engine.refund_offered", Type.INTEGER, "statutory money offered in this case and not rejected", "minor units", low=0
    ),
)
"""What the floor reads of a case beside the facts; no policy may."""
