"""What the hostile tests share: tight limits, and a look at what was left behind."""

import os
from pathlib import Path

from thinkharder.sandbox import Limits, detect
from thinkharder.sandbox.usage import descendants

WORKING = [detection.name for detection in detect() if detection.works]
"""The backends that work on this machine."""
TIGHT = Limits(cpu_seconds=0.6, wall_seconds=0.9, memory_mb=128, processes=8, file_mb=2, output_kb=64)
TESTS = ["assert f(1) == 2", "assert f(2) == 3"]


def ours() -> set[int]:
    """Processes below this one, and those whose command line runs the boot code wherever they hang."""
    found = set(descendants(os.getpid())) - {os.getpid()}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (
                    b"sandbox ready" in (entry / "cmdline").read_bytes()
                    or b"lock_in" in (entry / "cmdline").read_bytes()
                ):
                    found.add(int(entry.name))
            except OSError:
                continue
    return found
