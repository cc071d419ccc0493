"""The processes that compare mathematics: real ones."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from thinkharder.answers import MathPool
from thinkharder.answers import pool as pool_module
from thinkharder.core.errors import AnswerTypeError

ENDLESS = r"9^{9^{9^{9^{9}}}}+x"
POSIX = os.name == "posix"


@pytest.fixture(scope="module")
def pool() -> Iterator[MathPool]:
    made = MathPool(workers=1)
    yield made
    made.close()


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process has ended, waiting up to `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


async def test_it_starts_with_the_first_question_and_is_asked_both_ways_round(pool: MathPool) -> None:
    fresh = MathPool(workers=1)
    assert fresh.pids == []
    assert await pool.equal("x+1", "1+x")
    assert not await pool.equal("x+1", "x+2")
    # As a gold answer an inequality becomes an interval; as a candidate it does not.
    assert await pool.equal("3<x<4", "(3,4)")
    assert await pool.equal("(3,4)", "3<x<4")
    assert len(pool.pids) == 1


async def test_a_check_over_its_time_is_no_and_its_worker_is_killed(pool: MathPool) -> None:
    assert await pool.equal("y+1", "1+y")
    before, kills = pool.pids, pool.kills
    started = time.monotonic()
    assert not await pool.equal(ENDLESS, "x", seconds=1.0)
    assert time.monotonic() - started < 4.0
    assert pool.kills == kills + 1
    assert gone(before[0])
    assert await pool.equal("z+1", "1+z")
    assert pool.pids != before


async def test_a_text_that_costs_two_workers_is_not_asked_about_again_and_its_partners_are() -> None:
    fresh = MathPool(workers=1)
    partners = [f"x+{n}" for n in range(1, 7)]
    for partner in partners:
        assert await fresh.equal(partner, f"{partner}+0")
    started = time.monotonic()
    for partner in partners:
        assert not await fresh.equal(ENDLESS, partner, seconds=0.3)
    assert fresh.kills == 2
    assert time.monotonic() - started < 30.0
    assert await fresh.equal("x+1", "x+3-2", seconds=30.0)
    fresh.close()


async def test_the_event_loop_runs_on_while_a_check_hangs(pool: MathPool) -> None:
    await pool.equal("w+1", "1+w")
    task = asyncio.create_task(pool.equal(ENDLESS + "+2", "x+2", seconds=0.5))
    beats = 0
    while not task.done():
        await asyncio.sleep(0.01)
        beats += 1
    assert beats > 10
    assert task.result() is False


async def test_answers_are_remembered(pool: MathPool) -> None:
    assert await pool.equal("q+1", "1+q")
    started = time.perf_counter()
    assert await pool.equal("1+q", "q+1")
    assert time.perf_counter() - started < 0.002


@pytest.mark.parametrize(
    "text", ["", "$", "\\", "}{", r"\frac{", "🎉", "\n", '"', "x" * 400, r"\left(", "答案", "\x00", "#&%"]
)
async def test_rubbish_is_not_equal_and_kills_nothing(pool: MathPool, text: str) -> None:
    await pool.equal("v+1", "1+v")
    kills = pool.kills
    assert not await pool.equal(text, "v", seconds=20.0)
    assert pool.kills == kills


@pytest.mark.skipif(not POSIX, reason="memory limits are POSIX")
async def test_a_worker_cannot_take_more_than_its_memory(pool: MathPool) -> None:
    assert await pool.equal("u+1", "1+u")
    limits = Path(f"/proc/{pool.pids[0]}/limits")
    if not limits.exists():
        pytest.skip("no /proc here to read a process's limits from")
    text = limits.read_text()
    assert f"Max address space         {1 << 30}" in text
    assert "Max file size             0" in text


def test_any_thread_and_any_loop_may_ask(pool: MathPool) -> None:
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(asyncio.run(pool.equal("r+1", "1+r"))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [True] * 4


async def test_cancelled_questions_leave_the_queue(pool: MathPool) -> None:
    await pool.equal("o+1", "1+o")
    hanging = asyncio.create_task(pool.equal(ENDLESS + "+3", "x+3", seconds=1.0))
    waiting = [asyncio.create_task(pool.equal(ENDLESS, f"x+{n}", seconds=5.0)) for n in range(10, 20)]
    await asyncio.sleep(0.1)
    for task in waiting:
        task.cancel()
    started = time.monotonic()
    assert await pool.equal("n+1", "1+n", seconds=5.0)
    assert time.monotonic() - started < 8.0
    assert not await hanging


async def test_a_closed_pool_says_so_and_leaves_no_process() -> None:
    short = MathPool(workers=2)
    assert await short.equal("x+1", "1+x")
    pids = short.pids
    short.close()
    assert all(gone(pid) for pid in pids)
    with pytest.raises(AnswerTypeError, match="closed"):
        await short.equal("x", "y")


async def test_a_worker_that_cannot_start_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_BOOT", "raise SystemExit(1)")
    broken = MathPool(workers=1)
    with pytest.raises(AnswerTypeError, match="math-verify"):
        await broken.equal("x+1", "1+x")
    broken.close()


async def test_secrets_of_the_environment_do_not_reach_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    fresh = MathPool(workers=1)
    assert await fresh.equal("x+1", "1+x")
    environment = Path(f"/proc/{fresh.pids[0]}/environ")
    if environment.exists():
        assert b"sk-secret" not in environment.read_bytes()
    fresh.close()


SCRIPT = """
import asyncio, os
from thinkharder.answers import shared_pool
print(asyncio.run(shared_pool().equal("x+1", "1+x")), *shared_pool().pids, flush=True)
{end}
"""


@pytest.mark.skipif(not POSIX, reason="reads process ids")
@pytest.mark.parametrize(
    "end",
    [
        "",
        "os._exit(3)",
        "os.kill(os.getpid(), 9)",
        "shared_pool().submit(r'9^{9^{9^{9^{9}}}}+x', 'x', 60.0); import time; time.sleep(0.3); os._exit(3)",
    ],
)
def test_workers_end_with_a_script_that_has_no_main_guard(end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(end=end)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    said, *pids = done.stdout.split()
    assert said == "True", done.stderr
    # The last case is left computing without a parent; its own alarm ends it one second after the time it was given.
    assert "submit" in end or all(gone(int(pid)) for pid in pids)
    for pid in pids:
        if not gone(int(pid), 0.1):
            os.kill(int(pid), 9)
