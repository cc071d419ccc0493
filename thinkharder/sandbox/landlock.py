"""The fallback where namespaces are not to be had: Landlock, seccomp and resource limits on an ordinary process.

landlock(7), seccomp(2), setrlimit(2); no compiled code and no root needed. What it cannot do is said in
`LandlockSandbox`.
"""

import ctypes
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import final

from thinkharder.sandbox.bwrap import DEVICES, UNUSED_UIDS, is_host_root
from thinkharder.sandbox.process import Launch, run_program
from thinkharder.sandbox.runtime import ROOM, open_to_all, python_runtime, user_tasks
from thinkharder.sandbox.seccomp import FILE_ATTRIBUTES, SIGNALS, TRUNCATE, build_filter
from thinkharder.sandbox.session import open_process_session
from thinkharder.sandbox.types import DEFAULT_LIMITS, Limits, Role, SandboxResult, Session

CREATE_RULESET = 444
CAP_SETGID, CAP_SETUID = 6, 7


@cache
def landlock_abi() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    if not hasattr(os, "uname") or os.uname().sysname != "Linux":
        return 0
    version = ctypes.CDLL(None, use_errno=True).syscall(
        ctypes.c_long(CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(1)
    )
    return max(int(version), 0)


def can_change_user() -> bool:
    """Whether this process is root with the right to become a user that nobody else is."""
    if not is_host_root():
        return False
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                held = int(line.split()[1], 16)
                return bool(held >> CAP_SETUID & 1 and held >> CAP_SETGID & 1)
    return False


@final
@dataclass(frozen=True, slots=True)
class LandlockSandbox:
    """Runs programs under Landlock, seccomp and resource limits, in a private directory of the host's /tmp.

    Weaker than bubblewrap in this: whether a path of the host exists, with its size and owner, can be asked, though
    nothing there can be listed, opened or changed; which process numbers are in use can be asked; the private
    directory takes plain files only (`files` may bring subdirectories), and its size is looked at every 50 ms, not
    bounded by the kernel. As an ordinary user the kernel's limit on processes counts on top of what the user already runs,
    with some room for what starts meanwhile, and the exact limit is looked at every 50 ms. As
    root without the right to change user, no new processes at all. As root whose Python lies in a closed directory
    the program keeps the capability to pass closed directories, which Landlock still bounds.
    """

    @property
    def name(self) -> str:
        """ "landlock"."""
        return "landlock"

    @contextmanager
    def launch(self, limits: Limits) -> Iterator[Launch]:
        """The command line of one process, its orders and its directory, which is removed afterwards."""
        runtime, abi = python_runtime(), landlock_abi()
        uid = random.SystemRandom().choice(UNUSED_UIDS) if can_change_user() else None
        fork = uid is not None or not is_host_root()
        tables = [FILE_ATTRIBUTES]
        tables += [TRUNCATE] if abi < 3 else []
        tables += [SIGNALS] if abi < 6 else []
        private = tempfile.mkdtemp(prefix="thinkharder-")
        try:
            if uid is not None:
                os.chown(private, uid, uid)
            yield Launch(
                runtime.argv,
                private,
                helpers=1,
                supervised=True,
                private=private,
                uid=uid,
                keep_dac=uid is not None and not all(map(open_to_all, [*runtime.paths, private])),
                process_limit=limits.processes + (0 if uid is not None else user_tasks() + ROOM),
                landlock=(list(runtime.paths), [path for path in DEVICES if os.path.exists(path)]),
                seccomp=build_filter(tables, fork=fork),
            )
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
        """Runs `code` as a program. Raises SandboxError where the jail cannot be set up."""
        return await run_program(self, code, stdin, files, limits)

    def open(self, role: Role, limits: Limits) -> AbstractAsyncContextManager[Session]:
        """A session with one sandboxed process."""
        return open_process_session(self, role, limits)
