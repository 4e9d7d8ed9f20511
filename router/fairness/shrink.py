"""A counterexample made small: whatever can be left out, or made simpler, is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from router.facts import Type, Value
from router.fairness.customers import absent, missing, same
from router.fairness.scenes import Scene
from router.fairness.search import Pair
from router.fairness.world import Story, World

PASSES = 4
"""Times that every part is tried again, since one that had to stay may go once another has gone."""


Judge: TypeAlias = Callable[[World, Pair], Pair]
"""Says what a pair lowers."""


def shrunk(world: World, pair: Pair, judge: Judge) -> Pair:
    """The pair with all that does not matter left out; it still lowers the first thing that it lowered."""
    for _ in range(PASSES):
        smaller = _once(world, pair, judge)
        if smaller == pair:
            break
        pair = smaller
    return pair


def _once(world: World, pair: Pair, judge: Judge) -> Pair:
    goal = pair.lowered[0]
    for steps in (_stories, _customers, _differences, _closer):
        tried = True
        done: set[str] = set()
        while tried:
            tried = False
            for name, simpler in steps(world, pair):
                if name in done:
                    continue
                done.add(name)
                tried = True
                found = judge(world, simpler)
                if goal in found.lowered:
                    pair = found
                break
    return pair


def _both(pair: Pair, before: Scene, after: Scene) -> Pair:
    return replace(pair, before=before, after=after)


def _customers(world: World, pair: Pair) -> Iterator[tuple[str, Pair]]:
    """Facts that are the same in both: missing, or at least nothing."""
    history = world.history
    a, b = pair.before.customer, pair.after.customer
    for name, fact in history.facts.items():
        if not same(a[name], b[name]) or missing(a[name]):
            continue
        nothing: Value = 0.0 if fact.type.numeric else False
        for value in (absent(fact), nothing) if fact.missing else (nothing,):
            if not same(a[name], value):
                lower = [history.raised(c, name, value) for c in (a, b)]
                scenes = Scene(lower[0], pair.before.story), Scene(lower[1], pair.after.story)
                yield f"{name} {value}", _both(pair, *scenes)


def _differences(world: World, pair: Pair) -> Iterator[tuple[str, Pair]]:
    """Facts that differ: the same in both."""
    a, b = pair.before.customer, pair.after.customer
    for name in world.history.facts:
        if not same(a[name], b[name]):
            for one, other, side in ((a, b, "after"), (b, a, "before")):
                changed = world.history.raised(other, name, one[name])
                customers = (a, changed) if side == "after" else (changed, b)
                scenes = Scene(customers[0], pair.before.story), Scene(customers[1], pair.after.story)
                yield f"{name} {side}", _both(pair, *scenes)


def _closer(world: World, pair: Pair) -> Iterator[tuple[str, Pair]]:
    """Numbers that differ: nearer to each other, down to a hundredth, or to one of a count."""
    a, b = pair.before.customer, pair.after.customer
    for name, fact in world.history.facts.items():
        low, high = a[name], b[name]
        if (
            not fact.type.numeric
            or missing(low)
            or missing(high)
            or isinstance(low, str | None)
            or isinstance(high, str | None)
        ):
            continue
        between = round((low + high) / 2, 0 if fact.type is Type.INTEGER else 2)
        if low < between < high:
            for customers in ((world.history.raised(a, name, between), b), (a, world.history.raised(b, name, between))):
                scenes = Scene(customers[0], pair.before.story), Scene(customers[1], pair.after.story)
                yield f"{name} {low} {high} {customers[0] is a}", _both(pair, *scenes)


def _stories(_world: World, pair: Pair) -> Iterator[tuple[str, Pair]]:
    """Without one episode or one thing given, younger, in hours of business, in whole hours."""
    a, b = pair.before.story, pair.after.story
    alike = [i for i, (x, y) in enumerate(zip(a.episodes, b.episodes, strict=True)) if x == y]
    for i in reversed(alike):
        yield (
            f"episode {len(a.episodes) - i}",
            _told(pair, *(replace(s, episodes=(*s.episodes[:i], *s.episodes[i + 1 :])) for s in (a, b))),
        )
    for name in a.given:
        if name in b.given and same(a.given[name], b.given[name]):
            yield name, _told(pair, *(replace(s, given={k: v for k, v in s.given.items() if k != name}) for s in (a, b)))
    for age in (float(round(a.age)), 24.0, 1.0, 0.0):
        if age < a.age:
            yield f"age {age}", _told(pair, replace(a, age=age), replace(b, age=age))
    yield "open", _told(pair, replace(a, is_open=True), replace(b, is_open=True))
    yield "hours", _told(pair, _whole(a), _whole(b))


def _whole(story: Story) -> Story:
    return replace(story, episodes=tuple(replace(e, ago=max(round(e.ago), 1.0)) for e in story.episodes))


def _told(pair: Pair, before: Story, after: Story) -> Pair:
    shared = before if before == after else after
    return _both(pair, Scene(pair.before.customer, before), Scene(pair.after.customer, shared))
