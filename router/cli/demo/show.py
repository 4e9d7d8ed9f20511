"""The outcome of the demo for people: tables as wide as the terminal, plain text where there is none."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from router.cli.demo.compare import Pair, side_by_side
from router.cli.demo.material import AS_OF, CURRENCY, UNTIL
from router.cli.demo.report import Line, by_tier, warnings
from router.cli.demo.run import BEST, COMPARED, Outcome, Told
from router.time import to_datetime

FIRST, REST = 10, 20
"""Real cases that are shown unless all are asked for: the most urgent, and about so many of the others."""
MOST_POINTS, REASONS = 2, 3
"""Rules that are named in the queue, and reasons that are given in words for a story."""
WIDE = 110
"""Columns from which each thing has a column of its own."""
_LABEL = 24
_TIERS = {"platinum": "bold bright_white", "gold": "yellow", "silver": "cyan"}
_BANDS = {"P1": "bold red", "P2": "red", "P3": "yellow"}
_WHY = {
    "facts-missing": "the shop's books have no subscriptions, deliveries, bills or goodwill",
    "snapshot-old": "one snapshot serves five weeks here; build one each night",
    "unknown-customer": "became customers after the history's moment: decided as strangers",
}


class Show:
    """Writes an outcome to a console; times are in the policy's zone."""

    def __init__(self, outcome: Outcome, console: Console, *, everything: bool) -> None:
        self.outcome = outcome
        self.console = console
        self.everything = everything
        self.zone = ZoneInfo(outcome.policy.time_zone)

    def all(self) -> None:
        """Everything, in order."""
        self.beginning()
        self.queue()
        self.tiers()
        self.stories()
        self.compared()
        self.end()

    def beginning(self) -> None:
        """What was done, with what."""
        outcome, info, history = self.outcome, self.outcome.server, self.outcome.history
        self._say(
            f"Real history: {history.customers:,} customers and {history.orders:,} orders of a British gift retailer, as of "
            f"{self.moment(AS_OF, year=True)}. Source: Chen, D. (2015), Online Retail, doi 10.24432/C5BW33, CC BY 4.0."
        )
        self._say(
            f"Sent over gRPC: its {len(outcome.real)} cancellations of the five weeks to {self.moment(UNTIL, year=True)}, "
            f"each decided ten minutes after it came in; and {len(outcome.told)} stories, whose customers are made up."
        )
        policies = ", ".join(f"{each.policy} {each.version}{' (draft)' if each.draft else ''}" for each in info.policies)
        self._say(
            f"Server: process {outcome.process} at {outcome.address}, engine {info.engine_version}, policy {policies},"
            f" snapshot {info.snapshot_id[:12]}. {outcome.calls} decisions in {outcome.seconds:.1f} s."
        )

    def queue(self) -> None:
        """The cases in the order of a queue, real ones and stories."""
        queue = list(enumerate(self.outcome.queue, start=1))
        shown = queue if self.everything else [*_chosen(queue)]
        title = "Most urgent first"
        if len(shown) < len(queue):
            title += f": the stories, the first {FIRST} others and some of all the rest; {len(queue)} with --all"
        table = self._table(title)
        table.add_column("#", justify="right", no_wrap=True)
        if self.console.width >= WIDE:
            table.add_column(f"who\nlast 12 months, {CURRENCY}", ratio=3, min_width=22)
            for name in ("tier", "score"):
                table.add_column(name, no_wrap=True)
            table.add_column("suggestion", ratio=2, min_width=14)
            for name in ("escalation", "next update"):
                table.add_column(name, no_wrap=True)
            table.add_column("why", ratio=4, min_width=25)
        else:
            table.add_column(f"who\nlast 12 months, {CURRENCY}", ratio=3)
            table.add_column("tier\nscore", no_wrap=True)
            table.add_column("escalation\nnext update", no_wrap=True)
            table.add_column("suggestion\nwhy", ratio=5)
        for place, line in shown:
            who, *cells, why = self._cells(line)
            if self.console.width < WIDE:
                tier, score, suggestion, level, due = cells
                cells, why = [_below(tier, score), _below(level, due)], _below(suggestion, why)
            table.add_row(str(place), who, *cells, why)
        self._print(table)

    def _cells(self, line: Line) -> list[Text]:
        """Who, tier, score, suggestion, escalation, next update, why."""
        question, lowest = line.question, self.outcome.policy.levels[0].name
        return [
            _below(Text(question.who, style="italic" if question.made_up else ""), Text(question.past, style="dim")),
            Text(line.tier, style=_TIERS.get(line.tier, "")),
            _score(line),
            _suggestions(line),
            Text(line.level, style="bold" if line.level != lowest else ""),
            self._due(line),
            _points(line),
        ]

    def tiers(self) -> None:
        """The real cases by tier."""
        real = self.outcome.real
        table = self._table(f"The {len(real)} real cancellations by tier", expand=False)
        for name in ("tier", "cases", "share", "lowest", "median", "highest score", "bands"):
            table.add_column(name, justify="left" if name in {"tier", "bands"} else "right")
        for share in by_tier(real, (tier.name for tier in reversed(self.outcome.policy.tiers))):
            strangers = f", {share.strangers} of strangers" if share.strangers else ""
            table.add_row(
                Text(share.tier, style=_TIERS.get(share.tier, "")),
                str(share.cases),
                f"{share.share:.1%}",
                str(share.lowest),
                f"{share.median:g}",
                str(share.highest),
                ", ".join(f"{band} {count}" for band, count in share.bands.items()) + strangers,
            )
        self._print(table)
        owed = sum(not line.suggestions for line in real)
        self._say(f"{owed} with no suggestion beyond what is owed anyway: nothing that we did wrong is known of them.")
        codes = Counter(code for line in real for code in warnings(line.decision))
        for code, count in codes.most_common():
            self._say(f"{count} with the warning {code}" + (f": {_WHY[code]}." if code in _WHY else "."))

    def stories(self) -> None:
        """How each story went: the decision at each of its moments."""
        table = self._table(
            "Five stories, moved to the same weeks: each time the company fails again, the customer is lifted"
        )
        table.add_column("story", no_wrap=True)
        table.add_column("score at each moment" if not self.everything else "moment", ratio=4)
        if self.everything:
            table.add_column("score", no_wrap=True)
        table.add_column("level", no_wrap=True)
        table.add_column("suggestion", ratio=3, min_width=13)
        table.add_column("why, in the end" if not self.everything else "why", ratio=6)
        for told in self.outcome.told:
            for number, line in enumerate(told.moments) if self.everything else ((0, told.moments[-1]),):
                moment = [Text(line.question.case.id.partition(": ")[2]), _score(line)]
                table.add_row(
                    Text(told.story.name if not number else "", style="italic"),
                    *(moment if self.everything else [_climb(told)]),
                    Text(line.level),
                    _suggestions(line),
                    Text(" ".join(earned.because for earned in line.why[:REASONS])),
                )
        self._print(table)

    def compared(self) -> None:
        """One case as of a loyal customer and of a stranger."""
        compared = self.outcome.compared
        pairs = side_by_side(*compared.decisions, self.moment)
        different = sum(pair.differs for pair in pairs)
        table = self._table(
            f"The first moment of the story {COMPARED}, for a real {BEST} customer and for a stranger: "
            f"{different} of {len(pairs)} things differ (≠)"
        )
        table.add_column("")
        table.add_column("", min_width=_LABEL, max_width=_LABEL)
        table.add_column(Text(f"{compared.question.who}\n{compared.question.past} {CURRENCY}"), ratio=5)
        table.add_column("a stranger", ratio=5)
        part = ""
        for pair in pairs:
            if pair.part != part and pair.item:
                table.add_row("", Text(pair.part, style="bold"), "", "")
            part = pair.part
            table.add_row(*_sides(pair))
        self._print(table)

    def end(self) -> None:
        """That nothing is left."""
        self._say(f"Server stopped, exit code {self.outcome.exit_code}; its temporary folder is gone.")

    def moment(self, instant: int, *, year: bool = False) -> str:
        """An instant in the policy's zone."""
        local = to_datetime(instant).astimezone(self.zone)
        return f"{local:%a} {local.day} {local:%b %Y %H:%M %Z}" if year else f"{local:%a} {local.day} {local:%b %H:%M}"

    def _say(self, text: str) -> None:
        self.console.print(Text(text))

    def _table(self, title: str, *, expand: bool = True) -> Table:
        self.console.print()
        heading = Text(title, style="bold")
        return Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, expand=expand, padding=(0, 1, 0, 0))

    def _print(self, table: Table) -> None:
        for column in table.columns:
            column.overflow = "fold"  # a word that is too long is broken, and nothing is left out
        self.console.print(table)

    def _due(self, line: Line) -> Text:
        late = line.next_update.state == "breached"
        return Text(self.moment(line.next_update.at) + ("\nlate" if late else ""), style="red" if late else "")


