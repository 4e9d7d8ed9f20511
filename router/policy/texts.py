"""The texts of a policy file: expressions, sentences and durations, in the scope of their section."""

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from router.calendar import Calendar, Duration, parse_duration
from router.errors import Problem, nearby
from router.facts import CHANNELS, STATUSES, TOUCHPOINTS, VOCABULARY, Fact, Type
from router.money import EXPONENTS
from router.policy import document as d
from router.policy import expression as ex
from router.policy import plan as p
from router.policy.parse import parse
from router.policy.scope import Literals, Scope
from router.policy.sentence import Sentence, say, split
from router.text import nfc
from router.time import YEAR
from router.yaml import Path, Source

_FACT_NAME = re.compile(r"(case|customer)\.[a-z][a-z0-9_]*")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset(
    {"tier", "score", "band", "level", "missing", "min", "max", "round", "default", "and", "or", "not", "in", "is"}
)
_NUMBER, _TEXT = Type.NUMBER, Type.TEXT

DETAILS: Mapping[str, str] = {
    "detail.received": "evidence received, with its days",
    "detail.repeated": "evidence asked for although we have it: when it came, or that the order is on record",
    "detail.outstanding": "evidence asked for and not received",
    "detail.contradiction": "the last two statements that conflict",
    "detail.broken_promise": "the promises broken, with their times",
    "detail.failed_channels": "channels by which the customer could not get through",
    "detail.owner": "the named owner of the case, else of the customer",
    "detail.next_person": "the next person that the customer may ask for",
}
"""What a sentence may name beside facts: words from the timeline."""

LONGEST_DURATION = 100 * YEAR
"""Longer ones would lead to deadlines that no calendar has."""


