"""``case-router policy list`` and ``case-router policy show``."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.common import AsJson, Name, Root, Time, console, instant, policies_root, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from router.policy.store import Shelf
    from router.policy.summary import Section


def list_policies(*, policies: Root = None, now: Time = "", as_json: AsJson = False) -> None:
    """List all policies: their versions, which is in force and from when, what is to come, and drafts."""
    from rich.table import Table

    from router.policy.store import named_shelf, policy_folders

    root, at = policies_root(policies), instant(now, "--now")
    rows = [_listed(named_shelf(root, folder.name), at) for folder in policy_folders(root)]
    if as_json:
        print_json({"policies": rows})
        return
    table = Table("policy", "in force", "from", "trial", "to come", "released", "drafts", "description")
    for row in rows:
        cells = (", ".join(cell) if isinstance(cell, list) else cell or "" for cell in row.values())
        table.add_row(*cells)
    console().print(table)


def _listed(shelf: "Shelf", now: int) -> "Mapping[str, Any]":
    from router.policy.releases import in_force, on_trial, to_come
    from router.time import format_instant

    trial = on_trial(shelf.releases, now)
    current = in_force(shelf.releases, now)
    released = {entry.version for entry in shelf.releases}
    coming = to_come(shelf.releases, now)
    newest = shelf.versions[current.version] if current else next(reversed(tuple(shelf.versions.values())), None)
    drafts = [version for version in shelf.versions if version not in released]
    return {
        "policy": shelf.name,
        "in_force": current and current.version,
        "from": current and format_instant(current.effective_from),
        "trial": trial and f"{trial.version} ({trial.trial})",
        "to_come": [f"{entry.version} from {format_instant(entry.effective_from)}" for entry in coming],
        "released": [version for version in shelf.versions if version in released],
        "drafts": [*drafts, *(f"{version} (cannot be read)" for version in shelf.unread)],
        "description": newest.description if newest else "",
    }


def show(
    name: Name,
    *,
    version: Annotated[str, typer.Option(help="Version to show; by default the one in force, else the newest draft.")] = "",
    tier: Annotated[str, typer.Option(help="Only what touches this tier.")] = "",
    issue: Annotated[str, typer.Option(help="Only what touches this issue.")] = "",
    policies: Root = None,
    now: Time = "",
    as_json: AsJson = False,
) -> None:
    """Show the releases of a policy, and what the version in force at a time says."""
    from router.errors import UnknownPolicyError
    from router.policy.releases import in_force
    from router.policy.store import named_shelf, read_written
    from router.policy.summary import summary

    root, at = policies_root(policies), instant(now, "--now")
    shelf = named_shelf(root, name)
    current = in_force(shelf.releases, at)
    try:
        shown = shelf.get(version, at).version
    except UnknownPolicyError:
        if version or not shelf.versions:
            raise
        shown = tuple(shelf.versions)[-1]  # nothing is in force yet
    sections = summary(read_written(root / name / f"{shown}.yaml"), tier=tier, issue=issue)
    entries = _entries(shelf)
    if as_json:
        told = {section.title: [asdict(line) for line in section.lines] for section in sections}
        print_json(
            {"policy": name, "in_force": current and current.version, "entries": entries, "version": shown, "says": told}
        )
        return
    if not tier and not issue:
        _tell_releases(f"{name}: {current.version if current else 'none'} in force", entries)
    _tell_sections(f"{name} {shown}", sections)


def _entries(shelf: "Shelf") -> "list[dict[str, Any]]":
    from router.time import format_instant

    released = {entry.version for entry in shelf.releases}
    found = [
        {
            "version": entry.version,
            "digest": entry.digest[:12],
            "effective_from": format_instant(entry.effective_from),
            "by": entry.by,
            "approved_by": entry.approved_by or "",
            "trial": entry.trial or "",
            "note": entry.note,
        }
        for entry in shelf.releases
    ]
    drafts = [(v, p.digest[:12], p.description) for v, p in shelf.versions.items() if v not in released]
    drafts += [(version, "", f"cannot be read: {wrong[0].message}") for version, wrong in shelf.unread.items()]
    return found + [
        {
            "version": version,
            "digest": digest,
            "effective_from": "draft",
            "by": "",
            "approved_by": "",
            "trial": "",
            "note": note,
        }
        for version, digest, note in drafts
    ]


def _tell_releases(title: str, entries: "Iterable[Mapping[str, Any]]") -> None:
    from rich.table import Table

    table = Table("version", "digest", "in force from", "by", "approved by", "trial", "note", title=title)
    for entry in entries:
        table.add_row(*entry.values())
    console().print(table)


def _tell_sections(title: str, sections: "Iterable[Section]") -> None:
    from rich.table import Table

    for section in sections:
        table = Table("", "when", "gives", title=f"{title}: {section.title}", title_justify="left", show_edge=False)
        for line in section.lines:
            table.add_row(line.name, " ".join(line.when.split()) or "always", line.gives)
        console().print(table)
        console().print()
