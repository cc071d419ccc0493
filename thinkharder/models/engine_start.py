"""Starts the worker process of an engine, and one ahead of time where it is known that one will be needed.

A worker imports its engine for about half a second before it can load a model. A command line that starts one before it
reads its own flags has that half second for nothing.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, final

BOOT = Path(__file__).with_name("engine_boot.py")
OPENVINO_WORKER = "thinkharder.models.engine_openvino_worker"


@final
@dataclass(frozen=True, slots=True)
class Started:
    """A worker process that waits for its first order, and the file that its standard error goes to."""

    module: str
    process: "subprocess.Popen[bytes]"
    log: IO[bytes]


_spare: Started | None = None


def start(module: str) -> Started:
    """A worker that runs a module's `main()`: the one started ahead where there is one that lives, else a new one.

    Raises OSError where no process can be started.
    """
    global _spare
    spare, _spare = _spare, None
    if spare is not None and spare.module == module and spare.process.poll() is None:
        return spare
    _end(spare)
    return _spawn(module)


def start_ahead(module: str = OPENVINO_WORKER) -> None:
    """Start a worker now, for the next `start` of the same module. A failure is left for that one to meet."""
    global _spare
    _end(_spare)
    with contextlib.suppress(OSError):
        _spare = _spawn(module)


def drop_spare() -> None:
    """End the worker that was started ahead and that nobody took."""
    global _spare
    spare, _spare = _spare, None
    _end(spare)


def _spawn(module: str) -> Started:
    detach: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}
    log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", str(BOOT), module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            **detach,
        )
    except OSError:
        log.close()
        raise
    return Started(module, process, log)


def _end(spare: Started | None) -> None:
    if spare is None:
        return
    spare.process.kill()
    spare.process.wait()
    for pipe in (spare.process.stdin, spare.process.stdout, spare.log):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
