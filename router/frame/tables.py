"""The two tables that the frame engine reads, cases and events, and both from cases as the row engine has them."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, TypeAlias

import polars as pl

from router.cases.facts import Terms, read_case
from router.cases.model import EVENTS as EVENT_TYPES
from router.cases.model import Case, Event, Money
from router.facts import CASE_FACTS, INPUTS, Fact, Type, Value

Moment: TypeAlias = int | pl.Expr
"""The time that cases are decided for: one instant for all, or a column of the cases."""

TEXT, WHOLE, YES_NO = pl.String(), pl.Int64(), pl.Boolean()

CASES: Mapping[str, pl.DataType] = {
    "case_id": TEXT,  # unique
    "customer_id": TEXT,
    "opened_at": WHOLE,  # microseconds of UTC, as every time
    "channel": TEXT,
    "touchpoint": TEXT,
    "issue": TEXT,
    "order_id": TEXT,
    "value_minor": WHOLE,  # value at stake, in minor units of
    "value_currency": TEXT,
    "brand": TEXT,
}
"""A case: a row of these columns, and one named ``case.<key>`` for each attribute that the policy declares. Null is not
given; an attribute in money is in major units of the policy's currency, null in another one."""

ATTRIBUTE_NOTICES = "attribute_notices"
"""A column of cases that may be there: the codes of the warnings of reading the attributes."""

EVENTS: Mapping[str, pl.DataType] = {
    "case_id": TEXT,
    "sequence": WHOLE,  # null is 0
    "at": WHOLE,
    "position": WHOLE,  # place in the whole input, different for each row
    "event_id": TEXT,
    "agent_id": TEXT,  # who did it
    "kind": TEXT,  # the event's name, as in router.cases.model.EVENTS
    "channel": TEXT,
    "reason": TEXT,
    "public": YES_NO,  # null is no, as for every yes/no
    "automatic": YES_NO,
    "topic": TEXT,
    "claim": TEXT,
    "corrects": YES_NO,
    "id": TEXT,  # of a promise or a remedy
    "due_at": WHOLE,
    "item": TEXT,
    "text": TEXT,
    "hedged": YES_NO,
    "kind_of_remedy": TEXT,
    "amount": WHOLE,  # in minor units of
    "currency": TEXT,
    "statutory": YES_NO,
    "owner_id": TEXT,  # who became the owner
    "kind_of_action": TEXT,  # of an adverse action
    "level": TEXT,  # of who approved it
}
"""An event: a row of these columns, of which a table may lack any but ``case_id``, ``at`` and ``kind``."""


def kind_of(fact: Fact) -> pl.DataType:
    """What a column of a fact holds."""
    return {Type.TEXT: TEXT, Type.YES_NO: YES_NO}.get(fact.type, pl.Float64())


def frames_of(cases: Iterable[Case], terms: Terms) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Both tables of cases whose ids are all different, with the attributes that ``terms`` declare."""
    listed = list(cases)
    attributes = {fact.name: kind_of(fact) for fact in terms.attributes}
    heads = pl.LazyFrame(
        [_head(case, terms) for case in listed],
        {**CASES, **attributes, ATTRIBUTE_NOTICES: pl.List(TEXT)},
        orient="row",
    )
    happened = (_row(case, event) for case in listed for event in case.timeline)
    return heads, pl.LazyFrame([{"position": place, **row} for place, row in enumerate(happened)], EVENTS)


def _head(case: Case, terms: Terms) -> tuple[Any, ...]:
    minor, currency = case.value_at_stake or (None, None)
    # The row engine reads the attributes, of a case that has nothing else: its first warning is of the issue.
    read = read_case(Case(case.id, 0, attributes=case.attributes), terms, 0)
    return (
        case.id,
        case.customer_id or None,
        case.opened_at,
        case.channel,
        case.touchpoint or None,
        case.issue or None,
        case.order_id or None,
        minor,
        currency,
        case.brand or None,
        *map(_known, read.facts[len(CASE_FACTS) + len(INPUTS) :]),
        [notice.code for notice in read.notices[1:]],
    )


def _known(value: Value) -> Value:
    return None if isinstance(value, float) and not isfinite(value) else value


_OWN_NAMES: Mapping[tuple[str, str], str] = {
    ("remedy_offered", "kind"): "kind_of_remedy",
    ("owner_assigned", "agent_id"): "owner_id",
    **{(name, "kind"): "kind_of_action" for name in EVENT_TYPES if name.startswith("adverse_action_")},
}
"""Where the column of an attribute of an event is called otherwise, since every event has a kind and an agent."""


def column_of(kind: str, attribute: str) -> str:
    """The column that holds an attribute of an event.

    >>> column_of("promise_made", "due_at"), column_of("owner_assigned", "agent_id")
    ('due_at', 'owner_id')
    """
    return _OWN_NAMES.get((kind, attribute), attribute)


_BY_TYPE = {kind: name for name, kind in EVENT_TYPES.items()}


def _row(case: Case, event: Event) -> dict[str, Any]:
    kind = _BY_TYPE[type(event.what)]
    given = event.what._asdict()
    amount = given.get("amount")
    if isinstance(amount, Money):
        given |= {"amount": amount.minor, "currency": amount.currency}
    return {
        "case_id": case.id,
        "at": event.at,
        "sequence": event.sequence,
        "event_id": event.event_id or None,
        "agent_id": event.agent_id or None,
        "kind": kind,
        **{column_of(kind, name): value for name, value in given.items()},
    }
