"""Errors for people: what is wrong, where, what exists nearby, and all of it at once."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    ``code`` is a fixed kind (each has a heading in ``docs/errors.md``), ``message`` a free sentence that says what is
    wrong and what exists nearby. ``where`` is a file; ``line`` and ``column`` count from 1, 0 is unknown. ``text`` is the
    source line and ``width`` how much of it is underlined. ``field`` is a path such as ``case.timeline[3].at``.
    """

    code: str
    message: str
    where: str = ""
    line: int = 0
    column: int = 0
    text: str = ""
    width: int = 1
    field: str = ""
    warning: bool = False

    def __str__(self) -> str:
        """``file:line:column: what [code]``, and the source line with a caret where it is known."""
        place = ":".join(str(part) for part in (self.where, self.line, self.column) if part)
        prefix = f"{place}: " if place else ""
        subject = f"{self.field}: " if self.field else ""
        kind = "warning: " if self.warning else ""
        head = f"{prefix}{kind}{subject}{self.message} [{self.code}]"
        if not self.text or not self.column:
            return head
        number = f"{self.line:>5} | "
        return f"{head}\n{number}{self.text}\n{' ' * (len(number) - 2)}| {' ' * (self.column - 1)}{'^' * max(1, self.width)}"


_NUMBER = re.compile(r"\d+")


class RouterError(Exception):
    """Base of all errors of this package: one or more problems, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            sorted(problems, key=lambda p: (p.where, p.line, p.column, _NUMBER.sub(lambda n: n[0].zfill(9), p.field)))
        )
        super().__init__("\n".join(map(str, self.problems)))


class PolicyError(RouterError):
    """A policy, its releases or its scenarios cannot be used."""


class MappingError(RouterError):
    """A CRM mapping, or a row or column that it names, cannot be used."""


class TableError(RouterError):
    """A table of a backlog cannot be used, or its output cannot be written."""


class SnapshotError(RouterError):
    """A snapshot is absent, damaged, or of another schema."""


class OtherShardError(RouterError):
    """A customer is in ``shard``, of ``shards`` of the snapshot of that id, which is not served here."""

    def __init__(self, problem: Problem, shard: int, shards: int, snapshot: str) -> None:
        super().__init__([problem])
        self.shard = shard
        self.shards = shards
        self.snapshot = snapshot


class CaseError(RouterError):
    """A case or a request is invalid; each problem carries the path of its field."""


class SettingsError(RouterError):
    """The settings of a command are wrong."""


class LogError(RouterError):
    """The decision log cannot be written, read or trusted."""


class UnknownPolicyError(RouterError):
    """A policy or version was asked for that is not there; ``known`` names all that there are, the message some."""

    def __init__(self, problem: Problem, known: Iterable[str]) -> None:
        super().__init__([problem])
        self.known = tuple(known)


def nearby(word: str, known: Iterable[str], *, of: str = "known", most: int = 8) -> str:
    """The end of a message about an unknown word: the closest names, else what there is.

    >>> nearby("customer.tenur_years", ["customer.tenure_years", "customer.spend"])
    'did you mean customer.tenure_years?'
    >>> nearby("zzz", ["a", "b"])
    'known: a, b'
    """
    names: Sequence[str] = sorted(set(known))
    close = get_close_matches(word, names, n=3, cutoff=0.75)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not names:
        return f"{of}: none"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{of}: {', '.join(names[:most])}{more}"
