"""Random cases, customers and small policies, valid by construction; of few different values, so that they meet."""

import json
import operator
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from math import nan
from typing import Any

from hypothesis import strategies as st

from router.calendar import holiday_dates
from router.cases import model as m
from router.decide.records import FactRecords, facts_layout
from router.facts import CASE_FACTS, CHANNELS, CUSTOMER_FACTS, TOUCHPOINTS, Fact, Type, Value
from router.policy.compile import _Compiler
from router.policy.document import PolicyDocument
from router.policy.model import COMMITMENTS, Policy
from router.time import DAY, HOUR, parse_instant
from router.yaml import Source

OPENED = parse_instant("2016-05-27T18:00:00Z")
"""A Friday evening before a bank holiday on Monday."""

ISSUES = ("delivery_failed", "question")
TIERS = ("platinum", "gold", "silver", "standard")
LEVELS = ("frontline", "senior", "specialist", "executive")

# cases

moments = st.integers(-4, 40).map(lambda n: OPENED + n * 3 * HOUR) | st.integers(-3, 3).map(lambda n: OPENED + n)
nows = st.integers(-2, 60).map(lambda n: OPENED + n * 3 * HOUR) | st.integers(-3, 3).map(lambda n: OPENED + n)
channels = st.none() | st.sampled_from(CHANNELS)
money = st.builds(m.Money, st.sampled_from([0, 1, 500, 999, 2500, 10_000_00]), st.sampled_from(["GBP", "GBP", "GBP", "EUR"]))
_ids = st.sampled_from(["a", "b", "A"])
_items = st.sampled_from(["proof_of_purchase", "photo"])
_actions = st.sampled_from(["suspend_account", "charge"])
_words = st.sampled_from(["delivery", " Delivery ", "stra\u00dfe", "STRASSE", "cafe\u0301", "caf\u00e9"])
_apologies = st.sampled_from(["We are sorry.", "Sorry, but no.", "But of course: sorry!", "Sorry. BUT", "no butter", ""])

WHATS: Mapping[type, st.SearchStrategy[Any]] = {
    m.CustomerContacted: st.builds(m.CustomerContacted, channels),
    m.ContactFailed: st.builds(m.ContactFailed, channels, st.sampled_from(["", "mailbox full"])),
    m.CompanyReplied: st.builds(m.CompanyReplied, channels, st.booleans(), st.booleans()),
    m.Redirected: st.builds(m.Redirected, channels),
    m.StatementMade: st.builds(m.StatementMade, _words, _words, st.booleans()),
    m.PromiseMade: st.builds(m.PromiseMade, _ids, moments),
    m.PromiseKept: st.builds(m.PromiseKept, _ids),
    m.EvidenceRequested: st.builds(m.EvidenceRequested, _items),
    m.EvidenceReceived: st.builds(m.EvidenceReceived, _items),
    m.ApologyGiven: st.builds(m.ApologyGiven, st.none() | _apologies, st.none() | st.booleans()),
    m.RemedyOffered: st.builds(m.RemedyOffered, _ids, st.just("credit"), st.none() | money, st.booleans()),
    m.RemedyAccepted: st.builds(m.RemedyAccepted, _ids),
    m.RemedyRejected: st.builds(m.RemedyRejected, _ids),
    m.OwnerAssigned: st.builds(m.OwnerAssigned, _ids),
    m.AdverseActionProposed: st.builds(m.AdverseActionProposed, _actions),
    m.AdverseActionApproved: st.builds(m.AdverseActionApproved, _actions, st.sampled_from([*LEVELS, "nobody"])),
    m.AdverseActionTaken: st.builds(m.AdverseActionTaken, _actions),
    m.AdverseActionWithdrawn: st.builds(m.AdverseActionWithdrawn, _actions),
    m.AdverseActionReversed: st.builds(m.AdverseActionReversed, _actions),
} | {kind: st.builds(kind) for kind in m.EVENTS.values() if not kind._fields}
"""What can happen, by its type."""


def events(*kinds: type) -> st.SearchStrategy[m.Event]:
    """One event, of any kind or of some."""
    return st.builds(
        m.Event,
        moments,
        st.one_of([WHATS[kind] for kind in kinds or WHATS]),
        st.sampled_from([0, 0, 0, 1, -1]),
        st.sampled_from(["", "", "", "e1", "e2"]),
        st.sampled_from(["", "ann"]),
    )


def timelines(*kinds: type, most: int = 12) -> st.SearchStrategy[tuple[m.Event, ...]]:
    """Events in any order."""
    return st.lists(events(*kinds), max_size=most).map(tuple)


