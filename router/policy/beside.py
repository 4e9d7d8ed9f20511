"""What else is wrong with a policy of which some parts cannot be read: everything is told at once."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from difflib import get_close_matches
from itertools import count
from typing import Any, TypeAlias

from pydantic import ValidationError

from router.errors import PolicyError, Problem
from router.policy.document import PolicyDocument
from router.yaml import Path, Source, fields_at

Compiled: TypeAlias = Callable[[Source, PolicyDocument, Collection[Path]], object]
"""Compiles a policy, and tells nothing of what is at some paths. Raises ``PolicyError``."""

_ANY = "*"
_NAMING = {"facts", "parameters", "issues"}
"""Sections that others name what stands in them, and that may be absent."""
_ROUNDS = 4
"""A part that is put in its place may be found wrong itself."""
_UNREAD = "unread"
_BANDS = {"P1": 3, "P2": 2, "P3": 1}
_CALENDAR = {"time_zone": "UTC", "holidays": None, "hours": {"mon-fri": ["09:00-17:00"]}}
_CAPS = {"per_case": 0, "per_customer_12m": 0, "share_of_price": 0}
_ROW = {"when": "true", "acknowledge": "1h", "next_update": "1h", "resolve": "1h", "final_response": "1h"}
_CHANNEL = {"hours": "always", "speed": 1}
_RULE = {"when": "true", "enabled": True}
_RULES: Mapping[Path, dict[str, Any]] = {
    ("priority", "rules"): {"points": 0, "because": _UNREAD},
    ("escalation", "rules"): {"at_least": _UNREAD, "because": _UNREAD},
    ("entitlements",): {"what": _UNREAD, "source": _UNREAD},
    ("recompense", "rules"): {"kind": _UNREAD, "amount": None, "value": 1, "because": _UNREAD},
    ("likely_reasons",): {"because": _UNREAD},
    ("guidance",): {"say": _UNREAD},
}


def _below(place: Path, parts: Mapping[str, Any]) -> dict[Path, Any]:
    """A mapping at a place, and each of its values below it."""
    return {place: parts} | {(*place, name): value for name, value in parts.items()}


_STAND_IN: Mapping[Path, Any] = (
    {("policy",): _UNREAD, ("version",): "0.0.0", ("description",): "", ("currency",): "GBP", ("protected",): []}
    | {("apology",): {"hedges": []}, ("switches",): {}, ("snapshot",): {}, ("channels",): {}, ("recompense",): None}
    | {("facts", _ANY, "meaning"): _UNREAD, ("facts", _ANY, "unit"): "", ("facts", _ANY, "direction"): "neither"}
    | {("tiers", _ANY, "when"): "true", ("tiers", _ANY, "because"): None}
    | {("priority",): {"ageing": {"points_per_hour": 1}, "bands": _BANDS}}
    | {("escalation", "levels", _ANY, "role"): _UNREAD, ("escalation", "levels", _ANY, "may_approve"): 0}
    | {("commitments",): [_ROW]}
    | _below(("calendar",), _CALENDAR)
    | _below(("issues", _ANY), {"company_failure": False, "touchpoint": None, "meaning": ""})
    | _below(("priority", "ageing"), {"points_per_hour": 1})
    | {("priority", "bands"): _BANDS}
    | _below(("escalation", "outside"), {"name": _UNREAD, "because": _UNREAD})
    | _below(("recompense", "caps"), _CAPS)
    | _below(("commitments", _ANY), _ROW)
    | _below(("channels", _ANY), _CHANNEL)
    | {place: [] for place in _RULES}
)
"""What stands in for a part that cannot be read. Not here is what others name, as the name of a tier: without it they would
be wrong, too."""
for _place, _parts in _RULES.items():
    _STAND_IN |= _below((*_place, _ANY), _RULE | _parts)  # type: ignore[operator] # a mapping that is not yet shared


def wrong_beside(source: Source, compiled: Compiled) -> Sequence[Problem]:
    """What there is to say of a policy if something else stands for each part that cannot be read; of these, nothing.

    Nothing at all where a part cannot be read that others name: whatever were told might come of that alone.
    """
    if not isinstance(source.data, dict):
        return ()
    data, spared, unread = deepcopy(source.data), set[Path](), count()
    for _ in range(_ROUNDS):
        slips = _slips(data)
        unknown = [path for path, kind in slips if kind == "extra_forbidden" or path[-1] == "[key]"]
        for path in unknown:
            unread_too = _placed(data, path[:-1] if path[-1] == "[key]" else path)
            if not unread_too:
                return ()
            spared |= unread_too
        if unknown:
            continue
        places = [_stand_in(path) for path, _ in slips]
        if not all(places):
            return ()
        for place in places:
            _put(data, place, unread)
        spared.update(places)
        if not slips:
            break
    mended = replace(source, data=data, problems=[])
    document = mended.read(PolicyDocument)
    if document is None:
        return ()
    try:
        compiled(mended, document, spared)
    except PolicyError as error:
        return error.problems
    return ()


def _slips(data: Any) -> list[tuple[Path, str]]:  # noqa: ANN401 - of a file
    """Where the data is no policy, and of what kind that is."""
    try:
        PolicyDocument.model_validate_json(json.dumps(data))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [(item["loc"], item["type"]) for item in found]
    return []


def _placed(data: Any, path: Path) -> set[Path]:  # noqa: ANN401 - of a file
    """Take an unknown key away, or to the key that it is like and that is not there; which paths that leaves unread.

    Where it is like none, something stands in for every key that it may have been meant for; nothing is given where what
    stands below it may have been meant to be named by others.
    """
    parent, key = _at(data, path[:-1]), path[-1]
    value = parent.pop(key)
    absent = [name for name in fields_at(PolicyDocument, path[:-1]) if name not in parent]
    meant = get_close_matches(str(key), absent, n=1)
    if len(path) == 1 and not meant and isinstance(value, dict) and not _NAMING.isdisjoint(absent):
        return set()
    parent.update(dict.fromkeys(meant, value))
    other = [] if meant else [name for name in absent if _general((*path[:-1], name)) in _STAND_IN]
    parent.update({name: deepcopy(_STAND_IN[_general((*path[:-1], name))]) for name in other})
    return {path, *((*path[:-1], name) for name in (*meant, *other))}


def _stand_in(path: Path) -> Path:
    """The path of the smallest part around ``path`` for which something can stand in; empty if there is none."""
    return next((path[:end] for end in range(len(path), 0, -1) if _general(path[:end]) in _STAND_IN), ())


def _general(path: Path) -> Path:
    named = {("issues",), ("facts",), ("channels",)}
    return tuple(_ANY if isinstance(step, int) or path[:place] in named else step for place, step in enumerate(path))


def _put(data: Any, place: Path, unread: "count[int]") -> None:  # noqa: ANN401 - of a file
    value = deepcopy(_STAND_IN[_general(place)])
    if _general(place[:-1]) in _RULES:
        value["id"] = f"{_UNREAD}-{next(unread)}"
    _at(data, place[:-1])[place[-1]] = value


def _at(data: Any, path: Path) -> Any:  # noqa: ANN401 - of a file
    for step in path:
        data = data[step]
    return data
