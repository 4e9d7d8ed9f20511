"""From a policy's text to the compiled policy, or to everything that is wrong with it, each thing at its place."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from router.calendar import ALWAYS, Calendar, build_calendar, holiday_dates, parse_hours
from router.errors import PolicyError, nearby
from router.facts import VOCABULARY, Type
from router.money import EXPONENTS, to_minor
from router.policy import document as d
from router.policy import model as m
from router.policy.beside import wrong_beside
from router.policy.columns import build_plan
from router.policy.texts import Texts
from router.text import nfc
from router.yaml import Path, Source, load

_NUMBER, _TEXT = Type.NUMBER, Type.TEXT
_ReadT = TypeVar("_ReadT")
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


@dataclass(frozen=True, slots=True)
class Written:
    """A policy as it was written, with the place of everything in it, and as it was compiled."""

    source: Source
    document: d.PolicyDocument
    policy: m.Policy


def compile_policy(text: str, name: str, closed: Iterable[date] | None = None) -> m.Policy:
    """Compile the text of the policy file ``name``.

    ``closed`` are the public holidays recorded with a release; without them today's library says. Raises
    :class:`PolicyError` with every problem.
    """
    return compile_written(text, name, closed).policy


def compile_written(text: str, name: str, closed: Iterable[date] | None = None) -> Written:
    """The same, with the text that it was compiled from."""
    source = load(text, name)
    document = source.read(d.PolicyDocument)
    if document is None:
        days = frozenset(closed or ())
        more = wrong_beside(source, lambda mended, rest, spared: _Compiler(mended, rest, days, spared).compile())
        raise PolicyError(dict.fromkeys((*source.problems, *more)))
    days = frozenset(_holidays(document) if closed is None else closed)
    return Written(source, document, _Compiler(source, document, days).compile())


class _Compiler(Texts):
    """One run over one document, section by section."""

    def __init__(
        self, source: Source, document: d.PolicyDocument, closed: frozenset[date], spared: Collection[Path] = ()
    ) -> None:
        super().__init__(source, document, spared)
        self.closed = closed
        self.off: dict[str, list[str]] = {}

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
        self.check_protected()
        if self.problems:
            raise PolicyError(self.problems)
        policy = m.Policy(
            name=doc.policy,
            version=doc.version,
            digest=digest_of(self.source.text, self.closed),
            description=doc.description,
            currency=doc.currency,
            exponent=EXPONENTS[doc.currency],
            calendar=calendar,
            time_zone=doc.calendar.time_zone if doc.calendar else "UTC",
            facts=self.facts,
            issues={nfc(name): m.Issue(nfc(name), i.company_failure, i.touchpoint) for name, i in doc.issues.items()},
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
            caps=self.caps(),
            recompense=recompense,
            money=doc.switches.money,
            commitments=rows,
            channels={name: m.Channel(name, c.hours == "always", c.speed) for name, c in doc.channels.items()},
            likely_reasons=likely,
            guidance=guidance,
            oldest_snapshot=oldest,
            off=self.off,
            protected=frozenset(doc.protected),
        )
        return replace(policy, plan=build_plan(policy))

    def calendar(self) -> Calendar:
        given = self.document.calendar
        if given is None:
            return ALWAYS
        week = self.tried("hours", lambda: parse_hours(given.hours))
        zone = self.tried("time_zone", lambda: ZoneInfo(given.time_zone))
        if given.holidays is not None:
            self.tried("holidays", lambda: holiday_dates(given.holidays or ""))
        return ALWAYS if week is None or zone is None else build_calendar(given.time_zone, week, self.closed)

    def tried(self, key: str, read: Callable[[], _ReadT]) -> _ReadT | None:
        """What one key of the calendar gives, or ``None`` with the problem noted."""
        try:
            return read()
        except (KeyError, OSError):
            given = self.document.calendar.time_zone if self.document.calendar else ""
            self.wrong("bad-calendar", f"no time zone {given!r}; write its IANA name, as Europe/London", "calendar", key)
        except ValueError as error:
            self.wrong("bad-calendar", str(error), "calendar", key)
        return None

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
        """The rules of one section but those switched off, themselves or with all money, which are checked all the same."""
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
            if rule.enabled and (gives is None or path[0] != "recompense" or self.document.switches.money):
                found.append(made)
            else:
                self.off.setdefault(path[0], []).append(rule.id)
        return tuple(found)

    def levels(self) -> tuple[tuple[m.Level, ...], int]:
        given = self.document.escalation.levels
        exponent = EXPONENTS[self.document.currency]
        self.unique([level.level for level in given], "level", "escalation", "levels", key="level")
        for index, (lower, higher) in enumerate(pairwise(given)):
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

    def caps(self) -> m.Caps | None:
        if self.document.recompense is None:
            return None
        caps, exponent = self.document.recompense.caps, EXPONENTS[self.document.currency]
        return m.Caps(to_minor(caps.per_case, exponent), to_minor(caps.per_customer_12m, exponent), caps.share_of_price)

    def recompense(self) -> tuple[m.RecompenseRule, ...]:
        given = self.document.recompense.rules if self.document.recompense else []
        return self.each(
            given,
            ("recompense", "rules"),
            lambda rule, at: m.RecompenseRule(
                rule.id, rule.when, rule.because, rule.gives, given[int(at[-1])].kind, given[int(at[-1])].value
            ),
        )

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

    def check_protected(self) -> None:
        """A protected attribute is a fact that a rule could read."""
        known = [fact.name for fact in (*VOCABULARY.values(), *self.facts)]
        for index, name in enumerate(self.document.protected):
            if name not in known:
                self.wrong("unknown-fact", f"no fact {name}; {nearby(name, known)}", "protected", index)
