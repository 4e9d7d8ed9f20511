"""The changelog of a policy: what each release changed, in words, newest first. ``releasing.py`` writes it."""

from collections.abc import Iterable

from router.policy.difference import Change
from router.policy.releases import SHADOW, Release
from router.time import format_instant

CHANGELOG = "CHANGELOG.md"
_HEADING = """\
# Changes of policy {name}

Newest first; written by `case-router policy release` and `case-router policy rollback`.
"""
_ENTRY = "\n## "


def told(entry: Release, before: str | None, changes: Iterable[Change]) -> str:
    """What the changelog says of a release: who put it in force and why, and how it differs from the version ``before``.

    >>> print(told(Release("1.1.0", "", 0, "ann", "Less credit"), "1.0.0", [Change("caps", "", "per_case", "50", "40")]))
    ## 1.1.0, in force from 1970-01-01T00:00:00Z
    <BLANKLINE>
    Less credit (ann)
    <BLANKLINE>
    Against 1.0.0:
    <BLANKLINE>
    - caps: per_case was 50, is 40
    <BLANKLINE>
    """
    who = entry.by if entry.approved_by is None else f"{entry.by}, approved by {entry.approved_by}"
    lines = [f"## {entry.version}, {standing(entry)} from {format_instant(entry.effective_from)}"]
    lines += ["", f"{' '.join(entry.note.split())} ({' '.join(who.split())})", ""]
    listed = [f"- {change}" for change in changes]
    if before is None:
        lines.append("The first release.")
    elif listed:
        lines += [f"Against {before}:", "", *listed]
    else:
        lines.append(f"Nothing differs from {before}.")
    return "\n".join([*lines, ""])


def standing(entry: Release) -> str:
    """What an entry makes of its version.

    >>> [standing(Release("1.1.0", "", 0, "ann", "", trial=trial)) for trial in (None, "shadow", "5%")]
    ['in force', 'on trial in shadow', 'on trial for 5% of the customers']
    """
    if entry.trial is None:
        return "in force"
    return "on trial in shadow" if entry.trial == SHADOW else f"on trial for {entry.trial} of the customers"


def with_entry(text: str, name: str, entry: str) -> str:
    """The changelog of policy ``name`` with one more entry, above the others."""
    text = text or _HEADING.format(name=name)
    head, mark, rest = text.partition(_ENTRY)
    return f"{head.rstrip()}\n\n{entry}" + (f"{mark}{rest}" if mark else "")
