"""Runs a sandboxed process: feeds it, reads what it says, watches what it uses, and ends it with all its offspring."""

import asyncio
import contextlib
import marshal
import math
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files as resources
from typing import Protocol, final

from thinkharder.core.errors import SandboxError
from thinkharder.sandbox.types import Limits, SandboxResult, Status
from thinkharder.sandbox.usage import descendants, directory_bytes, tree_usage

POLL_SECONDS = 0.05
READY = "thinkharder: sandbox ready"


@dataclass(frozen=True, slots=True)
class Launch:
    """How a backend starts the boot program: a command line that ends before `-c`, and orders for `harness/boot.py`.

    `helpers`: how many of the processes are the backend's own. `supervised`: the process itself ends its offspring on SIGTERM; else its process group is killed. `private` is the
    host's directory that the program may fill, where there is one.
    """

    argv: list[str]
    directory: str
    helpers: int
    supervised: bool = False
    private: str | None = None
    pass_fds: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    uid: int | None = None
    keep_dac: bool = False
    process_limit: int | None = None
    landlock: tuple[list[str], list[str]] | None = None
    seccomp: bytes | None = None


class Launcher(Protocol):
    """A backend: what it allocates for one process is freed on leaving the context."""

    def launch(self, limits: Limits) -> AbstractContextManager[Launch]: ...


@cache
def source_of(*names: str) -> str:
    """The joined source texts of harness files, which run inside as one program without this package."""
    folder = resources("thinkharder.sandbox") / "harness"
    text = "\n".join((folder / f"{name}.py").read_text("utf-8") for name in names)
    # every run would pay for the import of typing
    text = re.sub(r"^from typing import Any$", "Any = object", text, flags=re.MULTILINE)
    return re.sub(r"^from thinkharder\.[^(]*?(\([^)]*\)|$)", "", text, flags=re.MULTILINE)


def _orders(launch: Launch, limits: Limits, code: str, files: Mapping[str, str]) -> bytes:
    rlimits = {
        "AS": limits.memory_mb << 20,
        "FSIZE": limits.file_mb << 20,
        "CPU": math.ceil(limits.cpu_seconds),
        "CORE": 0,
        "NOFILE": 128,
        "MEMLOCK": 0,
    }
    if launch.process_limit is not None:
        rlimits["NPROC"] = launch.process_limit
    orders = marshal.dumps(
        {
            "ready": READY,
            "supervise": launch.supervised,
            "directory": launch.directory,
            "rlimits": rlimits,
            "uid": launch.uid,
            "keep_dac": launch.keep_dac,
            "landlock": launch.landlock,
            "seccomp": launch.seccomp,
            "files": dict(files),
            "code": code,
        }
    )
    return b"%08x" % len(orders) + orders


@final
class Child:
    """One running sandboxed process. `ended` is set to the reason once a limit was passed."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        transport: asyncio.SubprocessTransport,
        launch: Launch,
        limits: Limits,
    ) -> None:
        self.process = process
        self.transport = transport
        self.launch = launch
        self.limits = limits
        self.started = time.monotonic()
        self.ended: Status | None = None
        self.cpu_seconds = 0.0
        self.written = 0
        self.truncated = False

    def end(self, status: Status) -> None:
        """Kills the process and its offspring; the first reason given stays."""
        if self.ended is None and self.process.returncode is None:
            self.ended = status
        self.kill()

    def kill(self) -> None:
        """Kills everything that the process started, and itself. Safe to repeat."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if self.launch.supervised:  # not `terminate`, which may take the exit status from the event loop
                os.kill(self.process.pid, signal.SIGTERM)
            else:
                os.killpg(self.process.pid, signal.SIGKILL)

    async def aclose(self) -> None:
        """Kills everything and waits until it is gone, which takes milliseconds and is not left half done."""
        cancelled: asyncio.CancelledError | None = None
        self.kill()
        while self.process.returncode is None:
            try:
                async with asyncio.timeout(2.0):
                    await self.process.wait()
            except TimeoutError:  # a supervisor that does not answer: all that is below it, then itself
                for pid in reversed(descendants(self.process.pid)):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            except asyncio.CancelledError as error:
                cancelled = error
        self.transport.close()
        if cancelled is not None:
            raise cancelled

    async def watch(self) -> None:
        """Ends the process when all of its tree together passes a limit."""
        memory = self.limits.memory_mb << 20
        while self.process.returncode is None:
            await asyncio.sleep(POLL_SECONDS)
            usage = tree_usage(self.process.pid, memory)
            self.cpu_seconds = max(self.cpu_seconds, usage.cpu_seconds)
            if usage.cpu_seconds > self.limits.cpu_seconds:
                self.end("timeout")
            elif usage.resident_bytes > memory:
                self.end("memory")
            elif usage.processes > self.limits.processes + self.launch.helpers:
                self.end("killed")
            elif self.launch.private and directory_bytes(self.launch.private) > self.limits.file_mb << 20:
                self.end("output")
            elif time.monotonic() - self.started > self.limits.wall_seconds:
                self.end("timeout")

    async def collect(self, stream: asyncio.StreamReader) -> bytes:
        """All that the stream says, up to the output limit; more ends the process."""
        kept = bytearray()
        while piece := await stream.read(65536):
            room = (self.limits.output_kb << 10) - self.written
            kept += piece[: max(room, 0)]
            self.written += len(piece)
            if len(piece) > room:
                self.truncated = True
                self.end("output")
        return bytes(kept)

    def status(self, exit_code: int | None, stderr: str) -> Status:
        """How the process ended."""
        if self.ended is not None:
            return self.ended
        if exit_code == 0:
            return "ok"
        if exit_code in (128 + signal.SIGXCPU, -signal.SIGXCPU):
            return "timeout"
        if exit_code is None or exit_code < 0 or 128 < exit_code <= 128 + 64:
            return "killed"
        last = stderr.rstrip().rpartition("\n")[2]
        return "memory" if last.startswith("MemoryError") else "error"


