"""The caller's end of an engine's worker process: starts it, sends orders, hands what comes to the right event loops."""

import asyncio
import contextlib
import os
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import IO, Any, final

from thinkharder.core.errors import ModelError, ModelLoadError, ModelUnavailable, ServerError
from thinkharder.models.engine_frames import Frame, read_frame, write_frame
from thinkharder.models.engine_inbox import Inbox, deliver, settle
from thinkharder.models.engine_start import start

LOAD_SECONDS = 600.0


@final
class EngineLink:
    """A worker process and the requests that it serves. Thread-safe; several event loops may use one.

    `order()` is made while the worker imports its engine, and `more()`, for a worker that waits for a second frame,
    while it loads what `order` names. Raises ModelLoadError where the worker cannot start or cannot load it, and what
    the two raise; the worker is gone then.
    """

    def __init__(
        self,
        module: str,
        order: Callable[[], dict[str, Any]],
        name: str,
        more: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self.name = name
        self._owner = os.getpid()
        try:
            started = start(module)
        except OSError as error:
            raise ModelLoadError(
                f"cannot start the engine's process ({sys.executable}): {error.strerror or error}"
            ) from error
        self._process, self._log = started.process, started.log
        self._outbox: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._inboxes: dict[int, Inbox] = {}
        self._questions: dict[int, asyncio.Future[Any]] = {}
        self._lock = threading.Lock()
        self._next = 0
        self.closed: str | None = None
        """Why the worker serves no more; None while it does."""
        self.on_freed: Callable[[list[int]], None] | None = None
        """Called on the reader's thread with the sequences that the engine has freed after a cancel; for measuring."""
        self.ready = self._load(order, more)
        self._reader = threading.Thread(
            target=_read, args=(weakref.ref(self), self._process.stdout), daemon=True
        )
        writer = threading.Thread(target=_write, args=(self._outbox, self._process.stdin), daemon=True)
        self._reader.start()
        writer.start()
        self._finalizer = weakref.finalize(
            self, _stop, self._outbox, self._process, writer, self._log, os.getpid()
        )

    def _load(
        self, order: Callable[[], dict[str, Any]], more: Callable[[], dict[str, Any]] | None
    ) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        watchdog = threading.Timer(LOAD_SECONDS, self._process.kill)
        watchdog.daemon = True
        try:
            said = order()  # may convert a model for minutes: not the worker's time
            watchdog.start()
            with contextlib.suppress(BrokenPipeError):  # it failed: its last frame says why
                write_frame(self._process.stdin, ("load", said))
                if more is not None:
                    write_frame(self._process.stdin, ("more", more()))
            frame = read_frame(self._process.stdout)
        except BaseException:
            _end(self._process, self._log, patience=0)
            raise
        finally:
            watchdog.cancel()
        if frame is not None and frame[0] == "ready":
            return dict(frame[1])
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2)  # for its last words
        words = self._last_words()
        code = _end(self._process, self._log, patience=0)
        reason = str(frame[1]) if frame is not None else f"its process ended with status {code}. {words}"
        raise ModelLoadError(f"{self.name} cannot be loaded: {_line(reason)}")

    def _last_words(self) -> str:
        try:
            size = self._log.seek(0, os.SEEK_END)
            self._log.seek(max(0, size - 2000))
            return _line(self._log.read().decode("utf-8", "replace"))
        except (OSError, ValueError):
            return ""

    def add(self, prompt: bytes, seeds: Sequence[int], config: dict[str, Any], inbox: Inbox) -> list[int]:
        """Start one sequence per seed on a prompt (int64 token ids) and give their numbers; their news go to `inbox`.

        Items are as the worker sends them (number first, finish last), or a ModelError. Raises ModelUnavailable where
        the worker is gone.
        """
        with self._lock:
            self._check()
            numbers = list(range(self._next, self._next + len(seeds)))
            self._next += len(seeds)
            for number in numbers:
                self._inboxes[number] = inbox
        self._outbox.put(("add", prompt, list(zip(numbers, seeds, strict=True)), config))
        return numbers

    async def ask(self, *question: Any) -> Any:
        """The worker's answer to a question that its module knows. Raises ModelUnavailable where it is gone."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._check()
            number, self._next = self._next, self._next + 1
            self._questions[number] = future
        self._outbox.put(("ask", number, *question))
        try:
            return await future
        finally:
            self._questions.pop(number, None)

    def _check(self) -> None:
        if os.getpid() != self._owner:
            raise ModelUnavailable(
                f"{self.name} was loaded before this process was forked off; load the model again in this process"
            )
        if self.closed is not None:
            raise ModelUnavailable(f"{self.name} {self.closed}; load the model again")

    def cancel(self, numbers: Sequence[int]) -> None:
        """Free these sequences at the engine's next step. Does not wait, never raises, may be called twice."""
        with self._lock:
            known = [number for number in numbers if self._inboxes.pop(number, None) is not None]
        if known:
            self._outbox.put(("cancel", known))

    def receive(self, frame: Frame) -> None:
        """Hand a frame's news to the event loops that wait for them (on the reader's thread)."""
        batches: dict[Inbox, list[Any]] = {}
        with self._lock:
            if frame[0] == "step":
                for item in frame[1]:
                    inbox = self._inboxes.get(item[0])
                    if inbox is None:
                        continue
                    batches.setdefault(inbox, []).append(item)
                    if item[-1] is not None:
                        del self._inboxes[item[0]]
            elif frame[0] == "error":
                error = ServerError(f"{self.name} failed: {_line(frame[2])}")
                batches = {i: [error] for n in frame[1] if (i := self._inboxes.pop(n, None)) is not None}
        if frame[0] == "reply":
            self._answer(self._questions.pop(frame[1], None), frame[2])
        if frame[0] == "freed" and self.on_freed is not None:
            self.on_freed(frame[1])
        self._hand_over(batches)

    def end(self, reason: str) -> None:
        """The worker serves no more; every request still running fails with the reason."""
        with self._lock:
            if self.closed is None:
                self.closed = reason
            error: ModelError = ModelUnavailable(f"{self.name} {self.closed}; load the model again")
            batches = {inbox: [error] for inbox in self._inboxes.values()}
            self._inboxes.clear()
            questions = list(self._questions.values())
            self._questions.clear()
        for future in questions:
            self._answer(future, error)
        self._hand_over(batches)

    @staticmethod
    def _answer(future: "asyncio.Future[Any] | None", value: Any) -> None:
        if future is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits any more
                future.get_loop().call_soon_threadsafe(settle, future, value)

    def _hand_over(self, batches: dict[Inbox, list[Any]]) -> None:
        loops: dict[asyncio.AbstractEventLoop, list[tuple[Inbox, list[Any]]]] = {}
        for inbox, items in batches.items():
            loops.setdefault(inbox.loop, []).append((inbox, items))
        for loop, pairs in loops.items():
            try:
                loop.call_soon_threadsafe(deliver, pairs)
            except RuntimeError:  # that loop is closed: nobody waits any more
                self.cancel([n for n, inbox in list(self._inboxes.items()) if inbox.loop is loop])

    def lost(self) -> None:
        """The worker's output ended: closed by us, or it died."""
        if self.closed is None:
            code = self._process.wait()
            self.end(f"died (status {code}). {self._last_words()}".strip())

    def close(self) -> None:
        """End the worker and wait until it is gone (at most one step of the engine, then it is killed). Idempotent."""
        self.end("was closed")
        self._finalizer()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid


