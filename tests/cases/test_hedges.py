"""When an apology takes itself back."""

import pytest

from router.cases.hedges import fold_text, hedge_finder

HEDGED = hedge_finder(["but", "however", "That said", "stra\u00dfe"])


@pytest.mark.parametrize(
    "text",
    [
        "We are sorry, but the courier lost it.",
        "SORRY. BUT no.",
        "We apologise; however, …",
        "Apologies, but",
        "Our apology. That said, it was raining.",
        "We regret it, that SAID we did nothing wrong.",
        "But we are sorry, but.",
        "Nothing to say, but this.",  # no word of apology at all
        "But no.",
        "Pardon us, STRASSE",
        "Sorry.\n\nThat \t said: no.",  # spaces are as they may be
    ],
)
def test_a_hedging_word_after_the_apology_takes_it_back(text: str) -> None:
    assert HEDGED(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We are sorry.",
        "But of course: we are sorry.",  # before it
        "Sorry for the butter.",  # part of a word
        "Sorry for the tribut.",
        "Sorry about that, said nobody.",
        "Regrettably it was late, but we are truly sorry.",  # a regrettable thing is not yet an apology
    ],
)
def test_other_words_do_not(text: str) -> None:
    assert not HEDGED(text)


def test_without_hedging_words_no_apology_is_hedged() -> None:
    assert not hedge_finder([])("Sorry, but no.")
    assert not hedge_finder(["", "  "])("Sorry, but no.")


def test_a_hedging_word_is_a_word_not_a_pattern() -> None:
    assert not hedge_finder(["b.t"])("Sorry, but no.")
    assert hedge_finder(["b.t"])("Sorry, b.t no.")
    assert hedge_finder(["that said,"])("Sorry. That said, no.")  # whatever it ends with
    assert hedge_finder(["that said,"])("Sorry. That said,no.")
    assert hedge_finder(["-"])("Sorry-no.")


def test_texts_are_compared_trimmed_case_folded_and_composed() -> None:
    assert fold_text("\u2003 Cafe\u0301 STRASSE\n") == fold_text("caf\u00c9 stra\u00dfe")
