"""Whether an observed decision is what a scenario expects: one small check for each part."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from operator import eq, ge, le

from router.errors import nearby
from router.facts import Type, Value, as_meant
from router.money import format_money
from router.policy.sentence import say
from router.scenarios.model import Failure, Observed, Scenario
from router.time import format_instant

UP = ("score", "level_rank", "total")
"""What is not to be lower where a scenario is to be better than another."""


def check(scenario: Scenario, seen: Observed, other: Observed | None = None) -> tuple[Failure, ...]:
    """Every expectation that does not hold; ``other`` is the decision that this one is to be better than."""
    failures = [failure for part in _PARTS for failure in part(scenario, seen)]
    if other is not None:
        failures += _better(seen, other)
    return tuple(failures)


def _same(field: str, expected: str | None, found: str | None) -> Iterator[Failure]:
    if expected is not None and expected != found:
        yield Failure(field, expected, found or "none")


def _tier(scenario: Scenario, seen: Observed) -> Iterator[Failure]:
    yield from _named("tier", scenario.expect.tier, seen.tier, [tier.name for tier in scenario.policy.tiers])


def _priority(scenario: Scenario, seen: Observed) -> Iterator[Failure]:
    expected = scenario.expect.priority
    yield from _same("priority.band", expected.band, seen.band)
    if expected.score is not None and expected.score != seen.score:
        yield Failure("priority.score", _number(expected.score), str(seen.score))
    if expected.at_least is not None and seen.score < expected.at_least:
        yield Failure("priority.at_least", _number(expected.at_least), str(seen.score))
    if expected.at_most is not None and seen.score > expected.at_most:
        yield Failure("priority.at_most", _number(expected.at_most), str(seen.score))


def _escalation(scenario: Scenario, seen: Observed) -> Iterator[Failure]:
    expected = scenario.expect.escalation
    ranks = {level.name: level.rank for level in scenario.policy.levels}
    yield from _named("escalation.level", expected.level, seen.level, ranks)
    if expected.at_least is not None and seen.level_rank < ranks.get(expected.at_least, len(ranks)):
        yield from _named("escalation.at_least", expected.at_least, seen.level, ranks)


def _recompense(scenario: Scenario, seen: Observed) -> Iterator[Failure]:
    expected, policy = scenario.expect.recompense, scenario.policy
    kinds = [suggestion.kind for suggestion in seen.suggestions]
    if expected.kinds == [] and kinds:
        yield Failure("recompense.kinds", "nothing", ", ".join(kinds))
    elif expected.kinds and Counter(expected.kinds) - Counter(kinds):
        yield Failure("recompense.kinds", ", ".join(expected.kinds), ", ".join(kinds) or "nothing")

    for field, amount, holds in (
        ("total", expected.total, eq),
        ("total_at_least", expected.total_at_least, ge),
        ("total_at_most", expected.total_at_most, le),
    ):
        if amount is not None and not holds(Decimal(seen.total).scaleb(-policy.exponent), Decimal(repr(amount))):
            short = f"{amount:.{policy.exponent}f}"
            written = short if float(short) == amount else repr(amount)
            yield Failure(f"recompense.{field}", f"{written} {policy.currency}", format_money(seen.total, policy.currency))


def _rules(scenario: Scenario, seen: Observed) -> Iterator[Failure]:
    expect, policy = scenario.expect, scenario.policy
    everything = [rule.id for rule in policy.rules]
    for field, wanted, found, known in (
        ("entitlements", expect.entitlements, seen.entitlements, [rule.id for rule in policy.entitlements]),
        ("fired", expect.fired, seen.fired, everything),
        ("guidance", expect.guidance, seen.guidance, [rule.id for rule in policy.guidance]),
        ("likely_reasons", expect.likely_reasons, seen.likely_reasons, [rule.id for rule in policy.likely_reasons]),
    ):
        for rule in wanted:
            if rule not in found:
                hint = "" if rule in known else f"; {policy.name} {policy.version} has no such rule; {nearby(rule, known)}"
                yield Failure(field, rule, (", ".join(found) or "none") + hint, rule)
    for rule in expect.not_fired:
        if rule in seen.fired:
            yield Failure("not_fired", f"not {rule}", "it fired", rule)
        elif rule not in everything and not rule.startswith("engine-"):
            said = f"{policy.name} {policy.version} has no such rule; {nearby(rule, everything)}"
            yield Failure("not_fired", f"not {rule}", said)


def _rest(scenario: Scenario, seen: Observed) -> Iterator[Failure]:
    expect = scenario.expect
    missing = [code for code in expect.warnings if code not in seen.warnings]
    if missing:
        yield Failure("warnings", ", ".join(missing), ", ".join(seen.warnings) or "none")
    approval = any(suggestion.needs_approval for suggestion in seen.suggestions)
    for field, wanted, found in (
        ("permitted", expect.permitted, seen.permitted),
        ("may_close", expect.may_close, seen.may_close),
        ("needs_approval", expect.needs_approval, approval),
    ):
        if wanted is not None and wanted is not found:
            yield Failure(field, say(wanted), "no adverse action is proposed" if found is None else say(found))
    yield from _same("reply_channel", expect.reply_channel, seen.reply_channel)
    if expect.next_person is not None and expect.next_person not in seen.next_person:
        yield Failure("next_person", expect.next_person, ", ".join(seen.next_person))
    for kind, commitment in expect.commitments.items():
        due = seen.commitments[kind]
        if commitment.due_at is not None and commitment.due_at != due.due_at:
            yield Failure(f"commitments.{kind}.due_at", format_instant(commitment.due_at), format_instant(due.due_at))
        yield from _same(f"commitments.{kind}.state", commitment.state, due.state)


def _facts(scenario: Scenario, seen: Observed) -> Iterator[Failure]:
    if seen.facts is None:
        return
    for name, wanted in scenario.expect.facts.items():
        found = seen.facts.get(name)
        if not _equal(wanted, found):
            quoted = isinstance(wanted, str) and not isinstance(found, str) and told(wanted) == told(found)
            yield Failure(f"facts.{name}", f"the text {wanted!r}" if quoted else told(wanted), told(found))


def _equal(wanted: object, found: Value) -> bool:
    absent = found is None or found != found  # noqa: PLR0124 - NaN is missing
    if wanted is None or wanted == "missing" or wanted != wanted:  # noqa: PLR0124 - NaN is missing
        return absent
    if not absent and isinstance(found, bool | str):
        wanted = as_meant(wanted, Type.TEXT if isinstance(found, str) else Type.YES_NO)
    return not absent and isinstance(wanted, bool) == isinstance(found, bool) and wanted == found


def _better(seen: Observed, other: Observed) -> Iterator[Failure]:
    for field in UP:
        now, before = getattr(seen, field), getattr(other, field)
        if now < before:
            yield Failure(f"better_than.{field}", f"{before} or more", str(now))
    if all(getattr(seen, field) == getattr(other, field) for field in UP):
        yield Failure("better_than", "higher in score, level or recompense", "all three the same")


def _named(field: str, expected: str | None, found: str, known: Iterable[str]) -> Iterator[Failure]:
    names = list(known)
    if expected is not None and expected not in names:
        yield Failure(field, expected, f"{found}; the policy has none of that name; {nearby(expected, names)}")
    else:
        yield from _same(field, expected, found)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(value).removesuffix(".0")


def told(value: object) -> str:
    """A value as it is compared: every digit of it.

    >>> told(3.1), told(3.0), told(None), told(False)
    ('3.1', '3', 'missing', 'no')
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN is missing
        return "missing"
    if isinstance(value, bool):
        return say(value)
    return _number(value) if isinstance(value, float | int) else str(value)


_PARTS: tuple[Callable[[Scenario, Observed], Iterator[Failure]], ...] = (
    _tier,
    _priority,
    _escalation,
    _recompense,
    _rules,
    _rest,
    _facts,
)
