"""What a queue adds up to, told to people."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.bulk.run import Result
from router.bulk.summary import SOON, Summary
from router.money import format_money
from router.policy.model import COMMITMENTS
from router.time import format_instant

_CAUSES = 8
"""So many rules are named for each direction."""
_REASONS = 3
"""So many rules are named for each case."""


def tell_queue(result: Result, console: Console) -> None:
    """The queue in a few tables: its head, counts by tier and band, commitments, what moved and why, warnings."""
    summary = result.summary
    policy = summary.policy
    console.print(
        f"[bold]{_cases(summary.queue)}[/bold] in order at {format_instant(summary.now)} by {escape(policy.name)} "
        f"{policy.version} ({policy.digest[:12]}); {summary.accepted:,} accepted have left the queue"
    )
    if summary.queue:
        console.print(_head(summary), _tiers(summary), _commitments(summary))
        kind = "Suggested" if result.funding is None else "Funded"
        console.print(f"{kind} recompense: [bold]{format_money(summary.recompense, policy.currency)}[/bold] in all")
    if summary.moves:
        console.print(*_movement(summary), sep="\n")
    for remark in summary.remarks:
        console.print(f"[yellow]warning:[/yellow] {escape(remark)}")
    for code, count in sorted(summary.warnings.items()):
        console.print(f"[yellow]warning:[/yellow] {code}: {_cases(count)}")
    console.print(f"The queue is in {escape(result.manifest['output']['path'])}, its manifest beside it.")


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count:,} cases"


def _head(summary: Summary) -> Table:
    table = Table("rank", "case", "tier", "band", "score", "level", "next due", "most points", title="First in the queue")
    for row in summary.first:
        most = sorted(row["points"], key=lambda each: -each["points"])[:_REASONS]
        due = "" if row["next_due"] is None else format_instant(row["next_due"])
        why = ", ".join(f"{each['rule']} {each['points']:+d}" for each in most)
        cells = (row["case_id"], row["tier"], row["band"], str(row["score"]), row["level"], due, why)
        table.add_row(_place(row), *map(escape, cells))
    return table


def _place(row: dict[str, object]) -> str:
    """The rank, and the one before where there was another."""
    before = row.get("previous_rank")
    return str(row["rank"]) if before in {None, row["rank"]} else f"{row['rank']} (was {before})"


def _tiers(summary: Summary) -> Table:
    bands = list(summary.policy.bands)
    table = Table("tier", *bands, "cases", title="By tier and band")
    for tier in reversed(summary.policy.tiers):
        counts = [summary.tiers[tier.name, band] for band in bands]
        table.add_row(escape(tier.name), *(f"{count:,}" for count in (*counts, sum(counts))))
    return table


def _commitments(summary: Summary) -> Table:
    soon = [f"within {hours} h" for hours in SOON]
    table = Table("commitment", "broken", *soon, "open in all", "paused", "met", title="Commitments")
    for kind in COMMITMENTS:
        counts = [summary.states[kind, "breached"], *(summary.due[kind, hours] for hours in SOON)]
        counts += [summary.states[kind, state] for state in ("open", "paused", "met")]
        table.add_row(kind.replace("_", " "), *(f"{count:,}" for count in counts))
    return table


def _movement(summary: Summary) -> Iterator[str]:
    moves = summary.moves
    yield (
        f"Since the earlier output {_cases(moves['rose'])} rose, {moves['fell']:,} fell, {moves['stayed']:,} stayed, "
        f"{moves['new']:,} are new, {moves['left']:,} left."
    )
    for direction in ("rose", "fell"):
        found = [(-cases, rule, points) for (way, rule), (cases, points) in summary.causes.items() if way == direction]
        named = [f"{escape(rule)} {points:+,d} ({-cases:,})" for cases, rule, points in sorted(found)[:_CAUSES]]
        if named:
            yield f"  Points of those that {direction} (cases): {', '.join(named)}"
