"""A snapshot in words and in plain data: what ``case-router snapshot show`` and ``snapshot customer`` print."""

from math import isnan

from router.crm.features import STORED
from router.crm.lookup import Customers
from router.crm.manifest import Manifest
from router.facts import Fact, Type, Value
from router.money import EXPONENTS
from router.time import format_instant


def overview(manifest: Manifest) -> list[tuple[str, str]]:
    """What a snapshot says of itself, as labels and texts in the order to print them."""
    missing = [fact.name for fact in STORED if fact.name not in manifest.facts]
    return [
        ("id", manifest.id),
        ("as of", format_instant(manifest.as_of)),
        ("currency", manifest.currency),
        ("customers", f"{manifest.rows:,}"),
        ("orders", "no orders table" if manifest.orders is None else f"{manifest.orders:,}"),
        ("further facts", ", ".join(f"{fact.name} ({fact.type.value})" for fact in manifest.extras) or "none"),
        ("missing for everybody", ", ".join(missing) or "none"),
        ("size", f"{sum(file.bytes for file in manifest.files):,} bytes"),
        ("schema", str(manifest.schema)),
        ("built by", f"case-router {manifest.engine}".strip()),
        *(("source", f"{source.table}: {source.path}, SHA-256 {source.sha256}") for source in manifest.sources),
        *(("warning", warning) for warning in manifest.warnings),
    ]


def facts_of(customers: Customers, customer_id: str, now: int) -> dict[Fact, Value]:
    """Every fact of a customer at ``now``, also of one who is not known; ``None`` is missing, so that it is plain JSON."""
    row = customers.customer(customer_id, now) or customers.stranger
    found = zip(customers.layout, row, strict=True)
    return {fact: None if isinstance(value, float) and isnan(value) else value for fact, value in found}


def in_words(fact: Fact, value: Value, currency: str) -> str:
    """A value with its unit, as people read it.

    >>> from router.facts import VOCABULARY
    >>> in_words(VOCABULARY["customer.spend"], 820.5, "GBP"), in_words(VOCABULARY["customer.plan"], None, "GBP")
    ('820.50 GBP', 'missing')
    >>> in_words(VOCABULARY["customer.tenure_years"], 3.14159, "GBP"), in_words(VOCABULARY["customer.orders"], 3.0, "GBP")
    ('3.14 years', '3')
    """
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if fact.type is Type.MONEY:
        return f"{value:.{EXPONENTS.get(currency, 2)}f} {currency}"
    number = f"{value:.0f}" if fact.type is Type.INTEGER else f"{value:.2f}"
    return number if fact.unit in {"", "count"} else f"{number} {fact.unit}"
