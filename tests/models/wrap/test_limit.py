"""The limit of concurrent requests."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.contract import request_of
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import (
    BadOption,
)
from thinkharder.models.toy import toy_model
from thinkharder.models.wrap import (
    Limited,
    Slots,
)


def test_at_most_so_many_at_once_and_first_come_first_served() -> None:
    async def run() -> tuple[int, list[int]]:
        toy = toy_model("scripted(texts=['a b c'], token_seconds=1.0)")
        model, order, most = Limited(toy, Slots(2)), list[int](), 0

        async def one(number: int) -> None:
            nonlocal most
            async with aclosing(model.stream(request_of("q"))) as stream:
                async for _ in stream:
                    most = max(most, toy.open_requests)
            order.append(number)

        await asyncio.gather(*(one(i) for i in range(7)))
        assert model.slots.taken == 0
        return most, order

    assert run_virtual(run()) == (2, list(range(7)))


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), max_size=20), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_no_place_is_lost_or_doubled_when_waiters_are_cancelled(
    jobs: list[tuple[float, float]], size: int
) -> None:
    async def run() -> None:
        slots = Slots(size)

        async def hold(seconds: float) -> None:
            async with slots.place():
                assert slots.taken <= size
                await asyncio.sleep(seconds)

        tasks = [asyncio.create_task(hold(seconds)) for seconds, _ in jobs]
        for task, (_, cancel) in zip(tasks, jobs, strict=True):
            asyncio.get_running_loop().call_later(cancel, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert slots.taken == 0
        async with asyncio.timeout(1), slots.place():
            pass

    run_virtual(run())


def test_slots_serve_one_loop_after_another() -> None:
    slots = Slots(1)

    async def contend() -> None:
        async def hold() -> None:
            async with slots.place():
                await asyncio.sleep(1)

        await asyncio.gather(hold(), hold(), hold())

    for _ in range(3):
        run_virtual(contend())
    with pytest.raises(BadOption):
        Slots(0)


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("backwards", [False, True])
def test_holder_and_waiters_may_be_cancelled_together(size: int, backwards: bool) -> None:
    async def run() -> None:
        slots = Slots(size)

        async def hold() -> None:
            async with slots.place():
                await asyncio.sleep(100)

        tasks = [asyncio.create_task(hold()) for _ in range(size + 3)]
        await asyncio.sleep(1)
        for task in reversed(tasks) if backwards else tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(end) for end in ends] == [asyncio.CancelledError] * len(tasks)
        assert slots.taken == 0
        async with asyncio.timeout(1), slots.place():
            assert slots.taken == 1

    run_virtual(run())


def test_a_place_goes_on_past_a_cancelled_waiter_to_the_next() -> None:
    async def run() -> float:
        slots, loop = Slots(1), asyncio.get_running_loop()

        async def hold(seconds: float) -> float:
            async with slots.place():
                began = loop.time()
                await asyncio.sleep(seconds)
                return began

        first, second, third = (asyncio.create_task(hold(seconds)) for seconds in (100, 1, 1))
        await asyncio.sleep(5)
        first.cancel()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        began = await third
        assert slots.taken == 0
        return began

    assert run_virtual(run()) == 5


def test_a_waiter_that_is_dropped_without_a_cancellation_takes_no_place_along() -> None:
    """A coroutine that is closed while it waits sees GeneratorExit."""
    slots = Slots(1)

    async def run() -> None:
        async with slots.place():
            dropped = slots._take()
            dropped.send(None)
            dropped.close()
        assert slots.taken == 0
        async with asyncio.timeout(1), slots.place():
            pass

    run_virtual(run())


def test_waiters_of_a_loop_that_is_gone_are_passed_over() -> None:
    slots = Slots(1)
    holder, dropped = slots._take(), slots._take()

    async def begin() -> None:
        with pytest.raises(StopIteration):
            holder.send(None)
        dropped.send(None)

    run_virtual(begin())
    slots._leave()
    assert slots.taken == 0
    dropped.close()
    assert slots.taken == 0
