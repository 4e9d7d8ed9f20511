"""Many random cases at once, of few different values, so that they meet: seeded, and too many to shrink."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from router.cases import model as m
from router.facts import CHANNELS, TOUCHPOINTS
from router.time import HOUR, parse_instant

OPENED = parse_instant("2016-10-28T18:00:00Z")
"""A Friday evening; on the second night after it clocks in Europe go back."""
NIGHT = parse_instant("2016-10-30T01:00:00Z")
LEVELS = ("frontline", "senior", "nobody")
_NFC, _NFD = "caf\u00e9", "cafe\u0301"
_WORDS = ("delivery", " Delivery ", "\x1cdelivery\u2003", "stra\u00dfe", "STRASSE", _NFC, _NFD, "", "\u0130", "i\u0307")
_APOLOGIES = (None, "", "We are sorry.", "Sorry, but no.", "But of course: sorry!", "Sorry. BUT", "no butter")


def random_cases(seed: int, count: int, most: int = 14) -> list[m.Case]:
    """So many cases with up to ``most`` events each, in any order."""
    draw = Random(seed)
    return [_case(draw, f"case-{number}", most) for number in range(count)]


def moment(draw: Random) -> int:
    """An instant around the opening, on a coarse grid or a microsecond beside it."""
    base = draw.choice((OPENED, NIGHT, OPENED + draw.randrange(-4, 40) * 3 * HOUR))
    return base + draw.choice((0, 0, 0, -1, 1))


def money(draw: Random) -> m.Money:
    """An amount, mostly in pounds."""
    return m.Money(draw.choice((0, 1, 500, 999, 10**17 + 1)), draw.choice(("GBP", "GBP", "GBP", "EUR", "")))


def _case(draw: Random, name: str, most: int) -> m.Case:
    return m.Case(
        id=name,
        opened_at=draw.choice((OPENED, moment(draw))),
        customer_id=draw.choice(("", "known")),
        channel=draw.choice((None, *CHANNELS)),
        touchpoint=draw.choice((None, *TOUCHPOINTS)),
        issue=draw.choice(("", "nonsense", "delivery_failed", "question")),
        order_id=draw.choice(("", "on-record", "elsewhere")),
        value_at_stake=draw.choice((None, money(draw))),
        brand=draw.choice(("", _NFC)),
        timeline=tuple(_event(draw) for _ in range(draw.randrange(most + 1))),
    )


def _event(draw: Random) -> m.Event:
    return m.Event(
        moment(draw),
        draw.choice(_WHATS)(draw),
        draw.choice((0, 0, 0, 1, -1)),
        draw.choice(("", "", "", "e1", "e2")),
        draw.choice(("", "ann")),
    )


def _of(kind: type[m.What]) -> Callable[[Random], m.What]:
    return lambda draw: kind(**{name: _ATTRIBUTES[name](draw) for name in kind._fields})


def _yes_no(draw: Random) -> bool:
    return draw.random() < 0.5


_ATTRIBUTES: Mapping[str, Callable[[Random], Any]] = {
    "channel": lambda draw: draw.choice((None, "phone", "email", "chat")),
    "reason": lambda draw: draw.choice(("", "mailbox full")),
    "public": _yes_no,
    "automatic": _yes_no,
    "topic": lambda draw: draw.choice(_WORDS),
    "claim": lambda draw: draw.choice(_WORDS),
    "corrects": lambda draw: draw.random() < 0.2,
    "id": lambda draw: draw.choice(("a", "b", "A", "")),
    "due_at": moment,
    "item": lambda draw: draw.choice(("proof_of_purchase", "photo")),
    "text": lambda draw: draw.choice(_APOLOGIES),
    "hedged": lambda draw: draw.choice((None, None, True, False)),
    "kind": lambda draw: draw.choice(("suspend_account", "charge")),
    "amount": lambda draw: draw.choice((None, money(draw))),
    "statutory": _yes_no,
    "agent_id": lambda draw: draw.choice(("ann", "bob", "")),
    "level": lambda draw: draw.choice(LEVELS),
}
_OFTEN = (m.CustomerContacted, m.CompanyReplied, m.StatementMade, m.EvidenceRequested, m.PromiseMade)
_WHATS = tuple(map(_of, (*m.EVENTS.values(), *_OFTEN)))
