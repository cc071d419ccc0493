"""The virtual clock goes forward on every wait."""

import asyncio

import pytest

from tests.virtual_clock import RESOLUTION, VirtualLoop, run_virtual


@pytest.mark.parametrize("start", [0.0, 3600.0, 1e9, 1e15])
@pytest.mark.parametrize("wait", [5e-324, 1e-13, 1e-9, 1.0])
def test_a_positive_wait_moves_it_by_at_least_its_resolution(start: float, wait: float) -> None:
    loop = VirtualLoop()
    try:
        loop._clock.now = start
        loop._clock.select(0.0)
        assert loop.time() == start
        loop._clock.select(wait)
        assert loop.time() > start
        assert loop.time() >= start + max(wait, RESOLUTION)
    finally:
        loop.close()


def test_the_resolution_is_the_loops() -> None:
    loop = VirtualLoop()
    assert getattr(loop, "_clock_resolution", None) == RESOLUTION
    loop.close()


def test_long_waits_are_exact() -> None:
    async def run() -> float:
        await asyncio.sleep(10.5)
        return asyncio.get_running_loop().time()

    assert run_virtual(run()) == 10.5