@cache
def cases(*kinds: type, most: int = 12) -> st.SearchStrategy[m.Case]:
    """A case, its issue and order known or not, with a random timeline."""
    return st.builds(
        m.Case,
        id=st.just("case"),
        opened_at=st.just(OPENED),
        customer_id=st.sampled_from(["", "known", "known", "known", "stranger"]),
        channel=channels,
        touchpoint=st.none() | st.sampled_from(TOUCHPOINTS),
        issue=st.sampled_from(["", "nonsense", *ISSUES]),
        order_id=st.sampled_from(["", "on-record", "elsewhere"]),
        value_at_stake=st.none() | money,
        brand=st.sampled_from(["", "caf\u00e9"]),
        attributes=st.just({}),
        timeline=timelines(*kinds, most=most),
    )


# customers


def _fact(fact: Fact) -> st.SearchStrategy[Value]:
    if fact.type is Type.TEXT:
        return st.none() | st.sampled_from(["premier", "ann"])
    if fact.type is Type.YES_NO:
        return st.none() | st.booleans()
    sizes = [0.0, 1.0, 3.0, 99.0] if fact.high == 100 else [0.0, 1.0, 3.0, 120.0, 5000.0]
    fractions = [] if fact.type is Type.INTEGER else [0.02, 2.5]
    return st.just(nan) | st.sampled_from([*sizes, *fractions])


@cache
def customers(layout: tuple[Fact, ...] = CUSTOMER_FACTS) -> st.SearchStrategy[tuple[Value, ...]]:
    """The facts of a known customer, any of the others missing."""
    return st.tuples(*(st.just(value=True) if fact.name == "customer.known" else _fact(fact) for fact in layout))


@st.composite
def records(draw: st.DrawFn, policy: Policy, now: int) -> FactRecords:
    """What a CRM knows: a customer ``known``, an order ``on-record``; or no history or no orders at all."""
    layout = facts_layout(policy)
    return FactRecords(
        layout,
        policy.currency,
        as_of=draw(st.sampled_from([now, now, now - 12 * HOUR, now - 30 * DAY, now + HOUR])),
        customers={"known": draw(customers(layout))},
        orders=draw(st.sampled_from([None, {"on-record": True, "elsewhere": False}])),
    )


# policies

_NUMBERS = [fact.name for fact in (*CASE_FACTS, *CUSTOMER_FACTS) if fact.type.numeric]
_FLAGS = [fact.name for fact in (*CASE_FACTS, *CUSTOMER_FACTS) if fact.type is Type.YES_NO]
_RANKS = {"tier": "tier.rank", "score": "score", "level": "level.rank"}
_EARLIER = {"tiers": (), "priority": ("tier",), "escalation": ("tier", "score"), "later": ("tier", "score", "level")}


@cache
def numbers(section: str) -> st.SearchStrategy[str]:
    """An expression that gives a number, from what a section may read."""
    constants = st.sampled_from(["0", "1", "2.5", "40", "-30", "300"])
    leaves = constants | st.sampled_from([*_NUMBERS, *(_RANKS[name] for name in _EARLIER[section])])
    return st.recursive(
        leaves,
        lambda part: st.one_of(
            st.builds("({} {} {})".format, part, st.sampled_from("+-*/"), part),
            st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "default"]), part, part),
            st.builds("round({})".format, part),
            st.builds("({} if {} else {})".format, part, _simple(section), part),
        ),
        max_leaves=3,
    )


@cache
def _simple(section: str) -> st.SearchStrategy[str]:
    facts = st.sampled_from([*_NUMBERS, *(_RANKS[name] for name in _EARLIER[section])])
    return st.one_of(
        st.sampled_from([*_FLAGS, "issue.company_failure"]),
        st.builds(
            "{} {} {}".format,
            facts,
            st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
            st.sampled_from(["0", "1", "3", "120"]),
        ),
        st.builds("{} {} missing".format, st.sampled_from([*_NUMBERS, *_FLAGS]), st.sampled_from(["is", "is not"])),
        st.sampled_from(["case.issue == 'question'", "case.channel in ['phone', 'social']", "case.status != 'waiting'"]),
    )


@cache
def conditions(section: str) -> st.SearchStrategy[str]:
    """An expression that is a condition, from what a section may read."""
    return st.recursive(
        _simple(section),
        lambda part: st.one_of(
            st.builds("({} {} {})".format, part, st.sampled_from(["and", "or"]), part), st.builds("(not {})".format, part)
        ),
        max_leaves=3,
    )


