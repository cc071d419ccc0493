"""Progress on standard error: nothing, plain lines, or (live.py) a picture that moves."""

import os
import sys
import time
from typing import Any, final

from thinkharder.cli.job import Job
from thinkharder.cli.running import Display
from thinkharder.cli.tally import Tally, expected_samples
from thinkharder.cli.text import one_line, redact
from thinkharder.events import Event

LINES_PER_SECOND, BURST = 20, 100
STEP = 0.1
"""Share of a download between two plain lines about it."""


def choose(quiet: bool) -> Display:
    """The display for this terminal: none with --quiet, a live one on a terminal, plain lines elsewhere."""
    if quiet or sys.stderr is None:
        return Quiet()
    moves = os.name == "nt" or os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    if sys.stderr.isatty() and moves:
        from thinkharder.cli.live import Live

        return Live()
    return Lines()


@final
class Quiet:
    """Shows nothing."""

    def loading(self, what: str, done: int = 0, total: int = 0) -> None:
        """Nothing."""

    def begin(self, job: Job, model: str, spent: Any) -> None:
        """Nothing."""

    def take(self, event: Event) -> None:
        """Nothing."""

    def interrupted(self, again: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


@final
class Lines:
    """One plain line for each thing that happens; above a burst of 100, at most 20 a second, and the rest is counted."""

    def __init__(self) -> None:
        self._share: dict[str, float] = {}
        self._tally: Tally | None = None
        self._allowed, self._at = float(BURST), time.monotonic()
        self._left_out = 0

    def loading(self, what: str, done: int = 0, total: int = 0) -> None:
        """A line at the start, and one for every tenth of what takes long."""
        share = done / total if total else 0.0
        if what in self._share and share < min(1.0, self._share[what] + STEP):
            return
        if self._share.get(what) == share:
            return
        self._share[what] = share
        amount = f": {done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else " …"
        self._say(f"{what}{amount}")

    def begin(self, job: Job, model: str, spent: Any) -> None:
        """Say what runs on what."""
        from thinkharder.core.registry import spec_of

        self._tally = Tally(job.budget, spent, expected_samples(job.strategy))
        self._say(f"{spec_of(job.strategy)} on {model}")

    def take(self, event: Event) -> None:
        """Tell of samples, scores, decisions and failures."""
        if self._tally is None:
            return
        self._tally.take(event)
        if event.kind == "candidate":
            self._candidate(event, self._tally)
        elif event.kind == "decision":
            self._line(event.at, str(event.data["text"]), always=True)
        elif event.kind == "failure":
            self._line(event.at, f"failed: {event.data['error']}")

    def interrupted(self, again: str) -> None:
        """Say that the signal was heard."""
        self._say(f"stopping; {again}")

    def close(self) -> None:
        """Say how many lines were left out."""
        if self._left_out:
            self._say(f"({self._left_out} more not shown)")
            self._left_out = 0

    def _candidate(self, event: Event, tally: Tally) -> None:
        data = event.data
        if data["error"] is not None:
            return
        if data["kind"] != "answer":
            self._line(event.at, f"{data['kind']} ({data['tokens']} tokens)")
            return
        said = "no answer found in it" if data["answer"] is None else one_line(data["answer"])
        self._line(event.at, f"sample {tally.samples}: {said} ({data['tokens']} tokens)")

    def _line(self, at: float, text: str, always: bool = False) -> None:
        now = time.monotonic()
        self._allowed = min(BURST, self._allowed + (now - self._at) * LINES_PER_SECOND)
        self._at = now
        if not always and self._allowed < 1:
            self._left_out += 1
            return
        self._allowed -= 1
        more = f" (and {self._left_out} more)" if self._left_out else ""
        self._left_out = 0
        self._say(f"{at:6.1f} s  {text}{more}")

    def _say(self, text: str) -> None:
        try:
            sys.stderr.write(redact(one_line(text, 400)) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError, UnicodeEncodeError):
            pass  # nobody reads it, or it cannot be written there: progress is not worth a failure
