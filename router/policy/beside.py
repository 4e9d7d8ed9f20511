"""What else is wrong with a policy of which some rules cannot be read: everything is told at once."""

import json
from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeAlias

from pydantic import ValidationError

from router.errors import PolicyError, Problem
from router.policy.document import PolicyDocument
from router.yaml import Path, Source

_RULES = (
    ("priority", "rules"),
    ("escalation", "rules"),
    ("entitlements",),
    ("recompense", "rules"),
    ("likely_reasons",),
    ("guidance",),
)
"""Lists of which no item depends on another."""


Compiled: TypeAlias = Callable[[Source, PolicyDocument, Collection[Path]], object]
"""Compiles a policy, and tells nothing of what is at some paths. Raises ``PolicyError``."""


def wrong_beside(source: Source, compiled: Compiled) -> Sequence[Problem]:
    """What there is to say of a policy if each rule that cannot be read is replaced by a neighbour that can.

    Nothing where more than rules cannot be read: whatever else were told might come of that alone.
    """
    data: Any = deepcopy(source.data)
    broken = _broken(data)
    if broken is None:
        return ()
    for rules in _RULES:
        places = {int(path[-1]) for path in broken if path[:-1] == rules}
        if places:
            items: list[Any] = _at(data, rules)
            right: Any = next((item for place, item in enumerate(items) if place not in places), None)
            if right is None:
                items.clear()
            for place in places if items else ():
                items[place] = {**right, "id": f"unread-{rules[0].replace('_', '-')}-{place}"}
    mended = replace(source, data=data, problems=[])
    document = mended.read(PolicyDocument)
    if document is None:
        return ()
    try:
        compiled(mended, document, broken)
    except PolicyError as error:
        return error.problems
    return ()


def _broken(data: Any) -> set[Path] | None:  # noqa: ANN401 - of a file
    """The rules that cannot be read; ``None`` if something else cannot either."""
    try:
        PolicyDocument.model_validate_json(json.dumps(data))
    except ValidationError as error:
        paths = [item["loc"] for item in error.errors(include_url=False, include_context=False, include_input=False)]
    else:
        return None
    found = {path[: len(rules) + 1] for path in paths for rules in _RULES if path[: len(rules)] == rules}
    inside = all(any(path[: len(rule)] == rule for rule in found) for path in paths)
    return found if inside and all(isinstance(path[-1], int) for path in found) else None


def _at(data: Any, path: Path) -> Any:  # noqa: ANN401 - of a file
    for step in path:
        data = data[step]
    return data
