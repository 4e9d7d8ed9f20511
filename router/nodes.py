"""A YAML text taken apart into nodes, each with its place: by libyaml, and the words of YAML 1.2."""

import re
from functools import lru_cache

from yaml.composer import Composer
from yaml.cyaml import CParser  # type: ignore[attr-defined] # the stubs forget it
from yaml.error import YAMLError
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import Node
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

TAG = "tag:yaml.org,2002:"
"""What the tags of plain values begin with."""
MOST_LEVELS = 200
"""So deep may its lists and mappings stand in one another."""


class _Core(BaseResolver):
    """Which plain scalars are no texts, by the core schema of YAML 1.2: ``no`` is a text. So is ``007``, other than there:
    it is an id, and would lose its zeros."""


_WHOLE = r"(?:0|[1-9][0-9_]*)"
for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", rf"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|{_WHOLE})", list("-+0123456789")),
    ("float", rf"[-+]?(?:\.[0-9]+|{_WHOLE}(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
):
    _Core.add_implicit_resolver(TAG + _kind, re.compile(f"^(?:{_pattern})$"), _first)


class _Fast(CParser, _Core):
    """libyaml, some fifteen times as fast."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        _Core.__init__(self)


class _Plain(Reader, Scanner, Parser, Composer, _Core):
    """In Python: it has better words for what is wrong."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        for part in (Scanner, Parser, Composer, _Core):
            part.__init__(self)


@lru_cache(maxsize=64)
def nodes_of(text: str) -> Node | None:
    """The nodes of a text, or ``None`` if it says nothing. They are only ever read, so one text is taken apart once.

    Raises ``YAMLError``, and ``RecursionError`` where it is nested too deeply.
    """
    try:
        _check_depth(text)
        root: Node | None = _Fast(text).get_single_node()
    except YAMLError:
        root = _Plain(text).get_single_node()
    return root


def _check_depth(text: str) -> None:
    """Raises ``RecursionError`` before libyaml's composer, which knows no limit, has used up the stack."""
    parser, depth = _Fast(text), 0
    while (event := parser.get_event()) is not None:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MOST_LEVELS:
            raise RecursionError
