"""What a benchmark gives: a figure with its unit, its bar, and how it was measured."""

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns
from typing import Any, TypeAlias

Figures: TypeAlias = dict[str, dict[str, Any]]


def figure(value: float, unit: str, bar: str, how: str) -> dict[str, Any]:
    """One figure; ``bar`` is written as ``<= 10`` or ``>= 0.85``, empty where none is set."""
    return {"value": round(value, 3), "unit": unit, "bar": bar, "how": how}


def meets(entry: dict[str, Any]) -> bool | None:
    """Whether a figure meets its bar; ``None`` without one."""
    if not entry["bar"]:
        return None
    sign, _, limit = entry["bar"].partition(" ")
    value = float(entry["value"])
    return value <= float(limit) if sign == "<=" else value >= float(limit)


def in_turn(*calls: Callable[[], object], rounds: int, repeats: int) -> list[list[float]]:
    """Microseconds of each call, ``rounds`` times in turn, each the mean over ``repeats``: all meet the same weather."""
    found: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, times in zip(calls, found, strict=True):
            start = perf_counter_ns()
            for _ in range(repeats):
                call()
            times.append((perf_counter_ns() - start) / repeats / 1000)
    return found


def middle(values: list[float]) -> float:
    """The median."""
    return median(values)
