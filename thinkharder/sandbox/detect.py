"""Which sandboxes work on this machine, by trying each."""

import asyncio
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from thinkharder.core.errors import SandboxUnavailable, ThinkharderError, UnknownName
from thinkharder.sandbox.bwrap import BubblewrapSandbox
from thinkharder.sandbox.landlock import LandlockSandbox, landlock_abi
from thinkharder.sandbox.monty import MontySandbox, find_monty
from thinkharder.sandbox.none import NoSandbox
from thinkharder.sandbox.seccomp import supported
from thinkharder.sandbox.types import Limits, Sandbox

BACKENDS: dict[str, Callable[[], Sandbox]] = {
    "bubblewrap": BubblewrapSandbox,
    "landlock": LandlockSandbox,
    "monty": MontySandbox,
}
"""In the order in which `auto` takes them."""
ALIASES = {"bwrap": "bubblewrap"}

PROBE = """
import os
def denied(what):
    try:
        what()
    except OSError:
        return True
    return False
assert denied(lambda: open("/etc/passwd")), "the host's files are open"
assert denied(lambda: os.listdir("/proc/1")), "the host's processes are open"
assert not os.environ, "the environment is not empty"
import socket
assert denied(socket.socket), "the network is open"
with open("probe", "w") as file:
    file.write("x")
print("checked", flush=True)
try:
    for _ in range(64):
        if not os.fork():
            import time
            time.sleep(5)
            os._exit(0)
    print("not limited")
except OSError:
    pass
"""


@dataclass(frozen=True, slots=True)
class Detection:
    """Whether one backend works here, and why not or what to know."""

    name: str
    works: bool
    reason: str


def detect() -> list[Detection]:
    """Each backend in order of preference, really tried (0.1 s each). Cached for the life of the process."""
    return list(_detect())


def choose(name: str = "auto") -> Sandbox:
    """The best sandbox that works here, or the named one: bubblewrap, landlock, monty, or none.

    Raises SandboxUnavailable with each backend's reason where nothing works or the named one does not, and UnknownName.
    """
    name = ALIASES.get(name, name)
    if name == "none":
        return NoSandbox()
    if name != "auto" and name not in BACKENDS:
        raise UnknownName("sandbox", name, ["auto", *BACKENDS, "none"])
    found = detect()
    for detection in found:
        if detection.works and name in ("auto", detection.name):
            return BACKENDS[detection.name]()
    reasons = "; ".join(f"{d.name}: {d.reason}" for d in found if name in ("auto", d.name))
    raise SandboxUnavailable(
        f"no sandbox works here ({reasons}); install bubblewrap, or run code unprotected with --sandbox none"
        if name == "auto"
        else f"the sandbox {name!r} does not work here: {reasons}"
    )


@cache
def _detect() -> tuple[Detection, ...]:
    """In a thread of its own, so that it can be asked for inside a running event loop too."""
    found: list[Detection] = []
    thread = threading.Thread(target=lambda: found.extend(asyncio.run(_probe_all())))
    thread.start()
    thread.join()
    return tuple(found)


async def _probe_all() -> list[Detection]:
    return list(await asyncio.gather(*map(_probe, BACKENDS)))


async def _probe(name: str) -> Detection:
    if reason := _missing(name):
        return Detection(name, False, reason)
    try:
        sandbox = BACKENDS[name]()
        if name == "monty":
            result = await sandbox.run("print('checked')")
        else:
            result = await sandbox.run(PROBE, limits=Limits(processes=4, wall_seconds=5.0))
    except ThinkharderError as error:
        return Detection(name, False, str(error))
    except OSError as error:
        return Detection(name, False, f"{type(error).__name__}: {error}")
    # too many processes are refused by the kernel, or where it cannot count them alone, ended
    if result.status not in ("ok", "killed") or result.stdout != "checked\n":
        last = (result.stdout + result.stderr).strip().rpartition("\n")[2]
        return Detection(name, False, f"it does not hold here ({result.status}): {last[:300]}")
    return Detection(name, True, _note(name))


def _missing(name: str) -> str | None:
    """Why a backend need not be tried."""
    if name == "monty":
        return None if find_monty() else "pydantic-monty is not installed; `pip install pydantic-monty`"
    if sys.platform != "linux":
        return f"needs Linux, this is {sys.platform}"
    if name == "landlock":
        if not landlock_abi():
            return "the kernel has no Landlock (5.13 and later, with `landlock` among its `lsm=` modules)"
        return supported()
    return None


def _note(name: str) -> str:
    if name == "landlock":
        return f"Landlock ABI {landlock_abi()} with seccomp and resource limits"
    if name == "monty":
        return "expressions and small programs only: no classes with inheritance, few library modules"
    return BubblewrapSandbox().binary
