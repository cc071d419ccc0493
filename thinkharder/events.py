"""What a run tells while it works: events for listeners (live display, server) and for the trace."""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO, final

EventKind = Literal[
    "start", "request", "progress", "candidate", "score", "decision", "offer", "failure", "end"
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, `at` seconds after the run began.

    start: the problem, model, strategy and budget; request: prompt, sampling, n, draw numbers; progress: output tokens
    received (`tokens`; for listeners only, not in the trace); candidate: a finished sample; score: a verifier's word;
    decision: why the strategy goes on or stops; offer: ids that could be selected from now; failure: an error of one
    request; end: the result.
    """

    kind: EventKind
    at: float
    data: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]


@final
class Trace:
    """A listener that writes JSON lines to a file which its owner alone can read.

    A failing disk ends the trace, not the run: `error` then says what went wrong.
    """

    def __init__(self, path: str | Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(descriptor, 0o600) if hasattr(os, "fchmod") else None
        self._file: TextIO | None = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")
        self.path = Path(path)
        self.error: str | None = None

    def __call__(self, event: Event) -> None:
        """Write one event; progress events are left out."""
        if self._file is None or event.kind == "progress":
            return
        record = {"at": round(event.at, 6), "event": event.kind, **event.data}
        try:
            self._file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
            self._file.flush()
        except OSError as error:
            self._ended(error)

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError as error:
            self._ended(error)

    def _ended(self, error: OSError) -> None:
        self.error = f"the trace {self.path} ends early: {error.strerror or error}"
        with contextlib.suppress(OSError):
            self.close()
