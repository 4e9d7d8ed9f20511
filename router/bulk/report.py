"""The report of a queue: what a team lead looks for first, plots, the head of the queue, and where all of it comes from."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from router.bulk import plots
from router.bulk.budget import Funding
from router.bulk.picture import HORIZON, Picture, changes
from router.bulk.summary import Summary
from router.money import format_money
from router.policy.model import COMMITMENTS, Policy
from router.report import Cell, Column, Figure, Page, Section, Table, write_page
from router.time import to_datetime

_REASONS = 5
"""So many rules are told of each case, those with most points first."""


def write_report(
    path: Path, summary: Summary, picture: Picture, manifest: Mapping[str, Any], funding: Funding | None = None
) -> None:
    """Write the report of a queue as one HTML file that opens without a network, whole or not at all."""
    write_page(report(summary, picture, manifest, funding), path)


def report(summary: Summary, picture: Picture, manifest: Mapping[str, Any], funding: Funding | None = None) -> Page:
    """The page of a queue.

    ``summary`` and ``picture`` have counted all of it, ``manifest`` says what it was made from, ``funding`` what a budget
    came to if there was one.
    """
    policy = summary.policy
    return Page(
        f"Queue of {summary.queue:,} cases",
        f"Policy {policy.name} {policy.version}, as of {_moment(summary.now, policy)} ({policy.time_zone}).",
        list(_figures(summary, picture, funding)),
        list(_sections(summary, picture, funding)),
        list(_provenance(manifest)),
    )


def _figures(summary: Summary, picture: Picture, funding: Funding | None) -> Iterator[Figure]:
    policy, queue = summary.policy, summary.queue
    yield Figure(
        "Cases in the queue", f"{queue:,}", f"{summary.accepted:,} accepted have left it" if summary.accepted else ""
    )
    for band in policy.bands:
        count = sum(summary.tiers[tier.name, band] for tier in policy.tiers)
        yield Figure(f"Band {band}", f"{count:,}", f"{count / queue:.0%} of the queue" if queue else "")
    yield Figure("Broken commitments", f"{picture.broken:,}", "cases with one or more", "bad" if picture.broken else "good")
    due = picture.due.total()
    yield Figure(f"Due in {HORIZON} hours", f"{due:,}", "open commitments", "warn" if due else "")
    if funding is None:
        yield Figure("Recompense suggested", format_money(summary.recompense, policy.currency, grouped=True), "in all")
    else:
        left = f"{format_money(funding.left, policy.currency, grouped=True)} of the budget left"
        yield Figure("Recompense funded", format_money(funding.spent, policy.currency, grouped=True), left)
        yield Figure(
            "Suggestions not funded",
            f"{funding.not_funded:,}",
            format_money(funding.withheld, policy.currency, grouped=True),
        )
    if summary.moves:
        told = f"{summary.moves['stayed']:,} stayed, {summary.moves['new']:,} new, {summary.moves['left']:,} left"
        yield Figure("Rose / fell", f"{summary.moves['rose']:,} / {summary.moves['fell']:,}", told)
    told = "cases with a warning"
    yield Figure("Warnings", f"{picture.warned:,}", told, "warn" if picture.warned else "good")


def _sections(summary: Summary, picture: Picture, funding: Funding | None) -> Iterator[Section]:
    policy = summary.policy
    yield Section(
        "The queue",
        cards=[plots.bands_by_tier(summary), plots.age_and_score(picture), plots.at_risk(picture), _commitments(summary)],
    )
    if summary.moves:
        moves = [
            _moves("The cases that rose most", picture.rose),
            _moves("The cases that fell most", picture.fell),
        ]
        yield Section("What moved", cards=[plots.movement(picture), plots.rules_behind(summary)], tables=moves)
    if funding is not None:
        yield Section(
            "The budget",
            f"{funding.told()} Each suggestion that is not funded says why in the output.",
            tables=[_by_rule(picture, policy)],
        )
    if summary.queue:
        told = f"The first {len(picture.top):,} of {summary.queue:,}; the points of each rule stand behind its name."
        yield Section("Most urgent first", told, tables=[_top(picture, policy)])
    if summary.warnings or summary.remarks:
        rows: list[Sequence[Cell]] = [[code, count] for code, count in summary.warnings.most_common()]
        table = Table(
            "Warnings, by how often they come", [Column("Warning", name=True), Column("Times", numeric=True)], rows
        )
        yield Section("Warnings", " ".join(summary.remarks), tables=[table])


def _commitments(summary: Summary) -> Table:
    states = ("open", "met", "breached", "paused")
    head = [Column("Commitment"), *(Column(state, numeric=True) for state in states)]
    rows: list[Sequence[Cell]] = [
        [kind.replace("_", " "), *(summary.states[kind, state] for state in states)] for kind in COMMITMENTS
    ]
    return Table("Commitments, by how they stand", head, rows if summary.queue else [])


def _moves(caption: str, moves: Sequence[Mapping[str, Any]]) -> Table:
    head = [
        Column("Case", name=True),
        Column("Rank", numeric=True),
        Column("before", numeric=True),
        Column("Places", numeric=True),
        Column("Band", mark=True),
        Column("before", mark=True),
        Column("Rules behind it"),
    ]
    rows: list[Sequence[Cell]] = [
        [
            move["case_id"],
            move["rank"],
            move["previous_rank"],
            f"{move['moved']:+,}",
            move["band"],
            move["previous_band"] or "",
            [f"{rule} {change:+,}" for rule, change in changes(move)[:_REASONS]] or "its own points are unchanged",
        ]
        for move in moves
    ]
    return Table(caption, head, rows)


def _by_rule(picture: Picture, policy: Policy) -> Table:
    head = [
        Column("Rule", name=True),
        Column("Value", numeric=True),
        Column("Funded", numeric=True),
        Column("Spent", numeric=True),
        Column("Not funded", numeric=True),
        Column("Withheld", numeric=True),
    ]
    rows: list[Sequence[Cell]] = [
        [
            rule.id,
            f"{rule.value:g}",
            counts["funded"],
            format_money(counts["spent"], policy.currency, grouped=True),
            counts["not_funded"],
            format_money(counts["withheld"], policy.currency, grouped=True),
        ]
        for rule in policy.recompense
        if (counts := picture.funded.get(rule.id))
    ]
    return Table("Suggestions of money, by rule", head, rows)


def _top(picture: Picture, policy: Policy) -> Table:
    head = [
        Column("#", numeric=True),
        Column("Case", name=True),
        Column("Band", mark=True),
        Column("Score", numeric=True),
        Column("Tier"),
        Column("Level"),
        Column("Next commitment"),
        Column("Because"),
        Column("Suggested"),
    ]
    rows: list[Sequence[Cell]] = [
        [
            row["rank"],
            row["case_id"],
            row["band"],
            row["score"],
            row["tier"],
            [row["level"], row["owner"] or "no owner"],
            _next_due(row, policy),
            _because(row["points"]),
            [_offer(each, policy) for each in row["suggestions"] if each.get("funded", True)],
        ]
        for row in picture.top
    ]
    return Table("The head of the queue", head, rows)


def _next_due(row: Mapping[str, Any], policy: Policy) -> Sequence[str]:
    """The first commitment that is not met, how it stands, and by when."""
    unmet = [kind for kind in COMMITMENTS if row[f"{kind}_state"] != "met"]
    if not unmet:
        return ["all met"]
    first = min(unmet, key=lambda kind: row[f"{kind}_by"])
    return [f"{first.replace('_', ' ')}, {row[f'{first}_state']}", _moment(row[f"{first}_by"], policy)]


def _because(points: Sequence[Mapping[str, Any]]) -> list[str]:
    listed = sorted(points, key=lambda each: -abs(each["points"]))
    more = len(listed) - _REASONS
    return [f"{each['rule']} {each['points']:+,}" for each in listed[:_REASONS]] + [f"and {more} more"] * (more > 0)


def _offer(suggestion: Mapping[str, Any], policy: Policy) -> str:
    kind, amount = str(suggestion["kind"]).replace("_", " "), suggestion["amount"]
    return kind if amount is None else f"{kind} {format_money(amount, policy.currency, grouped=True)}"


def _provenance(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    policy, snapshot = manifest["policy"], manifest["snapshot"]
    yield "Policy", f"{policy['name']} {policy['version']}"
    yield "Digest", policy["digest"]
    yield "Snapshot", f"{snapshot['id'] or 'none'}" + (f", history as of {snapshot['as_of']}" if snapshot["as_of"] else "")
    yield "Decided for", manifest["now"]
    yield "Engine", f"case-router {manifest['engine']}"
    files = [each for table in manifest["tables"].values() for each in table["files"]]
    for each in [*files, *filter(None, [manifest["previous"], manifest["output"]])]:
        yield Path(each["path"]).name, f"SHA-256 {each['sha256']}"


def _moment(instant: int, policy: Policy) -> str:
    """A time by the policy's clock, as people write it."""
    local = to_datetime(instant).astimezone(ZoneInfo(policy.time_zone))
    return f"{local.day} {local:%b %Y, %H:%M}"
