"""Whether a condition can hold at all, or can fail to: soundly, from the ranges of facts and the conditions beside it.

A state says what each name can be. ``assuming`` gives the states in which a condition is known to be true, ``denying`` those
in which it is not (false, or unknown); no state at all is a proof that there is no such case. What is too entangled to
follow stays possible, so that nothing is ever wrongly called impossible.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from router.facts import CASE_FACTS, CHANNELS, CUSTOMER_FACTS, INPUTS, STATUSES, TOUCHPOINTS, Type
from router.policy import expression as ex
from router.policy import ranges as r
from router.policy.bounds import of_node
from router.policy.model import Policy
from router.policy.plan import BANDS

State: TypeAlias = Mapping[str, r.Possible]
"""What each fact and column can be."""

MOST_STATES = 48
"""Alternatives that are followed; with more, the narrower ones are given up."""


@dataclass(frozen=True, slots=True)
class Feasibility:
    """What one policy's facts and columns can be: ``start``, and what a word such as a band says about numbers."""

    start: State
    words: Mapping[tuple[str, str], ex.Node]

    def can_hold(self, *conditions: ex.Node, unless: Iterable[ex.Node] = ()) -> bool:
        """Whether all ``conditions`` can be known to be true in a case in which none of ``unless`` is."""
        states = [self.start]
        for condition in conditions:
            states = self.assuming(condition, states)
        for condition in unless:
            states = self.denying(condition, states)
        return bool(states)

    def always_holds(self, condition: ex.Node) -> bool:
        """Whether the condition is known to be true in every case."""
        return not self.denying(condition, [self.start])

    # states in which a condition is known to be true

    def assuming(self, node: ex.Node, states: list[State]) -> list[State]:
        """The states in which ``node`` is known to be true."""
        match node:
            case ex.YesNo(value):
                return states if value else []
            case ex.All(parts):
                for part in parts:
                    states = self.assuming(part, states)
                return states
            case ex.Either(parts):
                return _several(states, [self.assuming(part, states) for part in parts])
            case ex.If(test, then, otherwise):
                held, failed = self.assuming(test, states), self.denying(test, states)
                return _several(states, [self.assuming(then, held), self.assuming(otherwise, failed)])
            case ex.Default(part, fallback):
                absent = self.assuming(ex.Missing(_fact(part), negated=False), states)
                return _several(states, [self.assuming(part, states), self.assuming(fallback, absent)])
            case ex.OneOf(ex.Ref(name), options, negated) if (name, options[0]) in self.words:
                return self.assuming(self.said(name, options, negated=negated), states)
            case ex.SameText(ex.Ref(name), ex.Text(word), negated) if (name, word) in self.words:
                return self.assuming(self.said(name, (word,), negated=negated), states)
        return [found for state in states if (found := self.leaf(node, state)) is not None]

    def said(self, name: str, options: Iterable[str | float], *, negated: bool) -> ex.Node:
        """What it says of numbers that a word is one of ``options``."""
        node = ex.Either(tuple(self.words[name, str(option)] for option in options))
        return ex.negate(node) if negated else node

    def leaf(self, node: ex.Node, state: State) -> State | None:
        """The state in which one comparison is known to be true, or ``None``."""
        match node:
            case ex.Ref(name):
                return _with(state, name, lambda was: replace(was, no=False, missing=False))
            case ex.No(ex.Ref(name)):
                return _with(state, name, lambda was: replace(was, yes=False, missing=False))
            case ex.Missing(ex.Ref(name), negated):
                return _with(state, name, r.without_missing if negated else r.only_missing)
            case ex.Compare(op, left, right):
                return self._compared(op, left, right, state)
            case ex.OneOf(part, options, negated) if isinstance(options[0], str):
                texts = [str(option) for option in options]
                return self._worded(part, texts, negated=negated, state=state)
            case ex.OneOf(part, options, False):
                numbers = [float(option) for option in options]
                among = r.Range(min(numbers), max(numbers), missing=False)
                found = r.narrowed(self.number(part, state), "==", among)
                return self._put(part, found, state) if found.known else None
            case ex.SameText(left, ex.Text(word), negated) | ex.SameText(ex.Text(word), left, negated):
                return self._worded(left, [word], negated=negated, state=state)
        return state

    def _compared(self, op: ex.ComparisonOperator, left: ex.Node, right: ex.Node, state: State) -> State | None:
        a, b = self.number(left, state), self.number(right, state)
        if not (a.known and b.known):
            return None
        new_a, new_b = r.narrowed(a, op, b), r.narrowed(b, ex.MIRRORED[op], a)
        if not (new_a.known and new_b.known):
            return None
        return self._put(right, new_b, self._put(left, new_a, state))

    def _worded(self, part: ex.Node, texts: list[str], *, negated: bool, state: State) -> State | None:
        if not isinstance(part, ex.Ref) or not isinstance(state.get(part.name, r.Words()), r.Words):
            return state
        return _with(state, part.name, lambda was: was.without(texts) if negated else was.only(texts))

    def _put(self, node: ex.Node, found: r.Range, state: State) -> State:
        return {**state, node.name: found} if isinstance(node, ex.Ref) else state

    # states in which it is not

    def denying(self, node: ex.Node, states: list[State]) -> list[State]:
        """The states in which ``node`` is not known to be true: it is false, or unknown."""
        match node:
            case ex.All(parts):
                return _several(states, [self.denying(part, states) for part in parts])
            case ex.Either(parts):
                for part in parts:
                    states = self.denying(part, states)
                return states
            case ex.If(test, then, otherwise):
                held, failed = self.assuming(test, states), self.denying(test, states)
                return _several(states, [self.denying(then, held), self.denying(otherwise, failed)])
            case ex.Default(part, fallback):
                absent = self.assuming(ex.Missing(_fact(part), negated=False), states)
                return _several(states, [self.assuming(ex.negate(part), states), self.denying(fallback, absent)])
            case ex.OneOf(ex.Ref(name), options, negated) if (name, options[0]) in self.words:
                return self.denying(self.said(name, options, negated=negated), states)
            case ex.SameText(ex.Ref(name), ex.Text(word), negated) if (name, word) in self.words:
                return self.denying(self.said(name, (word,), negated=negated), states)
        false = self.assuming(ex.negate(node), states)
        return _several(states, [false, *(self.unknown(part, states) for part in _sides(node))])

    def unknown(self, part: ex.Node, states: list[State]) -> list[State]:
        """The states in which a side of a comparison is missing."""
        if isinstance(part, ex.Ref):
            return self.assuming(ex.Missing(part, negated=False), states)
        if isinstance(part, ex.Text):
            return []
        return [state for state in states if self.number(part, state).missing]

    # numbers

    def number(self, node: ex.Node, state: State) -> r.Range:
        """The range of an expression; of what is no number, anything."""

        def choose(node: ex.If) -> r.Range:
            branches = ((node.then, self.assuming(node.test, [state])), (node.otherwise, self.denying(node.test, [state])))
            return _joined([self.number(value, one) for value, several in branches for one in several])

        return of_node(node, state, choose)


