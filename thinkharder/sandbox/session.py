"""Sessions with a sandboxed process: length-prefixed messages on its standard input and output."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import final

from thinkharder.sandbox.process import Child, Launcher, after_setup, input_of, output_of, source_of, started
from thinkharder.sandbox.types import MAX_MESSAGE, Limits, Role, SessionEnded


@final
class ProcessSession:
    """One sandboxed process that runs a harness and answers messages."""

    def __init__(self, child: Child, errors: asyncio.Task[bytes]) -> None:
        self._child = child
        self._errors = errors

    async def send(self, payload: bytes) -> None:
        """Sends one JSON document; raises SessionEnded."""
        if len(payload) > MAX_MESSAGE:
            raise SessionEnded("output", f"a message of {len(payload)} bytes is larger than {MAX_MESSAGE}")
        try:
            input_of(self._child).write(len(payload).to_bytes(4, "big") + payload)
            await input_of(self._child).drain()
        except ConnectionError:
            raise await self._ending() from None

    async def receive(self, timeout: float) -> tuple[str, bytes]:
        """The next message as (kind, JSON document); raises SessionEnded, after `timeout` seconds with "timeout"."""
        stream = output_of(self._child, "stdout")
        try:
            async with asyncio.timeout(timeout):
                head = await stream.readexactly(5)
                size = int.from_bytes(head[1:], "big")
                if size > MAX_MESSAGE:
                    self._child.end("output")
                    raise SessionEnded("output", f"a message of {size} bytes is larger than {MAX_MESSAGE}")
                return chr(head[0]), await stream.readexactly(size)
        except TimeoutError:
            self._child.end("timeout")
            raise SessionEnded("timeout", f"no answer within {timeout:.1f} s") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._ending() from None

    async def _ending(self) -> SessionEnded:
        """Why the process ended: its pipes close before its status is known."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._child.process.wait(), 0.5)
        await self._child.aclose()
        await asyncio.wait([self._errors], timeout=0.5)
        written = self._errors.result() if self._errors.done() and not self._errors.cancelled() else b""
        errors = after_setup(written.decode("utf-8", "replace"), self._child)
        code = self._child.process.returncode
        status = self._child.status(code, errors)
        return SessionEnded("error" if status == "ok" else status, f"exit code {code}")


@asynccontextmanager
async def open_process_session(
    launcher: Launcher, role: Role, limits: Limits
) -> AsyncIterator[ProcessSession]:
    """A session whose process runs the harness of `role`; the process is gone on leaving."""
    async with started(launcher, source_of("wire", role), limits, {}) as child:
        errors = asyncio.create_task(child.collect(output_of(child, "stderr")))
        try:
            yield ProcessSession(child, errors)
        finally:
            errors.cancel()
            await asyncio.wait([errors])