def _chosen(queue: Sequence[tuple[int, Line]]) -> Iterator[tuple[int, Line]]:
    """The stories, the first real cases, and of the others every so many, the last among them."""
    real = [each for each in queue if not each[1].question.made_up]
    step = max(1, (len(real) - FIRST) // REST)
    last = len(real) - 1
    kept = {place for number, (place, _) in enumerate(real) if number < FIRST or (last - number) % step == 0}
    return (each for each in queue if each[0] in kept or each[1].question.made_up)


def _below(*texts: Text) -> Text:
    return Text("\n").join(text for text in texts if text)


def _score(line: Line) -> Text:
    return Text.assemble((line.band, _BANDS.get(line.band, "")), f" {line.score}")


def _suggestions(line: Line) -> Text:
    if line.suggestions:
        return Text(", ".join(line.suggestions))
    return Text("only what is owed" if line.decision.entitlements else "none", style="dim")


def _points(line: Line) -> Text:
    """The rules that gave most points."""
    earned = [each for each in line.why if each.points]
    more = len(earned) - MOST_POINTS
    named = [f"{each.rule} {each.points:+d}" for each in earned[:MOST_POINTS]]
    return Text(", ".join([*named, f"{more} more"] if more > 0 else named))


def _climb(told: Told) -> Text:
    """The scores of a story's moments, those of one band together."""
    bands = groupby(told.moments, key=lambda line: line.band)
    return Text(" → ").join(
        Text.assemble((band, _BANDS.get(band, "")), f" {', '.join(str(line.score) for line in lines)}")
        for band, lines in bands
    )


def _sides(pair: Pair) -> Iterable[Text]:
    """A row: marked where the two differ, said once where they do not."""
    label = Text(f" {pair.item}" if pair.item else pair.part, style="" if pair.item else "bold")
    if pair.differs:
        return (
            Text("≠", style="bold yellow"),
            label,
            Text(pair.left or "–", style="yellow"),
            Text(pair.right or "–", style="yellow"),
        )
    return Text(""), label, Text(pair.left), Text("the same", style="dim")
