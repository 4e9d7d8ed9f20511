"""A case as people write it, in YAML or JSON: every mistake at its place, all of them at once.

::

    issue: delivery_failed
    opened_at: 2016-05-29T18:00:00Z
    channel: social
    value_at_stake: {amount: 49.99, currency: GBP}
    timeline:
      - {at: 2016-05-29T18:00:00Z, customer_contacted: {channel: social}}
      - {at: 2016-05-29T19:05:00Z, promise_made: {id: call, due_at: 2016-05-30T19:00:00Z}}
      - {at: 2016-05-30T20:00:00Z, escalation_requested: null}
"""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Annotated, Any, Literal, TypeAlias, get_type_hints

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    create_model,
    model_validator,
)

from router.cases.model import EVENTS, Case, Event, Money, What
from router.facts import Fact, as_meant
from router.money import EXPONENTS, LARGEST_AMOUNT, to_minor
from router.text import nfc
from router.time import FIRST, LAST, parse_instant
from router.yaml import Like

_EXAMPLE = "2016-06-01T10:00:00Z"


def _instant(value: object) -> int:
    try:
        instant = parse_instant(value) if isinstance(value, str) else LAST + 1
    except ValueError:
        instant = LAST + 1
    if not FIRST <= instant <= LAST:
        raise ValueError(f"{value!r} is no time; write it as {_EXAMPLE}")
    return instant


def _id(value: object) -> object:
    """An id of digits is read as a number by YAML."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _money(value: object) -> object:
    """A plain number is in the policy's currency."""
    return {"amount": value} if isinstance(value, float | int) and not isinstance(value, bool) else value


def _attribute(value: object) -> object:
    if isinstance(value, str):
        return nfc(value)
    if value is None or isinstance(value, bool | float | int):
        return value
    try:
        return MoneyDocument.model_validate(value)
    except ValueError as error:
        raise ValueError("an attribute is a text, a number, a yes/no, or {amount, currency}") from error


Instant: TypeAlias = Annotated[int, BeforeValidator(_instant, json_schema_input_type=str), Field(strict=False)]
Id: TypeAlias = Annotated[str, BeforeValidator(_id), AfterValidator(nfc)]
Text: TypeAlias = Annotated[str, AfterValidator(nfc)]
Channel: TypeAlias = Literal["phone", "email", "chat", "social", "web", "letter", "in_person"]
Touchpoint: TypeAlias = Literal["evaluating", "purchasing", "gone_wrong", "needs_attention"]


class Document(BaseModel):
    """Base: unknown keys are errors, values are of their type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Given(Document):
    """Base of what is written by hand: a key without a value is as one that is not there, where it may be left out."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, given: Any) -> Any:  # noqa: ANN401 - whatever stands there
        if not isinstance(given, dict) or None not in given.values():
            return given
        fields = cls.model_fields
        needless = {key for key, field in fields.items() if field.default is not None and not field.is_required()}
        return {key: value for key, value in given.items() if value is not None or key not in needless}


class MoneyDocument(Document):
    """An amount in major units; without a currency it is the policy's."""

    amount: float = Field(ge=0, le=LARGEST_AMOUNT)
    currency: Annotated[str, Like(r"^[A-Z]{3}$", "three capital letters, as GBP")] | None = None

    def money(self, currency: str) -> Money:
        """In minor units; ``currency`` where none is given."""
        own = self.currency or currency
        return Money(to_minor(self.amount, EXPONENTS.get(own, 2)), own)


Amount: TypeAlias = Annotated[MoneyDocument, BeforeValidator(_money, json_schema_input_type=MoneyDocument | float)]

_TYPES: Mapping[str, Any] = {
    "channel": Channel | None,
    "due_at": Instant,
    "amount": Amount | None,
    "id": Id,
    "agent_id": Id,
}
"""How fields of events are written, where that is not how they are kept."""


def _body(name: str, kind: type[What]) -> tuple[Any, Any]:
    """The field of one event: what stands after its name; nothing may, where nothing has to."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {
        field: (_TYPES.get(field, Text if hints[field] is str else hints[field]), kind._field_defaults.get(field, ...))
        for field in kind._fields
    }
    body = create_model(name, __base__=Given, **fields)
    needed = any(field not in kind._field_defaults for field in kind._fields)
    return body if needed else body | None, None


class _Event(Given):
    at: Instant
    sequence: int = Field(0, ge=-(2**63), lt=2**63)
    event_id: Id = ""
    agent_id: Id = ""

    @model_validator(mode="after")
    def _one_event(self) -> "_Event":
        named = self.model_fields_set & EVENTS.keys()
        if len(named) != 1:
            found = f"not {' and '.join(sorted(named))}" if named else "as customer_contacted: {channel: phone}"
            raise ValueError(f"exactly one event is needed, {found}")
        return self

    def event(self, currency: str) -> Event:
        """The event as the domain has it."""
        (name,) = self.model_fields_set & EVENTS.keys()
        body = getattr(self, name)
        values = {} if body is None else {field: getattr(body, field) for field in body.model_fields_set}
        for field, value in values.items():
            if isinstance(value, MoneyDocument):
                values[field] = value.money(currency)
        return Event(self.at, EVENTS[name](**values), self.sequence, self.event_id, self.agent_id)


_Bodies: dict[str, Any] = {name: _body(name, kind) for name, kind in EVENTS.items()}
EventDocument: Any = create_model("event", __base__=_Event, **_Bodies)
"""An event: when, by whom, and exactly one of the names of :data:`router.cases.model.EVENTS`."""


class CaseDocument(Given):
    """One case; ``order_on_record`` is what a CRM would say of its order. ``id`` may be named ``case_id``, as elsewhere."""

    id: Id | None = Field(None, validation_alias=AliasChoices("id", "case_id"))
    customer_id: Id = ""
    opened_at: Instant
    channel: Channel | None = None
    touchpoint: Touchpoint | None = None
    issue: Text = ""
    order_id: Id = ""
    order_on_record: bool | None = None
    value_at_stake: Amount | None = None
    brand: Text = ""
    attributes: dict[str, Annotated[Any, AfterValidator(_attribute)]] = {}
    timeline: list[EventDocument] = []

    def case(self, name: str, currency: str, declared: Iterable[Fact] = ()) -> Case:
        """The case; ``name`` is its id where none is given, ``currency`` that of amounts that come without one, and
        ``declared`` are the attributes that the policy knows."""
        types = {fact.key: fact.type for fact in declared if not fact.of_customer}
        money = self.value_at_stake
        return Case(
            id=self.id or name,
            opened_at=self.opened_at,
            customer_id=self.customer_id,
            channel=self.channel,
            touchpoint=self.touchpoint,
            issue=self.issue,
            order_id=self.order_id,
            value_at_stake=money.money(currency) if money else None,
            brand=self.brand,
            attributes={
                key: value.money(currency) if isinstance(value, MoneyDocument) else as_meant(value, types.get(key))
                for key, value in self.attributes.items()
                if value is not None and not (isinstance(value, float) and not isfinite(value))
            },
            timeline=tuple(event.event(currency) for event in self.timeline),
        )
