"""An event loop whose clock jumps to the next timer: hours of waiting run in milliseconds, repeatably."""

import asyncio
import math
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
RESOLUTION = time.get_clock_info("monotonic").resolution
"""Seconds; what the event loop takes its clock's resolution to be: timers fire that much early."""


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("deadlock: nothing is scheduled and nothing can happen")
        if timeout > 0:  # always forward, as a real clock goes, however short the wait
            self.now = max(self.now + max(timeout, RESOLUTION), math.nextafter(self.now, math.inf))
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at time 0; `time()` advances only when every task waits."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run_virtual(job: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a virtual clock; fails if it leaves a task behind."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(None)
        result = loop.run_until_complete(job)
        left = asyncio.all_tasks(loop)
        assert not left, f"tasks left behind: {left}"
        loop.run_until_complete(loop.shutdown_asyncgens())
        return result
    finally:
        loop.close()
