"""A worker: loads each model in turn, takes groups from the desk, several at once so that the model's batch stays full."""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, final

from thinkharder import assemble, prompts
from thinkharder.bench.desk import Desk
from thinkharder.bench.folder import Machine, Settings
from thinkharder.bench.grid import Group, Row
from thinkharder.bench.solving import Bench, needs, solve_group
from thinkharder.bench.watching import Counts
from thinkharder.context import GENERATOR
from thinkharder.core import registry
from thinkharder.models import catalog
from thinkharder.models.loaded import Loaded
from thinkharder.models.options import EngineOptions
from thinkharder.records.generation import Origin
from thinkharder.records.store import Store
from thinkharder.tasks.base import Task
from thinkharder.together import first_leaf

MOST_AT_ONCE: Final = 32
"""Problems at a time, where nobody says how many."""
BATCHES: Final = 2
"""Batches of samples that are under way, so that the next is there when one ends."""
TELL: Final = 0.25
"""Seconds between two words to the desk about tokens."""

Loading = Callable[[str, int, int], None]
"""Told what is loaded, how much of it (bytes) and of how much; from any thread."""


class Stopped(Exception):
    """The run was stopped while a model was loading."""


@final
@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to know: the same for all of them. `rows` are those with something left to do."""

    settings: Settings
    machine: Machine
    tasks: Mapping[str, Task]
    rows: tuple[Row, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The generators' specs, in the order in which they are run."""
        return tuple(dict.fromkeys(row.model for row in self.rows))


@final
@dataclass(slots=True)
class Worker:
    """One worker on one event loop. `stop` ends it: what is under way is cut off, what ended is kept."""

    name: str
    desk: Desk
    store: Store
    job: Job
    stop: asyncio.Event
    loading: Loading = lambda what, done, total: None
    _counts: Counts = field(default_factory=Counts)

    async def run(self) -> None:
        """Work until the desk has nothing more, or `stop` is set.

        Raises what is wrong with the run as a whole: a model that cannot be loaded, parts that do not fit each other, a
        store that cannot be written.
        """
        with prompts.override(self.job.settings.prompts):
            for model in self.job.models:
                group = None if self.stop.is_set() else self.desk.take(self.name, model)
                if group is None:
                    continue
                with suppress(Stopped):
                    async with self._loaded(model) as bench:
                        await self._unless_stopped(self._serve(bench, model, group))

    async def _serve(self, bench: Bench, model: str, first: Group) -> None:
        rows = [row for row in self.job.rows if row.model == model]
        read = [needs(bench, self.job.tasks[row.task], row) for row in rows]
        settings = self.job.settings
        read.append(settings.tops if settings.record == "tokens" else None)
        # What one row reads is recorded for all, so that they share their draws.
        bench.logprobs = max((level for level in read if level is not None), default=None)
        count = self.job.machine.at_once or at_once(bench.models[GENERATOR], rows)
        queue: list[Group] = [first]

        async def lane() -> None:
            while group := queue.pop() if queue else self.desk.take(self.name, model):
                await solve_group(
                    bench, self.job.tasks[group.task], group.item, group.rows, self.desk.put_cell
                )
                self._tell()
                self.desk.finish(self.name, group.number)

        teller = asyncio.create_task(self._tells())
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(count):
                    lanes.create_task(lane())
        except BaseExceptionGroup as errors:
            raise first_leaf(errors) from None
        finally:
            teller.cancel()
            self._tell()

    async def _unless_stopped(self, job: Coroutine[Any, Any, None]) -> None:
        """Run to the end, or until `stop` is set; leaves no task behind."""
        work, stop = asyncio.ensure_future(job), asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, stop):
                task.cancel()
            await asyncio.wait({work, stop})
        if not work.cancelled():
            work.result()

    def _tell(self) -> None:
        told = self._counts.take()
        if any(told):
            self.desk.tell(*told)

    async def _tells(self) -> None:
        while True:
            await asyncio.sleep(TELL)
            self._tell()

    # ---- models -----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _loaded(self, model: str) -> AsyncIterator[Bench]:
        """The models of one generator and the roles, each spec loaded once; freed at the end. Raises Stopped."""
        settings = self.job.settings
        async with AsyncExitStack() as stack:
            by_spec: dict[str, tuple[Loaded, Origin]] = {}
            for spec in dict.fromkeys([model, *settings.roles.values()]):
                by_spec[spec] = await self._load(spec)
                stack.push_async_callback(by_spec[spec][0].aclose)
            specs = {GENERATOR: model, **settings.roles}
            models = {role: by_spec[spec][0] for role, spec in specs.items()}
            origins = {role: by_spec[spec][1] for role, spec in specs.items()}
            yield Bench(settings, models, origins, self.store, self._counts)

    async def _load(self, spec: str) -> tuple[Loaded, Origin]:
        """A model, loaded on a thread that nobody waits for at the end. Raises Stopped."""
        loop, ending = asyncio.get_running_loop(), threading.Event()
        waiting: asyncio.Future[tuple[Loaded, Origin]] = loop.create_future()
        machine = self.job.machine

        def progress(what: str, done: int, total: int) -> None:
            if ending.is_set():
                raise Stopped
            self.loading(f"{what} {spec}", done, total)

        def bring() -> None:
            found: tuple[Loaded, Origin] | None = None
            error: BaseException | None = None
            try:
                engine = EngineOptions(**machine.engine)
                model = assemble.load_model(spec, engine, progress, prices=machine.prices)
                found = (model, origin_of(spec))
            except BaseException as caught:
                error = caught
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_hand_over, waiting, found, error)

        self.loading(f"loading {spec}", 0, 0)
        threading.Thread(target=bring, daemon=True, name="thinkharder-load").start()
        stop: asyncio.Future[Any] = asyncio.ensure_future(self.stop.wait())
        either: set[asyncio.Future[Any]] = {waiting, stop}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            raise Stopped
        finally:
            ending.set()
            stop.cancel()
            if not waiting.done():
                waiting.cancel()


def _hand_over(
    waiting: "asyncio.Future[tuple[Loaded, Origin]]",
    found: tuple[Loaded, Origin] | None,
    error: BaseException | None,
) -> None:
    if waiting.done():  # it was stopped: the process ends, and what was loaded with it
        return
    if found is None:
        waiting.set_exception(error or RuntimeError("nothing was loaded"))
    else:
        waiting.set_result(found)


def at_once(model: Loaded, rows: Sequence[Row]) -> int:
    """Problems at a time that keep the model's batch full: two batches' worth of samples, at most 32 problems."""
    samples = median(row.entry.samples for row in rows)
    return max(1, min(MOST_AT_ONCE, math.ceil(BATCHES * model.capabilities.batch / samples)))


def origin_of(spec: str) -> Origin:
    """What identifies the model of a spec in the store: the spec, and the hash of its file where it is one."""
    scheme = spec.partition(":")[0]
    if scheme in ("toy", "openai") or scheme in registry.names("model"):
        return Origin(spec)
    return Origin.of_file(spec, catalog.resolve(spec).path)
