"""The plan: an ordered list of named, typed columns, each an expression over facts and earlier columns.

A back end only has to translate expressions. ``columns.py`` builds the plan of a policy.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from router.facts import Type
from router.policy.expression import All, Node, names

BANDS = ("P4", "P3", "P2", "P1")


@dataclass(frozen=True, slots=True)
class Column:
    """One result of a plan: its name, type and expression."""

    name: str
    type: Type
    node: Node


@dataclass(frozen=True, slots=True)
class Plan:
    """Columns in an order in which each reads only facts, engine inputs and columns before it."""

    columns: tuple[Column, ...]

    def only(self, wanted: Iterable[str]) -> "Plan":
        """The columns that ``wanted`` ones need, themselves included, in order."""
        needed = set(wanted)
        kept: list[Column] = []
        for column in reversed(self.columns):
            if column.name in needed:
                needed |= names(column.node)
                kept.append(column)
        return Plan(tuple(reversed(kept)))

    def reads(self) -> frozenset[str]:
        """Every fact and input that some column reads."""
        own = {column.name for column in self.columns}
        return frozenset().union(*(names(column.node) for column in self.columns)) - own


NO_PLAN = Plan(())
"""The plan of a policy that is still being compiled."""


def fired(rule: str) -> str:
    """The yes/no column that says whether a rule fired."""
    return f"fired.{rule}"


def points(rule: str) -> str:
    """The column of a priority rule's points, whole; missing if they cannot be known."""
    return f"points.{rule}"


def asked(rule: str) -> str:
    """The column of the amount that a recompense rule asks for, in minor units, before caps; missing if not known."""
    return f"asked.{rule}"


def amount(rule: str) -> str:
    """The column of the amount that the caps leave of it, in minor units."""
    return f"amount.{rule}"


def left_after(rule: str) -> str:
    """The column of what the caps leave once a recompense rule has its amount, in minor units."""
    return f"left after.{rule}"


ALWAYS: Node = All(())
"""The condition of a rule without one: no part that could fail."""
