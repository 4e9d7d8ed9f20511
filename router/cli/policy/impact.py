"""What ``case-router policy diff --on`` does: both versions decide the same cases."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from router.bulk.impact.comparison import GAINED, LOST, MEASURES, MIXED, Comparison, compare
from router.bulk.impact.figures import judge, read_conditions
from router.bulk.impact.population import Versions
from router.bulk.impact.told import data
from router.cli.cases import cases_of
from router.cli.common import console, print_json
from router.money import format_money
from router.policy.difference import Change
from router.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Asked:
    """What to compare on, and what is wanted of it: the options of the command."""

    on: Sequence[str]
    events: Sequence[str]
    snapshot: Path | None
    now: int
    window: tuple[int | None, ...]
    capacity: int | None
    fail_if: Sequence[str]
    report: Path | None


def impact(before: Policy, after: Policy, changes: Sequence[Change], asked: Asked, words: dict[str, Any] | None) -> None:
    """Decide, count and tell; as JSON together with the ``words`` if there are any. Exit code 1 if a condition holds."""
    versions = Versions(before, after)
    conditions = read_conditions(asked.fail_if, versions, asked.capacity)
    if asked.report is not None:
        from router.report import needs_extra

        needs_extra()
    given = cases_of(versions, asked.on, asked.events, asked.snapshot, asked.window, now=asked.now)
    with given as cases:
        found = compare(cases, asked.capacity)
    verdicts = judge(conditions, found)
    if asked.report is not None:
        from router.bulk.impact.page import write_report

        write_report(asked.report, found, changes, verdicts)
    if words is not None:
        print_json(words | data(found, verdicts))
    else:
        _tell(found, console())
        if asked.report is not None:
            console().print(f"The report is in {asked.report}.", markup=False)
    failed = [verdict for verdict in verdicts if verdict.holds]
    for verdict in failed:
        typer.echo(f"fails: {verdict.told()}", err=True)
    if failed:
        raise typer.Exit(1)


def _tell(found: Comparison, to: Console) -> None:
    currency = found.versions.after.currency
    to.print(f"\nOn {found.told}:", markup=False)
    for remark in found.remarks:
        to.print(f"  {remark}", markup=False)
    left = f"; {found.accepted:,} accepted left out" if found.accepted else ""
    to.print(f"{found.changed['any']:,} of {found.cases:,} cases are decided otherwise{left}", markup=False)
    for name, counts in (("tier", found.tiers), ("band", found.bands), ("escalation level", found.levels)):
        _tell_pairs(name, counts, to)
    before, after = found.recompense_total()
    change = f" ({(after - before) / before:+.1%})" if before else ""
    told = [format_money(each, currency, grouped=True) for each in (before, after)]
    to.print(f"recompense: {told[0]} before, {told[1]} after{change}", markup=False)
    then, now = found.band("P1")
    room = ""
    if found.capacity is not None:
        over = now - found.capacity
        room = f"; {found.capacity:,} can be served, {f'{over:,} too many' if over > 0 else 'enough'}"
    to.print(f"P1: {then:,} before, {now:,} after{room}\n", markup=False)
    for table in (_tiers(found), _moves(found)):
        to.print(table)


def _tell_pairs(name: str, counts: Counter[tuple[str, str]], to: Console) -> None:
    """Where a value is another one: from, to, how many."""
    moved = {pair: count for pair, count in counts.items() if pair[0] != pair[1]}
    told = ", ".join(f"{then} → {now} {count:,}" for (then, now), count in sorted(moved.items(), key=lambda each: -each[1]))
    to.print(f"  {name}: {sum(moved.values()):,} change{f': {told}' if told else ''}", markup=False)


def _tiers(found: Comparison) -> Table:
    """Who gains and who loses, and what each tier is given."""
    currency = found.versions.after.currency
    table = Table("tier before", "gain", "lose", "both", *MEASURES, "recompense", title="who gains, who loses (+/−)")
    for tier in found.tier_names():
        both = [(found.effects[tier, measure, GAINED], found.effects[tier, measure, LOST]) for measure in MEASURES]
        spent = [format_money(sums[tier], currency, grouped=True) for sums in found.recompense]
        table.add_row(
            tier,
            *(f"{found.balance[tier, way]:,}" for way in (GAINED, LOST, MIXED)),
            *(f"+{gained:,} −{lost:,}" if gained or lost else "" for gained, lost in both),
            spent[0] if spent[0] == spent[1] else f"{spent[0]} → {spent[1]}",
        )
    return table


def _moves(found: Comparison) -> Table:
    currency = found.versions.after.currency
    table = Table("case", "tier", "band", "level", "score", "recompense", "rules behind it", title="the largest moves")
    for move in found.moves:
        pairs = [_arrow(*pair) for pair in (move.tier, move.band, move.level)]
        money = _arrow(*(format_money(each, currency, grouped=True) for each in move.recompense))
        rules = "\n".join(reason.told(currency) for reason in move.reasons)
        table.add_row(move.case_id, *pairs, _arrow(*(f"{each:,}" for each in move.score)), money, rules)
    return table


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"
