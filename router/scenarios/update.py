"""Expectations rewritten to what was decided: first as a list of edits to look at, then in the text.

Only what failed is touched, at its place in the file: comments, order, quotes and line ends of all else are kept.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from router.errors import PolicyError, Problem
from router.scenarios.model import Observed, Outcome, Scenario
from router.time import format_instant
from router.yaml import Path, dotted_path, load

Value: TypeAlias = "str | float | bool | list[str] | None"


@dataclass(frozen=True, slots=True)
class Edit:
    """One expectation: of which scenario (its file, line and name), where below ``expect``, what it says and is to say."""

    file: str
    line: int
    scenario: str
    path: Path
    before: Value
    after: Value

    def __str__(self) -> str:
        return f"{dotted_path(self.path)}: {written(self.before)} becomes {written(self.after)}"


def edits(outcomes: Iterable[Outcome]) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """What would make every scenario hold, and in words what cannot be rewritten (a comparison with another scenario)."""
    found: list[Edit] = []
    left: list[str] = []
    for outcome in outcomes:
        scenario, expect = outcome.scenario, outcome.scenario.expect.model_dump(exclude_unset=True)
        for path in dict.fromkeys(_path(failure.field) for failure in outcome.failures):
            before = _at(expect, path)
            after = _decided(path, before, outcome.observed, scenario)
            if after is None and path[0] != "facts":
                left.append(
                    f"{scenario.where}:{scenario.line}: {scenario.name}: {dotted_path(path)} is for a person to decide"
                )
            else:
                found.append(Edit(scenario.where, scenario.line, scenario.name, path, before, after))
    return tuple(found), tuple(left)


def rewritten(text: str, name: str, wanted: Iterable[Edit]) -> str:
    """The text of a scenario file with those expectations that were edited.

    Raises :class:`PolicyError` where an alias makes an expectation that of another scenario too.
    """
    source = load(text, name)
    scenarios: Any = source.data  # a list of them: it was read before
    places = {scenario["name"]: index for index, scenario in enumerate(scenarios)}
    spans: dict[tuple[int, int], str] = {}
    for edit in wanted:
        path = (places[edit.scenario], "expect", *edit.path)
        spans[source.span(path)] = written(edit.after)
        _put(scenarios, path, load(written(edit.after), name).data)
    for (start, end), value in sorted(spans.items(), reverse=True):
        text = text[:start] + value + text[end:]
    if load(text, name).data != scenarios:
        said = "an expectation stands for several scenarios by an alias (&, *): rewrite this file by hand"
        raise PolicyError([Problem("bad-value", said, name)])
    return text


def _put(data: Any, path: Path, value: object) -> None:  # noqa: ANN401 - plain data
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


def written(value: Value) -> str:
    """A value as it is written in a file.

    >>> written(["a-b", "true"]), written(3.0), written(None), written("2016-06-01T10:00:00Z")
    ('[a-b, "true"]', '3', 'missing', '2016-06-01T10:00:00Z')
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN is missing
        return "missing"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return repr(float(value)).removesuffix(".0")
    plain = re.fullmatch(r"[A-Za-z][\w.-]*|\d{4}-\d\d-\d\dT[\d:.]+Z", value) and load(value, "").data == value
    return value if plain else json.dumps(value, ensure_ascii=False)


def _path(field: str) -> Path:
    """Where below ``expect`` the failure of a field stands; names of facts have a dot of their own."""
    head, dot, rest = field.partition(".")
    return (head, rest) if head == "facts" else (head, *rest.split(".")) if dot else (head,)


def _at(data: Any, path: Path) -> Any:  # noqa: ANN401 - plain data
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    if path[-1] == "due_at" and data is not None:
        return format_instant(data)
    return list(data) if isinstance(data, tuple) else data


_LISTS = ("entitlements", "fired", "guidance", "likely_reasons", "warnings")
_OF_DECISION: Mapping[Path, Callable[[Observed, Scenario], Value]] = {
    ("tier",): lambda seen, _: seen.tier,
    ("priority", "band"): lambda seen, _: seen.band,
    ("priority", "score"): lambda seen, _: seen.score,
    ("priority", "at_least"): lambda seen, _: seen.score,
    ("priority", "at_most"): lambda seen, _: seen.score,
    ("escalation", "level"): lambda seen, _: seen.level,
    ("escalation", "at_least"): lambda seen, _: seen.level,
    ("recompense", "kinds"): lambda seen, _: [suggestion.kind for suggestion in seen.suggestions],
    ("recompense", "total"): lambda seen, scenario: seen.total / 10**scenario.policy.exponent,
    ("recompense", "total_at_least"): lambda seen, scenario: seen.total / 10**scenario.policy.exponent,
    ("recompense", "total_at_most"): lambda seen, scenario: seen.total / 10**scenario.policy.exponent,
    ("permitted",): lambda seen, _: seen.permitted,
    ("may_close",): lambda seen, _: seen.may_close,
    ("needs_approval",): lambda seen, _: any(suggestion.needs_approval for suggestion in seen.suggestions),
    ("reply_channel",): lambda seen, _: seen.reply_channel,
    ("next_person",): lambda seen, _: seen.next_person[0],
}


def _decided(path: Path, before: Value, seen: Observed, scenario: Scenario) -> Value:
    """What was decided where a path points; ``None`` where that cannot be written."""
    if path in _OF_DECISION:
        return _OF_DECISION[path](seen, scenario)
    listed = before if isinstance(before, list) else []
    match path:
        case (name,) if name in _LISTS:
            return [item for item in listed if item in getattr(seen, str(name))]
        case ("not_fired",):
            known = {rule.id for rule in scenario.policy.rules}
            return [item for item in listed if item not in seen.fired and (item in known or item.startswith("engine-"))]
        case ("commitments", kind, "due_at"):
            return format_instant(seen.commitments[str(kind)].due_at)
        case ("commitments", kind, _):
            return seen.commitments[str(kind)].state
        case ("facts", name):
            return None if seen.facts is None else seen.facts.get(str(name))
    return None
