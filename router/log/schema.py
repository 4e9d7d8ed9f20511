"""The columns of a log's files as Polars knows them; every file of a kind has the same."""

from collections.abc import Mapping

import polars as pl

from router.facts import VOCABULARY, Fact, Type
from router.log.decisions import DECISIONS, OUTCOMES
from router.log.layout import COLUMNS, EARNED, EVENT_COLUMNS, FLAG, LINE, WHOLE

_INT, _FLOAT, _TEXT, _FLAG = pl.Int64(), pl.Float64(), pl.String(), pl.Boolean()


def _fact(fact: Fact) -> pl.DataType:
    return _FLOAT if fact.type.numeric else _TEXT if fact.type is Type.TEXT else _FLAG


EVENT: Mapping[str, pl.DataType] = {"kind": _TEXT, "at": _INT} | {
    name: {WHOLE: _INT, FLAG: _FLAG}.get(how, _TEXT) for columns in EVENT_COLUMNS.values() for name, how in columns
}
"""The fields of an event in ``timeline``."""

ATTRIBUTE: Mapping[str, pl.DataType] = {
    "name": _TEXT,
    "number": _FLOAT,
    "text": _TEXT,
    "yes_no": _FLAG,
    "minor": _INT,
    "currency": _TEXT,
    "undeclared": _FLAG,
}
"""The fields of an attribute."""

_SUGGESTION = {"rule": _TEXT, "kind": _TEXT, "amount": _INT, "approver": _TEXT, "needs_approval": _FLAG}
_LISTS: Mapping[str, Mapping[str, pl.DataType]] = {
    "attributes": ATTRIBUTE,
    "timeline": EVENT,
    "points": {"rule": _TEXT, "points": _INT},
    "suggestions": _SUGGESTION,
    "adverse_actions": {"kind": _TEXT, "permitted": _FLAG, "approver": _TEXT},
}
_TEXT_LISTS = {"fired", "warnings", "entitlements", "likely_reasons", "guidance"}
_WHOLE = {
    *("format", "snapshot_as_of", "decided_at", "now", "opened_at", "value_minor", "tier_rank", "score", "level_rank"),
    *("recompense_total", "reply_channel_open_at", "n"),
}
_YES_NO = {"ids_hashed", "may_close", "permitted"}


def _column(name: str) -> pl.DataType:
    if name in _LISTS:
        return pl.List(pl.Struct(dict(_LISTS[name])))
    if name in _TEXT_LISTS:
        return pl.List(_TEXT)
    if name in VOCABULARY:
        return _fact(VOCABULARY[name])
    if name.startswith("engine."):
        return _FLOAT
    return _INT if name in _WHOLE or name.endswith("_by") else _FLAG if name in _YES_NO else _TEXT


DECISION: Mapping[str, pl.DataType] = {name: _column(name) for name in COLUMNS}
_LINE_LISTS: Mapping[str, pl.DataType] = {
    "case_facts": pl.List(_TEXT),
    "customer_facts": pl.List(_TEXT),
    "times": pl.List(_INT),
    "events": pl.List(pl.List(_TEXT)),
    "commitments": pl.List(pl.List(_TEXT)),
    EARNED: pl.List(_INT),
}
DECISION_LINE: Mapping[str, pl.DataType] = {name: _LINE_LISTS.get(name) or DECISION[name] for name in LINE}
"""A decision as a file of lines has it; what stands in one list with other types is read as a text."""
OUTCOME: Mapping[str, pl.DataType] = {
    "format": _INT,
    "decision_id": _TEXT,
    "recorded_at": _INT,
    "at": _INT,
    "accepted": _FLAG,
    "satisfaction": _FLOAT,
    "stayed": _FLAG,
    "suggestions": pl.List(pl.Struct({"amount": _INT, "currency": _TEXT, "rule": _TEXT, "use": _TEXT})),
    "n": _INT,
}
SCHEMAS: Mapping[str, Mapping[str, pl.DataType]] = {DECISIONS: DECISION, OUTCOMES: OUTCOME}
"""The columns of each folder's files."""
TIME: Mapping[str, str] = {DECISIONS: "decided_at", OUTCOMES: "recorded_at"}
"""The column by which the records of each folder are in order."""
