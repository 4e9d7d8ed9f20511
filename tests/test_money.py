"""Money: whole minor units outside expressions, major units inside."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.money import EXPONENTS, NANOS, format_money, minor_of_nanos, to_major, to_minor

exponents = st.sampled_from([0, 2, 3, 4])


@pytest.mark.parametrize(
    ("major", "exponent", "minor"),
    [
        (1.005, 2, 101),
        (0.005, 2, 1),
        (0.0049, 2, 0),
        (0.004999985, 2, 0),  # below what is forgiven
        (0.00499999, 2, 1),  # within it
        (2.675, 2, 268),
        (-1.005, 2, -100),
        (-0.5, 0, 0),
        (-0.51, 0, -1),
        (0.5, 0, 1),
        (1.0005, 3, 1001),
        (0.00005, 4, 1),
        (1e15, 2, 10**17),
    ],
)
def test_back_to_minor_units_a_half_goes_up(major: float, exponent: int, minor: int) -> None:
    assert to_minor(major, exponent) == minor


@given(st.integers(-(10**13), 10**13), exponents)
def test_minor_units_survive_the_way_over_a_float(minor: int, exponent: int) -> None:
    assert to_minor(to_major(minor, exponent), exponent) == minor


@given(st.integers(0, 10**9), st.integers(0, NANOS - 1), exponents)
def test_units_and_billionths_become_the_minor_units_of_the_same_rule(units: int, nanos: int, exponent: int) -> None:
    exact = (units + Fraction(nanos, NANOS)) * 10**exponent
    assert minor_of_nanos(units, nanos, exponent) == floor(exact + Fraction(500_001, 1_000_000))


@given(st.integers(0, 10**6), exponents)
def test_whole_minor_units_in_billionths_stay_what_they_are(minor: int, exponent: int) -> None:
    units, rest = divmod(minor, 10**exponent)
    assert minor_of_nanos(units, rest * NANOS // 10**exponent, exponent) == minor


def test_currencies_have_their_exponents() -> None:
    wanted = {"GBP": 2, "EUR": 2, "USD": 2, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3, "CLF": 4}
    assert {code: EXPONENTS[code] for code in wanted} == wanted
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "GBP", "0.00 GBP"),
        (5, "GBP", "0.05 GBP"),
        (-5, "GBP", "-0.05 GBP"),
        (500, "JPY", "500 JPY"),
        (1234, "KWD", "1.234 KWD"),
        (4999, "???", "49.99 ???"),
    ],
)
def test_an_amount_is_written_with_its_places(minor: int, currency: str, text: str) -> None:
    assert format_money(minor, currency) == text