def _read(link: "weakref.ref[EngineLink]", pipe: IO[bytes]) -> None:
    """The reader's thread. It holds no reference to the link while it waits, so that a forgotten one is collected."""
    while True:
        try:
            frame = read_frame(pipe)
        except (OSError, ValueError):
            frame = None
        alive = link()
        if alive is None:
            return
        if frame is None:
            alive.lost()
            return
        alive.receive(frame)
        del alive


def _write(outbox: "queue.SimpleQueue[Frame | None]", pipe: IO[bytes]) -> None:
    """The writer's thread: no event loop ever waits for a full pipe. Ends, and closes the pipe, at None."""
    with pipe:
        while (frame := outbox.get()) is not None:
            try:
                write_frame(pipe, frame)
            except (OSError, ValueError):
                return


def _stop(
    outbox: "queue.SimpleQueue[Frame | None]",
    process: "subprocess.Popen[bytes]",
    writer: threading.Thread,
    log: IO[bytes],
    owner: int,
) -> None:
    """End a worker: at close, when its link is forgotten, or at the interpreter's exit. Not in a forked child."""
    if os.getpid() != owner:
        return
    outbox.put(None)
    writer.join(timeout=0.1)
    _end(process, log, patience=0.2)


def _end(process: "subprocess.Popen[bytes]", log: IO[bytes], patience: float) -> int:
    """Wait for a worker's end, then kill it: it has nothing to save. Returns its status."""
    try:
        process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdout, process.stdin, log):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what a dead worker did not read
                pipe.close()
    return process.returncode


def _line(text: str, limit: int = 400) -> str:
    """One line of a message that may have many."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
