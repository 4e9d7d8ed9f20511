"""Whether an apology takes itself back: a hedging word after the apology."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from router.text import nfc

_APOLOGY: Final = re.compile(r"\b(?:sorry|apolog\w*|regret(?:s|ted|ting)?|pardon|forgive)\b")


def hedge_finder(hedges: Iterable[str]) -> Callable[[str], bool]:
    """A test of a text for one of the ``hedges`` as a whole word, or as whole words with whatever spaces between, after the
    first word of apology; in a text with no such word, anywhere. Case does not count.

    >>> hedged = hedge_finder(["but", "however"])
    >>> hedged("We are sorry, but the courier lost it."), hedged("But of course: sorry!"), hedged("Sorry for the butter.")
    (True, False, False)
    """
    words = [_whole(fold_text(hedge)) for hedge in hedges if hedge.strip()]
    if not words:
        return lambda _text: False
    pattern = re.compile("|".join(words))

    @lru_cache(maxsize=4096)
    def hedged(text: str) -> bool:
        folded = fold_text(text)
        apology = _APOLOGY.search(folded)
        return pattern.search(folded, apology.end() if apology else 0) is not None

    return hedged


def _whole(hedge: str) -> str:
    """A pattern of a hedge with any spaces in it, which where it ends in a letter is not followed by another."""
    before, after = (r"\b" if re.match(r"\w", end) else "" for end in (hedge[0], hedge[-1]))
    return before + r"\s+".join(map(re.escape, hedge.split())) + after


def fold_text(text: str) -> str:
    """A text trimmed and case-folded, NFC, as topics and claims are compared.

    >>> fold_text("  Nobody was IN ")
    'nobody was in'
    """
    return nfc(text).strip().casefold()
