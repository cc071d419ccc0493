"""What a tree of processes uses right now, read from /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
MAX_FILES = 1024
"""More entries than this in a private directory count as too much written, whatever their size."""


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """CPU seconds and resident bytes of a tree of processes together; `processes` counts them."""

    cpu_seconds: float
    resident_bytes: int
    processes: int


def descendants(root: int) -> list[int]:
    """`root` and all processes below it. Processes that end meanwhile are left out."""
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += _children(pid)
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                children += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return children


def tree_usage(root: int, memory_limit: int) -> TreeUsage:
    """Usage of `root` and everything below it.

    Resident sizes count shared pages once per process; only where their sum passes `memory_limit` (bytes) is the
    costlier proportional size read, so that processes which share their parent's memory are not taken for a bomb.
    """
    cpu, resident, pids = 0.0, 0, descendants(root)
    for pid in pids:
        with suppress(OSError, IndexError, ValueError):
            # the command name may hold anything but is the only field in brackets
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu += sum(map(int, fields[11:15])) / TICKS
            resident += int(fields[21]) * PAGE
    if resident > memory_limit:
        resident = sum(map(_proportional, pids))
    return TreeUsage(cpu, resident, len(pids))


def _proportional(pid: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return 0


def directory_bytes(directory: str) -> int:
    """Bytes that the files of a directory take; too many entries count as more than any limit."""
    total = 0
    for seen, size in enumerate(_sizes(directory)):
        total += size
        if seen > MAX_FILES:
            return 1 << 62
    return total


def _sizes(directory: str) -> Iterator[int]:
    with suppress(OSError):
        for entry in os.scandir(directory):
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    yield from _sizes(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False).st_blocks * 512
