"""From a policy's text to the compiled policy, or to everything that is wrong with it, each thing at its place."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from router.calendar import ALWAYS, Calendar, Duration, build_calendar, holiday_dates, parse_duration, parse_hours
from router.errors import PolicyError, Problem, nearby
from router.facts import CHANNELS, STATUSES, TOUCHPOINTS, VOCABULARY, Fact, Type
from router.money import EXPONENTS, to_minor
from router.policy import document as d
from router.policy import expression as ex
from router.policy import model as m
from router.policy import plan as p
from router.policy.parse import Literals, Scope, parse
from router.policy.sentence import Sentence, say, split
from router.time import YEAR
from router.yaml import Path, Source, load

_FACT_NAME = re.compile(r"(case|customer)\.[a-z][a-z0-9_]*")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset(
    {"tier", "score", "band", "level", "missing", "min", "max", "round", "default", "and", "or", "not", "in", "is"}
)
_NUMBER, _TEXT = Type.NUMBER, Type.TEXT

DETAILS: Mapping[str, str] = {
    "detail.received": "evidence received, with its days",
    "detail.outstanding": "evidence asked for and not received",
    "detail.contradiction": "the last two statements that conflict",
    "detail.broken_promise": "the promises broken, with their times",
    "detail.failed_channels": "channels by which the customer could not get through",
    "detail.owner": "the named owner of the case, else of the customer",
    "detail.next_person": "the next person that the customer may ask for",
}
"""What a sentence may name beside facts: words from the timeline."""

LONGEST_DURATION = 100 * YEAR
"""Longer ones would lead to deadlines that no calendar has."""

_RuleT = TypeVar("_RuleT", bound=m.Rule)


def digest_of(text: str, closed: Iterable[date]) -> str:
    """The content hash of a policy: its text and the public holidays that its calendar was compiled with."""
    content = text.replace("\r\n", "\n") + "\n" + "\n".join(day.isoformat() for day in sorted(closed))
    return hashlib.sha256(content.encode()).hexdigest()


def holidays_of(text: str, name: str = "policy") -> Mapping[date, str]:
    """The public holidays that the calendar of a policy's text asks for, by today's library; none if it cannot be read."""
    document = load(text, name).read(d.PolicyDocument)
    return {} if document is None else _holidays(document)


def _holidays(document: d.PolicyDocument) -> Mapping[date, str]:
    region = document.calendar.holidays if document.calendar else None
    try:
        return holiday_dates(region) if region is not None else {}
    except ValueError:
        return {}


def compile_policy(text: str, name: str, closed: Iterable[date] | None = None) -> m.Policy:
    """Compile the text of the policy file ``name``.

    ``closed`` are the public holidays recorded with a release; without them today's library says. Raises
    :class:`PolicyError` with every problem.
    """
    source = load(text, name)
    document = source.read(d.PolicyDocument)
    if document is None:
        raise PolicyError(source.problems)
    days = frozenset(_holidays(document) if closed is None else closed)
    return _Compiler(source, document, days).compile()


class _Compiler:
    """One run over one document; every mistake is collected."""

    def __init__(self, source: Source, document: d.PolicyDocument, closed: frozenset[date]) -> None:
        self.source, self.document, self.closed = source, document, closed
        self.problems: list[Problem] = []
        self.facts = tuple(self.declared())
        refs: dict[str, Type] = {fact.name: fact.type for fact in (*VOCABULARY.values(), *self.facts)}
        failing = tuple(_nfc(name) for name, issue in document.issues.items() if issue.company_failure)
        later = {
            "tier": "tiers are being given here",
            "tier.rank": "tiers are being given here",
            "score": "it is known after the priority rules",
            "band": "it is known after the priority rules",
            "level": "it is known after the escalation rules",
            "level.rank": "it is known after the escalation rules",
        }
        constants = dict(self.parameters())
        self.written = {name: say_constant(value) for name, value in constants.items()}
        self.scope = Scope(
            refs,
            constants,
            {"issue.company_failure": ex.OneOf(ex.Ref("case.issue", _TEXT), failing, negated=False)},
            {
                "case.issue": tuple(map(_nfc, document.issues)),
                "case.channel": CHANNELS,
                "case.touchpoint": TOUCHPOINTS,
                "case.status": STATUSES,
                "tier": tuple(tier.tier for tier in document.tiers),
                "band": p.BANDS,
                "level": tuple(level.level for level in document.escalation.levels),
            },
            later,
        )

    def wrong(self, code: str, message: str, *path: str | int, key: bool = False) -> None:
        self.problems.append(self.source.problem(code, message, path, key=key))

    def extend(self, **types: Type) -> None:
        """Names that the sections from here on know."""
        names = {name.replace("__", "."): kind for name, kind in types.items()}
        later = {name: hint for name, hint in self.scope.later.items() if name not in names}
        self.scope = replace(self.scope, refs={**self.scope.refs, **names}, later=later)

    # what a policy declares

    def declared(self) -> Iterable[Fact]:
        for name, given in self.document.facts.items():
            if not _FACT_NAME.fullmatch(name):
                self.wrong("bad-fact", f"a fact is named case.… or customer.…, not {name}", "facts", name, key=True)
            elif name in VOCABULARY:
                self.wrong("bad-fact", f"{name} is in the vocabulary already; see docs/facts.md", "facts", name, key=True)
            else:
                yield Fact(name, given.type, given.meaning, given.unit, given.direction, missing="not given")

    def parameters(self) -> Iterable[tuple[str, ex.Node | Literals]]:
        for name, value in self.document.parameters.items():
            if not _PARAMETER.fullmatch(name) or name in _RESERVED:
                self.wrong("bad-parameter", f"{name} cannot name a parameter", "parameters", name, key=True)
            elif isinstance(value, list):
                yield name, tuple(_nfc(v) if isinstance(v, str) else v for v in value)  # type: ignore[misc] # of one kind
            elif isinstance(value, bool):
                yield name, ex.YesNo(value)
            else:
                yield name, ex.Text(_nfc(value)) if isinstance(value, str) else ex.Number(float(value))

    # texts of the document

    def expression(self, text: str | float | None, *path: str | int, condition: bool) -> ex.Node:
        if text is None:
            return p.ALWAYS
        typed, mistakes = parse(text if isinstance(text, str) else repr(text), self.scope, condition=condition)
        for mistake in mistakes:
            self.problems.append(
                self.source.problem(mistake.code, mistake.message, path, offset=mistake.start, width=mistake.width)
            )
        return typed.node if typed else p.ALWAYS

    def sentence(self, text: str, *path: str | int) -> Sentence:
        known: dict[str, tuple[Type, str]] = {name: (kind, "") for name, kind in self.scope.refs.items()}
        known |= dict.fromkeys(DETAILS, (_TEXT, ""))
        sentence, unknown = split(text, known, self.written)
        for match in re.finditer(r"[{}]", re.sub(r"\{[^{}]*\}", lambda braces: " " * len(braces[0]), text)):
            message = "a brace alone; a fact stands between two, as {case.chases}"
            self.problems.append(self.source.problem("bad-sentence", message, path, offset=match.start(), width=1))
        for name, start in unknown:
            message = f"no fact {name} for a sentence; {nearby(name, [*known, *self.written])}"
            self.problems.append(self.source.problem("unknown-fact", message, path, offset=start, width=len(name)))
        return sentence

    def duration(self, text: str, calendar: Calendar, *path: str | int) -> Duration:
        try:
            found = parse_duration(text, calendar)
        except ValueError as error:
            self.wrong("bad-duration", str(error), *path)
            return Duration(0, business=False)
        if found.microseconds > LONGEST_DURATION:
            self.wrong("bad-duration", f"{text!r} is longer than 100 years", *path)
        return found

    def unique(self, names: Sequence[str], what: str, *path: str | int, key: str) -> None:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                self.wrong("duplicate-id", f"{what} {name} is there already", *path, index, key)
            seen.add(name)

    # sections, in the order in which each may use the one before

    def compile(self) -> m.Policy:
        doc = self.document
        calendar = self.calendar()
        tiers = self.tiers()
        self.extend(tier=_TEXT, tier__rank=_NUMBER)
        priority = self.rules(doc.priority.rules, "priority", "rules")
        bands = self.bands()
        self.extend(score=_NUMBER, band=_TEXT)
        levels, senior = self.levels()
        escalation = self.escalation(levels)
        self.extend(level=_TEXT, level__rank=_NUMBER)
        entitlements = self.entitlements()
        recompense = self.recompense()
        rows = self.commitments(calendar)
        likely = self.rules(doc.likely_reasons, "likely_reasons")
        guidance = self.rules(doc.guidance, "guidance")
        outside = m.Outside(
            doc.escalation.outside.name, self.sentence(doc.escalation.outside.because, "escalation", "outside", "because")
        )
        oldest = self.duration(doc.snapshot.oldest, calendar, "snapshot", "oldest")
        self.check_ids()
        if self.problems:
            raise PolicyError(self.problems)
        return m.Policy(
            name=doc.policy,
            version=doc.version,
            digest=digest_of(self.source.text, self.closed),
            description=doc.description,
            currency=doc.currency,
            exponent=EXPONENTS[doc.currency],
            calendar=calendar,
            time_zone=doc.calendar.time_zone if doc.calendar else "UTC",
            facts=self.facts,
            issues={_nfc(name): m.Issue(_nfc(name), i.company_failure, i.touchpoint) for name, i in doc.issues.items()},
            hedges=tuple(doc.apology.hedges),
            tiers=tuple(reversed(tiers)),
            points_per_hour=doc.priority.ageing.points_per_hour,
            bands=bands,
            priority=priority,
            levels=levels,
            senior=senior,
            outside=outside,
            escalation=escalation,
            entitlements=entitlements,
            recompense=recompense,
            money=doc.switches.money,
            commitments=rows,
            channels={name: m.Channel(name, c.hours == "always", c.speed) for name, c in doc.channels.items()},
            likely_reasons=likely,
            guidance=guidance,
            oldest_snapshot=oldest,
            plan=self.plan(
                tiers, bands, priority, levels, senior, escalation, entitlements, recompense, rows, likely, guidance
            ),
        )

    def plan(
        self,
        tiers: Sequence[m.Tier],
        bands: Mapping[str, float],
        priority: Sequence[m.Rule],
        levels: Sequence[m.Level],
        senior: int,
        escalation: Sequence[m.EscalationRule],
        entitlements: Sequence[m.Rule],
        recompense: Sequence[m.Rule],
        rows: Sequence[m.CommitmentRow],
        likely: Sequence[m.Rule],
        guidance: Sequence[m.Rule],
    ) -> p.Plan:
        doc = self.document
        exponent = EXPONENTS[doc.currency]
        caps = doc.recompense.caps if doc.recompense else None
        return p.build_plan(
            p.Sections(
                tiers=[(tier.name, tier.when) for tier in tiers],
                points_per_hour=doc.priority.ageing.points_per_hour,
                bands=bands,
                priority=_scored(priority),
                levels=[level.name for level in levels],
                escalation=[(p.Scored(rule.id, rule.when), rule.rank) for rule in escalation],
                senior=senior,
                entitlements=_scored(entitlements),
                caps=p.Caps(
                    float(to_minor(caps.per_case, exponent)),
                    float(to_minor(caps.per_customer_12m, exponent)),
                    caps.share_of_price,
                )
                if caps
                else None,
                exponent=exponent,
                recompense=_scored(recompense),
                commitments=[row.when for row in rows],
                likely_reasons=_scored(likely),
                guidance=_scored(guidance),
            )
        )

    def calendar(self) -> Calendar:
        given = self.document.calendar
        if given is None:
            return ALWAYS
        try:
            week = parse_hours(given.hours)
        except ValueError as error:
            self.wrong("bad-calendar", str(error), "calendar", "hours")
            return ALWAYS
        try:
            if given.holidays is not None:
                holiday_dates(given.holidays)
        except ValueError as error:
            self.wrong("bad-calendar", str(error), "calendar", "holidays")
        try:
            ZoneInfo(given.time_zone)
        except (KeyError, ValueError, OSError):
            self.wrong("bad-calendar", f"no time zone {given.time_zone!r}; write its IANA name", "calendar", "time_zone")
            return ALWAYS
        return build_calendar(given.time_zone, week, self.closed)

    def tiers(self) -> list[m.Tier]:
        given = self.document.tiers
        self.unique([tier.tier for tier in given], "tier", "tiers", key="tier")
        found = []
        for index, tier in enumerate(given):
            last = index == len(given) - 1
            if last and tier.when is not None:
                self.wrong("bad-tier", "the last tier is the floor and has no condition", "tiers", index, "when")
            if not last and tier.when is None:
                self.wrong("bad-tier", f"tier {tier.tier} needs a condition: only the last has none", "tiers", index)
            because = self.sentence(tier.because, "tiers", index, "because") if tier.because else None
            when = self.expression(tier.when, "tiers", index, "when", condition=True)
            found.append(m.Tier(tier.tier, len(given) - 1 - index, when, because))
        return found

    def bands(self) -> Mapping[str, float]:
        bands = self.document.priority.bands
        if not bands.P1 > bands.P2 > bands.P3 > bands.P4:
            self.wrong("bad-band", "P1 starts above P2, P2 above P3, P3 above P4", "priority", "bands")
        return {"P1": bands.P1, "P2": bands.P2, "P3": bands.P3, "P4": bands.P4}

    def rules(self, given: Sequence[d.RuleDocument], *path: str) -> tuple[m.Rule, ...]:
        return self.each(given, path, lambda rule, _at: rule)

    def each(
        self, given: Sequence[d.RuleDocument], path: tuple[str, ...], make: Callable[[m.Rule, Path], _RuleT]
    ) -> tuple[_RuleT, ...]:
        """The enabled rules of one section; one that is switched off is checked all the same."""
        found = []
        for index, rule in enumerate(given):
            at: Path = (*path, index)
            when = self.expression(rule.when, *at, "when", condition=True)
            points = getattr(rule, "points", None)
            money = getattr(rule, "amount", None)
            number = points if points is not None else money
            key = "points" if points is not None else "amount"
            gives = None if number is None else self.expression(number, *at, key, condition=False)
            text = next(key for key in ("because", "say", "what") if hasattr(rule, key))
            because = self.sentence(getattr(rule, text), *at, text)
            made = make(m.Rule(rule.id, when, because, gives), at)
            if rule.enabled:
                found.append(made)
        return tuple(found)

    def levels(self) -> tuple[tuple[m.Level, ...], int]:
        given = self.document.escalation.levels
        exponent = EXPONENTS[self.document.currency]
        self.unique([level.level for level in given], "level", "escalation", "levels", key="level")
        for index, (lower, higher) in enumerate(zip(given, given[1:], strict=False)):
            if higher.may_approve < lower.may_approve:
                message = f"{higher.level} may approve less than {lower.level} below it"
                self.wrong("bad-level", message, "escalation", "levels", index + 1, "may_approve")
        levels = tuple(m.Level(v.level, i, v.role, to_minor(v.may_approve, exponent)) for i, v in enumerate(given))
        named = [level.rank for level in levels if level.name == "senior"]
        return levels, named[0] if named else min(1, len(levels) - 1)

    def escalation(self, levels: Sequence[m.Level]) -> tuple[m.EscalationRule, ...]:
        ranks = {level.name: level.rank for level in levels}

        def make(rule: m.Rule, at: Path) -> m.EscalationRule:
            wanted = self.document.escalation.rules[int(at[-1])].at_least
            if wanted not in ranks:
                self.wrong("unknown-value", f"no level {wanted}; {nearby(wanted, ranks)}", *at, "at_least")
            return m.EscalationRule(rule.id, rule.when, rule.because, rank=ranks.get(wanted, 0))

        return self.each(self.document.escalation.rules, ("escalation", "rules"), make)

    def entitlements(self) -> tuple[m.Entitlement, ...]:
        given = self.document.entitlements
        return self.each(
            given,
            ("entitlements",),
            lambda rule, at: m.Entitlement(rule.id, rule.when, rule.because, source=given[int(at[-1])].source),
        )

    def recompense(self) -> tuple[m.RecompenseRule, ...]:
        given = self.document.recompense.rules if self.document.recompense else []
        found = self.each(
            given,
            ("recompense", "rules"),
            lambda rule, at: m.RecompenseRule(
                rule.id, rule.when, rule.because, rule.gives, given[int(at[-1])].kind, given[int(at[-1])].value
            ),
        )
        return tuple(rule for rule in found if self.document.switches.money or rule.gives is None)

    def commitments(self, calendar: Calendar) -> tuple[m.CommitmentRow, ...]:
        given = self.document.commitments
        found = []
        for index, row in enumerate(given):
            last = index == len(given) - 1
            if last and row.when is not None:
                self.wrong("bad-commitment", "the last row is the floor and has no condition", "commitments", index, "when")
            if not last and row.when is None:
                self.wrong("bad-commitment", "only the last row has no condition", "commitments", index)
            when = self.expression(row.when, "commitments", index, "when", condition=True)
            first, second, third, fourth = (
                self.duration(getattr(row, kind), calendar, "commitments", index, kind) for kind in m.COMMITMENTS
            )
            found.append(m.CommitmentRow(when, (first, second, third, fourth)))
        return tuple(found)

    def check_ids(self) -> None:
        """An id is unique within a policy, across sections: reasons, scenarios and the log name rules by it."""
        doc = self.document
        sections: list[tuple[Path, Sequence[d.RuleDocument]]] = [
            (("priority", "rules"), doc.priority.rules),
            (("escalation", "rules"), doc.escalation.rules),
            (("entitlements",), doc.entitlements),
            (("recompense", "rules"), doc.recompense.rules if doc.recompense else []),
            (("likely_reasons",), doc.likely_reasons),
            (("guidance",), doc.guidance),
        ]
        seen: dict[str, Path] = {}
        for path, rules in sections:
            for index, rule in enumerate(rules):
                if rule.id in seen:
                    where = ".".join(map(str, seen[rule.id]))
                    self.wrong("duplicate-id", f"rule {rule.id} is there already, in {where}", *path, index, "id")
                seen[rule.id] = path
                if rule.id == "ageing" or rule.id.startswith("engine-"):
                    self.wrong("duplicate-id", f"{rule.id} is a name of the engine's own", *path, index, "id")


def _nfc(text: str) -> str:
    """Texts are compared by code point after NFC."""
    return unicodedata.normalize("NFC", text)


def say_constant(value: ex.Node | Literals) -> str:
    """A parameter as a sentence shows it."""
    if isinstance(value, tuple):
        return ", ".join(map(say, value))
    return say(getattr(value, "value", None))


def _scored(rules: Iterable[m.Rule]) -> list[p.Scored]:
    return [p.Scored(rule.id, rule.when, rule.gives) for rule in rules]
