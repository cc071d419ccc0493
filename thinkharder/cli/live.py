"""The live display: votes building up, samples arriving, tokens against the budget, time, speed.

It is a listener on the event loop's own thread. A finished sample is drawn at once, or within 1/20 s where drawings
follow each other too fast; a ticker redraws the clock.
"""

import asyncio
import contextlib
import time
from typing import Any, final

from rich.console import Console
from rich.live import Live as RichLive
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from thinkharder.cli.job import Job
from thinkharder.cli.picture import render
from thinkharder.cli.tally import Tally, expected_samples
from thinkharder.cli.text import one_line
from thinkharder.events import Event

FRAME = 0.05
"""Least seconds between two drawings."""
TICK = 0.2
"""Seconds between drawings where nothing happens."""


@final
class Live:
    """A picture of the run at the foot of the terminal, which disappears when the run ends."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._bars: Progress | None = None
        self._tasks: dict[str, Any] = {}
        self._live: RichLive | None = None
        self._tally: Tally | None = None
        self._job: Job | None = None
        self._began = self._drawn = 0.0
        self._model = self._notice = ""
        self._shown = False
        self._ticker: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None

    # ---- loading ---------------------------------------------------------------------------------------------------

    def loading(self, what: str, done: int = 0, total: int = 0) -> None:
        """A spinner, and a bar for what has a size. Thread-safe."""
        if self._bars is None:
            self._bars = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=30),
                _Amount(),
                console=self.console,
                transient=True,
            )
            self._bars.start()
        for name, task in self._tasks.items():
            if name != what:
                self._bars.update(task, visible=False)
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(one_line(what), total=total or None)
        self._bars.update(self._tasks[what], completed=done, total=total or None, visible=True)

    # ---- solving ---------------------------------------------------------------------------------------------------

    def begin(self, job: Job, model: str, spent: Any) -> None:
        """Clear the loading display and begin to draw. To be called on the event loop."""
        self._stop_bars()
        loop = asyncio.get_running_loop()
        self._job, self._model, self._began = job, model, loop.time()
        self._tally = Tally(job.budget, spent, expected_samples(job.strategy))
        self._live = RichLive(console=self.console, auto_refresh=False, transient=True)
        self._live.start()
        self._draw()
        self._ticker = loop.create_task(self._tick())

    def take(self, event: Event) -> None:
        """Add an event; a finished sample is drawn as soon as a frame is due."""
        if self._tally is None:
            return
        self._tally.take(event)
        if event.kind in ("candidate", "decision", "failure"):
            self._soon()

    def interrupted(self, again: str) -> None:
        """Say that the signal was heard."""
        self._notice = f"stopping; {again}"
        if self._live is not None:
            self._draw()

    def close(self) -> None:
        """Clear what is drawn and give the terminal back."""
        if self._ticker is not None:
            self._ticker.cancel()
        if self._later is not None:
            self._later.cancel()
        self._stop_bars()
        live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(OSError, ValueError):
                live.stop()

    def _stop_bars(self) -> None:
        bars, self._bars = self._bars, None
        self._tasks = {}
        if bars is not None:
            with contextlib.suppress(OSError, ValueError):
                bars.stop()

    async def _tick(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while self._live is not None:
                await asyncio.sleep(TICK)
                if time.monotonic() - self._drawn >= TICK / 2:
                    self._draw()

    def _soon(self) -> None:
        wait = self._drawn + FRAME - time.monotonic()
        first = self._tally is not None and not self._shown and self._tally.samples > 0
        if wait <= 0 or first:
            self._shown = self._shown or first
            self._draw()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(wait, self._draw)

    def _draw(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._live is None or self._tally is None or self._job is None:
            return
        now = asyncio.get_running_loop().time() - self._began
        picture = render(self._tally, self._job, self._model, now, self._notice, self.console.width)
        with contextlib.suppress(OSError, ValueError):
            self._live.update(picture, refresh=True)
        self._drawn = time.monotonic()


@final
class _Amount(DownloadColumn):
    """How much of a download is there; nothing for what has no size."""

    def render(self, task: Any) -> Text:
        """The amount."""
        return super().render(task) if task.total else Text()
