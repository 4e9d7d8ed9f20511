"""What a backlog or a log shows of a policy: rules that never or always fire, facts that stand in for protected ones."""

from collections import Counter
from collections.abc import Iterator

import polars as pl
from polars import col

from router.bulk.impact.population import Population
from router.errors import Problem
from router.policy.compile import Written
from router.policy.lint import Reading
from router.scenarios.given import fired_in, standing_in


def shown(written: Written, cases: Population) -> Iterator[Problem]:
    """The problems of a policy on cases that it decides; ``cases`` are those of the policy and itself."""
    policy = written.policy
    facts = sorted(name for name in policy.plan.reads() | policy.protected if not name.startswith("engine."))
    fired = Counter[str]()
    found = []
    for decided, _ in cases.sides(["fired", *facts]):
        part = decided.collect(engine="streaming")
        listed = part.select(col("fired").explode(empty_as_null=False, keep_nulls=False))
        fired.update(dict(listed.group_by("fired").len().iter_rows()))
        found.append(part.drop("fired"))
    together = pl.concat(found)
    if together.is_empty():
        yield Reading(written).problem("never-fires", f"no rule fires: there is no case in {cases.told}", ("policy",))
        return
    yield from fired_in(written, fired, together.height)
    yield from standing_in(written, together, "cases")
