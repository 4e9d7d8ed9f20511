"""Business hours for a column of instants: the very table that :class:`router.calendar.Calendar` searches for one."""

from dataclasses import dataclass, field

import polars as pl

from router.calendar import Calendar
from router.frame.tables import Moment


@dataclass(slots=True, eq=False)
class OpenHours:
    """A calendar's table as columns, and its searches as expressions, whole numbers in and out; null stays null.

    Instants lie within ``FIRST`` and ``LAST`` of :mod:`router.time`. ``shift`` is what an instant of an interval has beyond
    its open time, so that one table serves both ways.

    >>> from router.calendar import ALWAYS
    >>> hours = OpenHours(ALWAYS)
    >>> instants = pl.DataFrame({"at": [0, None, 7]})
    >>> instants.select(hours.instant(hours.open_time(pl.col("at")) + 50)).to_series().to_list()
    [50, None, 57]
    """

    calendar: Calendar = field(repr=False)
    starts: pl.Series = field(init=False, repr=False)
    ends: pl.Series = field(init=False, repr=False)
    opened: pl.Series = field(init=False, repr=False)
    shift: pl.Series = field(init=False, repr=False)

    def __post_init__(self) -> None:
        calendar = self.calendar
        starts, opened = (pl.Series(column, dtype=pl.Int64) for column in (calendar.starts, calendar.opened))
        self.ends = pl.Series(calendar.ends, dtype=pl.Int64)
        self.shift = starts - opened
        self.starts, self.opened = starts[1:], opened[1:]  # of a search in these the result is the place of the interval

    def open_time(self, instant: pl.Expr) -> pl.Expr:
        """C(t): open microseconds from the start of the table to each instant."""

        def of(instants: pl.Series) -> pl.Series:
            place = self.starts.search_sorted(instants, side="right")
            over = (instants - self.ends.gather(place)).clip(lower_bound=0)
            return instants - over - self.shift.gather(place)

        return instant.map_batches(of, pl.Int64, is_elementwise=True)

    def instant(self, open_time: pl.Expr) -> pl.Expr:
        """The earliest instant t with C(t) of each open time."""

        def of(open_times: pl.Series) -> pl.Series:
            return open_times + self.shift.gather(self.opened.search_sorted(open_times, side="left"))

        return open_time.map_batches(of, pl.Int64, is_elementwise=True)

    def next_open(self, moment: Moment) -> pl.Expr:
        """Each instant itself while open, else the start of the next open interval."""
        if not isinstance(moment, pl.Expr):
            return pl.lit(self.calendar.next_open(moment), pl.Int64)

        def of(instants: pl.Series) -> pl.Series:
            place = self.starts.search_sorted(instants, side="right")
            closed = instants >= self.ends.gather(place)  # never in the last interval, which has no next one
            return instants.scatter(closed.arg_true(), self.starts.gather(place.filter(closed)))

        return moment.map_batches(of, pl.Int64, is_elementwise=True)
