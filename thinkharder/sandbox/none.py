"""No sandbox: limits and time-outs only. Chosen by nobody but the user, by name."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import final

from thinkharder.sandbox.process import Launch, run_program
from thinkharder.sandbox.runtime import python_runtime
from thinkharder.sandbox.session import open_process_session
from thinkharder.sandbox.types import DEFAULT_LIMITS, Limits, Role, SandboxResult, Session


@final
@dataclass(frozen=True, slots=True)
class NoSandbox:
    """Runs programs as this user with everything that this user may do; they are limited and ended, not confined.

    Verdicts are formed in another process here too, but a program with this user's rights can reach that process.
    """

    @property
    def name(self) -> str:
        """ "none"."""
        return "none"

    @contextmanager
    def launch(self, limits: Limits) -> Iterator[Launch]:
        """The command line of one process, its orders and its directory, which is removed afterwards."""
        private = tempfile.mkdtemp(prefix="thinkharder-")
        try:
            yield Launch(python_runtime().argv, private, helpers=1, supervised=True, private=private)
        finally:
            shutil.rmtree(private, ignore_errors=True)

    async def run(
        self,
        code: str,
        *,
        stdin: str = "",
        files: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> SandboxResult:
        """Runs `code` as a program, unconfined."""
        return await run_program(self, code, stdin, files, limits)

    def open(self, role: Role, limits: Limits) -> AbstractAsyncContextManager[Session]:
        """A session with one unconfined process."""
        return open_process_session(self, role, limits)
