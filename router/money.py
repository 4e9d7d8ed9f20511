"""Money: whole minor units outside expressions, a number in major units inside, one rule between them."""

from math import floor
from typing import Final

from router.compiled import quotient

_CODES_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: Final[dict[str, int]] = {code: e for e, codes in _CODES_BY_EXPONENT.items() for code in codes.split()}
"""Decimal places of the minor unit of each currency (ISO 4217, list one)."""

POWERS: Final = (1, 10, 100, 1000, 10_000)
"""Minor units of a major one, by exponent."""

HALF: Final = 0.500001
"""What is added before the floor: a little over a half, so that 1.005 (a float below it) becomes 1.01."""

NANOS: Final = 10**9

LARGEST_AMOUNT: Final = 9e14
"""The largest amount in major units: in minor units of every currency it fits 64 bits, on the wire and in files."""


def to_minor(major: float, exponent: int) -> int:
    """Whole minor units of a finite amount in major units: ``floor(x * 10^e + 0.500001)``.

    >>> to_minor(1.005, 2), to_minor(49.99, 2), to_minor(-0.2, 0)
    (101, 4999, 0)
    """
    return floor(major * POWERS[exponent] + HALF)


def to_major(minor: int, exponent: int) -> float:
    """The number that an expression sees for so many minor units.

    >>> to_major(4999, 2)
    49.99
    """
    return quotient(minor, POWERS[exponent])


def minor_of_nanos(units: int, nanos: int, exponent: int) -> int:
    """Minor units of an amount given as whole units and billionths, by the same rule in whole numbers.

    >>> minor_of_nanos(1, 5_000_000, 2), minor_of_nanos(49, 990_000_000, 2)
    (101, 4999)
    """
    return ((units * NANOS + nanos) * POWERS[exponent] + 500_001_000) // NANOS


def format_money(minor: int, currency: str, *, grouped: bool = False) -> str:
    """An amount as people write it, its thousands apart if ``grouped``.

    >>> format_money(4999, "GBP"), format_money(-500, "JPY"), format_money(123456, "GBP", grouped=True)
    ('49.99 GBP', '-500 JPY', '1,234.56 GBP')
    """
    exponent = EXPONENTS.get(currency, 2)
    return f"{quotient(minor, POWERS[exponent]):{',' if grouped else ''}.{exponent}f} {currency}"
