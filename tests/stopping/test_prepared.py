"""A rule that computes a table does so off the event loop, before the first draw."""

import asyncio
import threading
import time

from thinkharder.api import solve
from thinkharder.stopping import Worth
from thinkharder.strategies import SelfConsistency

MODEL = "toy:categorical(answers=[18, 20], weights=[0.7, 0.3])"


class Slow:
    """A rule whose table takes a while."""

    def __init__(self) -> None:
        self.prepared: list[tuple[int, bool]] = []

    def prepare(self, cap: int) -> None:
        time.sleep(0.3)
        self.prepared.append((cap, threading.current_thread() is threading.main_thread()))

    def more(self, draws: object, cap: int) -> int:
        assert self.prepared
        return 0 if draws else 2


async def test_the_loop_goes_on_while_a_table_is_computed() -> None:
    rule, ticks = Slow(), 0
    task = asyncio.ensure_future(
        solve("2 + 2", model=MODEL, strategy=SelfConsistency(8, until=rule))  # type: ignore[arg-type]
    )
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert rule.prepared == [(8, False)]
    assert ticks > 10
    assert (await task).answer is not None


async def test_the_default_rule_decides_by_a_table_made_before() -> None:
    result = await solve("2 + 2", model=MODEL, strategy=SelfConsistency(12, until=Worth()), budget=None)
    assert 0 < len(result.candidates) <= 12
