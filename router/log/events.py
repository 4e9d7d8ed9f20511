"""The events of a timeline as records hold them: no text, only what a text is equal to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from router.cases import model as m
from router.cases.hedges import hedge_finder
from router.cases.timeline import PROOF_OF_PURCHASE
from router.log.layout import AGENT, CURRENCY, EVENT_COLUMNS, EXACT, ITEM, LEVEL, WHOLE, WIDEST, WORDS
from router.money import EXPONENTS
from router.policy.model import Policy

Hide: TypeAlias = Callable[[str], str]
"""From a text to what stands for it."""


class Hides(Protocol):
    """What stands for texts: the hashes of a key, or, where a record is made of a record, they themselves."""

    @property
    def exact(self) -> Hide:
        """Equal for equal texts."""

    @property
    def words(self) -> Hide:
        """Equal for texts that are equal trimmed and case-folded."""


class AsIs:
    """Texts that are hidden already."""

    name = ""

    def exact(self, text: str) -> str:
        """The text."""
        return text

    def words(self, text: str) -> str:
        """The text."""
        return text


Details: TypeAlias = Callable[..., tuple[str | int | None, ...]]
"""From the attributes of an event to what a line holds of them."""


def detail_writers(hides: Hides, agents: Hide, policy: Policy) -> Mapping[str, Details | None]:
    """What writes down the attributes of each kind of event; ``None`` where they are written as they are.

    ``agents`` stands for ids of agents.
    """
    exact, levels = hides.exact, frozenset(level.name for level in policy.levels)
    ways: Mapping[str, Callable[[Any], str | int | None]] = {
        WHOLE: _whole,
        EXACT: exact,
        WORDS: hides.words,
        AGENT: agents,
        ITEM: lambda item: item if item == PROOF_OF_PURCHASE else exact(item),
        CURRENCY: lambda code: code and money_code(exact, code),
        LEVEL: lambda level: level if level in levels else exact(level),
    }
    writers = {kind: _writer(EVENT_COLUMNS.get(kind, ()), ways) for kind in m.EVENTS}
    offered, hedges = _writer(EVENT_COLUMNS["remedy_offered"], ways), hedge_finder(policy.hedges)
    assert offered is not None  # noqa: S101 - its id is hashed

    def apology(text: str | None, hedged: bool | None) -> tuple[bool]:  # noqa: FBT001 - attributes of the event
        """Hedged as the timeline counts it."""
        return (bool(hedged) or (text is not None and hedges(text)),)

    def remedy(offer: str, kind: str, amount: m.Money | None, statutory: bool) -> tuple[str | int | None, ...]:  # noqa: FBT001 - attributes of the event
        return offered(offer, kind, *(amount or (None, None)), statutory)

    return writers | {"apology_given": apology, "remedy_offered": remedy}


def money_code(hide: Hide, code: str) -> str:
    """A currency as it is if there is one of that name; else it may be any text."""
    return code if code in EXPONENTS else hide(code)


def _whole(number: int | None) -> int | None:
    """The nearest whole number that 64 bits hold."""
    return number if number is None else max(-WIDEST, min(number, WIDEST))


def _writer(columns: Sequence[tuple[str, str]], ways: Mapping[str, Callable[[Any], str | int | None]]) -> Details | None:
    """A function from the attributes of an event to what stands for them: ``lambda topic, …: (as_words(topic), …,)``.

    One expression takes a third of the time of a loop over the columns.
    """
    if not any(how in ways for _, how in columns):
        return None
    values = ", ".join(f"as_{how}({name})" if how in ways else name for name, how in columns)
    text = f"lambda {', '.join(name for name, _ in columns)}: ({values},)"
    made: Details = eval(text, {"__builtins__": {}} | {f"as_{how}": way for how, way in ways.items()})  # noqa: S307 - only names of the layout in it
    return made


def read_events(rows: Iterable[Mapping[str, Any]]) -> tuple[m.Event, ...]:
    """The events of a record, in its order."""
    return tuple(m.Event(row["at"], _what(row["kind"], row)) for row in rows)


def _what(kind: str, row: Mapping[str, Any]) -> m.What:
    if kind == "apology_given":
        return m.ApologyGiven(None, row["hedged"])
    values: list[Any] = [row.get(name) for name, _ in EVENT_COLUMNS.get(kind, ())]
    if kind == "remedy_offered":
        offer, what, amount, currency, statutory = values
        money = None if amount is None else m.Money(amount, currency)
        return m.RemedyOffered(offer, what, money, statutory)
    return m.EVENTS[kind](*values)
