"""Which paths of the host a Python program needs, and how it is started: all else stays hidden."""

import os
import stat
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIBRARY_DIRECTORIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
PYTHON_FLAGS = ("-s", "-S", "-P", "-B", "-X", "utf8")
"""No user or site packages, no implicit paths, no bytecode files; text is UTF-8."""

ROOM = 32
"""Processes that a user may start elsewhere while a sandbox runs that can only be limited by what the user has."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """`python` is the interpreter's real path; `paths` exist and are to be readable inside, links as they are."""

    python: str
    paths: tuple[str, ...]

    @property
    def argv(self) -> list[str]:
        """The start of a command line that runs the interpreter."""
        return [self.python, *PYTHON_FLAGS]


@cache
def python_runtime() -> Runtime:
    """The interpreter under any virtual environment, its standard library and the system's shared libraries.

    Installed packages are not among them: programs under test get the standard library.
    """
    python = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    wanted = [*LIBRARY_DIRECTORIES, python, os.path.realpath(os.path.dirname(os.__file__))]
    wanted.append(os.path.join(sys.base_exec_prefix, sys.platlibdir, f"python3.{sys.version_info.minor}"))
    prefix = os.path.realpath(sys.base_prefix)
    if prefix not in ("/", "/usr"):  # the interpreter has a tree of its own, with libpython in it
        wanted += [os.path.join(prefix, "lib"), os.path.join(prefix, "lib64")]
        # the interpreter names its library by the path it was configured with, which may be a link to here
        wanted += [os.path.join(sys.base_prefix, "lib")]
    if python.startswith("/nix/store/"):
        wanted.append("/nix/store")
    kept: list[str] = []
    for path in dict.fromkeys(wanted):
        if os.path.exists(path) and not any(_inside(path, other) for other in kept):
            kept.append(path)
    return Runtime(python, tuple(kept))


def _inside(path: str, directory: str) -> bool:
    return not os.path.islink(directory) and Path(path).is_relative_to(directory)


def open_to_all(path: str) -> bool:
    """Whether a user who owns nothing can reach `path`: every directory above it can be passed by others."""
    return all(os.stat(parent).st_mode & stat.S_IXOTH for parent in Path(path).parents)


def user_tasks() -> int:
    """Processes and threads of this user that are visible: what RLIMIT_NPROC already counts outside a sandbox."""
    uid, total = os.getuid(), 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == uid:
                    total += len(os.listdir(f"/proc/{entry.name}/task"))
            except OSError:
                continue  # ended meanwhile, or hidden
    return total
