"""Calls that come at the same time are answered together, and one that comes alone does not wait."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from router.serve.microbatch import LONGEST, MOST, PATIENCE, PROBE, MicroBatch


class Tens:
    """Answers with ten times the question and keeps what was asked together; nobody can answer 13."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.batch: MicroBatch[int, int] = MicroBatch(self.answer)

    def answer(self, questions: Sequence[int]) -> list[int | Exception]:
        self.asked.append(list(questions))
        return [ValueError("13") if each == 13 else each * 10 for each in questions]


def run(test: Callable[[Tens], Awaitable[None]]) -> list[list[int]]:
    """What was asked together."""
    tens = Tens()
    asyncio.run(asyncio.wait_for(test(tens), 10))
    return tens.asked


async def rounds(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_those_that_come_in_one_round_are_answered_together_each_with_its_own() -> None:
    async def several(tens: Tens) -> None:
        assert await asyncio.gather(*map(tens.batch.ask, range(5))) == [0, 10, 20, 30, 40]

    assert run(several) == [[0, 1, 2, 3, 4]]


def test_those_that_wait_let_others_come_in() -> None:
    async def dribble(tens: Tens) -> None:
        asking = []
        for question in range(4):
            asking.append(asyncio.create_task(tens.batch.ask(question)))
            await rounds(PATIENCE - 1)
        assert await asyncio.gather(*asking) == [0, 10, 20, 30]

    assert run(dribble) == [[0, 1, 2, 3]]


def test_but_not_for_long() -> None:
    async def late(tens: Tens) -> None:
        first = asyncio.create_task(tens.batch.ask(1))
        await rounds(PATIENCE + 2)
        assert first.done()
        assert await tens.batch.ask(2) == 20

    assert run(late) == [[1], [2]]


def test_and_not_for_many_rounds_that_are_long() -> None:
    async def beside_a_large_batch(tens: Tens) -> None:
        asking = asyncio.create_task(tens.batch.ask(1))
        await rounds(1)
        time.sleep(LONGEST)  # noqa: ASYNC251 - as a batch that decides
        await rounds(2)
        assert asking.done()

    assert run(beside_a_large_batch) == [[1]]


@pytest.mark.parametrize("count", [MOST, MOST + 1, 3 * MOST - 1, 3 * MOST])
def test_at_most_so_many_are_answered_together_and_the_rest_next(count: int) -> None:
    async def many(tens: Tens) -> None:
        assert await asyncio.gather(*map(tens.batch.ask, range(100, 100 + count))) == [
            each * 10 for each in range(100, 100 + count)
        ]

    asked = run(many)
    assert [len(each) for each in asked[:-1]] == [MOST] * (len(asked) - 1)
    assert [each for one in asked for each in one] == list(range(100, 100 + count))


def test_one_that_comes_alone_does_not_wait() -> None:
    async def alone(tens: Tens) -> None:
        passed = 0

        async def count() -> None:
            nonlocal passed
            while True:
                await asyncio.sleep(0)
                passed += 1

        await tens.batch.ask(0)  # to see whether others come
        counting = asyncio.create_task(count())
        await rounds(1)
        before = passed
        for _ in range(1, PROBE):
            await tens.batch.ask(1)
        assert passed == before
        await tens.batch.ask(2)
        assert passed > before
        counting.cancel()

    assert run(alone) == [[0], *[[1]] * (PROBE - 1), [2]]


def test_when_others_come_again_it_is_noticed() -> None:
    async def again(tens: Tens) -> None:
        await tens.batch.ask(0)
        for _ in range(PROBE):
            await asyncio.gather(*map(tens.batch.ask, range(4)))

    assert run(again)[-1] == [0, 1, 2, 3]


@pytest.mark.parametrize("alone", [0, 1])
def test_what_is_wrong_with_one_is_told_where_it_was_asked(alone: int) -> None:
    async def wrong(tens: Tens) -> None:
        for _ in range(alone):
            await tens.batch.ask(0)
        found = await asyncio.gather(*map(tens.batch.ask, (12, 13, 14)), return_exceptions=True)
        assert [str(each) for each in found] == ["120", "13", "140"]
        assert isinstance(found[1], ValueError)

    assert run(wrong)[-1][-1] == 14


def test_one_that_is_cancelled_meanwhile_is_not_answered() -> None:
    async def gone(tens: Tens) -> None:
        asking = [asyncio.create_task(tens.batch.ask(each)) for each in range(4)]
        await rounds(1)
        asking[2].cancel()
        found = await asyncio.gather(*asking, return_exceptions=True)
        assert [each for each in found if isinstance(each, int)] == [0, 10, 30]
        assert isinstance(found[2], asyncio.CancelledError)

    assert run(gone) == [[0, 1, 3]]


def test_all_of_them_may_be_cancelled() -> None:
    async def gone(tens: Tens) -> None:
        asking = [asyncio.create_task(tens.batch.ask(each)) for each in range(3)]
        await rounds(1)
        for each in asking:
            each.cancel()
        await rounds(2 * PATIENCE)
        assert await tens.batch.ask(7) == 70

    assert [each for each in run(gone) if each] == [[7]]


def test_where_nothing_can_be_answered_everybody_is_told() -> None:
    def broken(_: Sequence[int]) -> list[int | Exception]:
        raise OSError("broken")

    async def ask() -> list[object]:
        batch = MicroBatch[int, int](broken)
        return [*await asyncio.gather(*map(batch.ask, range(3)), return_exceptions=True)]

    assert [str(each) for each in asyncio.run(ask())] == ["broken"] * 3
