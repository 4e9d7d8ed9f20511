"""Logged facts for the frame back end, so that any version of a policy decides a whole log again at once."""

from collections.abc import Iterable, Sequence

import polars as pl
from polars import col

from router.decide.decider import terms_of
from router.facts import CUSTOMER_FACTS
from router.frame.answer import Answer
from router.frame.calendar import OpenHours
from router.frame.customers import Customers
from router.frame.facts import head_facts
from router.frame.timeline import PROPOSED
from router.log.schema import DECISION
from router.log.tables import attribute
from router.policy.frame import apply
from router.policy.model import Policy

_HEAD = ("case_id", "issue", "touchpoint", "value_minor", "value_currency", "attributes", "now", "case.status")


def columns_for(policies: Iterable[Policy]) -> list[str]:
    """The columns of a log that :func:`decided` reads for any of these policies."""
    reads = frozenset().union(*(policy.plan.reads() | policy.protected for policy in policies))
    return [name for name in DECISION if name in reads or name in _HEAD]


def facts(records: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """``records`` with the facts as ``policy`` reads them.

    What depends on the policy alone (its issues, attributes and business hours) is read again; the rest stands in the
    record as it was at its ``now``. ``records`` are of one currency, the policy's.
    """
    attributes = [attribute(fact, policy) for fact in policy.facts]
    hours = OpenHours(policy.calendar)
    is_open = hours.open_time(col("now") + 1) > hours.open_time(col("now"))
    given = records.with_columns(pl.when(col("touchpoint") != "").then("touchpoint").alias("touchpoint"))
    return given.with_columns(
        *(fact.alias(name) for name, fact in head_facts(terms_of(policy)).items()),
        *attributes,
        (~is_open).alias("case.out_of_hours"),
        pl.lit(None, PROPOSED).alias("proposed"),
    )


def decided(records: pl.LazyFrame, policy: Policy, columns: Sequence[str]) -> pl.LazyFrame:
    """What ``policy`` says about the logged facts: a row for each record with these ``columns``, lazily.

    The columns are those of a decision, or facts. Only what the plan gives can be asked for: no commitments, no reply
    channel, no warnings. Of ``fired``, the engine's question for approval of a proposed action is left out.
    """
    nobody = Customers("", None, policy.currency, CUSTOMER_FACTS, pl.LazyFrame(), moves=False)
    answer = Answer(policy, nobody, 0).columns()
    made = [answer.get(name, col(name)).alias(name) for name in columns]
    reads = {name for column in made for name in column.meta.root_names()}
    wanted = [column.name for column in policy.plan.columns if column.name in reads]
    return apply(facts(records, policy), policy.plan, wanted).select(made)
