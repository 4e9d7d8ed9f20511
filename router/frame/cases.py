"""Cases as the row engine has them, out of both tables: the way back from :func:`router.frame.tables.frames_of`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from router.cases.model import EVENTS as EVENT_TYPES
from router.cases.model import Case, Event, Money, What
from router.frame.tables import column_of


def cases_of(cases: pl.DataFrame, events: pl.DataFrame | None = None) -> Iterator[Case]:
    """Each row of ``cases`` with its events in the order of their rows; columns as in ``router.frame.tables``.

    For a few cases that are to be looked at closely: each is an object of its own. An attribute in money is in major units,
    of the policy's currency, and cannot be told from a number: it comes back as one.
    """
    timelines: dict[str, list[Event]] = defaultdict(list)
    if events is not None:
        for row in events.iter_rows(named=True):
            timelines[row["case_id"]].append(_event(row))
    for row in cases.iter_rows(named=True):
        yield _case(row, tuple(timelines[row["case_id"]]))


def _case(row: Mapping[str, Any], timeline: tuple[Event, ...]) -> Case:
    attributes = {name.partition(".")[2]: value for name, value in row.items() if name.startswith("case.")}
    return Case(
        row["case_id"],
        row["opened_at"],
        row.get("customer_id") or "",
        row.get("channel"),
        row.get("touchpoint"),
        row.get("issue") or "",
        row.get("order_id") or "",
        _money(row.get("value_minor"), row.get("value_currency")),
        row.get("brand") or "",
        {key: value for key, value in attributes.items() if value is not None},
        timeline,
    )


def _event(row: Mapping[str, Any]) -> Event:
    return Event(
        row["at"], _what(row["kind"], row), row.get("sequence") or 0, row.get("event_id") or "", row.get("agent_id") or ""
    )


def _what(kind: str, row: Mapping[str, Any]) -> What:
    made: type[Any] = EVENT_TYPES[kind]
    given = {name: row.get(column_of(kind, name)) for name in made._fields}
    if "amount" in given:
        given["amount"] = _money(given["amount"], row.get("currency"))
    found: What = made(
        **{name: value for name, value in given.items() if value is not None or name not in made._field_defaults}
    )
    return found


def _money(minor: int | None, currency: str | None) -> Money | None:
    return None if minor is None else Money(minor, currency or "")
