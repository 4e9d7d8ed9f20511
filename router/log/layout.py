"""What a record of a decision holds, by the names that files have: those of the frames inside the engine where both have it.

Instants are microseconds UTC, money is in minor units, a missing value is null. ``docs/log.md`` says what each is for.
"""

from collections.abc import Mapping

from router.facts import CASE_FACTS, CUSTOMER_FACTS, INPUTS
from router.policy.model import COMMITMENTS

FORMAT = 1
"""Version of the layout; a reader refuses a newer one."""

CUSTOMER = tuple(fact.name for fact in CUSTOMER_FACTS)
CASE = tuple(fact.name for fact in (*CASE_FACTS, *INPUTS))

CONSTANT = (
    "format",
    "key",
    "ids_hashed",
    "engine",
    "policy",
    "policy_version",
    "policy_digest",
    "currency",
    "snapshot_id",
    "snapshot_as_of",
    "snapshot_currency",
)
"""What all records of one decider share; a line begins with it."""

WHEN = ("decision_id", "decided_at", "now", "view")
HEAD = (
    "case_id",
    "customer_id",
    "opened_at",
    "channel",
    "touchpoint",
    "issue",
    "order_id",
    "brand",
    "value_minor",
    "value_currency",
)
RESULT = (
    "tier",
    "tier_rank",
    "score",
    "band",
    "level",
    "level_rank",
    "owner",
    "next_person",
    *(f"{kind}_by" for kind in COMMITMENTS),
    *(f"{kind}_state" for kind in COMMITMENTS),
    "points",
    "fired",
    "warnings",
    "may_close",
)
FULL = (
    "suggestions",
    "recompense_total",
    "entitlements",
    "likely_reasons",
    "guidance",
    "permitted",
    "adverse_actions",
    "reply_channel",
    "reply_channel_open_at",
)
"""What only a full decision decides; empty in a basic one."""
PLACE = "n"
COLUMNS = (*CONSTANT, *WHEN, *HEAD, "attributes", *CUSTOMER, *CASE, "timeline", *RESULT, *FULL, PLACE)
"""Every column in order. ``n`` is the place of a record in the file that it was first written to, from 0."""

PLAIN, EXACT, WORDS, AGENT, ITEM, LEVEL = "plain", "exact", "words", "agent", "item", "level"
"""How an attribute of an event is written: as it is; hashed; folded and hashed; as ids are; hashed but for the proof of
purchase; hashed but for a level of the policy."""

_CHANNEL = (("channel", PLAIN),)
_PROMISE = (("id", EXACT),)
_ITEM = (("item", ITEM),)
_ACTION = (("kind_of_action", EXACT),)
EVENT_COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "customer_contacted": _CHANNEL,
    "contact_failed": (*_CHANNEL, ("reason", WORDS)),
    "company_replied": (*_CHANNEL, ("public", PLAIN), ("automatic", PLAIN)),
    "redirected": _CHANNEL,
    "statement_made": (("topic", WORDS), ("claim", WORDS), ("corrects", PLAIN)),
    "promise_made": (*_PROMISE, ("due_at", PLAIN)),
    "promise_kept": _PROMISE,
    "evidence_requested": _ITEM,
    "evidence_received": _ITEM,
    "apology_given": (("hedged", PLAIN),),
    "remedy_offered": (
        ("id", EXACT),
        ("kind_of_remedy", EXACT),
        ("amount", PLAIN),
        ("currency", PLAIN),
        ("statutory", PLAIN),
    ),
    "remedy_accepted": (("id", EXACT),),
    "remedy_rejected": (("id", EXACT),),
    "owner_assigned": (("owner_id", AGENT),),
    "adverse_action_proposed": _ACTION,
    "adverse_action_approved": (*_ACTION, ("level", LEVEL)),
    "adverse_action_taken": _ACTION,
    "adverse_action_withdrawn": _ACTION,
    "adverse_action_reversed": _ACTION,
}
"""The columns of each event that has any, in the order of its attributes, and how each is written."""
