"""Running the parts of one request together."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.wrap.told import Told, end, stack
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import ModelUnavailable
from thinkharder.core.types import Capabilities, Chunk, Request
from thinkharder.models.wrap import FanOut
from thinkharder.models.wrap.base import Event, Part, merged, split


class GivesUp(Told):
    """A backend in which a future is cancelled by itself, the first `times` times that draw 0 is asked for."""

    def __init__(self, n: int, times: int) -> None:
        super().__init__()
        self.capabilities, self.times = Capabilities(n=n), times

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.asked.append(request)
        await asyncio.sleep(0.1)
        if request.first_draw == 0 and self.times:
            self.times -= 1
            raise asyncio.CancelledError("a future of the engine was cancelled")
        for index in range(request.n):
            yield end(index)


async def events_of(model: Told, parts: list[Part]) -> list[Event]:
    async with aclosing(merged(model, parts)) as events:
        return [event async for event in events]


@pytest.mark.parametrize("most", [1, 3])
def test_a_part_that_nobody_cancelled_is_unavailable_and_the_others_go_on(most: int) -> None:
    async def run() -> list[Event]:
        async with asyncio.timeout(50):
            return await events_of(GivesUp(most, 9), split(request_of("q", 3), range(3), most))

    events = run_virtual(run())
    (error,) = [event.error for event in events if event.error is not None]
    assert isinstance(error, ModelUnavailable)
    assert isinstance(error.__cause__, asyncio.CancelledError)
    assert [event.chunk.index for event in events if event.chunk] == ([1, 2] if most == 1 else [])
    assert sum(event.chunk is None for event in events) == 3 // most


@pytest.mark.parametrize("most", [1, 8])
def test_the_stack_asks_again_after_a_cancellation_from_inside(most: int) -> None:
    async def run(model: GivesUp) -> dict[int, str]:
        async with asyncio.timeout(50):
            chunks = await chunks_of(stack(model), request_of("q", 2))
        return {i: s.text for i, s in samples_of(chunks).items()}

    assert run_virtual(run(GivesUp(most, 2))) == {0: "x", 1: "x"}
    with pytest.raises(ModelUnavailable):
        run_virtual(run(GivesUp(most, 99)))


@pytest.mark.parametrize("n", [1, 4])
def test_a_cancellation_from_outside_stays_one(n: int) -> None:
    async def run() -> None:
        task = asyncio.create_task(chunks_of(stack(GivesUp(1, 99)), request_of("q", n)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(run())


def test_a_part_whose_task_is_cancelled_by_another_ends_too() -> None:
    async def run() -> list[Event]:
        model = GivesUp(1, 0)
        before = asyncio.all_tasks()
        job = asyncio.create_task(events_of(model, split(request_of("q", 3), range(3), 1)))
        await asyncio.sleep(0.05)
        pumps = sorted(asyncio.all_tasks() - before - {job}, key=lambda task: task.get_name())
        assert len(pumps) == 3
        pumps[0].cancel()
        async with asyncio.timeout(50):
            return await job

    errors = [event.error for event in run_virtual(run()) if event.chunk is None]
    assert sum(isinstance(error, ModelUnavailable) for error in errors) == 1
    assert errors.count(None) == 2


async def test_fan_out_raises_what_the_cancelled_part_became() -> None:
    with pytest.raises(ModelUnavailable, match="cancelled from inside"):
        await chunks_of(FanOut(GivesUp(1, 1)), request_of("q", 2))