def feasibility(policy: Policy) -> Feasibility:
    """What the facts and columns of a policy can be."""
    closed = {
        "case.issue": tuple(policy.issues),
        "case.channel": CHANNELS,
        "case.touchpoint": TOUCHPOINTS,
        "case.status": STATUSES,
    }
    known = (*CASE_FACTS, *INPUTS, *CUSTOMER_FACTS, *policy.facts)
    start = {fact.name: r.of_fact(fact, closed) for fact in known}
    start |= {
        "tier.rank": r.Range(0, len(policy.tiers) - 1, missing=False, whole=True),
        "level.rank": r.Range(0, len(policy.levels) - 1, missing=False, whole=True),
        "score": r.Range(missing=False, whole=True),
    }
    words = {("tier", tier.name): _is("tier.rank", tier.rank) for tier in policy.tiers}
    words |= {("level", level.name): _is("level.rank", level.rank) for level in policy.levels}
    return Feasibility(start, words | {("band", band): _in_band(policy, band) for band in BANDS})


def _is(name: str, rank: int) -> ex.Node:
    return ex.Compare("==", ex.Ref(name, Type.NUMBER), ex.Number(float(rank)))


def _in_band(policy: Policy, band: str) -> ex.Node:
    """What a band says of the score: it has come up to this band, and not to the next."""
    score, index = ex.Ref("score", Type.NUMBER), BANDS.index(band)
    least = [ex.Compare(">=", score, ex.Number(policy.bands[band]))] if index else []
    below = [ex.Compare("<", score, ex.Number(policy.bands[above])) for above in BANDS[index + 1 : index + 2]]
    return ex.All((*least, *below))


def _fact(part: ex.Node) -> ex.Node:
    """The fact of a yes/no, or of its ``not``."""
    return part.part if isinstance(part, ex.No) else part


def _sides(node: ex.Node) -> Iterable[ex.Node]:
    """What makes a comparison unknown where it is missing."""
    match node:
        case ex.Ref():
            return (node,)
        case ex.Compare(_, left, right) | ex.SameText(left, right):
            return (left, right)
        case ex.OneOf(part) | ex.No(part):
            return (part,)
    return ()


def _with(state: State, name: str, change: Callable[..., r.Possible]) -> State | None:
    was = state.get(name)
    if was is None:
        return state
    found = change(was)
    return {**state, name: found} if found.possible else None


def _several(states: list[State], found: list[list[State]]) -> list[State]:
    """Every alternative; the states from which they came where there are too many to follow."""
    every = [state for part in found for state in part]
    return every if len(every) <= MOST_STATES else states


def _joined(found: list[r.Range]) -> r.Range:
    result = found[0] if found else r.NEVER
    for other in found[1:]:
        result = r.joined(result, other)
    return result
