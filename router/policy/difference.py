"""What one version of a policy says otherwise than another, in words and as data: as it was written, section by section."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from router.policy import document as d
from router.policy.compile import Written
from router.policy.expression import Node
from router.policy.texts import names_written

Key: TypeAlias = tuple[str, str]
"""A section in words, and the name of something in it: ``("recompense rule", "late-credit")``."""
Fields: TypeAlias = Mapping[str, str]
"""What is written of it, by key; texts without line ends."""

ORDERED = ("tier", "level", "recompense rule", "commitments row")
"""Where the order means something: the first match, the ranks, the order in which the caps cut."""
_EXPRESSIONS = frozenset({"when", "points", "amount", "value"})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``field`` is empty where the whole thing is new (``before`` is ``None``) or gone (``after`` is).

    ``note`` says what the texts alone do not: that they mean the same, or who reads a parameter.
    """

    section: str
    name: str
    field: str
    before: str | None
    after: str | None
    note: str = ""

    def __str__(self) -> str:
        """The difference as a sentence.

        >>> str(Change("recompense rule", "late-credit", "amount", "25", "30"))
        'recompense rule late-credit: amount was `25`, is `30`'
        """
        what = f"{self.section} {self.name}".rstrip()
        field = f"{self.field} " if self.field and self.section != "parameter" else ""
        if self.field and self.before is not None and self.after is not None:
            told = f"{what}: {field}was {self._shown(self.before)}, is {self._shown(self.after)}"
        elif self.field:
            text = self.after if self.before is None else self.before
            told = f"{what}: {field}{self._shown(text or '')} is {'new' if self.before is None else 'gone'}"
        else:
            text = self.after if self.before is None else self.before
            told = f"{what} is {'new' if self.before is None else 'gone'}{f': {text}' if text else ''}"
        return f"{told} ({self.note})" if self.note else told

    def _shown(self, text: str) -> str:
        return f"`{text}`" if self.field in _EXPRESSIONS or self.section == "parameter" else text


def difference(before: Written, after: Written) -> tuple[Change, ...]:
    """Every difference from ``before`` to ``after``, in the order of the document; the version itself is none."""
    old, new = _items(before.document), _items(after.document)
    trees = _trees(before), _trees(after)
    found: list[Change] = []
    for key in _merged(list(old), list(new)):
        section, name = key
        if key not in old:
            found.append(Change(section, name, "", None, _written(new[key])))
        elif key not in new:
            found.append(Change(section, name, "", _written(old[key]), None))
        else:
            found += _changed(key, old[key], new[key], trees, new)
    found += _moved(list(old), list(new))
    if before.document.calendar == after.document.calendar and before.policy.calendar != after.policy.calendar:
        found.append(Change("calendar", "", "public holidays", "as recorded then", "as recorded now"))
    return tuple(found)


def _changed(
    key: Key, old: Fields, new: Fields, trees: tuple[Mapping[tuple[str, str, str], Node], ...], items: Mapping[Key, Fields]
) -> Iterator[Change]:
    section, name = key
    for field in dict.fromkeys((*old, *new)):
        if old.get(field) == new.get(field):
            continue
        note = ""
        then, now = (tree.get((section, name, field)) for tree in trees)
        if then is not None and then == now:
            note = "it means the same"
        elif section == "parameter":
            readers = [f"{s} {n}".rstrip() for (s, n), fields in items.items() if _reads(fields, name)]
            note = f"read by {', '.join(readers)}" if readers else "nothing reads it"
        yield Change(section, name, field, old.get(field), new.get(field), note)


def _reads(fields: Fields, parameter: str) -> bool:
    return any(parameter in names_written(text) for text in fields.values())


def _moved(old: Sequence[Key], new: Sequence[Key]) -> Iterator[Change]:
    """Where the order means something and those that stayed stand in another one."""
    for section in ORDERED:
        before = [name for where, name in old if where == section and (where, name) in new]
        after = [name for where, name in new if where == section and (where, name) in old]
        if before != after:
            yield Change(section, "", "order", ", ".join(before), ", ".join(after))


