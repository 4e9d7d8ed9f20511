"""What a column of a table holds, and what its cells have to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf


class Kind(StrEnum):
    """What a cell holds once it is read: how each is kept in a frame is said behind it."""

    TEXT = "text"  # String, NFC
    TIME = "time"  # Int64, microseconds of UTC since 1970
    MONEY = "money"  # Int64, minor units
    NUMBER = "number"  # Float64
    INTEGER = "integer"  # Float64, whole
    COUNTER = "whole number"  # Int64, where a float is not exact enough
    YES_NO = "yes/no"  # Boolean


@dataclass(frozen=True, slots=True)
class Column:
    """One column. A ``required`` one has to be in the files, a ``filled`` one has no empty cell, a ``unique`` one no repeat.

    ``absent`` says what an empty cell means; a value below ``low`` or above ``high`` is an error, and so is one that is not
    ``among`` the words allowed, where there are any. ``needed`` says where a cell is filled although others may be empty: at
    these words of another column, as ``{"kind": ("promise_made",)}``.
    """

    name: str
    kind: Kind
    meaning: str
    absent: str = ""
    required: bool = False
    filled: bool = False
    unique: bool = False
    low: float = -inf
    high: float = inf
    among: tuple[str, ...] = ()
    needed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
