"""The two tables of a backlog: its cases, and what happened to them. The only list of their columns."""

from collections.abc import Iterator, Mapping

from router.cases.model import EVENTS as KINDS
from router.facts import CHANNELS, TOUCHPOINTS, Type
from router.files.columns import Column, Kind
from router.frame.tables import column_of
from router.policy.model import Policy
from router.time import FIRST, LAST

LARGEST = 9e14
"""The largest amount in major units: its minor ones fit an Int64 in every currency."""
AMOUNTS: Mapping[str, tuple[str, str]] = {
    "value_amount": ("value_minor", "value_currency"),
    "amount": ("amount", "currency"),
}
"""Columns of amounts in major units: what they are called in minor ones, and the column of their currency."""
MONEY = frozenset({*AMOUNTS, *(currency for _, currency in AMOUNTS.values())})
"""Columns that become others: amounts and currencies."""
_NOT_GIVEN = "not given"


def _needing(column: str) -> Mapping[str, tuple[str, ...]]:
    """The kinds of events that cannot do without a column."""
    kinds = (
        name
        for name, event in KINDS.items()
        if column in {column_of(name, each) for each in event._fields if each not in event._field_defaults}
    )
    found = tuple(kinds)
    return {"kind": found} if found else {}


def _when(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, Kind.TIME, meaning, required=required, filled=required, low=FIRST, high=LAST, needed=_needing(name))


def _amount(name: str, meaning: str) -> Column:
    return Column(name, Kind.NUMBER, meaning, "no amount", low=0, high=LARGEST)


def _attribute(name: str, meaning: str, absent: str = _NOT_GIVEN, kind: Kind = Kind.TEXT) -> Column:
    return Column(name, kind, meaning, absent, needed=_needing(name))


def _key(name: str, meaning: str, *, unique: bool = False) -> Column:
    return Column(name, Kind.TEXT, meaning, required=True, filled=True, unique=unique)


CASES: tuple[Column, ...] = (
    _key("case_id", "id of the case", unique=True),
    _when("opened_at", "when it was opened", required=True),
    Column("customer_id", Kind.TEXT, "id of the customer, as in the snapshot", "decided as a stranger, with a warning"),
    Column("channel", Kind.TEXT, "channel that it came by", _NOT_GIVEN, among=CHANNELS),
    Column("touchpoint", Kind.TEXT, "where the customer stands", "the declared issue's", among=TOUCHPOINTS),
    Column("issue", Kind.TEXT, "what it is about: an issue that the policy declares", "decided without, with a warning"),
    Column("order_id", Kind.TEXT, "id of the order, as in the snapshot", _NOT_GIVEN),
    _amount("value_amount", "value at stake, in major units"),
    Column("value_currency", Kind.TEXT, "its currency, as GBP", "the policy's"),
    Column("brand", Kind.TEXT, "brand that it is about", _NOT_GIVEN),
)
"""The columns of the cases, beside the policy's own attributes."""

EVENTS: tuple[Column, ...] = (
    _key("case_id", "whose event it is"),
    _when("at", "when it happened", required=True),
    Column("kind", Kind.TEXT, "name of the event", required=True, filled=True, among=tuple(KINDS)),
    Column("sequence", Kind.COUNTER, "order of events at one time", "0"),
    Column("event_id", Kind.TEXT, "id of the event; of several with one id the first counts", "none: it is never a repeat"),
    Column("agent_id", Kind.TEXT, "who did it", _NOT_GIVEN),
    Column("channel", Kind.TEXT, "channel of a contact or a reply, or the one told to use", _NOT_GIVEN, among=CHANNELS),
    _attribute("reason", "why a contact failed"),
    _attribute("public", "whether a reply was public", "no", Kind.YES_NO),
    _attribute("automatic", "whether a reply was automatic", "no", Kind.YES_NO),
    _attribute("topic", "what a statement is about"),
    _attribute("claim", "what it says"),
    _attribute("corrects", "whether it corrects an earlier one", "no", Kind.YES_NO),
    _attribute("id", "id of a promise or a remedy"),
    _when("due_at", "by when a promise is due"),
    _attribute("item", "piece of evidence"),
    _attribute("text", "words of an apology"),
    _attribute("hedged", "whether an apology without words was hedged", "no", Kind.YES_NO),
    _attribute("kind_of_remedy", "kind of a remedy"),
    _amount("amount", "money of a remedy, in major units"),
    Column("currency", Kind.TEXT, "its currency, as GBP", "the policy's"),
    _attribute("statutory", "whether the law or a guarantee gives a remedy anyway", "no", Kind.YES_NO),
    _attribute("owner_id", "agent who became the owner"),
    _attribute("kind_of_action", "kind of an adverse action"),
    _attribute("level", "escalation level that approved one"),
)
"""The columns of the events: the first three say what happened to which case, the others are attributes of some kinds."""


def attributes(policy: Policy) -> Iterator[Column]:
    """The attributes of a case that a policy declares, as columns by their full names.

    Money is in major units of the policy's currency.
    """
    for fact in policy.facts:
        if not fact.of_customer:
            money = fact.type is Type.MONEY
            kind = Kind.NUMBER if money else Kind(fact.type.value)
            low = 0 if money else fact.low
            yield Column(
                fact.name, kind, fact.meaning, fact.missing or _NOT_GIVEN, low=low, high=LARGEST if money else fact.high
            )
