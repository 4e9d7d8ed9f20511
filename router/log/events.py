"""The events of a timeline as records hold them: no text, only what a text is equal to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from router.cases import model as m
from router.cases.hedges import hedge_finder
from router.cases.timeline import PROOF_OF_PURCHASE, Timeline
from router.log.layout import AGENT, EVENT_COLUMNS, EXACT, ITEM, LEVEL, WORDS
from router.policy.model import Policy

Hide: TypeAlias = Callable[[str], str]
"""From a text to what stands for it."""


Row: TypeAlias = dict[str, Any]
"""An event as a record holds it: its name, when it was, and its attributes by column."""


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

    words = exact


def timeline_writer(hides: Hides, agents: Hide, policy: Policy) -> Callable[[Timeline], list[Row]]:
    """A function from a timeline to the rows of what it was told. ``agents`` stands for ids of agents."""
    exact, levels = hides.exact, frozenset(level.name for level in policy.levels)
    hidden: Mapping[str, Hide] = {
        EXACT: exact,
        WORDS: hides.words,
        AGENT: agents,
        ITEM: lambda item: item if item == PROOF_OF_PURCHASE else exact(item),
        LEVEL: lambda level: level if level in levels else exact(level),
    }
    writers = {kind: _writer(kind, EVENT_COLUMNS.get(kind, ()), hidden) for kind in m.EVENTS}
    offered, hedges = writers["remedy_offered"], hedge_finder(policy.hedges)

    def apology(at: int, text: str | None, hedged: bool | None) -> Row:  # noqa: FBT001 - attributes of the event
        """Hedged as the timeline counts it."""
        return {"kind": "apology_given", "at": at, "hedged": bool(hedged) or (text is not None and hedges(text))}

    def remedy(at: int, offer: str, kind: str, amount: m.Money | None, statutory: bool) -> Row:  # noqa: FBT001 - attributes of the event
        return offered(at, offer, kind, *(amount or (None, None)), statutory)

    writers |= {"apology_given": apology, "remedy_offered": remedy}
    return lambda timeline: [writers[kind](at, *values) for kind, at, values in timeline.told]


def _writer(kind: str, columns: Sequence[tuple[str, str]], hidden: Mapping[str, Hide]) -> Callable[..., Row]:
    """A function from the time and the attributes of an event to its row: ``lambda at, topic, …: {"kind": …, …}``.

    One expression takes a third of the time of a loop over the columns.
    """
    names = [name for name, _ in columns]
    values = [f"{name!r}: hide_{how}({name})" if how in hidden else f"{name!r}: {name}" for name, how in columns]
    row = ", ".join([f"'kind': {kind!r}", "'at': at", *values])
    text = f"lambda {', '.join(['at', *names])}: {{{row}}}"
    names_in_it = {f"hide_{how}": hide for how, hide in hidden.items()}
    made: Callable[..., Row] = eval(text, {"__builtins__": {}} | names_in_it)  # noqa: S307 - only names of the layout in it
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
