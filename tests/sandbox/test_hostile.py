"""Code that takes too much of anything: it is ended, its verdict is "failed", nothing stays behind."""

import asyncio
import os
import time

import pytest

from tests.sandbox.hostile import TESTS, TIGHT, WORKING, ours
from thinkharder.sandbox import Limits, Sandbox, SandboxResult, TestReport, choose, run_tests
from thinkharder.sandbox.runtime import ROOM

pytestmark = pytest.mark.usefixtures("nothing_stays_behind")


async def contained(sandbox: Sandbox, code: str) -> tuple[SandboxResult, TestReport]:
    """The code as a program, and as a candidate; the candidate fails whatever happens."""
    start = time.monotonic()
    result, report = await asyncio.gather(
        sandbox.run(code, limits=TIGHT), run_tests(sandbox, code, TESTS, TIGHT)
    )
    assert time.monotonic() - start < TIGHT.wall_seconds + 2.5
    assert report.total == 2
    assert report.passed == 0, report
    assert not report.verdict
    assert all(outcome.reason for outcome in report.outcomes)
    return result, report


RESOURCES = {
    "fork bomb": "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    "patient fork bomb": (
        "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.1)"
    ),
    "daemon": "import os, time\nif os.fork() == 0:\n    if os.fork() == 0:\n        time.sleep(60)\n    os._exit(0)",
    "new session": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)",
    "thread bomb": "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(60,)).start()",
    "memory bomb": "x = []\nwhile True:\n    x.append(bytearray(1 << 22))",
    "shared memory bomb": (
        "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n"
        "        x = bytearray(b'a') * (60 << 20)\n        time.sleep(60)\nos.wait()"
    ),
    "endless loop": "while True: pass",
    "endless sleep": "import time\nwhile True:\n    time.sleep(10)",
    "deaf to signals": (
        "import signal\nfor n in range(1, 65):\n    try:\n        signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError):\n        pass\nwhile True:\n    pass"
    ),
    "endless output": "while True: print('a' * 1000)",
    "endless errors": "import sys\nwhile True: print('a' * 1000, file=sys.stderr)",
    "one large file": "with open('x', 'wb') as f:\n    while True:\n        f.write(b'a' * (1 << 20))",
    "many files": (
        "import itertools\nfor i in itertools.count():\n    with open(str(i), 'wb') as f:\n        f.write(b'a' * (1 << 18))"
    ),
    "large integer": "x = 10 ** (10 ** 10)",
    "deep recursion": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef g(n): return g(n + 1)\ng(0)",
    "regular expression": "import re\nre.match('(a+)+$', 'a' * 64 + 'b')",
    "decompression bomb": (
        "import zlib\nx = zlib.compress(bytes(1 << 22))\nd = zlib.decompressobj()\ny = []\n"
        "while True:\n    y.append(zlib.decompress(x))"
    ),
}


@pytest.mark.parametrize("name", RESOURCES)
async def test_too_much_of_anything_is_ended(name: str) -> None:
    """On every backend that works here, at the same time: most of this is waiting for a limit."""
    if not WORKING:
        pytest.skip("no sandbox works here")
    sandboxes = [choose(backend) for backend in WORKING]
    results = await asyncio.gather(*(contained(sandbox, RESOURCES[name]) for sandbox in sandboxes))
    for sandbox, (result, _) in zip(sandboxes, results, strict=True):
        ends = {"daemon", "new session"}  # their offspring must not outlive them
        if sandbox.name == "monty":
            ends = {"regular expression"}  # its engine takes no exponential time
        if name not in ends:
            assert result.status != "ok", (sandbox.name, result)
        assert len(result.stdout) + len(result.stderr) <= (TIGHT.output_kb << 10) + 2000


async def test_the_right_limit_is_named(process_sandbox: Sandbox) -> None:
    wanted = {
        "memory bomb": {"memory", "timeout"},  # of a busy machine
        "endless loop": {"timeout"},
        "endless sleep": {"timeout"},
        "endless output": {"output"},
        "shared memory bomb": {"memory", "killed"},
    }
    limits = Limits(cpu_seconds=1, wall_seconds=2, memory_mb=128, processes=8, file_mb=2, output_kb=64)
    results = await asyncio.gather(*(process_sandbox.run(RESOURCES[name], limits=limits) for name in wanted))
    for (name, statuses), result in zip(wanted.items(), results, strict=True):
        assert result.status in statuses, (name, result)
        assert result.truncated == (name == "endless output")


async def test_processes_are_counted(process_sandbox: Sandbox) -> None:
    code = (
        "import os, time\nn = 0\ntry:\n    while n < 100:\n        if os.fork() == 0:\n            time.sleep(30)\n"
        "            os._exit(0)\n        n += 1\nexcept OSError:\n    pass\nprint(n)"
    )
    result = await process_sandbox.run(code, limits=Limits(processes=6, wall_seconds=3))
    assert result.status in ("ok", "killed"), result
    # what cannot be counted by itself is ended at the next look instead
    most = 6 + (ROOM if process_sandbox.name == "landlock" and os.geteuid() else 0)
    assert result.status == "killed" or 0 <= int(result.stdout) <= most


@pytest.mark.parametrize("wait", [0.02, 0.3])
async def test_cancelling_kills_at_once(sandbox: Sandbox, wait: float) -> None:
    before = ours()
    running = asyncio.create_task(
        sandbox.run("while True: pass", limits=Limits(wall_seconds=30, cpu_seconds=30))
    )
    await asyncio.sleep(wait)
    start = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - start < 0.5
    assert not ours() - before


async def test_cancelling_a_verdict_kills_both_sides(sandbox: Sandbox) -> None:
    before = ours()
    code = "def f(x):\n    while True: pass"
    running = asyncio.create_task(run_tests(sandbox, code, TESTS, Limits(wall_seconds=30, cpu_seconds=30)))
    await asyncio.sleep(0.4)
    start = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - start < 0.5
    assert not ours() - before
