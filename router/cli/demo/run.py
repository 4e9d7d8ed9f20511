"""The demo from end to end: publish, serve, ask, stop. What came of it is shown by :mod:`router.cli.demo.show`."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from router.cli.demo.ending import ended_by
from router.cli.demo.material import AS_OF, History, cancellations, publish_history
from router.cli.demo.report import Line
from router.cli.demo.server import Question, Server, serving
from router.cli.demo.stories import Story, read_stories
from router.crm.snapshot import Snapshot
from router.policy.model import Policy
from router.policy.store import open_shelf, shipped_policies
from router.v1.case_router_service_pb2 import GetServerInfoResponse
from router.v1.decision_pb2 import Decision

POLICY = "retail"
COMPARED, BEST = "fashion", "platinum"
"""The story whose first moment is sent twice, and the tier of the customer that it is sent for first."""
STRANGER = "nobody-on-record"


@dataclass(frozen=True, slots=True)
class Told:
    """A story and what was decided at each of its moments."""

    story: Story
    moments: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One case: as asked of a real customer of the best tier, and the decisions for that one and for a stranger."""

    question: Question
    decisions: tuple[Decision, Decision]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that the demo did. ``real`` and ``told`` are in the order of the queue; ``seconds`` is what the calls took."""

    policy: Policy
    history: History
    server: GetServerInfoResponse
    address: str
    process: int
    exit_code: int
    real: tuple[Line, ...]
    told: tuple[Told, ...]
    compared: Comparison
    seconds: float

    @property
    def queue(self) -> list[Line]:
        """Every real case and each story at its worst, most urgent first."""
        return sorted((*self.real, *(told.moments[-1] for told in self.told)), key=lambda line: line.place)

    @property
    def calls(self) -> int:
        """How many decisions were asked for."""
        return len(self.real) + sum(len(told.moments) for told in self.told) + 2


def run(say: Callable[[str], None]) -> Outcome:
    """Do it; ``say`` is told what is being done. Raises ``RouterError``; leaves no file and no process."""
    say("reading the policy and the stories")
    policy = open_shelf(shipped_policies() / POLICY).get("", AS_OF)
    stories = read_stories(policy, AS_OF)
    signals = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    with ended_by(*signals) as ending, TemporaryDirectory(prefix="case-router-demo-") as temporary:
        say("building the snapshot from real history")
        folder = Path(temporary) / "snapshot"
        history = publish_history(stories, folder)
        snapshot = Snapshot.open(folder)
        questions = [_with_history(question, snapshot) for question in cancellations()]
        say("starting the server")
        with serving(folder, Path(temporary) / "server.log", ending) as server:
            say("routing cases over gRPC")
            info, began = server.info(), monotonic()
            real = sorted((_ask(server, question) for question in questions), key=lambda line: line.place)
            told = [Told(story, tuple(_ask(server, moment) for moment in story.moments)) for story in stories]
            told.sort(key=lambda each: each.moments[-1].place)
            compared = _compare(server, stories, real)
            seconds = monotonic() - began
            say("stopping the server")
        ended = server.process
    return Outcome(
        policy, history, info, server.address, ended.pid, ended.wait(), tuple(real), tuple(told), compared, seconds
    )


def _with_history(question: Question, snapshot: Snapshot) -> Question:
    """The question, with who the customer is to the shop."""
    facts = snapshot.customer(question.case.customer_id, question.now)
    if facts is None:
        return replace(question, past="not on record")
    known = {fact.key: value for fact, value in zip(snapshot.layout, facts, strict=True)}
    orders, spend = known["orders_12m"], known["spend_12m"]
    return replace(question, past=f"{orders:.0f} order{'s' * (orders != 1)}, {spend:,.0f}")


def _ask(server: Server, question: Question) -> Line:
    return Line.of(question, server.decide(POLICY, question))


def _compare(server: Server, stories: tuple[Story, ...], real: list[Line]) -> Comparison:
    """The first moment of a story, as of the most urgent real customer of the best tier and as of somebody unknown."""
    story = next(story for story in stories if story.name == COMPARED)
    loyal = next(line.question for line in real if line.tier == BEST)
    asked = [
        replace(story.moments[0], who=who, past=past, case=story.moments[0].case._replace(customer_id=customer_id))
        for customer_id, who, past in ((loyal.case.customer_id, loyal.who, loyal.past), (STRANGER, "a stranger", ""))
    ]
    return Comparison(asked[0], (server.decide(POLICY, asked[0]), server.decide(POLICY, asked[1])))
