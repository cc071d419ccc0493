"""Progress of a running bench on standard error: a bar that moves on a terminal, plain lines elsewhere; and its end."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol, final

from thinkharder.bench.desk import Progress
from thinkharder.bench.run import Ended
from thinkharder.cli.text import one_line, redact

LINE_SECONDS: Final = 5.0
"""Least seconds between two plain lines about progress."""
LOADING_STEP: Final = 0.1
"""Share of a download between two plain lines about it."""


class Shown(Protocol):
    """Where a bench is shown. `loading` may be called from any thread."""

    def loading(self, what: str, done: int = 0, total: int = 0) -> None: ...
    def take(self, progress: Progress) -> None: ...
    def interrupted(self, again: str) -> None: ...
    def close(self) -> None: ...


def choose(quiet: bool, path: Path) -> Any:
    """What shows a run: nothing with --quiet, a bar on a terminal, plain lines elsewhere."""
    if quiet or sys.stderr is None:
        return Quiet()
    if sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown"):
        return Bar(path)
    return Lines()


@final
class Quiet:
    """Shows nothing."""

    def loading(self, what: str, done: int = 0, total: int = 0) -> None:
        """Nothing."""

    def take(self, progress: Progress) -> None:
        """Nothing."""

    def interrupted(self, again: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


@final
class Lines:
    """A plain line at the start, every five seconds in which something ended, and at each new failure."""

    def __init__(self) -> None:
        self._share: dict[str, float] = {}
        self._last: tuple[float, Progress | None] = (0.0, None)

    def loading(self, what: str, done: int = 0, total: int = 0) -> None:
        """A line at the start, and one for every tenth of what takes long."""
        share = done / total if total else 0.0
        if what in self._share and (
            share < min(1.0, self._share[what] + LOADING_STEP) or share == self._share[what]
        ):
            return
        self._share[what] = share
        say(f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"{what} …")

    def take(self, progress: Progress) -> None:
        """A line where one is due."""
        at, before = self._last
        now = time.monotonic()
        if before is not None and progress.last_error and progress.last_error != before.last_error:
            say(f"a cell failed: {progress.last_error}")
        finished = progress.done if before is None else progress.done - before.done
        over = progress.before + progress.done >= progress.total
        due = now - at >= LINE_SECONDS or over or before is None
        if due and (finished or before is None):
            say(standing(progress))
            self._last = (now, progress)
        elif before is None or progress.last_error != before.last_error:
            self._last = (at, progress)

    def interrupted(self, again: str) -> None:
        """Say that the signal was heard."""
        say(f"stopping; {again}")

    def close(self) -> None:
        """Nothing is open."""


@final
class Bar:
    """A bar with rate, time left, tokens and cost at the foot of the terminal; it disappears at the end."""

    def __init__(self, path: Path, console: Any = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[told]}", markup=False),
            console=console or Console(stderr=True, highlight=False),
            transient=True,
        )
        self._path, self._notice, self._last_error = path, "", ""
        self._cells: Any = None
        self._loads: dict[str, Any] = {}
        self._bars.start()

    def loading(self, what: str, done: int = 0, total: int = 0) -> None:
        """A spinner, and a bar for what has a size. Thread-safe."""
        if what not in self._loads:
            for task in self._loads.values():
                self._bars.update(task, visible=False)
            self._loads[what] = self._bars.add_task(one_line(what), total=total or None, told="")
        told = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else ""
        self._bars.update(self._loads[what], completed=done, total=total or None, told=told)

    def take(self, progress: Progress) -> None:
        """Draw how far it is."""
        if self._cells is None:
            self._cells = self._bars.add_task(one_line(str(self._path), 30), total=progress.total, told="")
        if progress.done:
            for task in self._loads.values():
                self._bars.update(task, visible=False)
        told = f"{standing(progress)}{f'; {self._notice}' if self._notice else ''}"
        self._bars.update(
            self._cells, completed=progress.before + progress.done, total=progress.total, told=told
        )
        if progress.last_error != self._last_error:
            self._last_error = progress.last_error
            self._bars.console.print(
                f"a cell failed: {one_line(redact(progress.last_error), 300)}", markup=False
            )

    def interrupted(self, again: str) -> None:
        """Say that the signal was heard."""
        self._notice = f"stopping; {again}"

    def close(self) -> None:
        """Clear what is drawn."""
        with suppress(OSError, ValueError):
            self._bars.stop()


def standing(progress: Progress) -> str:
    """How far it is, on one line: cells, failures, share right, tokens, dollars, rate, time left."""
    parts = [f"{progress.before + progress.done}/{progress.total} cells"]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.checked:
        parts.append(f"{progress.right / progress.checked:.0%} right")
    parts.append(f"{amount(progress.input_tokens + progress.output_tokens)} tokens")
    if progress.usd:
        parts.append(f"${progress.usd:.4f}")
    if progress.rate:
        parts.append(f"{progress.rate:.0f} tokens/s")
    if progress.left is not None and progress.groups_done < progress.groups:
        parts.append(f"{duration(progress.left)} left")
    return ", ".join(parts)


def summary(path: Path, ended: Ended) -> list[str]:
    """What a person reads at the end."""
    progress = ended.progress
    whole = progress.before + progress.done
    lines = [f"{path}: {whole} of {progress.total} cells are done, {progress.done} of them now"]
    if progress.done:
        took = f"{duration(progress.seconds)}" if progress.seconds >= 1 else "under a second"
        cost = "" if not progress.usd else f", ${progress.usd:.4f}"
        lines.append(
            f"{took}, {progress.input_tokens:,} input and {progress.output_tokens:,} output tokens{cost};"
            f" {progress.fresh} samples drawn, {progress.served} served from the store"
        )
    if progress.failed:
        lines.append(
            f"{progress.failed} cells failed, the last with: {one_line(redact(progress.last_error), 300)}"
        )
    if ended.stopped or progress.failed:
        lines.append(f"go on with: thinkharder bench resume {path}")
    else:
        lines.append(f"look at it with: thinkharder bench status {path}")
    return lines


def document(path: Path, ended: Ended) -> dict[str, Any]:
    """The end of a run as JSON has it."""
    progress = ended.progress
    return {
        "run": str(path),
        "cells": progress.total,
        "done": progress.before + progress.done,
        "done_now": progress.done,
        "failed": progress.failed,
        "stopped": ended.stopped,
        "accuracy": progress.right / progress.checked if progress.checked else None,
        "input_tokens": progress.input_tokens,
        "output_tokens": progress.output_tokens,
        "usd": progress.usd,
        "samples_drawn": progress.fresh,
        "samples_served": progress.served,
        "seconds": round(progress.seconds, 3),
        "last_error": progress.last_error or None,
    }


def amount(count: float) -> str:
    """A count in words: 950, 12.3k, 4.5M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.1f}{letter}"
    return f"{count:.0f}"


def duration(seconds: float) -> str:
    """Seconds in words: 42 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def say(text: str) -> None:
    """A line on standard error, where somebody reads it."""
    with suppress(OSError, ValueError, UnicodeEncodeError):
        sys.stderr.write(redact(one_line(text, 400)) + "\n")
        sys.stderr.flush()