def _merged(old: list[Key], new: list[Key]) -> list[Key]:
    """All keys, in the order of the new ones; each that is gone behind the one that it followed."""
    merged = list(new)
    for index, key in enumerate(old):
        if key not in merged:
            place = merged.index(old[index - 1]) + 1 if index else 0
            merged.insert(place, key)
    return merged


def _trees(written: Written) -> Mapping[tuple[str, str, str], Node]:
    """The compiled condition and number of each rule and tier."""
    policy = written.policy
    found: dict[tuple[str, str, str], Node] = {("tier", tier.name, "when"): tier.when for tier in policy.tiers}
    for section, rules in (
        ("priority rule", policy.priority),
        ("escalation rule", policy.escalation),
        ("entitlement", policy.entitlements),
        ("recompense rule", policy.recompense),
        ("likely reason", policy.likely_reasons),
        ("guidance", policy.guidance),
    ):
        for rule in rules:
            found[section, rule.id, "when"] = rule.when
            if rule.gives is not None:
                found[section, rule.id, "points" if section == "priority rule" else "amount"] = rule.gives
    return found


# a document as named things with fields


def _items(document: d.PolicyDocument) -> dict[Key, Fields]:
    data = document.model_dump()
    found: dict[Key, Fields] = {("policy", ""): _fields({k: data[k] for k in ("policy", "description", "currency")})}
    for section in ("calendar", "apology", "switches", "snapshot"):
        found[section, ""] = _fields(data[section] or {})
    found["protected", ""] = _fields({"facts": data["protected"]})
    for section, key in (("fact", "facts"), ("issue", "issues"), ("channel", "channels")):
        found |= {(section, name): _fields(given) for name, given in data[key].items()}
    found |= {("parameter", name): _fields({"value": given}) for name, given in data["parameters"].items()}
    found |= _named("tier", data["tiers"], "tier")
    found["ageing", ""] = _fields(data["priority"]["ageing"])
    found |= {("band", name): _fields({"from": least}) for name, least in data["priority"]["bands"].items()}
    found |= _named("priority rule", data["priority"]["rules"], "id")
    found |= _named("level", data["escalation"]["levels"], "level")
    found["outside body", ""] = _fields(data["escalation"]["outside"])
    found |= _named("escalation rule", data["escalation"]["rules"], "id")
    found |= _named("entitlement", data["entitlements"], "id")
    recompense = data["recompense"] or {"caps": {}, "rules": []}
    found["caps", ""] = _fields(recompense["caps"])
    found |= _named("recompense rule", recompense["rules"], "id")
    seen: Counter[str] = Counter()
    for given in data["commitments"]:
        row = _row(given)
        seen[row] += 1
        found["commitments row", row if seen[row] == 1 else f"{row}, again ({seen[row]})"] = _fields(given)
    found |= _named("likely reason", data["likely_reasons"], "id")
    found |= _named("guidance", data["guidance"], "id")
    return found


def _row(given: Mapping[str, Any]) -> str:
    return "of the floor" if given["when"] is None else f"when {_text(given['when'])}"


def _named(section: str, given: Iterable[Mapping[str, Any]], key: str) -> dict[Key, Fields]:
    return {
        (section, each[key]): _fields({k: v for k, v in each.items() if k != key and (k, v) != ("enabled", True)})
        for each in given
    }


def _fields(data: Mapping[str, Any]) -> Fields:
    """Nested keys with a dot; what is not given is left out."""
    found: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            found |= {f"{key}.{below}": text for below, text in _fields(value).items()}
        elif value is not None:
            found[key] = _text(value)
    return found


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a document holds
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value).removesuffix(".0") if isinstance(value, float) else " ".join(str(value).split())


def _written(fields: Fields) -> str:
    """All that is said of something, in one line."""
    return ", ".join(f"{key} {f'`{text}`' if key in _EXPRESSIONS else text}" for key, text in fields.items())
