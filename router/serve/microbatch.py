"""Calls that come at the same time are answered one after another, with nothing between them.

A call answered by itself finds the processor's caches full of gRPC's code, and leaves them full of its own. So a call
waits while others come in, and all that wait are answered together; what is done once for all of them, such as a write to a
log, costs each less. A call that comes alone does not wait.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

_Loop: TypeAlias = asyncio.AbstractEventLoop
Question = TypeVar("Question")
Answer = TypeVar("Answer")

MOST = 16
"""Calls that are answered together: with more, whatever else the process serves would wait longer for little."""
PATIENCE = 8
"""Rounds of the event loop without another call after which those that wait are answered. A call that gRPC takes in needs
several of them."""
LONGEST = 0.004
"""Seconds that a call waits at most: a round may be long, with a large batch beside."""
PROBE = 17
"""Of the calls that come alone every so many-th waits, to see whether others come; a prime, since calls come regularly."""


class MicroBatch(Generic[Question, Answer]):
    """Brings questions to ``answer``, several at a time where they come so. For the calls of one event loop.

    ``answer`` gives for each question its answer, or the exception that is raised where it was asked.
    """

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer | Exception]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._alone = 0
        """Calls that came alone, one after another."""

    async def ask(self, question: Question) -> Answer:
        """The answer to a question. One whose asker is cancelled while it waits is not answered."""
        if self._alone % PROBE and not self._waiting:
            self._alone += 1
            (answer,) = self._answer([question])
            if isinstance(answer, Exception):
                raise answer
            return answer
        loop = asyncio.get_running_loop()
        asker: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, asker))
        if len(self._waiting) == MOST:
            self._answer_all()
        elif len(self._waiting) == 1:
            loop.call_soon(self._look, loop, asker, loop.time() + LONGEST, 1, 0)
        return await asker

    def _look(self, loop: _Loop, first: asyncio.Future[Answer], until: float, seen: int, quiet: int) -> None:
        """Answer if nobody has come for a while; look again in the next round if somebody may."""
        if not self._waiting or self._waiting[0][1] is not first:
            return  # they were so many that they have been answered
        waiting = len(self._waiting)
        quiet = quiet + 1 if waiting == seen else 0
        if quiet < PATIENCE and loop.time() < until:
            loop.call_soon(self._look, loop, first, until, waiting, quiet)
        else:
            self._answer_all()

    def _answer_all(self) -> None:
        waiting = [(question, asker) for question, asker in self._waiting if not asker.done()]
        self._waiting = []
        self._alone = 0 if len(waiting) > 1 else self._alone + 1
        answers: Sequence[Answer | Exception]
        try:
            answers = self._answer([question for question, _ in waiting])
        except Exception as error:  # noqa: BLE001 - or they would wait for ever
            answers = [error] * len(waiting)
        for (_, asker), answer in zip(waiting, answers, strict=True):
            if isinstance(answer, Exception):
                asker.set_exception(answer)
            else:
                asker.set_result(answer)
