"""Answering requests: by whom, in which view, and with a record. No call, no waiting, no clock."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from router.decide.model import Decision
from router.errors import UnknownPolicyError
from router.log.decisions import DecisionLog
from router.serve.convert.asked import Asked, Reader, UnreadableError
from router.serve.convert.request import Told
from router.serve.shadow import Shadow
from router.serve.state import Choice, Pair, State

Question: TypeAlias = tuple[Reader, bytes]
"""What came, and how it is read."""


class Moment(NamedTuple):
    """What is decided at one time by the clock: the lines of its decisions go to the log by one write."""

    at: int
    lines: list[bytes]


class Answer(NamedTuple):
    """A serialised ``Decision``, whose it is and what it says; whether it is to be explained; whether the log has it."""

    body: bytes
    pair: Pair
    decision: Decision
    explain: bool = False
    kept: bool = True


class Answering:
    """Answers by one state, which ``state`` replaces as a whole."""

    def __init__(self, state: State, log: DecisionLog | None, shadow: Shadow) -> None:
        self.state = state
        self.log = log
        self.shadow = shadow

    def together(self, questions: Sequence[Question], at: int) -> list[Answer | Exception]:
        """The answers to calls that came together, or what is wrong with them."""
        moment = Moment(at, [])
        answers: list[Answer | Exception] = []
        for read, data in questions:
            try:
                answers.append(self._call(read(data, at), moment))
            except Exception as error:  # noqa: BLE001 - every error becomes a status
                answers.append(error)
        try:
            if self.keep(moment):
                return answers
        except Exception as error:  # noqa: BLE001 - every error becomes a status
            return [answer if isinstance(answer, Exception) else error for answer in answers]
        return [answer if isinstance(answer, Exception) else answer._replace(kept=False) for answer in answers]

    def batch(self, asked: Asked, moment: Moment) -> Callable[[int], bytes | Exception]:
        """Answers a case of a batch by its place: a serialised ``Decision``, or what is wrong with it. Raises
        ``UnreadableError`` where the whole batch is found to be none."""
        try:
            choice = self.state.choose(asked.policy, asked.version, asked.now)
        except UnknownPolicyError:
            asked.check()  # what is no request asks for no policy
            raise
        batch = blake2b(asked.body, digest_size=16).digest()

        def answer(place: int) -> bytes | Exception:
            try:
                identity = batch + place.to_bytes(4, "big")
                return self._answer(choice, asked, place, identity, moment).body
            except UnreadableError:
                raise
            except Exception as error:  # noqa: BLE001 - every error becomes a status
                return error

        return answer

    def keep(self, moment: Moment) -> bool:
        """Whether the log has all the lines, or need not. Raises ``LogError``."""
        return self.log is None or not moment.lines or self.log.keep(moment.lines, moment.at)

    def _call(self, asked: Asked, moment: Moment) -> Answer:
        choice = self.state.choose(asked.policy, asked.version, asked.now)
        answer = self._answer(choice, asked, 0, asked.body, moment)
        return answer._replace(explain=True) if asked.explain else answer

    def _answer(self, choice: Choice, asked: Asked, place: int, identity: bytes, moment: Moment) -> Answer:
        """The answer about a case, by the one pair that decides for the customer. A version in shadow is asked later."""
        told, now, full = asked.read(place), asked.now, asked.full
        pair = choice.of(told.case.customer_id, told.case.id)
        decision = pair.decider.decide(told.case, identity, now, full=full, run=told.run)
        if choice.shadow is not None:
            self._offer(choice.shadow, told, identity, decision)
        if self.log is not None:
            moment.lines.append(self.log.line(decision, moment.at))
        return Answer(pair.answers.of(decision), pair, decision)

    def _offer(self, shadow: Pair, told: Told, identity: bytes, decision: Decision) -> None:
        def again(other: Pair) -> Decision:
            return other.decider.decide(told.case, identity, decision.now, full=decision.full, run=told.run)

        self.shadow.offer(shadow, again, decision)
