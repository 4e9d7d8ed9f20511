"""YAML that people write: plain data, and where in the file each key, value and character of it stands."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function
from yaml.error import MarkedYAMLError, YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from router.errors import Problem, nearby
from router.nodes import TAG, nodes_of

Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | float | bool | None"
Path: TypeAlias = tuple[str | int, ...]

ModelT = TypeVar("ModelT", bound=BaseModel)

MOST_BITS = 10_000
"""Bits of the largest whole number that a file may have; Python writes down no number of more than 4,300 digits."""
MOST_VALUES = 100_000
"""Values that a file may have once its aliases are written out."""

_WORDS = {
    "an object": "a mapping, key: value",
    "a valid array": "a list",
    "a valid list": "a list",
    "a valid string": "a text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
}
"""Kinds of values as people call them."""


@dataclass(slots=True)
class Source:
    """One YAML file: its name, text, plain data, and the nodes behind them.

    Times stay texts. A key written twice, a tag, or a syntax error is a problem in ``problems``.
    """

    name: str
    text: str
    data: Data = None
    problems: list[Problem] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    _values: dict[Path, Node] = field(default_factory=dict)
    _keys: dict[Path, Node] = field(default_factory=dict)

    def problem(
        self, code: str, message: str, path: Path = (), *, offset: int = 0, width: int = 0, key: bool = False
    ) -> Problem:
        """A problem at the value (or the key) of ``path``, ``offset`` characters into it."""
        line, column, length = self._place(path, offset, key=key)
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        shown = max(1, min(width or length, len(text) - column + 1))
        return Problem(code, message, self.name, line, column, text, shown)

    def _place(self, path: Path, offset: int, *, key: bool) -> tuple[int, int, int]:
        while path and path not in self._values:
            path = path[:-1]
        node = self._keys.get(path) if key else None
        node = node or self._values.get(path)
        if node is None:
            return 1, 1, 1
        line, column = node.start_mark.line, node.start_mark.column
        if isinstance(node, ScalarNode):
            if node is self._values.get(path):
                line, column = self._inside(node, offset)
            return line + 1, column + 1, len(node.value) if "\n" not in node.value else 1
        return line + 1, column + 1, 1

    def _inside(self, node: ScalarNode, offset: int) -> tuple[int, int]:
        """Where the character ``offset`` of a scalar stands: its text walks beside the file's, blanks matching blanks."""
        at, end = node.start_mark.index, node.end_mark.index
        if node.style in {"|", ">"}:
            at = self.text.find("\n", at) + 1
        elif node.style in {"'", '"'}:
            at += 1
        for index, char in enumerate(node.value):
            if char.isspace():
                if index == offset:
                    break
                continue
            while at < end and self.text[at] != char:
                at += 1
            if index >= offset:
                break
            at += 1
        line = self.text.count("\n", 0, at)
        return line, at - (self.text.rfind("\n", 0, at) + 1)

    def span(self, path: Path) -> tuple[int, int]:
        """The characters that write the value of a path: from the first to behind the last one."""
        node = self._values[path]
        last = node
        while isinstance(last, SequenceNode | MappingNode) and not last.flow_style and last.value:
            below = last.value[-1]
            last = below[1] if isinstance(below, tuple) else below
        return node.start_mark.index, last.end_mark.index

    def read(self, model: type[ModelT]) -> ModelT | None:
        """The data as a ``model``, or ``None`` with every mistake at its place in ``problems``."""
        if self.problems and self.data is None:
            return None
        try:
            made = model.model_validate_json(json.dumps(self.data))
        except ValidationError as error:
            found = [self._of_pydantic(model, item) for item in error.errors(include_url=False)]
        else:
            return None if self.problems else made
        alternatives: dict[Problem, list[str]] = {}
        for problem, said in found:
            alternatives.setdefault(problem, []).append(said)
        for problem, each in alternatives.items():
            first, *more = dict.fromkeys(each)
            said = ", or ".join([first, *(other.removeprefix("should be ") for other in more)])
            self.problems.append(replace(problem, message=problem.message + said))
        return None

    def _of_pydantic(self, model: type[BaseModel], item: ErrorDetails) -> tuple[Problem, str]:
        """The problem at its place, and what is wrong; a value that fits none of several types gives one for each."""
        path: Path = tuple(item["loc"])
        while path and path not in self._values and path[:-1] not in self._values:
            path = path[:-1]
        if item["type"] == "extra_forbidden":
            known = fields_at(model, path[:-1])
            said = f"no key {path[-1]} here; {nearby(str(path[-1]), known)}"
            return self.problem("unknown-key", said, path, key=True), ""
        if item["type"] == "missing":
            return self.problem("missing-key", f"{dotted_path(path)} is missing", path[:-1], key=True), ""
        while path and path not in self._values:
            path = path[:-1]
        said = item["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
        for theirs, ours in _WORDS.items():
            said = said.replace(theirs, ours)
        return self.problem("bad-value", f"{dotted_path(path) or 'the file'}: ", path), said


@dataclass(frozen=True, slots=True)
class Like:
    """A text of one form, told in words where it is of another."""

    pattern: str
    words: str

    def check(self, value: str) -> str:
        """The text itself. Raises ``ValueError``."""
        if not re.search(self.pattern, value):
            raise ValueError(f"{value!r} should be {self.words}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - any type
        return no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "pattern": self.pattern}


def dotted_path(path: Path) -> str:
    """A path as people write it.

    >>> dotted_path(("timeline", 2, "at"))
    'timeline[2].at'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def fields_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys that a (nested) model has at a path, by its JSON Schema."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})

    def resolve(part: dict[str, object]) -> list[dict[str, object]]:
        if "$ref" in part:
            return resolve(definitions[str(part["$ref"]).rpartition("/")[2]])
        options = part.get("anyOf") or part.get("oneOf")
        if isinstance(options, list):
            return [found for option in options for found in resolve(option)]
        return [part]

    here = resolve(schema)
    for step in path:
        below: list[dict[str, object]] = []
        for part in here:
            properties, items = part.get("properties"), part.get("items")
            additional = part.get("additionalProperties")
            if isinstance(step, int) and isinstance(items, dict):
                below += resolve(items)
            elif isinstance(properties, dict) and step in properties:
                below += resolve(properties[step])
            elif isinstance(additional, dict):
                below += resolve(additional)
        here = below or here
    return [str(key) for part in here for key in (part.get("properties") or {})]  # type: ignore[attr-defined] # a mapping by the JSON Schema


def load(text: str, name: str) -> Source:
    """Read one YAML document; nothing is raised, what is wrong stands in ``problems``."""
    source = Source(name, text, lines=text.splitlines())
    try:
        root = nodes_of(text)
        source.data = None if root is None else _build(source, root, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        column = mark.column + 1 if mark else 1
        shown = source.lines[line - 1] if line <= len(source.lines) else ""
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        source.problems.append(Problem("bad-yaml", f"this is no YAML: {said}", name, line, column, shown))
    except (YAMLError, ValueError) as error:
        source.problems.append(Problem("bad-yaml", f"this is no YAML: {str(error).splitlines()[0]}", name, 1, 1))
    except RecursionError:
        source.problems.append(Problem("bad-yaml", "nested too deeply, or an alias inside what it stands for", name, 1, 1))
    return source


def _build(source: Source, node: Node, path: Path) -> Data:
    source._values[path] = node  # noqa: SLF001 - the builder of the class
    if len(source._values) > MOST_VALUES:  # noqa: SLF001 - the builder of the class
        raise YAMLError(f"more than {MOST_VALUES} values, aliases written out; split the file")
    if isinstance(node, MappingNode):
        return _mapping(source, node, path)
    if isinstance(node, SequenceNode):
        return [_build(source, item, (*path, index)) for index, item in enumerate(node.value)]
    return _scalar(source, node, path) if isinstance(node, ScalarNode) else None


def _mapping(source: Source, node: MappingNode, path: Path) -> dict[str, Data]:
    """The keys of a mapping; ``<<: *other`` takes over those of another that are not its own."""
    found: dict[str, Data] = {}
    for key_node, value_node in node.value:
        if key_node.tag == f"{TAG}merge":
            others = value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            for other in reversed(others):
                if not isinstance(other, MappingNode):
                    source.problems.append(source.problem("bad-yaml", "<< takes a mapping, or a list of them", path))
                    continue
                found |= _mapping(source, other, path)
    own: set[str] = set()
    for key_node, value_node in node.value:
        if key_node.tag == f"{TAG}merge":
            continue
        key = key_node.value if isinstance(key_node, ScalarNode) else ""
        if key in own or not isinstance(key_node, ScalarNode):
            mark = key_node.start_mark
            said = f"the key {key} is written twice" if key in own else "a key has to be a text"
            line = source.lines[mark.line]
            problem = Problem("bad-yaml", said, source.name, mark.line + 1, mark.column + 1, line, len(key))
            source.problems.append(problem)
            continue
        own.add(key)
        source._keys[(*path, key)] = key_node  # noqa: SLF001 - the builder of the class
        found[key] = _build(source, value_node, (*path, key))
    return found


def _scalar(source: Source, node: ScalarNode, path: Path) -> Data:
    kind, value = str(node.tag).removeprefix(TAG), node.value
    try:
        match kind:
            case "null":
                return None
            case "bool":
                return str(value).lower() in {"true", "yes", "on"}
            case "int":
                number = int(value.replace("_", ""), 0)
                if number.bit_length() < MOST_BITS:
                    return number
            case "float":
                return float(value.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
            case "str" | "timestamp":
                return str(value)
    except ValueError:
        pass
    source.problems.append(source.problem("bad-yaml", f"{value!r} cannot be read as {kind}", path))
    return None
