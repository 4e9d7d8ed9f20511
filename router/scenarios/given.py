"""What given data says of a policy: rules that never or always fire there, and facts that stand in for protected ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from router.errors import Problem
from router.facts import Value
from router.frame.association import PROXY, proxies
from router.policy import expression as ex
from router.policy.compile import Written
from router.policy.lint import Reading
from router.policy.plan import ALWAYS
from router.scenarios.coverage import coverage
from router.scenarios.model import Outcome


def firing(written: Written, outcomes: Sequence[Outcome]) -> Iterator[Problem]:
    """The rules that fired in none of the decided cases, and those with a condition that fired in all of them."""
    for each in coverage(outcomes):
        yield from fired_in(written, each.fired, each.scenarios)


def fired_in(written: Written, fired: Mapping[str, int], cases: int) -> Iterator[Problem]:
    """The same from counts: in how many of so many cases each rule ``fired``."""
    reading = Reading(written)
    for place in reading.rules:
        rule = place.what.removeprefix("rule ")
        times = fired.get(rule, 0)
        if not times:
            said = f"rule {rule} fired in none of the {cases:,} cases given"
            yield reading.problem("never-fires", said, (*place.at, "id"))
        elif times == cases and place.when != ALWAYS:
            said = f"rule {rule} fired in each of the {cases:,} cases given"
            yield reading.problem("always-fires", said, (*place.at, "id"))


def standing_in(written: Written, facts: pl.DataFrame, what: str) -> Iterator[Problem]:
    """The facts that rules read and that go along with a protected one; ``what`` the rows are: customers, cases."""
    policy, reading = written.policy, Reading(written)
    if not policy.protected:
        return
    read = policy.plan.reads() - policy.protected
    for found in proxies(facts, written.document.protected, read):
        readers = ", ".join(_readers(reading, found.first))
        said = (
            f"{found.first} goes along with {found.second}: Cramér's V {found.v:.2f} over {found.rows} {what}, told from "
            f"{PROXY} on; read by {readers or 'the engine'}"
        )
        yield reading.problem("protected-proxy", said, ("protected", written.document.protected.index(found.second)))


def _readers(reading: Reading, fact: str) -> Iterator[str]:
    for place in (*reading.tiers, *reading.rules, *reading.rows):
        if fact in ex.names(place.when) or (place.gives is not None and fact in ex.names(place.gives)):
            yield place.what


def facts_of(outcomes: Iterable[Outcome]) -> pl.DataFrame:
    """The facts that decisions were made from, a row each."""
    rows = [outcome.observed.facts for outcome in outcomes if outcome.observed.facts is not None]
    columns = {name: [row.get(name) for row in rows] for name in (rows[0] if rows else ())}
    return pl.DataFrame({name: _column(values) for name, values in columns.items()})


def _column(values: list[Value]) -> pl.Series:
    """A column of one fact; a number that is missing is null."""
    column = pl.Series(values, strict=False)
    return column.fill_nan(None) if column.dtype.is_float() else column