class Texts:
    """The texts of one document, read in a scope that grows from section to section; every mistake is collected."""

    def __init__(self, source: Source, document: d.PolicyDocument, spared: Collection[Path] = ()) -> None:
        self.source, self.document, self.spared = source, document, spared
        self.problems: list[Problem] = []
        self.facts = tuple(self.declared())
        refs: dict[str, Type] = {fact.name: fact.type for fact in (*VOCABULARY.values(), *self.facts)}
        failing = tuple(nfc(name) for name, issue in document.issues.items() if issue.company_failure)
        later = {
            "tier": "tiers are being given here",
            "tier.rank": "tiers are being given here",
            "score": "it is known after the priority rules",
            "band": "it is known after the priority rules",
            "level": "it is known after the escalation rules",
            "level.rank": "it is known after the escalation rules",
        }
        constants = dict(self.parameters())
        self.written = {name: say_constant(value) for name, value in constants.items()}
        self.scope = Scope(
            refs,
            constants,
            {"issue.company_failure": ex.OneOf(ex.Ref("case.issue", _TEXT), failing, negated=False)},
            {
                "case.issue": tuple(map(nfc, document.issues)),
                "case.channel": CHANNELS,
                "case.touchpoint": TOUCHPOINTS,
                "case.status": STATUSES,
                "tier": tuple(tier.tier for tier in document.tiers),
                "band": p.BANDS,
                "level": tuple(level.level for level in document.escalation.levels),
            },
            later,
        )
        self.sayable = self._sayable()

    def _sayable(self) -> Mapping[str, str]:
        """What a sentence may name here, each with the decimal places of its money."""
        decimals = str(EXPONENTS[self.document.currency])
        known = {name: decimals if kind is Type.MONEY else "" for name, kind in self.scope.refs.items()}
        return known | dict.fromkeys(DETAILS, "")

    def wrong(self, code: str, message: str, *path: str | int, key: bool = False) -> None:
        """Note a problem at the value, or the key, of a path."""
        self.note(code, message, path, key=key)

    def note(self, code: str, message: str, path: Path, *, offset: int = 0, width: int = 0, key: bool = False) -> None:
        """Note a problem, but of what is ``spared``."""
        if not any(path[: len(part)] == part for part in self.spared):
            self.problems.append(self.source.problem(code, message, path, offset=offset, width=width, key=key))

    def extend(self, **types: Type) -> None:
        """Names that the sections from here on know."""
        names = {name.replace("__", "."): kind for name, kind in types.items()}
        later = {name: hint for name, hint in self.scope.later.items() if name not in names}
        self.scope = replace(self.scope, refs={**self.scope.refs, **names}, later=later)
        self.sayable = self._sayable()

    # what a policy declares

    def declared(self) -> Iterable[Fact]:
        """The facts of the policy's own."""
        for name, given in self.document.facts.items():
            if not _FACT_NAME.fullmatch(name):
                self.wrong("bad-fact", f"a fact is named case.… or customer.…, not {name}", "facts", name, key=True)
            elif name in VOCABULARY:
                self.wrong("bad-fact", f"{name} is in the vocabulary already; see docs/facts.md", "facts", name, key=True)
            else:
                yield Fact(name, given.type, given.meaning, given.unit, given.direction, missing="not given")

    def parameters(self) -> Iterable[tuple[str, ex.Node | Literals]]:
        """The parameters, as literals."""
        for name, value in self.document.parameters.items():
            if not _PARAMETER.fullmatch(name) or name in _RESERVED:
                self.wrong("bad-parameter", f"{name} cannot name a parameter", "parameters", name, key=True)
            elif isinstance(value, list):
                yield name, tuple(nfc(v) if isinstance(v, str) else v for v in value)  # type: ignore[misc] # of one kind
            elif isinstance(value, bool):
                yield name, ex.YesNo(value)
            else:
                yield name, ex.Text(nfc(value)) if isinstance(value, str) else ex.Number(float(value))

    # texts of the document

    def expression(self, text: str | float | None, *path: str | int, condition: bool) -> ex.Node:
        """The typed tree of an expression; of none, the condition that always holds."""
        if text is None:
            return p.ALWAYS
        typed, mistakes = parse(text if isinstance(text, str) else repr(text), self.scope, condition=condition)
        for mistake in mistakes:
            self.note(mistake.code, mistake.message, path, offset=mistake.start, width=mistake.width)
        return typed.node if typed else p.ALWAYS

    def sentence(self, text: str, *path: str | int) -> Sentence:
        """A sentence whose names are all known."""
        known = self.sayable
        sentence, unknown = split(text, known, self.written)
        for match in re.finditer(r"[{}]", re.sub(r"\{[^{}]*\}", lambda braces: " " * len(braces[0]), text)):
            message = "a brace alone; a fact stands between two, as {case.chases}"
            self.note("bad-sentence", message, path, offset=match.start(), width=1)
        for name, start in unknown:
            hint = self.scope.later.get(name) or nearby(name, [*known, *self.written])
            message = f"no fact {name or '{}'} for a sentence here; {hint}"
            self.note("unknown-fact", message, path, offset=start, width=len(name))
        return sentence

    def duration(self, text: str, calendar: Calendar, *path: str | int) -> Duration:
        """A duration of at most a hundred years."""
        try:
            found = parse_duration(text, calendar)
        except ValueError as error:
            self.wrong("bad-duration", str(error), *path)
            return Duration(0, business=False)
        if found.microseconds > LONGEST_DURATION:
            self.wrong("bad-duration", f"{text!r} is longer than 100 years", *path)
        return found

    def unique(self, names: Sequence[str], what: str, *path: str | int, key: str) -> None:
        """Note every name that comes again."""
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                self.wrong("duplicate-id", f"{what} {name} is there already", *path, index, key)
            seen.add(name)


def say_constant(value: ex.Node | Literals) -> str:
    """A parameter as a sentence shows it."""
    if isinstance(value, tuple):
        return ", ".join(map(say, value))
    return say(getattr(value, "value", None))


_SHOWN = re.compile(r"\{\s*([a-z][a-z0-9_]*)\s*\}")


def names_written(text: str) -> frozenset[str]:
    """The plain names, without a dot, in an expression or in the braces of a sentence.

    >>> sorted(names_written("case.chases >= limit and 'x' != word")), sorted(names_written("A {tier} one."))
    (['case', 'limit', 'word'], ['tier'])
    """
    shown = frozenset(_SHOWN.findall(text))
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval")
    except (SyntaxError, ValueError):
        return shown
    return shown | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
