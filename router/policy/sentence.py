"""Sentences with facts in braces: checked when a policy loads, rendered only for what is shown."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from router.facts import Value

_BRACES = re.compile(r"\{([^{}]*)\}")


class Sentence(NamedTuple):
    """Texts and names in turn: ``texts`` has one more than ``names``; ``places`` says how each value is written: the decimal
    places of money, nothing for what is no money."""

    texts: tuple[str, ...]
    names: tuple[str, ...]
    places: tuple[str, ...]


def say(value: Value, places: str = "") -> str:
    """A value in words: money with the places of its currency, ``unknown`` if missing; other numbers with one decimal place,
    or up to three where they would look whole or be a twentieth off.

    >>> say(3.14), say(3.0), say(None), say(True), say(9.5, "2"), say(float("nan"))
    ('3.1', '3', 'unknown', 'yes', '9.50', 'unknown')
    >>> say(2.96), say(0.054), say(94.9999)
    ('2.96', '0.054', '95')
    """
    kind = type(value)
    if kind is int:
        return str(value)
    if kind is str:
        return value  # type: ignore[return-value]  # a text
    if value is None or value != value:  # noqa: PLR0124 - NaN is missing
        return "unknown"
    if kind is bool:
        return "yes" if value else "no"
    if places:
        return f"{value:.{places}f}"
    return _decimal(float(value))


def _decimal(value: float) -> str:
    whole = int(value)
    if whole == value:
        return str(whole)
    text = f"{value:.1f}"
    if abs(value) >= 1 and not text.endswith(".0"):
        return text  # less than a twentieth off, and not whole
    for form in (".1f", ".2f"):
        text = format(value, form)
        near = float(text)
        if near == value or (near % 1 and abs(near - value) * 20 <= abs(value)):
            return text.removesuffix(".0")
    return f"{value:.3f}".rstrip("0").rstrip(".")


class Blank:
    """A blank of a sentence, and the text after it: which fact stands there, and how it is written.

    ``place`` says where a fact stands: whether among the customer's, and its index; ``None``: it is read by its name.
    """

    __slots__ = ("index", "name", "of_customer", "places", "text")

    def __init__(self, name: str, place: tuple[bool, int] | None, places: str, text: str) -> None:
        self.name = name
        self.of_customer = place is not None and place[0]
        self.index = -1 if place is None else place[1]
        self.places = places
        self.text = text


def blanks(sentence: Sentence, places: Mapping[str, tuple[bool, int]]) -> tuple[Blank, ...]:
    """The blanks of a sentence; ``places`` says where each fact stands."""
    parts = zip(sentence.names, sentence.places, sentence.texts[1:], strict=True)
    return tuple(Blank(name, places.get(name), decimals, text) for name, decimals, text in parts)


def split(
    text: str, known: Mapping[str, str], constants: Mapping[str, str] | None = None
) -> tuple[Sentence, tuple[tuple[str, int], ...]]:
    """The sentence with ``constants`` written in, and the names that are not known, each with its place in the text.

    ``known`` says of each name how many decimal places its money has, nothing for what is no money.

    >>> sentence, unknown = split("{a} time(s), {b}", {"a": ""})
    >>> sentence.texts, sentence.names, unknown
    (('', ' time(s), ', ''), ('a', 'b'), (('b', 14),))
    """
    texts, names, places, unknown = [""], [], [], []
    end = 0
    for match in _BRACES.finditer(text):
        name = match[1].strip()
        texts[-1] += text[end : match.start()]
        end = match.end()
        if constants and name in constants:
            texts[-1] += constants[name]
            continue
        names.append(name)
        places.append(known.get(name, ""))
        texts.append("")
        if name not in known:
            unknown.append((name, match.start(1)))
    texts[-1] += text[end:]
    return Sentence(tuple(texts), tuple(names), tuple(places)), tuple(unknown)