@asynccontextmanager
async def started(
    launcher: Launcher, code: str, limits: Limits, files: Mapping[str, str]
) -> AsyncIterator[Child]:
    """A child with its orders sent and its watch running; everything of it is gone on leaving."""
    for name in files:
        if os.path.isabs(name) or ".." in name.split("/"):
            raise SandboxError(f"the file name {name!r} leaves the sandbox's directory; give a relative path")
    with launcher.launch(limits) as launch:
        try:
            child = await _spawn(launch, limits)
        except OSError as error:
            raise SandboxError(f"cannot start {launch.argv[0]!r}: {error}") from error
        watching = asyncio.create_task(child.watch())
        try:
            input_of(child).write(_orders(launch, limits, code, files))
            yield child
        finally:
            watching.cancel()
            await child.aclose()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


async def _spawn(launch: Launch, limits: Limits) -> Child:
    """As `asyncio.create_subprocess_exec`, but keeps the transport: what a killed process had not yet said is never
    read to its end, so its pipes are only closed by closing the transport."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: asyncio.subprocess.SubprocessStreamProtocol(1 << 16, loop),
        *launch.argv,
        "-c",
        source_of("boot"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(launch.environment),
        pass_fds=launch.pass_fds,
        start_new_session=True,
    )
    return Child(asyncio.subprocess.Process(transport, protocol, loop), transport, launch, limits)


def input_of(child: Child) -> asyncio.StreamWriter:
    """The process's standard input."""
    assert child.process.stdin is not None
    return child.process.stdin


def output_of(child: Child, name: str) -> asyncio.StreamReader:
    """The process's `stdout` or `stderr`."""
    stream: asyncio.StreamReader | None = getattr(child.process, name)
    assert stream is not None
    return stream


def after_setup(errors: str, child: Child) -> str:
    """What the program wrote to standard error, without the first line, which the boot code writes once the jail
    stands and before anything untrusted runs. Raises SandboxError where that line is missing."""
    first, _, rest = errors.partition("\n")
    if first == READY:
        return rest
    if child.ended is not None:
        return errors
    code = child.process.returncode
    raise SandboxError(
        f"the sandbox could not be set up (exit code {code}): {errors.strip()[-400:] or 'no message'}"
    )


async def run_program(
    launcher: Launcher, code: str, stdin: str, files: Mapping[str, str] | None, limits: Limits
) -> SandboxResult:
    """Runs one program to its end. Raises SandboxError where the sandbox itself could not be set up."""
    async with started(launcher, code, limits, files or {}) as child:

        async def feed() -> None:
            with contextlib.suppress(ConnectionError):
                input_of(child).write(stdin.encode("utf-8", "surrogatepass"))
                await input_of(child).drain()
            input_of(child).close()

        async with asyncio.TaskGroup() as group:
            out = group.create_task(child.collect(output_of(child, "stdout")))
            err = group.create_task(child.collect(output_of(child, "stderr")))
            feeding = group.create_task(feed())
            await child.process.wait()
            await asyncio.wait([out, err], timeout=1.0)
            for task in (out, err, feeding):
                task.cancel()
    seconds = time.monotonic() - child.started
    stdout, stderr = (task.result() if not task.cancelled() else b"" for task in (out, err))
    errors = after_setup(stderr.decode("utf-8", "replace"), child)
    exit_code = child.process.returncode
    return SandboxResult(
        child.status(exit_code, errors),
        None if child.ended else exit_code,
        stdout.decode("utf-8", "replace"),
        errors,
        seconds,
        child.truncated,
    )
