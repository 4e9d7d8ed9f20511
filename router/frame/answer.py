"""What is told of each case: the columns of a decision, each an expression over facts, the timeline and the plan."""

from collections.abc import Iterator, Mapping

import polars as pl
from polars import col

from router.decide.decider import customer_layout, may_be_missing
from router.decide.floor import AGEING, ASK_FIRST, REVIEW, SENIOR_FOR_ADVERSE_ACTION
from router.frame.calendar import OpenHours
from router.frame.customers import Customers
from router.frame.lists import CODES, Item, code, fired, ids, listed
from router.frame.recompense import SUGGESTION, Recompense
from router.frame.tables import Moment
from router.policy import plan as p
from router.policy.columns import WHOLE
from router.policy.expression import Number
from router.policy.model import COMMITMENTS, Policy

POINTS = pl.Struct({"rule": pl.String(), "points": pl.Int64()})
"""What a rule adds to the score."""

_TEXT, _WHOLE, _YES_NO = pl.String(), pl.Int64(), pl.Boolean()

DECISION: Mapping[str, pl.DataType] = {
    "case_id": _TEXT,
    "customer_id": _TEXT,
    "status": _TEXT,
    "opened_at": _WHOLE,
    "tier": _TEXT,
    "tier_rank": _WHOLE,
    "score": _WHOLE,
    "band": _TEXT,
    "level": _TEXT,
    "level_rank": _WHOLE,
    "owner": _TEXT,
    "next_person": _TEXT,
    "recompense_total": _WHOLE,
    "suggestions": pl.List(SUGGESTION),
    "entitlements": CODES,
    **{f"{kind}_by": _WHOLE for kind in COMMITMENTS},
    **{f"{kind}_state": _TEXT for kind in COMMITMENTS},
    "fired": CODES,
    "points": pl.List(POINTS),
    "likely_reasons": CODES,
    "guidance": CODES,
    "warnings": CODES,
    "permitted": _YES_NO,
    "may_close": _YES_NO,
    "reply_channel": _TEXT,
    "reply_channel_open_at": _WHOLE,
}
"""The columns of a decision. Money is in minor units of the policy's currency, instants are microseconds, warnings are their
codes; ``permitted`` is null where no adverse action is proposed."""


class Answer:
    """The columns of a policy's decisions about cases of some customers at ``now``.

    They read the facts, the results of the timeline and of the plan, the commitments and the reply channel by their names.
    """

    def __init__(self, policy: Policy, customers: Customers, now: Moment) -> None:
        self.policy = policy
        layout = customer_layout(policy, customers.layout, customers.currency)
        self.may_be_missing = sorted(may_be_missing(policy, layout))
        self.history = list(_history(policy, customers, now))
        self.recompense = Recompense(policy, col("customer.goodwill_12m").is_null())
        self.taken = col("case.adverse_action")
        approved = pl.element().struct.field("approvals").list.eval(pl.element().is_in(sorted(policy.permitting))).list.any()
        self.permitted = pl.when(col("case.adverse_action_proposed")).then(col("proposed").list.eval(approved).list.all())

    def columns(self) -> dict[str, pl.Expr]:
        """An expression for each column of :data:`DECISION`."""
        policy, owner = self.policy, col("owner")
        guidance = [*ids(*policy.guidance), code(self.taken, REVIEW.id), code(~self.permitted, ASK_FIRST.id)]
        return {name: col(name) for name in DECISION} | {
            "status": col("case.status"),
            "tier_rank": _whole(col("tier.rank")),
            "score": _whole(col("score")),
            "level_rank": _whole(col("level.rank")),
            "owner": pl.when(owner != "").then(owner).otherwise(col("customer.owner")),
            "next_person": self._next_person(),
            "recompense_total": _whole(col("recompense.total")),
            "suggestions": self.recompense.suggestions(),
            "entitlements": listed(ids(*policy.entitlements), _TEXT),
            "fired": listed([*self._fired(), *guidance], _TEXT),
            "points": listed(self._points(), POINTS),
            "likely_reasons": listed(ids(*policy.likely_reasons), _TEXT),
            "guidance": listed(guidance, _TEXT),
            "warnings": self._warnings(),
            "permitted": self.permitted,
            "may_close": col("accepted_at").is_not_null(),
        }

    def _next_person(self) -> pl.Expr:
        names = [*(level.role for level in self.policy.levels[1:]), self.policy.outside.name]
        return col("level.rank").replace_strict(range(len(names)), names, return_dtype=pl.String)

    def _fired(self) -> list[Item]:
        """All but the guidance."""
        policy, reviewed = self.policy, code(self.taken, SENIOR_FOR_ADVERSE_ACTION.id)
        rest = ids(*policy.entitlements, *policy.recompense, *policy.likely_reasons)
        return [*ids(*policy.priority, *policy.escalation), reviewed, *rest]

    def _points(self) -> Iterator[Item]:
        def given(rule: str, points: pl.Expr) -> pl.Expr:
            return pl.struct(pl.lit(rule).alias("rule"), _whole(points.fill_null(0.0)).alias("points"))

        ageing = col("points.ageing")
        yield Item(ageing != 0, given(AGEING.id, ageing))
        for rule in self.policy.priority:
            yield Item(fired(rule), given(rule.id, col(p.points(rule.id))))

    def _warnings(self) -> pl.Expr:
        """Codes in the order of a single decision: of the reading, the records, points, amounts, approvals, facts."""
        varying = [rule for rule in self.policy.priority if not isinstance(rule.gives, Number)]
        unknown = pl.any_horizontal(pl.lit(value=False), *(col(name).is_null() for name in self.may_be_missing))
        said = [
            Item(col("notices").list.len() > 0, col("notices"), many=True),
            code(~col("customer.known"), "unknown-customer"),
            *self.history,
            *(code(col(p.points(rule.id)).is_null(), "points-missing") for rule in varying),
            *self.recompense.warnings(),
            self._unknown_levels(),
            code(unknown, "facts-missing"),
        ]
        return listed(said, _TEXT)

    def _unknown_levels(self) -> Item:
        """A warning for each approval of a proposed adverse action by what is no level."""
        levels = [level.name for level in self.policy.levels]
        others = pl.element().struct.field("approvals").list.eval(~pl.element().is_in(levels)).list.sum()
        times = col("proposed").list.eval(others).list.sum()
        return Item(col("proposed").list.len() > 0, pl.lit("unknown-level").repeat_by(times), many=True)


def _history(policy: Policy, customers: Customers, now: Moment) -> Iterator[Item]:
    """What there is to say of the records themselves, as ``router.decide.decider.history_notices`` has it."""
    as_of = customers.as_of
    if as_of is not None:
        moment = now if isinstance(now, pl.Expr) else pl.lit(now, pl.Int64)
        yield code(moment < as_of, "snapshot-later")
        since = as_of if isinstance(as_of, pl.Expr) else pl.lit(as_of, pl.Int64)
        age, oldest = moment - since, policy.oldest_snapshot
        if oldest.business:
            hours = OpenHours(policy.calendar)
            age = hours.open_time(moment) - hours.open_time(since)
        yield code((moment >= as_of) & (age > oldest.microseconds), "snapshot-old")
        yield code(pl.lit(customers.currency != policy.currency), "other-currency")


def _whole(number: pl.Expr) -> pl.Expr:
    """A whole number as one; of a larger magnitude than a score can have, that."""
    return number.clip(-WHOLE, WHOLE).cast(pl.Int64)
