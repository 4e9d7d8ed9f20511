"""From a decision to its record: one line of JSON, made from what was prepared for its decider."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

import orjson

from router.cases import model as m
from router.decide.floor import APOLOGY_ID, APOLOGY_KIND, SENIOR_FOR_ADVERSE_ACTION
from router.decide.model import Basis, Decision, Suggestion
from router.facts import Type, Value
from router.log.events import AsIs, Details, Hide, detail_writers, money_code
from router.log.key import Key
from router.log.layout import CASE, CONSTANT, CUSTOMER, FORMAT, FULL, GRADES, LAYOUT_NAME, LINE, PLACE, WIDEST

_OWNER: Final = CUSTOMER.index("customer.owner")
_IDS: Final = ("case_id", "customer_id", "order_id")
_FEW: Final = 64
_EVENTS: Final = 16_384
"""Recorders kept, since a new policy or snapshot makes a new one; and events of each."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How records are written: what stands for texts, whether ids are hashed too, and which engine says so."""

    key: Key | AsIs
    hash_ids: bool = False
    engine: str = ""


class Recorder:
    """Writes the decisions of one decider.

    A record is one dictionary that is filled anew for each decision: its keys are the same every time, and what does not
    vary is serialised once.
    """

    def __init__(self, basis: Basis, manner: Manner) -> None:
        policy, records, key = basis.policy, basis.records, manner.key
        self.basis = basis
        self._key = key
        self._hashes_ids = manner.hash_ids
        self._ids: Hide = key.exact if manner.hash_ids else _same
        constant = (
            FORMAT,
            LAYOUT_NAME,
            key.name,
            manner.hash_ids,
            manner.engine,
            policy.name,
            policy.version,
            policy.digest,
            policy.currency,
            records.id,
            records.as_of,
            records.currency,
        )
        self._start = orjson.dumps(dict(zip(CONSTANT, constant, strict=True)))[1:-1] + b","
        self._heads: dict[tuple[bool, str, int, int], bytes] = {}
        full = {name: None for name in LINE if name not in {PLACE, *CONSTANT, *GRADES}}
        self._full: dict[str, Any] = full
        self._basic: dict[str, Any] = {name: None for name in full if name not in FULL}
        self._issues = frozenset(policy.issues)
        self._event = _Events(detail_writers(key, self._ids, policy)).__getitem__
        hidden = {"customer.owner"} if manner.hash_ids and "customer.owner" not in policy.plan.reads() else set()
        self._covered = [i for i, name in enumerate(CUSTOMER) if name in hidden or name not in basis.places]
        self._owner_hidden = bool(hidden)
        self._extras = [(name, i) for name, (customer, i) in basis.places.items() if customer and i >= len(CUSTOMER)]
        self._types = {fact.key: fact.type for fact in policy.facts if not fact.of_customer}
        self._priority = [rule.id for rule in policy.priority]
        self._escalation = [rule.id for rule in policy.escalation]

    def line(self, decision: Decision, decided_at: int) -> bytes:
        """The line of a decision, all but the place with which a writer begins it."""
        grade = (decision.full, decision.band, decision.tier.rank, decision.level.rank)
        head = self._heads.get(grade) or self._head(decision, grade)
        return head + _json(self._fill(decision, decided_at))[1:]

    def _head(self, decision: Decision, grade: tuple[bool, str, int, int]) -> bytes:
        """How a line goes on after its place."""
        tier, level = decision.tier, decision.level
        view = "full" if decision.full else "basic"
        values = (view, tier.name, tier.rank, decision.band, level.name, level.rank, decision.next_person.name)
        head = self._start + orjson.dumps(dict(zip(GRADES, values, strict=True)))[1:-1] + b","
        self._heads[grade] = head
        return head

    def _fill(self, decision: Decision, decided_at: int) -> dict[str, Any]:
        row, state = self._full if decision.full else self._basic, decision.state
        case, timeline, out = state.case, state.timeline, decision.out
        customer = decision.customer
        if self._covered:
            customer = self._uncovered(customer)
        row["case_facts"], row["customer_facts"] = state.facts[: len(CASE)], customer[: len(CUSTOMER)]
        row["decision_id"], row["decided_at"], row["now"] = decision.id, decided_at, state.now
        (
            row["case_id"],
            row["opened_at"],
            row["customer_id"],
            row["channel"],
            row["touchpoint"],
            issue,
            row["order_id"],
            value,
            row["brand"],
            attributes,
            _,
        ) = case
        if self._hashes_ids:
            for name in _IDS:
                row[name] = self._ids(row[name])
        row["issue"] = issue if issue in self._issues else self._key.exact(issue)
        row["value_minor"], currency = value or (None, None)
        row["value_currency"] = currency and money_code(self._key.exact, currency)
        row["attributes"] = self._attributes(case, customer) if attributes or self._extras else None
        row["times"], row["events"] = timeline.times, list(map(self._event, timeline.events))
        row["score"] = decision.score
        row["owner"] = self._ids(timeline.owner) if timeline.owner else customer[_OWNER]
        row["commitments"] = decision.commitments
        row["earned"] = [int(out[5]), *decision.earned]
        slices = decision.basis.slices
        fired = [*compress(self._priority, out[slices.priority]), *compress(self._escalation, out[slices.escalation])]
        if timeline.taken:
            fired.append(SENIOR_FOR_ADVERSE_ACTION.id)
        row["fired"] = fired
        row["warnings"] = [notice.code for notice in decision.warnings]
        row["may_close"] = timeline.accepted_at is not None
        if decision.full:
            self._complete(row, decision)
        return row

    def _uncovered(self, customer: tuple[Value, ...]) -> tuple[Value, ...]:
        """The facts of the customer without those that the policy cannot read, an owner behind a hash."""
        found = list(customer)
        for place in self._covered:
            found[place] = None
        owner = customer[_OWNER]
        if self._owner_hidden and owner:
            found[_OWNER] = self._ids(str(owner))
        return tuple(found)

    def _attributes(self, case: m.Case, customer: tuple[Value, ...]) -> list[dict[str, object]]:
        """The case's attributes, then the policy's own facts of the customer; each has its value under its type."""
        found: list[dict[str, object]] = []
        for name, value in case.attributes.items():
            declared = self._types.get(name)
            if declared is None:
                found.append({"name": "case." + self._key.exact(name), "undeclared": True})
            elif isinstance(value, str) and declared is not Type.TEXT:
                found.append({"name": f"case.{name}", "text": self._key.exact(value)})
            elif isinstance(value, float) and not declared.numeric:
                found.append({"name": f"case.{name}", "number": 0.0})  # there is no JSON of NaN, and it is not read
            else:
                found.append({"name": f"case.{name}"} | _typed(value, self._key.exact))
        found += [{"name": name} | _typed(customer[place], self._key.exact) for name, place in self._extras]
        return found

    def _complete(self, row: dict[str, Any], decision: Decision) -> None:
        row["suggestions"] = list(map(_suggestion, decision.suggestions))
        row["recompense_total"] = decision.total
        row["entitlements"] = entitlements = [rule.id for rule in decision.entitlements]
        row["likely_reasons"] = reasons = [rule.id for rule in decision.likely_reasons]
        row["guidance"] = guidance = [rule.id for rule in decision.guidance]
        row["fired"] += [*entitlements, *(rule.id for rule in decision.recompense), *reasons, *guidance]
        actions = decision.adverse_actions
        row["permitted"] = all(action.permitted for action in actions) if actions else None
        exact = self._key.exact
        row["adverse_actions"] = [
            {"kind": exact(kind), "permitted": permitted, "approver": approver.name} for kind, permitted, approver in actions
        ]
        channel = decision.reply_channel
        row["reply_channel"], row["reply_channel_open_at"] = channel[:2] if channel else (None, None)


