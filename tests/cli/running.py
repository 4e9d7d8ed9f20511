"""How a command is called and ends."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "tests" / "scenarios" / "shop"
OF_SHOP = ("--policy", SHOP / "1.0.0.yaml", "--now", "2016-06-01T10:00:00Z")


class Ran(NamedTuple):
    """How a command ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str


Run: TypeAlias = Callable[..., Ran]
