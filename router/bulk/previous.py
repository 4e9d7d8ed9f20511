"""An earlier output, and how far each case moved since."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from polars import col
from polars.exceptions import PolarsError

from router.errors import Problem, TableError
from router.files.source import format_of
from router.frame.answer import POINTS as POINT

POINTS = pl.List(POINT)
_WANTED = {"case_id": pl.String(), "rank": pl.Int64(), "score": pl.Int64(), "band": pl.String(), "points": POINTS}
SCHEMA = pl.Schema({name if name == "case_id" else f"previous_{name}": kind for name, kind in _WANTED.items()})
"""What :func:`read_previous` gives."""
COLUMNS = ("previous_rank", "moved", "previous_score", "previous_band")
"""What is added to an output where there is an earlier one."""
OLD_POINTS = "previous_points"
"""The points of the earlier output, while the queue is made."""


def read_previous(file: Path) -> pl.LazyFrame:
    """``case_id``, and of an earlier output of whichever format ``previous_rank``, ``previous_score``, ``previous_band`` and
    ``previous_points``. Raises ``TableError`` if it is none."""
    with reading_previous(file):
        frame = scan_previous(file)
        frame.select(pl.all().count()).collect(engine="streaming")  # every cell is read, or the error comes here
    return frame


@contextmanager
def reading_previous(file: Path) -> Iterator[None]:
    """What goes wrong while an earlier output is read, as a ``TableError``."""
    try:
        yield
    except (PolarsError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).strip().splitlines()[0]
        said = f"is no earlier output of reprioritize: {reason}"
        raise TableError([Problem("bad-file", said, str(file))]) from error


def scan_previous(file: Path) -> pl.LazyFrame:
    """The same, nothing read yet. Raises ``ValueError`` if the name tells no format."""
    match format_of(file):
        case "parquet":
            frame = pl.scan_parquet(file, glob=False).select(col(name).cast(kind) for name, kind in _WANTED.items())
        case "ndjson":
            frame = pl.scan_ndjson(file, schema=_WANTED)
        case "csv":
            text = pl.scan_csv(file, infer_schema=False, glob=False)
            points = col("points").str.json_decode(POINTS)
            plain = [col(name).cast(kind) for name, kind in _WANTED.items() if name != "points"]
            frame = text.select(*plain, points)
        case _:
            raise ValueError("its name tells no format: .parquet, .csv or .ndjson")
    return frame.rename(dict(zip(_WANTED, SCHEMA, strict=True)))


def with_previous(decisions: pl.LazyFrame, previous: pl.LazyFrame) -> pl.LazyFrame:
    """Decisions with what an earlier output says of each, null for a case that is new."""
    return decisions.join(previous, on="case_id", how="left")


def left(previous: pl.LazyFrame, decisions: pl.LazyFrame) -> int:
    """How many cases were in the queue and wait no more: accepted, or not in the backlog."""
    waiting = decisions.filter(col("status") != "accepted").select("case_id")
    gone = previous.filter(col("previous_rank").is_not_null()).join(waiting, on="case_id", how="anti")
    return int(gone.select(pl.len()).collect(engine="streaming").item())


def moved(frame: pl.DataFrame) -> pl.DataFrame:
    """A range of the queue with ``moved``: how many places a case went up (down, below zero); without the old points."""
    steps = (col("previous_rank") - col("rank")).alias("moved")
    return frame.with_columns(steps).select(pl.exclude(*COLUMNS, OLD_POINTS), *COLUMNS)


def causes(frame: pl.DataFrame) -> pl.DataFrame:
    """Why cases moved: for each direction (``rose``, ``fell``) and rule whose points changed, how many cases it changed
    and by how many points in all.

    ``frame`` is a range of the queue with ``rank``, ``previous_rank``, ``points`` and ``previous_points``.
    """
    both = frame.filter(col("rank") != col("previous_rank"))
    direction = pl.when(col("rank") < col("previous_rank")).then(pl.lit("rose")).otherwise(pl.lit("fell"))
    rows = both.select("case_id", direction.alias("direction"), "points", OLD_POINTS)
    now, before = (_points(rows, name, sign) for name, sign in (("points", 1), (OLD_POINTS, -1)))
    changes = pl.concat([now, before]).group_by("direction", "case_id", "rule").agg(col("points").sum())
    return changes.filter(col("points") != 0).group_by("direction", "rule").agg(cases=pl.len(), points=col("points").sum())


def _points(rows: pl.DataFrame, name: str, sign: int) -> pl.DataFrame:
    items = rows.select("case_id", "direction", col(name)).explode(name, empty_as_null=False, keep_nulls=False).unnest(name)
    return items.select("direction", "case_id", "rule", col("points") * sign)