class _Events(dict[tuple[str, tuple[Any, ...]], orjson.Fragment]):
    """How events are written, by kind and attributes; most events of a case were there when it came the last time."""

    def __init__(self, writers: Mapping[str, Details | None]) -> None:
        self._writers = writers

    def __missing__(self, event: tuple[str, tuple[Any, ...]]) -> orjson.Fragment:
        kind, values = event
        write = self._writers[kind]
        found = orjson.Fragment(_json((kind, *(values if write is None else write(*values))), 0))
        if len(self) >= _EVENTS:
            self.clear()
        self[event] = found
        return found


class Recorders:
    """A recorder for each decider, made when its first decision comes."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self._made: dict[int, Recorder] = {}

    def line(self, decision: Decision, decided_at: int) -> bytes:
        """The line of a decision; see :meth:`Recorder.line`."""
        found = self._made.get(id(decision.basis))
        if found is None:
            if len(self._made) >= _FEW:
                self._made.clear()
            found = self._made[id(decision.basis)] = Recorder(decision.basis, self.manner)
        return found.line(decision, decided_at)

    def forget(self) -> None:
        """Let go of all deciders, and with them of the snapshot that they read from."""
        self._made.clear()


def _same(text: str) -> str:
    return text


def _suggestion(suggestion: Suggestion) -> dict[str, object]:
    rule = suggestion.rule
    return {
        "rule": rule.id if rule else APOLOGY_ID,
        "kind": rule.kind if rule else APOLOGY_KIND,
        "amount": suggestion.amount,
        "approver": suggestion.approver.name,
        "needs_approval": suggestion.needs_approval,
    }


def _typed(value: Value | m.Money, hide: Hide) -> dict[str, object]:
    if isinstance(value, m.Money):
        return {"minor": value.minor, "currency": money_code(hide, value.currency)}
    if isinstance(value, bool):
        return {"yes_no": value}
    return {"text": value} if isinstance(value, str) else {"number": value}


def _json(value: Any, option: int = orjson.OPT_APPEND_NEWLINE) -> bytes:  # noqa: ANN401 - whatever a record holds
    try:
        return orjson.dumps(value, None, option | orjson.OPT_STRICT_INTEGER)
    except (TypeError, orjson.JSONEncodeError):
        return orjson.dumps(_fitting(value), None, option)


def _fitting(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """The same with whole numbers that fit into 64 bits and texts that are UTF-8."""
    if isinstance(value, dict):
        return {name: _fitting(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_fitting, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-WIDEST, min(value, WIDEST))
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
