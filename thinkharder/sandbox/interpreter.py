"""One monty interpreter in a process of its own, driven from asyncio."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any, TypeVar, final

from thinkharder.sandbox.types import Limits, Status

T = TypeVar("T")
TIME_LIMIT = "time limit exceeded"
MAX_CALLS = 10_000
"""Calls from one interpreter to the host, all tests together."""


@final
class Interpreter:
    """A fresh interpreter in a process of its own, which is killed when the awaiting task is cancelled.

    Threads around the package's synchronous interface: its asynchronous one lets about every sixth Python process abort
    at exit (a finished future is settled from a Rust thread while the interpreter shuts down; measured with 1.4.0).
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._stack = contextlib.ExitStack()
        self._session: Any = None
        self._pid: int | None = None

    async def __aenter__(self) -> "Interpreter":
        try:
            await self._thread(self._start)
        except BaseException:
            self._stack.close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._thread(self._stack.close)

    def _start(self) -> None:
        from pydantic_monty import Monty

        limits = self._limits
        pool = self._stack.enter_context(
            Monty(max_processes=1, request_timeout=limits.wall_seconds, feed_duration_limit_grace=0.2)
        )
        self._session = self._stack.enter_context(
            pool.checkout(
                limits={
                    "max_feed_duration_secs": limits.cpu_seconds,
                    "max_memory": limits.memory_mb << 20,
                    "max_suspensions": MAX_CALLS,
                    "max_total_sleep_secs": limits.wall_seconds,
                },
                assert_message_annotations=False,
            )
        )
        self._pid = self._session.worker_pid

    async def do(self, work: Callable[[Any], T]) -> T:
        """What `work` returns for the package's session. Raises its errors; on cancellation the process is gone."""
        return await self._thread(lambda: work(self._session))

    async def _thread(self, work: Callable[[], T]) -> T:
        running = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if self._pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()  # seen: it is the consequence
            raise


def status_of(error: Any) -> Status:
    """How a program that ended with an interpreter's error ended."""
    from pydantic_monty import MontyCrashedError

    text = str(error)
    if isinstance(error, MontyCrashedError):
        return "timeout" if error.timed_out else "killed"
    if TIME_LIMIT in text:
        return "timeout"
    return "memory" if "MemoryError" in text else "error"
