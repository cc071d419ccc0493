"""The pydantic-monty backend: a small Python interpreter in Rust, run in a worker process of its own.

https://github.com/pydantic/monty. The language it runs has no way to the host, so this works on every platform, but it
is a part of Python: no class inheritance, no generators, few library modules. Code that goes beyond ends in an error.
"""

import asyncio
import importlib.util
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import SandboxError, SandboxUnavailable
from thinkharder.sandbox.interpreter import Interpreter, status_of
from thinkharder.sandbox.monty_session import CandidateSession, JudgeSession
from thinkharder.sandbox.types import DEFAULT_LIMITS, Limits, Role, SandboxResult, Session, Status


def find_monty() -> bool:
    """Whether pydantic-monty is installed."""
    return importlib.util.find_spec("pydantic_monty") is not None


@final
@dataclass(frozen=True, slots=True)
class MontySandbox:
    """Runs expressions and small programs. Raises SandboxUnavailable where pydantic-monty is missing.

    `cpu_seconds`, `wall_seconds`, `memory_mb` (the interpreter's heap) and `output_kb` hold; there are no processes and
    no files to limit, and `files` are refused. Standard input is read with `input()` alone.
    """

    def __post_init__(self) -> None:
        if not find_monty():
            raise SandboxUnavailable("pydantic-monty is not installed; `pip install pydantic-monty`")

    @property
    def name(self) -> str:
        """`monty`."""
        return "monty"

    async def run(
        self,
        code: str,
        *,
        stdin: str = "",
        files: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> SandboxResult:
        """Runs `code` as a program. Raises SandboxError where files are given."""
        from pydantic_monty import CollectStreams, MontyError

        if files:
            raise SandboxError("the monty sandbox has no files; use bubblewrap or landlock")
        start, error_text = time.monotonic(), ""
        status: Status = "ok"
        printed = CollectStreams(max_bytes=limits.output_kb << 10)
        lookup = {"input": _reader(stdin)}
        try:
            async with asyncio.timeout(limits.wall_seconds), Interpreter(limits) as interpreter:
                await interpreter.do(
                    lambda session: session.feed_run(code, print_callback=printed, external_lookup=lookup)
                )
        except TimeoutError:
            status = "timeout"
        except MontyError as error:
            status, error_text = status_of(error), str(error)
            if f"> {limits.output_kb << 10} bytes" in error_text:
                status = "output"  # the collector's cap comes as a memory error that names it
        out, err = ("".join(text for name, text in printed.output if name == s) for s in ("stdout", "stderr"))
        exit_code = {"ok": 0, "error": 1}.get(status)
        seconds = time.monotonic() - start
        return SandboxResult(status, exit_code, out, err + error_text, seconds, status == "output")

    def open(self, role: Role, limits: Limits) -> AbstractAsyncContextManager[Session]:
        """A session with one interpreter."""
        return _open(role, limits)


def _reader(stdin: str) -> Callable[..., str]:
    lines: Iterator[str] = iter(stdin.splitlines())

    def read(prompt: str = "") -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError("EOF when reading a line") from None

    return read


@asynccontextmanager
async def _open(role: Role, limits: Limits) -> AsyncIterator[Session]:
    async with Interpreter(limits) as interpreter:
        yield CandidateSession(interpreter) if role == "candidate" else JudgeSession(interpreter)
