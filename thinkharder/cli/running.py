"""Run a job: load its models, solve, and end in order on Ctrl-C, SIGTERM or a closed terminal."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Protocol, Self, final

from thinkharder import assemble, prompts
from thinkharder.cli.job import Job
from thinkharder.core.errors import NothingFound
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Model
from thinkharder.core.types import Result
from thinkharder.core.usage import Budget, Usage
from thinkharder.events import Event
from thinkharder.models.fetch import Progress
from thinkharder.models.options import EngineOptions

SETTLE = 2.0
"""Seconds that a load has to stop after an interrupt, before the process ends all the same."""
CAUGHT = ("SIGINT", "SIGTERM", "SIGHUP")


class Display(Protocol):
    """Where progress is shown. `loading` may be called from any thread; the others from the event loop's."""

    def loading(self, what: str, done: int = 0, total: int = 0) -> None: ...
    def begin(self, job: Job, model: str, spent: Any) -> None: ...
    def take(self, event: Event) -> None: ...
    def interrupted(self, again: str) -> None: ...
    def close(self) -> None: ...


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: its result or its error, what was spent, and the signal that ended it."""

    result: Result | None
    error: Exception | None
    spent: Usage
    signal: int | None = None


class Interrupted(Exception):
    """A signal came while a model was loading."""


@final
class Signals:
    """The first signal sets `event`; the second ends the process at once. Active inside `with`."""

    def __init__(self, display: Display) -> None:
        self.event = asyncio.Event()
        self.number: int | None = None
        self._display = display
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def told(number: int, frame: FrameType | None = None) -> None:
            loop.call_soon_threadsafe(self.receive, number)

        for name in CAUGHT:
            number = getattr(signal, name, None)
            if number is None or signal.getsignal(number) is signal.SIG_IGN:  # nohup keeps SIGHUP ignored
                continue
            try:
                self._before[number] = signal.getsignal(number)
                loop.add_signal_handler(number, self.receive, number)
            except NotImplementedError:  # Windows
                signal.signal(number, told)
        return self

    def receive(self, number: int) -> None:
        """What happens on a signal."""
        if self.number is not None:
            self.end_at_once(number)
        self.number = number
        self._display.interrupted("once more ends at once")
        self.event.set()

    def end_at_once(self, number: int) -> None:
        """Leave without waiting for anything."""
        with contextlib.suppress(Exception):
            self._display.close()
        with contextlib.suppress(Exception):
            sys.stderr.write("thinkharder: ended at once\n")
            sys.stderr.flush()
        os._exit(128 + number)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        for number, handler in self._before.items():
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.remove_signal_handler(number)
            signal.signal(number, signal.default_int_handler if handler is None else handler)


def run(job: Job, display: Display) -> Outcome:
    """Solve, whatever comes; the display is closed when this returns."""
    return asyncio.run(_run(job, display))


async def _run(job: Job, display: Display) -> Outcome:
    from thinkharder.api import Options, solve

    ledger = Ledger(Budget())
    with Signals(display) as signals, prompts.override(job.prompts):
        try:
            async with loaded(job, display, signals) as models:
                generator = models["generator"]
                display.begin(job, generator.name, lambda: ledger.spent)
                options = Options(
                    seed=job.seed,
                    roles={role: model for role, model in models.items() if role != "generator"},
                    sampling=job.sampling,
                    listener=_guarded(display),
                    trace=job.trace,
                    sandbox=job.sandbox,
                    ledger=ledger,
                    interrupt=signals.event,
                )
                result = await solve(
                    job.problem,
                    model=generator,
                    strategy=job.strategy,
                    budget=job.budget,
                    verifier=job.verifier,
                    options=options,
                )
                display.close()
                return Outcome(result, None, ledger.spent, signals.number)
        except Interrupted:
            error = NothingFound("interrupted", "it was stopped while the model was loading")
            return Outcome(None, error, ledger.spent, signals.number)
        except Exception as error:
            return Outcome(None, error, ledger.spent, signals.number)
        finally:
            display.close()


def _guarded(display: Display) -> Any:
    """The display as a listener that can do the run no harm: when it fails it is left out from then on."""
    broken = False

    def listen(event: Event) -> None:
        nonlocal broken
        if not broken:
            try:
                display.take(event)
            except Exception:  # a terminal that went away, a bug in drawing: the run is worth more
                broken = True

    return listen


@asynccontextmanager
async def loaded(
    job: Job, display: Display, signals: Signals | None = None
) -> AsyncIterator[dict[str, Model]]:
    """The job's models by role (`generator` always), each spec loaded once; freed at the end.

    Raises Interrupted where a signal comes first, and what `load_model` raises.
    """
    async with AsyncExitStack() as stack:
        by_spec: dict[str, Model] = {}
        for spec in dict.fromkeys([job.model, *job.roles.values()]):
            by_spec[spec] = await _load(job, spec, display, signals)
            stack.push_async_callback(by_spec[spec].aclose)
        yield {"generator": by_spec[job.model], **{role: by_spec[spec] for role, spec in job.roles.items()}}


async def _load(job: Job, spec: str, display: Display, signals: Signals | None) -> Model:
    stop = threading.Event()

    def progress(what: str, done: int, total: int) -> None:
        if stop.is_set():
            raise Interrupted
        display.loading(f"{what} {spec}", done, total)

    display.loading(f"loading {spec}")
    task = asyncio.create_task(asyncio.to_thread(_brought, job, spec, progress))
    if signals is None:
        return await task
    waiting = asyncio.create_task(signals.event.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        stop.set()
        await asyncio.wait({task}, timeout=SETTLE)
        if not task.done():
            signals.end_at_once(signals.number or signal.SIGINT)
        if task.exception() is None:
            await task.result().aclose()
        raise Interrupted
    finally:
        waiting.cancel()


def _brought(job: Job, spec: str, progress: Progress) -> Model:
    """The model, at the price that the settings give it. Blocks."""
    return assemble.load_model(spec, EngineOptions(**job.engine), progress, prices=job.prices)
