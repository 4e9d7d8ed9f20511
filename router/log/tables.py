"""Records of a log as the tables that the frame engine reads: cases, events, and the customers as they were then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl
from polars import col

from router.decide.floor import ASK_FIRST, REVIEW
from router.facts import CUSTOMER_FACTS, Fact, Type
from router.frame.customers import Customers
from router.frame.decide import FrameDecider
from router.frame.facts import whole_quotient
from router.frame.tables import ATTRIBUTE_NOTICES, kind_of
from router.log.layout import CASE, FULL, HEAD, RESULT
from router.log.schema import DECISION
from router.money import POWERS
from router.policy.model import Policy

COLUMNS_COMPARED = (*RESULT, *FULL, *CASE)
"""What :func:`decide_again` gives."""
RECORD = "record"
"""The place of a record in its frame; as a text it stands for the ids of its case, customer and order."""
_ALIKE = ("policy", "policy_version", "policy_digest", "snapshot_currency", "view")
_HISTORY, _OWN = "has history", "own facts"
_KINDS = {Type.TEXT: "text", Type.YES_NO: "yes_no"}


@dataclass(frozen=True, slots=True)
class Alike:
    """Records that one policy decided in one view, about customers of whom alike is known.

    ``history`` says whether theirs is; ``own`` are the facts that only the policy has.
    """

    policy: str
    version: str
    digest: str
    currency: str
    full: bool
    history: bool
    own: tuple[str, ...]
    records: pl.DataFrame

    def cases(self, policy: Policy) -> pl.LazyFrame:
        """A case for each record, with the time that it was decided for as ``now``."""
        given = [pl.when(col(name) != "").then(name).alias(name) for name in ("issue", "touchpoint", "brand")]
        place = col(RECORD).cast(pl.String)
        attributes = [attribute(fact, policy) for fact in policy.facts if not fact.of_customer]
        return self.records.lazy().select(
            RECORD,
            "now",
            "snapshot_as_of",
            *(name for name in HEAD if not name.endswith("_id") and name not in {"issue", "touchpoint", "brand"}),
            *given,
            *attributes,
            _attribute_notices(policy).alias(ATTRIBUTE_NOTICES),
            case_id=place,
            customer_id=place,
            order_id=pl.when(col("order_id") != "").then(place),
        )

    def events(self) -> pl.LazyFrame:
        """What had happened to them."""
        told = self.records.lazy().filter(col("timeline").list.len() > 0)
        rows = told.select("timeline", case_id=col(RECORD).cast(pl.String)).explode("timeline")
        return rows.unnest("timeline").with_row_index("position").with_columns(col("position").cast(pl.Int64))

    def customers(self, policy: Policy) -> Customers:
        """The customers as the records have them, and their orders."""
        place = col(RECORD).cast(pl.String)
        own = [fact for fact in policy.facts if fact.name in self.own]
        known = self.records.lazy().filter(col("customer.known"))
        orders = self.records.lazy().select(order_id=place, on_record="case.order_on_record")
        return Customers(
            "",
            col("snapshot_as_of") if self.history else None,
            self.currency,
            (*CUSTOMER_FACTS, *own),
            known.select(
                *(fact.name for fact in CUSTOMER_FACTS), *(attribute(fact, policy) for fact in own), customer_id=place
            ),
            moves=False,
            orders=orders,
        )


def alike(frame: pl.DataFrame) -> Iterator[Alike]:
    """The records of a frame, parted by what they have in common."""
    own = pl.element().struct.field("name").filter(pl.element().struct.field("name").str.starts_with("customer."))
    names = col("attributes").list.eval(own).list.join("\n").fill_null("")
    numbered = frame.with_row_index(RECORD).with_columns(
        names.alias(_OWN), col("snapshot_as_of").is_not_null().alias(_HISTORY)
    )
    for key, records in numbered.group_by(*_ALIKE, _HISTORY, _OWN, maintain_order=True):
        policy, version, digest, currency, view, history, facts = key
        yield Alike(
            policy, version, digest, currency, view == "full", history, tuple(filter(None, facts.split("\n"))), records
        )


def decide_again(group: Alike, policy: Policy) -> pl.DataFrame:
    """Records decided again by ``policy``, in their view: a row for each, in order, with :data:`COLUMNS_COMPARED`."""
    made = {name: col(name) for name in COLUMNS_COMPARED} | {"adverse_actions": _adverse_actions(policy)}
    if not group.full:
        made |= {name: pl.lit(None, DECISION[name]) for name in FULL}
        made |= {name: without(texts, name) for name, texts in _only_in_full(policy).items()}
    columns = (RECORD, *dict.fromkeys(name for made_of in made.values() for name in made_of.meta.root_names()))
    decider = FrameDecider(policy, group.customers(policy))
    decided = decider.decide(group.cases(policy), group.events(), col("now"), columns).collect()
    in_order = decided if decided.get_column(RECORD).is_sorted() else decided.sort(RECORD)  # mostly it is, and it is wide
    return in_order.select(value.alias(name) for name, value in made.items())


def _adverse_actions(policy: Policy) -> pl.Expr:
    approvals = pl.element().struct.field("approvals")
    action = pl.struct(
        pl.element().struct.field("kind"),
        approvals.list.eval(pl.element().is_in(sorted(policy.permitting))).list.any().alias("permitted"),
        pl.lit(policy.levels[policy.senior].name).alias("approver"),
    )
    return col("proposed").list.eval(action)


def _only_in_full(policy: Policy) -> dict[str, list[str]]:
    """What stands in lists of full decisions and not of basic ones."""
    rest = (*policy.entitlements, *policy.recompense, *policy.likely_reasons, *policy.guidance, REVIEW, ASK_FIRST)
    codes = ["amount-missing", "amount-cut", "goodwill-unknown", "unknown-level", "facts-missing"]
    return {"fired": [rule.id for rule in rest], "warnings": codes}


def without(texts: Iterable[str], name: str) -> pl.Expr:
    """A column of lists without some texts."""
    return col(name).list.eval(pl.element().filter(~pl.element().is_in(list(texts))))


def attribute(fact: Fact, policy: Policy) -> pl.Expr:
    """A fact that the policy declares, from the list of a record; missing where it is of another type."""
    found = _told(fact)
    value = found.struct.field(_KINDS.get(fact.type, "number"))
    if fact.type is Type.INTEGER:
        value = pl.when(value == value.floor()).then(value)
    if fact.type is Type.MONEY and not fact.of_customer:
        ours = found.struct.field("currency") == policy.currency
        major = whole_quotient(found.struct.field("minor"), POWERS[policy.exponent])
        value = pl.coalesce(pl.when(ours).then(major), value)
    return value.cast(kind_of(fact)).alias(fact.name)


def _told(fact: Fact) -> pl.Expr:
    """What a record says of a fact that the policy declares."""
    own = pl.element().filter(pl.element().struct.field("name") == fact.name)
    return col("attributes").list.eval(own).list.first()


def _attribute_notices(policy: Policy) -> pl.Expr:
    """The codes of what reading the attributes of the case warns of: as ``router.cases.facts`` does, and in its order."""
    facts = [fact for fact in policy.facts if not fact.of_customer]
    name = pl.element().struct.field("name")
    unknown = name.str.starts_with("case.") & ~name.is_in([fact.name for fact in facts])
    undeclared = col("attributes").list.eval(unknown).list.sum().fill_null(0)
    codes = pl.lit("unknown-attribute").repeat_by(undeclared)
    return pl.concat_list(codes, *(_notice(fact, policy) for fact in facts)).list.drop_nulls()


def _notice(fact: Fact, policy: Policy) -> pl.Expr:
    """The code of the warning about an attribute that is of another type, or in another currency; null if it is neither."""
    told, kind = _told(fact), _KINDS.get(fact.type, "number")
    fits = {kind, "minor"} if fact.type is Type.MONEY else {kind}
    other = [told.struct.field(each).is_not_null() for each in (*_KINDS.values(), "number", "minor") if each not in fits]
    if fact.type is Type.INTEGER:
        other.append(told.struct.field("number") != told.struct.field("number").floor())
    foreign = told.struct.field("currency") != policy.currency
    code = pl.when(pl.any_horizontal(other)).then(pl.lit("unknown-attribute"))
    return code.when(foreign).then(pl.lit("other-currency"))
