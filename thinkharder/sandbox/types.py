"""What a sandbox takes and gives back. Frozen values and two protocols; no process is started here."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from thinkharder.core.errors import BadOption, SandboxError

Status = Literal["ok", "error", "timeout", "memory", "output", "killed"]
Role = Literal["candidate", "judge"]

MAX_MESSAGE = 4 << 20
"""The largest message of a session, in bytes: what crosses between a judge and a candidate is no bigger."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sandboxed program may use.

    `cpu_seconds` and `memory_mb` (MiB) count all of its processes together, `wall_seconds` runs from its start,
    `processes` counts processes and threads, `file_mb` (MiB) is all it may write to its private directory,
    `output_kb` (KiB) is standard output and standard error together. A function under test answers in messages, not
    on standard output: those are capped at `MAX_MESSAGE` each.
    """

    cpu_seconds: float = 5.0
    wall_seconds: float = 8.0
    memory_mb: int = 512
    processes: int = 16
    file_mb: int = 16
    output_kb: int = 256

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not 0 < value < 1e6:
                raise BadOption(f"the limit {name} is {value!r}; give a number above 0 and below 1e6")


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """How one program ended.

    `status`: ok (exit code 0), error (another exit code), timeout (CPU or wall seconds), memory, output (too much
    written to standard output or to files), killed (by a signal). `exit_code` is None where there was none.
    `stdout` and `stderr` hold what came before the end, undecodable bytes replaced; `truncated` says that more was
    written than kept. `seconds` is wall time.
    """

    status: Status
    exit_code: int | None
    stdout: str
    stderr: str
    seconds: float
    truncated: bool = False


class SessionEnded(SandboxError):
    """A sandboxed session ended before it answered; `status` says how (as in `SandboxResult`)."""

    def __init__(self, status: Status, detail: str = "") -> None:
        super().__init__(f"the sandboxed program ended ({status}){': ' + detail if detail else ''}")
        self.status = status
        self.detail = detail


class Session(Protocol):
    """A sandboxed process that answers messages: one byte of kind and a JSON document, both untrusted."""

    async def send(self, payload: bytes) -> None:
        """Sends one JSON document; raises SessionEnded."""
        ...

    async def receive(self, timeout: float) -> tuple[str, bytes]:
        """The next message as (kind, JSON document); raises SessionEnded, after `timeout` seconds with "timeout"."""
        ...


@runtime_checkable
class Sandbox(Protocol):
    """Runs untrusted Python. Cancelling the awaiting task kills what it started at once."""

    @property
    def name(self) -> str: ...

    async def run(
        self,
        code: str,
        *,
        stdin: str = "",
        files: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> SandboxResult:
        """Runs `code` as a program; `files` (relative path -> text) are put into its working directory."""
        ...

    def open(self, role: Role, limits: Limits) -> AbstractAsyncContextManager[Session]:
        """A session that holds a candidate's code or a judge's tests; everything is killed on leaving."""
        ...
