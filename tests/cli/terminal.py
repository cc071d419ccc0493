"""A terminal to look at: the command runs under a pseudo-terminal, and its screen can be read at any time."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import pyte

from tests.cli.shell import environment


class Terminal:
    """`thinkharder WORDS` under a pseudo-terminal of 100 columns and 40 rows."""

    def __init__(self, *words: str, rows: int = 40, columns: int = 100, **env: str) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.code: int | None = None
        argv = [sys.executable, "-m", "thinkharder", *words]
        whole = environment(**{"TERM": "xterm-256color", **env})
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, argv, whole)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.code is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(line.rstrip() for line in self.screen.display).strip()

    def type(self, keys: bytes) -> None:
        """Press keys; b"\\x03" is Ctrl-C."""
        os.write(self.fd, keys)

    def until(self, wanted: Callable[[str], bool] | str, seconds: float = 60) -> str:
        """Read until the screen shows what is wanted; the screen then."""
        sees = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + seconds
        while not sees(self.text):
            assert time.monotonic() < deadline, f"not seen in {seconds} s; the screen:\n{self.text}"
            if not self._read(0.05):
                assert sees(self.text), f"it ended; the screen:\n{self.text}"
        return self.text

    def end(self, seconds: float = 60) -> int:
        """Wait for the end; the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.05):
            assert time.monotonic() < deadline, f"still runs after {seconds} s; the screen:\n{self.text}"
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code

    def _read(self, wait: float) -> bool:
        ready, _, _ = select.select([self.fd], [], [], wait)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # Linux: the other side was closed
            return False
        self.raw += data
        self.stream.feed(data)
        return bool(data)
