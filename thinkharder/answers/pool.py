"""Processes that compare mathematics, and are killed when they take too long.

Plain subprocesses and pipes rather than multiprocessing: nothing is forked from a process that runs threads and engines,
a script needs no `if __name__ == "__main__"`, and a kill is a kill. Workers start at the first question and end with this
process, whatever happens to it: their input closes.
"""

import asyncio
import atexit
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import OrderedDict
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from typing import final

from thinkharder.core.errors import AnswerTypeError

START_SECONDS = 60.0
"""Seconds a worker may take to start: it imports SymPy, from a cold disk perhaps."""
MEMO = 8192
"""Answers kept of earlier questions."""

STRIKES = 2
"""Workers that a text may cost before it is no longer asked about: else it would hold up every class there is."""

_WORKER = Path(__file__).with_name("worker.py")
_BOOT = "import runpy, sys; sys.path.extend(p for p in sys.argv[2:] if p not in sys.path); runpy.run_path(sys.argv[1], run_name='__main__')"
_PASSED_ON = ("SYSTEMROOT", "PATH", "TEMP", "TMP", "LANG", "VIRTUAL_ENV", "PYTHONHOME")
_Job = tuple[str, str, float, "Future[bool]"]


class _WorkerGone(Exception):
    """The worker ended, or was killed, before it answered."""


@final
class _Worker:
    """One process and its pipe; used by one thread."""

    def __init__(self) -> None:
        env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        # Only what is set here reaches the worker: it reads untrusted text, and keys live in the environment.
        env |= {
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONIOENCODING": "utf-8",
        }
        paths = [path for path in sys.path if path and Path(path).is_absolute()]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, str(_WORKER), *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            text=True,
            encoding="utf-8",
            # A terminal's Ctrl-C is for the driver alone.
            start_new_session=True,
        )
        try:
            if self._read(START_SECONDS) != "ready":
                raise _WorkerGone
        except _WorkerGone:
            self.kill()
            raise AnswerTypeError(
                "math answers need the package math-verify (with antlr4-python3-runtime==4.13.2), which did not start; "
                "install both, or take the answer type number or text"
            ) from None

    def ask(self, a: str, b: str, seconds: float) -> bool:
        """What math-verify says; False where it refuses. Raises _WorkerGone after a kill."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps([a, b, seconds]) + "\n")
            self.process.stdin.flush()
        except (OSError, ValueError) as error:
            raise _WorkerGone from error
        return self._read(seconds) is True

    def _read(self, seconds: float) -> object:
        assert self.process.stdout is not None
        watchdog = threading.Timer(seconds, self.process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            line = self.process.stdout.readline()
        except (OSError, ValueError) as error:
            raise _WorkerGone from error
        finally:
            watchdog.cancel()
        if not line.endswith("\n"):
            raise _WorkerGone
        reply: object = json.loads(line)
        return reply

    def kill(self) -> None:
        """End the process and its pipes at once."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
        self.process.wait()


@final
class MathPool:
    """Up to `workers` processes. Safe to ask from any thread and any event loop. Close it, or let the exit close it."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or min(2, os.cpu_count() or 1)
        self.kills = 0
        """Workers lost so far: checks over their time or their memory."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._alive: set[_Worker] = set()
        self._waiting = 0
        self._closed = False
        self._innocent: set[str] = set()
        self._losses: dict[str, int] = {}
        self._memo: OrderedDict[tuple[str, str], bool] = OrderedDict()

    async def equal(self, a: str, b: str, seconds: float = 3.0) -> bool:
        """Whether math-verify calls the two equal, either way round; False past `seconds`. Raises AnswerTypeError."""
        pair = (a, b) if a <= b else (b, a)
        with self._lock:
            known = self._memo.get(pair)
            guilty = any(self._losses.get(text, 0) >= STRIKES for text in pair)
        if known is not None:
            return known
        if guilty:
            return False
        answer = await asyncio.wrap_future(self.submit(*pair, seconds))
        with self._lock:
            self._memo[pair] = answer
            if len(self._memo) > MEMO:
                self._memo.popitem(last=False)
        return answer

    def submit(self, a: str, b: str, seconds: float = 3.0) -> "Future[bool]":
        """Queue one comparison. Cancel the future to take it out of the queue."""
        future: Future[bool] = Future()
        with self._lock:
            if self._closed:
                raise AnswerTypeError("this pool of math workers is closed; make a new MathPool")
            self._waiting += 1
            if self._waiting > len(self._threads) and len(self._threads) < self.workers:
                thread = threading.Thread(target=self._serve, name="thinkharder-math", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._jobs.put((a, b, seconds, future))
        return future

    def _serve(self) -> None:
        worker: _Worker | None = None
        while (job := self._jobs.get()) is not None:
            a, b, seconds, future = job
            try:
                if future.set_running_or_notify_cancel():
                    worker = worker or self._start()
                    _settle(future, worker.ask(a, b, seconds))
                    self._blame(a, b, killed=False)
            except _WorkerGone:
                self._lost(worker)
                self._blame(a, b, killed=True)
                worker = None
                _settle(future, False)
            except BaseException as error:
                _settle(future, error)
            finally:
                with self._lock:
                    self._waiting -= 1
        self._lost(worker)

    def _blame(self, *texts: str, killed: bool) -> None:
        """Remember which texts cost workers, and which cannot be to blame since a check of theirs ended well."""
        with self._lock:
            if not killed:
                if len(self._innocent) >= MEMO:
                    self._innocent.clear()
                self._innocent.update(texts)
                return
            if len(self._losses) >= MEMO:
                self._losses.clear()
            for text in texts:
                if text not in self._innocent:
                    self._losses[text] = self._losses.get(text, 0) + 1

    def _start(self) -> _Worker:
        worker = _Worker()
        with self._lock:
            self._alive.add(worker)
            closed = self._closed
        if closed:
            raise _WorkerGone
        return worker

    def _lost(self, worker: _Worker | None) -> None:
        if worker is None:
            return
        worker.kill()
        with self._lock:
            self._alive.discard(worker)
            self.kills += not self._closed

    @property
    def pids(self) -> list[int]:
        """The process ids of the living workers."""
        with self._lock:
            return sorted(worker.process.pid for worker in self._alive)

    def close(self) -> None:
        """Kill all workers; what is still queued is answered False."""
        with self._lock:
            self._closed = True
            alive, threads = list(self._alive), list(self._threads)
        for worker in alive:
            worker.process.kill()
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join(timeout=5.0)


def _settle(future: "Future[bool]", outcome: bool | BaseException) -> None:
    with contextlib.suppress(InvalidStateError):
        if isinstance(outcome, bool):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)


_shared: MathPool | None = None
_shared_lock = threading.Lock()


def shared_pool() -> MathPool:
    """The pool of this process: made at its first use, closed at exit."""
    global _shared
    with _shared_lock:
        if _shared is None or _shared._closed:
            _shared = MathPool()
            atexit.register(_shared.close)
        return _shared


def _after_fork() -> None:
    """A forked child has the parent's pipes but none of its threads: it starts its own pool."""
    global _shared, _shared_lock
    _shared, _shared_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
