"""The default executor: one worker on this process's event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, final

from thinkharder.bench.desk import LocalDesk, Progress
from thinkharder.bench.grid import Group
from thinkharder.bench.work import Job, Loading, Worker
from thinkharder.core.errors import ModelUnavailable
from thinkharder.records.store import Store

SHOW: Final = 0.2
"""Seconds between two looks at the progress."""


@final
@dataclass(frozen=True, slots=True)
class Order:
    """What an executor is to do. `total` counts all cells that were asked for, done ones too; `records` is the store."""

    job: Job
    groups: tuple[Group, ...]
    total: int
    records: Path


@final
@dataclass(slots=True)
class Screen:
    """Where a run is watched from: `stop` ends it, `loading` and `show` hear how far it is."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    loading: Loading = lambda what, done, total: None
    show: Callable[[Progress], None] = lambda progress: None


class Executor(Protocol):
    """Does an order to its end, or until the screen's `stop` is set."""

    async def run(self, order: Order, screen: Screen) -> Progress:
        """How far it came. Raises what is wrong with the run as a whole; what ended is stored all the same."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Local:
    """Everything in this process."""

    async def run(self, order: Order, screen: Screen) -> Progress:
        """How far it came. Raises ModelUnavailable where too many cells failed in a row, and what `Worker.run` raises."""
        with Store.open(order.records, create=True) as store:
            desk = LocalDesk.of(store, order.groups, order.total)
            worker = Worker("local", desk, store, order.job, screen.stop, screen.loading)
            watching = asyncio.create_task(_show(desk, screen))
            try:
                await worker.run()
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
            screen.show(desk.progress)
            if desk.stopped:
                raise ModelUnavailable(gone(desk.stopped))
            return desk.progress


def gone(reason: str) -> str:
    """Why a run that nothing came of any more was stopped, and what to do."""
    return f"the run was stopped, because {reason}; mend that, and go on with: thinkharder bench resume"


async def _show(desk: LocalDesk, screen: Screen) -> None:
    while True:
        screen.show(desk.progress)
        await asyncio.sleep(SHOW)
