"""The five stories of the retail policy's scenarios, as cases to send: their customers are made up.

They happened in other years. Each is moved by whole weeks into the first week of the demo's history, so that one snapshot
serves all of them; what counts in hours and days stays as it was told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from router.cases.model import Case, Event, PromiseMade
from router.cli.common import is_missing
from router.cli.demo.server import Question
from router.crm.lookup import advanced
from router.facts import Value
from router.policy.model import Policy
from router.policy.store import shipped_policies
from router.scenarios.load import bind, read_files
from router.scenarios.model import Scenario
from router.time import WEEK


@dataclass(frozen=True, slots=True)
class Story:
    """One story: its customer with the facts as of the history's moment, the orders on record, and its moments in order."""

    name: str
    file: Path
    customer_id: str
    facts: Mapping[str, Value]
    orders: tuple[str, ...]
    moments: tuple[Question, ...]


def read_stories(policy: Policy, as_of: int) -> tuple[Story, ...]:
    """Every story that is told in the scenarios of a policy, moved to begin in the week after ``as_of``."""
    files = sorted((shipped_policies() / policy.name / "tests").glob("story_*.yaml"))
    scenarios = bind(read_files(files), lambda _file, _version: policy)
    return tuple(_story(file, [each for each in scenarios if each.where == str(file)], as_of) for file in files)


def _story(file: Path, scenarios: list[Scenario], as_of: int) -> Story:
    """The moments that lead to the worst one, the last that is to be decided better than the one before it."""
    last = next(scenario for scenario in reversed(scenarios) if scenario.better_than)
    chain = [last]
    while chain[0].better_than:
        chain.insert(0, chain[0].better_than)
    weeks = -((last.case.opened_at - as_of) // WEEK)
    name = file.stem.removeprefix("story_")
    customer_id = f"made-up-{name}"
    return Story(
        name,
        file,
        customer_id,
        _facts(last, last.now + weeks * WEEK - as_of),
        tuple(order for order, on_record in (last.records.orders or {}).items() if on_record),
        tuple(_moment(scenario, name, customer_id, weeks * WEEK) for scenario in chain),
    )


def _facts(scenario: Scenario, elapsed: int) -> Mapping[str, Value]:
    """The facts of the customer, such that they are as told once the clock has run for ``elapsed``."""
    (row,) = scenario.records.customers.values()
    told = {fact: value for fact, value in zip(scenario.records.layout, row, strict=True) if not is_missing(value)}
    return {
        fact.name: advanced(value, fact.moves, -elapsed) if fact.moves and isinstance(value, float) else value
        for fact, value in told.items()
        if fact.name != "customer.known"
    }


def _moment(scenario: Scenario, story: str, customer_id: str, by: int) -> Question:
    """One moment, with what had happened by then."""
    case = scenario.case._replace(
        customer_id=customer_id, timeline=tuple(event for event in scenario.case.timeline if event.at <= scenario.now)
    )
    return Question(moved(case, by), scenario.now + by, f"story {story}", "made up", made_up=True)


def moved(case: Case, by: int) -> Case:
    """A case with every time in it moved by so many microseconds."""
    return case._replace(opened_at=case.opened_at + by, timeline=tuple(_moved(event, by) for event in case.timeline))


def _moved(event: Event, by: int) -> Event:
    what = event.what
    if isinstance(what, PromiseMade):
        what = what._replace(due_at=what.due_at + by)
    return event._replace(at=event.at + by, what=what)
