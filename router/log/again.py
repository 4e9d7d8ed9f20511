"""From a record back to what was decided: the case, and the records of the CRM as they answered then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any, TypeAlias

from router.cases import model as m
from router.cases.facts import Notice, feed
from router.crm.manifest import extra_fact
from router.decide.decider import Decider
from router.decide.model import Decision
from router.facts import CUSTOMER_FACTS, Fact, Type, Value
from router.log.events import read_events
from router.policy.model import Policy

Record: TypeAlias = Mapping[str, Any]
"""A record of a decision, by column; what is missing is ``None``."""

OF_READING = frozenset({"future-event", "repeated-event"})
"""Warnings about events that were left out, and so stand in no record."""


@dataclass(slots=True)
class Recorded:
    """The CRM as it answered for one record after another: a ``router.decide.model.Records``."""

    layout: tuple[Fact, ...]
    currency: str
    id: str = ""
    as_of: int | None = None
    row: tuple[Value, ...] | None = None
    order: bool | None = None

    def customer(self, customer_id: str, now: int) -> tuple[Value, ...] | None:
        """The facts in the record, whose clock stood at its ``now``."""
        del customer_id, now
        return self.row

    def has_order(self, order_id: str) -> bool | None:
        """Whether the record says that its order is on record."""
        del order_id
        return self.order


def case_of(record: Record) -> m.Case:
    """The case of a record, texts as the hashes that stand for them."""
    value = record["value_minor"]
    return m.Case(
        record["case_id"],
        record["opened_at"],
        record["customer_id"],
        record["channel"],
        record["touchpoint"],
        record["issue"],
        record["order_id"],
        None if value is None else m.Money(value, record["value_currency"]),
        record["brand"],
        {
            each["name"].removeprefix("case."): _value(each)
            for each in record["attributes"] or ()
            if each["name"].startswith("case.")
        },
        read_events(record["timeline"]),
    )


def _value(attribute: Mapping[str, Any]) -> Value | m.Money:
    if attribute.get("minor") is not None:
        return m.Money(attribute["minor"], attribute["currency"])
    found: Value = attribute.get(_kind(attribute))
    return found


def _extras(record: Record) -> Iterable[Mapping[str, Any]]:
    return [each for each in record["attributes"] or () if each["name"].startswith("customer.")]


class Again:
    """Decides records again by policies; one decider serves all records that were read alike."""

    def __init__(self) -> None:
        self._deciders: dict[tuple[object, ...], tuple[Decider, Recorded]] = {}

    def __call__(self, record: Record, policy: Policy) -> Decision:
        """The decision about a record by ``policy``, in the view that it has."""
        decider, records = self._decider(record, policy)
        records.id, records.as_of = record["snapshot_id"], record["snapshot_as_of"]
        records.row = _row(record, records.layout) if record["customer.known"] else None
        records.order = record["case.order_on_record"]
        state, customer = decider.begin(case_of(record), record["now"])
        state.notices += [Notice(code, "") for code in record["warnings"] if code in OF_READING]
        feed(state, state.case.timeline)
        return decider.conclude(state, customer, b"", full=record["view"] == "full")

    def _decider(self, record: Record, policy: Policy) -> tuple[Decider, Recorded]:
        extras = tuple(sorted((each["name"], _kind(each)) for each in _extras(record)))
        currency, history = record["snapshot_currency"], record["snapshot_as_of"] is not None
        key = (policy.digest, currency, history, extras)
        if key not in self._deciders:
            declared = {fact.name: fact for fact in policy.facts}
            own = tuple(_fact(name, kind, declared.get(name)) for name, kind in extras)
            records = Recorded((*CUSTOMER_FACTS, *own), currency, as_of=record["snapshot_as_of"])
            self._deciders[key] = Decider(policy, records), records
        return self._deciders[key]


_TYPES = {"number": Type.NUMBER, "text": Type.TEXT, "yes_no": Type.YES_NO}


def _kind(attribute: Mapping[str, Any]) -> str:
    """What an attribute holds; empty if it is missing."""
    return next((kind for kind in _TYPES if attribute.get(kind) is not None), "")


def _fact(name: str, kind: str, declared: Fact | None) -> Fact:
    """A fact of the customer as the policy declares it, if the value is of that type."""
    fits = declared is not None and kind in {"", "number" if declared.type.numeric else declared.type.name.lower()}
    return declared if declared is not None and fits else extra_fact(name, _TYPES.get(kind, Type.TEXT))


def _row(record: Record, layout: tuple[Fact, ...]) -> tuple[Value, ...]:
    extras = {each["name"]: _value(each) for each in _extras(record)}
    values: Iterable[Any] = (record[fact.name] if fact.name in record else extras[fact.name] for fact in layout)
    return tuple(nan if value is None and fact.type.numeric else value for fact, value in zip(layout, values, strict=True))
