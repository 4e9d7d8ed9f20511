"""What a record of a decision holds, by the names that files have: those of the frames inside the engine where both have it.

Instants are microseconds UTC, money is in minor units, a missing value is null. ``docs/log.md`` says what each is for.
"""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import orjson

from router.cases.model import EVENTS
from router.facts import CASE_FACTS, CUSTOMER_FACTS, INPUTS
from router.policy.model import COMMITMENTS

FORMAT = 1
"""Version of the layout; a reader refuses a newer one."""
WIDEST = 2**63 - 1
"""The largest whole number that a file holds."""

CUSTOMER = tuple(fact.name for fact in CUSTOMER_FACTS)
CASE = tuple(fact.name for fact in (*CASE_FACTS, *INPUTS))

CONSTANT = (
    "format",
    "layout",
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
"""What all records of one decider share; a line has it after its place."""

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

PLAIN, WHOLE, FLAG, EXACT, WORDS, AGENT = "plain", "whole", "flag", "exact", "words", "agent"
ITEM, LEVEL, CURRENCY = "item", "level", "currency"
"""How an attribute of an event is written: as the text that it is; a whole number; yes or no; hashed; folded and hashed; as
ids are; hashed but for the proof of purchase, for a level of the policy, for a currency that there is."""

_CHANNEL = (("channel", PLAIN),)
_PROMISE = (("id", EXACT),)
_ITEM = (("item", ITEM),)
_ACTION = (("kind_of_action", EXACT),)
EVENT_COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "customer_contacted": _CHANNEL,
    "contact_failed": (*_CHANNEL, ("reason", WORDS)),
    "company_replied": (*_CHANNEL, ("public", FLAG), ("automatic", FLAG)),
    "redirected": _CHANNEL,
    "statement_made": (("topic", WORDS), ("claim", WORDS), ("corrects", FLAG)),
    "promise_made": (*_PROMISE, ("due_at", WHOLE)),
    "promise_kept": _PROMISE,
    "evidence_requested": _ITEM,
    "evidence_received": _ITEM,
    "apology_given": (("hedged", FLAG),),
    "remedy_offered": (
        ("id", EXACT),
        ("kind_of_remedy", EXACT),
        ("amount", WHOLE),
        ("currency", CURRENCY),
        ("statutory", FLAG),
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

FACT_LISTS: Mapping[str, tuple[str, ...]] = {"case_facts": CASE, "customer_facts": CUSTOMER}
"""The facts as a line holds them: two lists, each in this order."""
COMMITMENT = ("kind", "by", "state")
EVENT_LISTS = ("times", "events")
"""The timeline as a line holds it: when each event was; and its name, followed by its attributes."""
LAYOUT: Mapping[str, object] = {
    "facts": FACT_LISTS,
    "events": {kind: ["kind", *(name for name, _ in EVENT_COLUMNS.get(kind, ()))] for kind in EVENTS},
    "commitments": [[f"{kind}_{each}" for each in COMMITMENT] for kind in COMMITMENTS],
}
"""What stands where in the lists of a line."""
LAYOUT_NAME = blake2b(orjson.dumps(LAYOUT), digest_size=8).hexdigest()
"""Names the layout: each line says it, and ``decisions/layout-<name>.json`` holds it."""
EARNED = "earned"
"""``points`` as a line holds them: those for waiting, then one number for each of the first rules in ``fired``."""
GRADES = ("view", "tier", "tier_rank", "band", "level", "level_rank", "next_person")
"""What has few values among all decisions of one decider; a line has it next."""
_DUE = {f"{kind}_{each}" for kind in COMMITMENTS for each in COMMITMENT}
_RESULT = ("commitments", *(EARNED if name == "points" else name for name in RESULT if name not in _DUE))
_VARYING = (*WHEN, *HEAD, "attributes", *FACT_LISTS, *EVENT_LISTS, *_RESULT, *FULL)
LINE = (PLACE, *CONSTANT, *GRADES, *(name for name in _VARYING if name not in GRADES))
"""What a line has, where :data:`COLUMNS` have facts, events and points by name."""


def layout_file(folder: Path, name: str = LAYOUT_NAME) -> Path:
    """Where the folder of decisions keeps a layout."""
    return folder / f"layout-{name}.json"
