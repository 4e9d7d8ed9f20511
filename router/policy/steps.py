"""What back ends share: which columns of a plan get a name of their own, and what is known of each before it runs."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from router.facts import Type
from router.policy.bounds import kept, of_node, simplify
from router.policy.expression import Node, refs
from router.policy.plan import Column, Plan
from router.policy.ranges import Range

_PartT = TypeVar("_PartT")


@dataclass(frozen=True, slots=True)
class Steps:
    """A plan made ready: its columns that are ``named``, in order; the others, written where they are read; all ranges."""

    named: tuple[Column, ...]
    inline: Mapping[str, Node]
    known: Mapping[str, Range]


def steps(plan: Plan, wanted: Collection[str], facts: Mapping[str, Range], inlined: Collection[Type]) -> Steps:
    """The columns of ``plan`` simplified; one of the types ``inlined`` that is read once and not ``wanted`` gets no name."""
    used = Counter(ref.name for column in plan.columns for ref in refs(column.node))
    known = dict(facts)
    inline: dict[str, Node] = {}
    named: list[Column] = []
    for column in plan.columns:
        node = simplify(column.node, known)
        found = of_node(node, known)
        known[column.name] = kept(found)
        if used[column.name] == 1 and column.type in inlined and column.name not in wanted:
            inline[column.name], known[column.name] = node, found
        else:
            named.append(Column(column.name, column.type, node))
    return Steps(tuple(named), inline, known)


def balanced(parts: Sequence[_PartT], join: Callable[[_PartT, _PartT], _PartT]) -> _PartT:
    """The parts joined as a balanced tree, so that three hundred nest nine deep; sums of every back end add in this order.

    >>> balanced("abcde", "({} {})".format)
    '((a b) (c (d e)))'
    """
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return join(balanced(parts[:half], join), balanced(parts[half:], join))
