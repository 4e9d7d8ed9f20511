"""From the trace of a decision to bytes on the wire: the field ``trace``, to be joined to the others of a ``Decision``."""

from collections.abc import Iterable, Mapping
from math import isnan

from router.decide.trace import Part, Section, Traced
from router.facts import Value
from router.v1 import decision_pb2
from router.v1 import trace_pb2 as pb

_TRUTH: "Mapping[bool | None, pb.Truth.ValueType]" = {True: pb.TRUTH_TRUE, False: pb.TRUTH_FALSE, None: pb.TRUTH_UNKNOWN}
_JOIN: "Mapping[str, pb.Join.ValueType]" = {
    "": pb.JOIN_UNSPECIFIED,
    "all of": pb.JOIN_ALL,
    "any of": pb.JOIN_ANY,
    "if, then, else": pb.JOIN_IF,
}


def traced(sections: Iterable[Section]) -> bytes:
    """The serialised field ``trace``."""
    found = (pb.TracedSection(name=section.name, rules=map(_rule, section.rules)) for section in sections)
    return decision_pb2.Decision(trace=found).SerializeToString()


def _rule(rule: Traced) -> pb.TracedRule:
    condition = None if rule.condition is None else _condition(rule.condition)
    return pb.TracedRule(id=rule.id, fired=rule.fired, condition=condition, gives=_values(rule.gives), why_not=rule.why_not)


def _condition(part: Part) -> pb.TracedCondition:
    return pb.TracedCondition(
        text=part.text,
        truth=_TRUTH[part.truth],
        join=_JOIN[part.joined],
        parts=map(_condition, part.parts),
        values=_values(part.values),
    )


def _values(values: Iterable[tuple[str, Value]]) -> Iterable[pb.TracedValue]:
    return [_value(name, value) for name, value in values]


def _value(name: str, value: Value) -> pb.TracedValue:
    if isinstance(value, bool):
        return pb.TracedValue(name=name, yes_no=value)
    if isinstance(value, str):
        return pb.TracedValue(name=name, text=value)
    if value is None or isnan(value):
        return pb.TracedValue(name=name)
    return pb.TracedValue(name=name, number=value)
