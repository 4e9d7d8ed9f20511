"""The page about a comparison: words, numbers and plots in one HTML file, like the report of a queue."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from router.bulk.impact import plots
from router.bulk.impact.comparison import GAINED, LOST, MEASURES, MIXED, Comparison
from router.bulk.impact.figures import Verdict
from router.money import format_money
from router.policy.difference import Change
from router.report import Cell, Column, Figure, Page, Section, Table, write_page


def write_report(path: Path, found: Comparison, changes: Sequence[Change], verdicts: Sequence[Verdict] = ()) -> None:
    """Write the page, whole or not at all."""
    write_page(page(found, changes, verdicts), path)


def page(found: Comparison, changes: Sequence[Change], verdicts: Sequence[Verdict] = ()) -> Page:
    """What changed in words, who is treated differently, and the largest moves."""
    before, after = found.versions
    return Page(
        f"{before.name} {before.version} against {after.name} {after.version}",
        f"Both versions on {found.told}. {' '.join(found.remarks)}",
        list(_figures(found, verdicts)),
        list(_sections(found, changes, verdicts)),
        [
            ("Before", f"{before.name} {before.version}, digest {before.digest}"),
            ("After", f"{after.name} {after.version}, digest {after.digest}"),
        ],
    )


def _figures(found: Comparison, verdicts: Sequence[Verdict]) -> Iterator[Figure]:
    changed, cases = found.changed["any"], found.cases
    left = f", {found.accepted:,} accepted left out" if found.accepted else ""
    yield Figure("Decided otherwise", f"{changed:,}", f"of {cases:,} cases{left}")
    for way, tone in ((GAINED, "good"), (LOST, "bad"), (MIXED, "warn")):
        count = sum(count for (_, balance), count in found.balance.items() if balance == way)
        note = {GAINED: "and lose nothing", LOST: "and gain nothing", MIXED: "gain and lose"}[way]
        label = {GAINED: "Gain", LOST: "Lose", MIXED: "Both"}[way]
        yield Figure(label, f"{count:,}", note, tone if count else "")  # type: ignore[arg-type] # one of the tones
    then, now = found.band("P1")
    note = f"{then:,} before"
    over = found.capacity is not None and now > found.capacity
    yield Figure(
        "P1",
        f"{now:,}",
        note if found.capacity is None else f"{note}, {found.capacity:,} can be served",
        "bad" if over else "",
    )
    totals = [format_money(each, found.versions.after.currency, grouped=True) for each in found.recompense_total()]
    yield Figure("Recompense", totals[1], f"{totals[0]} before")
    if verdicts:
        holds = sum(verdict.holds for verdict in verdicts)
        yield Figure("Conditions", f"{holds} fail", f"of {len(verdicts)}", "bad" if holds else "good")


def _sections(found: Comparison, changes: Sequence[Change], verdicts: Sequence[Verdict]) -> Iterator[Section]:
    if verdicts:
        rows: list[Sequence[Cell]] = [["fails" if each.holds else "passes", each.told()] for each in verdicts]
        yield Section("Conditions", tables=[Table("What a merge depends on", [Column(""), Column("", name=True)], rows)])
    told: list[Sequence[Cell]] = [[str(change)] for change in changes]
    head = [Column("Difference", name=True)]
    yield Section("What the new version says otherwise", tables=[Table("Differences", head, told)])
    yield Section(
        "Who is treated differently",
        "Tiers are those of the version before, where nothing else is said.",
        cards=[plots.bands(found), plots.effects(found), plots.recompense(found), *_pairs(found)],
        tables=[_effects(found)],
    )
    if found.moves:
        yield Section("The largest moves", "By score, then by recompense.", tables=[_moves(found)])


def _pairs(found: Comparison) -> Iterator[Table]:
    for title, counts in (("tier", found.tiers), ("band", found.bands), ("escalation level", found.levels)):
        yield _moved(title, counts)


def _moved(title: str, counts: Counter[tuple[str, str]]) -> Table:
    rows: list[Sequence[Cell]] = [
        [before, after, count]
        for (before, after), count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        if before != after
    ]
    return Table(f"Cases of another {title}", [Column("from"), Column("to"), Column("Cases", numeric=True)], rows)


def _effects(found: Comparison) -> Table:
    head = [Column("Tier", name=True), Column("Measure"), Column("Gain", numeric=True), Column("Lose", numeric=True)]
    rows: list[Sequence[Cell]] = [
        [tier, measure, found.effects[tier, measure, GAINED], found.effects[tier, measure, LOST]]
        for tier in found.tier_names()
        for measure in MEASURES
        if found.effects[tier, measure, GAINED] or found.effects[tier, measure, LOST]
    ]
    return Table("Cases that gain or lose, by tier and measure", head, rows)


def _moves(found: Comparison) -> Table:
    currency = found.versions.after.currency
    head = [
        Column("Case", name=True),
        Column("Tier"),
        Column("before", mark=True),
        Column("Band", mark=True),
        Column("Level"),
        Column("Score", numeric=True),
        Column("Recompense", numeric=True),
        Column("Rules behind it"),
    ]
    rows: list[Sequence[Cell]] = [
        [
            move.case_id,
            _arrow(*move.tier),
            *move.band,
            _arrow(*move.level),
            _arrow(*(f"{each:,}" for each in move.score)),
            _arrow(*(format_money(each, currency, grouped=True) for each in move.recompense)),
            [reason.told(currency) for reason in move.reasons] or ["no other points or money"],
        ]
        for move in found.moves
    ]
    return Table(f"The {len(rows)} cases that move most", head, rows)


def _arrow(before: str, after: str) -> Sequence[str]:
    return [before] if before == after else [before, f"→ {after}"]