def _rules(name: str, section: str, most: int = 3, **gives: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Rules with the ids ``name-0``, ``name-1`` and so on."""
    rule = st.fixed_dictionaries({"when": conditions(section), **gives})
    return st.lists(rule, max_size=most).map(
        lambda rules: [{"id": f"{name}-{place}", **rule} for place, rule in enumerate(rules)]
    )


CALENDARS: Sequence[Mapping[str, Any]] = (
    {
        "time_zone": "Europe/London",
        "holidays": "GB-ENG",
        "hours": {"mon-fri": ["08:00-20:00"], "sat": ["09:00-13:00", "14:00-17:00"]},
    },
    {"time_zone": "America/New_York", "hours": {"mon-sun": ["00:00-03:00", "22:00-24:00"]}},
)
_HOLIDAYS = frozenset(holiday_dates("GB-ENG"))
_BECAUSE = st.sampled_from(["Because of {tier}.", "Since {case.age_hours} hours.", "For {customer.spend_12m} pounds."])
_DURATIONS = st.sampled_from(["0m", "15m", "4h", "2 days", "8 weeks", "4 business hours", "1 business day"])
_ROW = dict.fromkeys(COMMITMENTS, _DURATIONS)


@cache
def _tiers(names: Sequence[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    above = (st.fixed_dictionaries({"tier": st.just(name), "when": conditions("tiers")}) for name in names[:-1])
    return st.tuples(*above).map(lambda tiers: [*tiers, {"tier": names[-1], "because": "All are welcome."}])


@cache
def _escalation(names: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Each level may approve a multiple of one grant."""

    def levels(grant: int) -> list[dict[str, Any]]:
        return [{"level": name, "role": f"{name} agent", "may_approve": grant * rank} for rank, name in enumerate(names)]

    return st.fixed_dictionaries(
        {
            "levels": st.integers(0, 30).map(levels),
            "outside": st.just({"name": "ombudsman", "because": "Nobody is above."}),
            "rules": _rules("lift", "escalation", at_least=st.sampled_from(names), because=_BECAUSE),
        }
    )


_AMOUNTS = numbers("later") | st.sampled_from(["5", "20.005", "0.2 * case.value_at_stake", "min(customer.spend_12m, 25)"])
_RECOMPENSE = st.fixed_dictionaries(
    {
        "caps": st.fixed_dictionaries(
            {
                "per_case": st.sampled_from([0, 7, 50.5]),
                "per_customer_12m": st.sampled_from([0, 20, 120]),
                "share_of_price": st.sampled_from([0, 0.5, 1.5]),
            }
        ),
        "rules": st.builds(
            operator.add,
            _rules("give", "later", 4, kind=st.just("credit"), amount=_AMOUNTS, because=_BECAUSE),
            _rules("call", "later", 1, kind=st.just("personal_call"), because=_BECAUSE),
        ),
    }
)
_CHANNEL = st.fixed_dictionaries({"hours": st.sampled_from(["calendar", "always"]), "speed": st.integers(1, 4)})
documents: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "policy": st.just("small"),
        "version": st.just("1.0.0"),
        "currency": st.just("GBP"),
        "calendar": st.sampled_from([None, *CALENDARS]),
        "issues": st.just(
            {ISSUES[0]: {"company_failure": True, "touchpoint": "gone_wrong"}, ISSUES[1]: {"company_failure": False}}
        ),
        "apology": st.just({"hedges": ["but"]}),
        "snapshot": st.fixed_dictionaries({"oldest": st.sampled_from(["48h", "3 business hours", "1 business day"])}),
        "tiers": st.integers(0, 3).map(lambda n: TIERS[n:]).flatmap(_tiers),
        "priority": st.fixed_dictionaries(
            {
                "ageing": st.fixed_dictionaries({"points_per_hour": st.sampled_from([0.01, 0.5, 2, 7.3])}),
                "bands": st.just({"P1": 300, "P2": 200, "P3": 100}),
                "rules": _rules("points", "priority", points=numbers("priority"), because=_BECAUSE),
            }
        ),
        "escalation": st.integers(1, 4).map(lambda n: LEVELS[:n]).flatmap(_escalation),
        "entitlements": _rules("law", "later", what=st.just("The money back."), source=st.just("An act")),
        "recompense": _RECOMPENSE,
        "commitments": st.builds(
            lambda above, last: [*above, last],
            st.lists(st.fixed_dictionaries({"when": conditions("later"), **_ROW}), max_size=2),
            st.fixed_dictionaries(_ROW),
        ),
        "channels": st.dictionaries(st.sampled_from(CHANNELS), _CHANNEL),
        "likely_reasons": _rules("likely", "later", 2, because=_BECAUSE),
        "guidance": _rules("guide", "later", 2, say=_BECAUSE),
    }
)
"""A small policy as it is written."""


def compiled(document: Mapping[str, Any]) -> Policy:
    """The policy of a document, without the way over YAML."""
    text = json.dumps(document)
    closed = _HOLIDAYS if "holidays" in text else frozenset[date]()
    return _Compiler(Source("small.yaml", text), PolicyDocument.model_validate_json(text), closed).compile()


policies = documents.map(compiled)
"""A small policy, compiled."""
