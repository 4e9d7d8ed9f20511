"""A policy for reading: what each section says, as written; all of it, or only what touches a tier or an issue."""

from collections.abc import Iterator
from dataclasses import dataclass

from router.errors import PolicyError, Problem, nearby
from router.facts import Type
from router.policy import document as d
from router.policy import expression as ex
from router.policy.compile import Written
from router.policy.feasible import feasibility
from router.policy.lint import SECTIONS, rules_at
from router.policy.model import COMMITMENTS
from router.text import nfc


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a section says: its name, when it counts (empty: always), and what it gives."""

    name: str
    when: str
    gives: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its title, and its lines."""

    title: str
    lines: tuple[Line, ...]


_TITLES = {
    "priority": "Priority",
    "escalation": "Escalation",
    "entitlements": "Entitlements",
    "recompense": "Recompense",
    "likely_reasons": "Likely reasons",
    "guidance": "Guidance",
}


def summary(written: Written, *, tier: str = "", issue: str = "") -> tuple[Section, ...]:
    """The sections of a policy; with ``tier`` or ``issue``, those rules alone that read it and can fire for it.

    Raises :class:`PolicyError` for a tier or an issue that the policy has not got.
    """
    touching = _Touching(written, tier, issue)
    tiers = tuple(
        Line(given.tier, given.when or "", "" if given.when else "everybody else")
        for given, compiled in zip(written.document.tiers, reversed(written.policy.tiers), strict=True)
        if touching.rule(compiled.when) or given.tier == tier
    )
    found = [Section("Tiers, the first that fits", tiers), *_rules(written, touching)]
    rows = tuple(
        Line("", given.when or "", ", ".join(f"{kind.replace('_', ' ')} {getattr(given, kind)}" for kind in COMMITMENTS))
        for given, compiled in zip(written.document.commitments, written.policy.commitments, strict=True)
        if touching.rule(compiled.when)
    )
    found.append(Section("Commitments, the first that fits", rows))
    return tuple(section for section in found if section.lines)


def _rules(written: Written, touching: "_Touching") -> Iterator[Section]:
    compiled = {rule.id: rule for rule in written.policy.rules}
    for name, path in SECTIONS.items():
        lines = []
        for given in rules_at(written.document, path):
            rule = compiled.get(given.id) if given.enabled else None
            if rule is None and touching.everything:
                lines.append(Line(given.id, given.when or "", "switched off"))
            elif rule is not None and touching.rule(rule.when, rule.gives):
                lines.append(Line(given.id, given.when or "", _gives(given)))
        yield Section(_TITLES[name], tuple(lines))


def _gives(rule: d.RuleDocument) -> str:
    """What a rule gives, as written."""
    match rule:
        case d.PriorityRuleDocument():
            return f"{_number(rule.points)} points"
        case d.EscalationRuleDocument():
            return f"at least {rule.at_least}"
        case d.EntitlementDocument():
            return f"{rule.what} ({rule.source})"
        case d.RecompenseRuleDocument():
            return rule.kind if rule.amount is None else f"{rule.kind}: {_number(rule.amount)}"
        case d.GuidanceDocument():
            return rule.say
        case d.LikelyReasonDocument():
            return rule.because
    return ""


def _number(value: float | str) -> str:
    return " ".join(value.split()) if isinstance(value, str) else repr(value).removesuffix(".0")


class _Touching:
    """Which rules touch a tier or an issue: those that read it and can fire for it."""

    def __init__(self, written: Written, tier: str, issue: str) -> None:
        policy = written.policy
        self.everything = not tier and not issue
        self.possible = feasibility(policy)
        self.given: list[tuple[frozenset[str], ex.Node]] = []
        ranks = {each.name: each.rank for each in policy.tiers}
        for word, known, what in ((tier, ranks, "tier"), (nfc(issue), policy.issues, "issue")):
            if word and word not in known:
                said = f"{policy.name} {policy.version} has no {what} {word}; {nearby(word, known)}"
                raise PolicyError([Problem("unknown-value", said)])
        if tier:
            is_it = ex.Compare("==", ex.Ref("tier.rank", Type.NUMBER), ex.Number(float(ranks[tier])))
            self.given.append((frozenset({"tier", "tier.rank"}), is_it))
        if issue:
            about = ex.OneOf(ex.Ref("case.issue", Type.TEXT), (nfc(issue),), negated=False)
            self.given.append((frozenset({"case.issue"}), about))

    def rule(self, when: ex.Node, gives: ex.Node | None = None) -> bool:
        """Whether a rule with that condition and number touches all that is asked for."""
        read = ex.names(when) | (ex.names(gives) if gives is not None else frozenset())
        return all(read & names and self.possible.can_hold(when, given) for names, given in self.given)
