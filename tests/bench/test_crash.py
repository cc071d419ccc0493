"""The real command in a process of its own: killed, interrupted, out of disk, watched; and taken up again."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.places import SLOW, cells_of, grid_of, ran, sums, timeless
from tests.cli.shell import environment, thinkharder
from thinkharder.bench.folder import RunFolder
from thinkharder.bench.status import read
from thinkharder.cli import bench_status
from thinkharder.core.errors import UsageError
from thinkharder.records.schema import StoreError
from thinkharder.records.store import Store

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them"),
    pytest.mark.slow,
]
STRATEGY = "self-consistency:n=3"
MODEL = SLOW.replace("0.002", "0.02")
"""About five seconds for the whole run, two problems at a time."""
PROBLEMS = 12


@contextmanager
def begun(
    out: Path, *words: str, before: Callable[[], None] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """`thinkharder bench WORDS` at work; it is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "thinkharder", "bench", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PYTHONWARNINGS="error"),
        preexec_fn=before,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def command(spec: str, out: Path) -> list[str]:
    return [spec, "-m", MODEL, "-s", STRATEGY, "--at-once", "2", "--out", str(out)]


def wait_for_cells(out: Path, count: int) -> None:
    """Until so many cells are in the store."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (out / "records.sqlite").exists():
            try:
                with Store.open(out) as store:
                    if len(store.cell_keys()) >= count:
                        return
            except StoreError:  # it is just being made
                pass
        time.sleep(0.02)
    raise AssertionError(f"{out} has no {count} cells after a minute")


@pytest.fixture
async def straight(tmp_path: Path) -> tuple[str, Path]:
    """A task, and its run without any trouble."""
    spec = sums(tmp_path, PROBLEMS)
    await ran(tmp_path / "straight", grid_of(spec, STRATEGY, model=MODEL), at_once=PROBLEMS)
    return spec, tmp_path / "straight"


def same(out: Path, straight: Path) -> None:
    """Both runs have the same cells and generations, and both stores are sound."""
    assert timeless(cells_of(out)) == timeless(cells_of(straight))
    texts = []
    for path in (out, straight):
        with RunFolder.open(path).store() as store:
            assert store.verify() == []
            texts.append({(s.problem, s.sample, s.text, s.correct) for s in store.samples()})
    assert texts[0] == texts[1]


async def test_killed_and_taken_up(tmp_path: Path, straight: tuple[str, Path]) -> None:
    spec, whole = straight
    out = tmp_path / "run"
    with begun(out, *command(spec, out)) as process:
        wait_for_cells(out, 3)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = timeless(cells_of(out))
    assert 3 <= len(kept) < PROBLEMS
    ended = await ran(out, None, at_once=PROBLEMS)
    assert ended.progress.before == len(kept)
    drawn = 3 * PROBLEMS - ended.progress.fresh
    assert drawn >= 3 * len(kept), "what was stored is not drawn again"
    assert kept.items() <= timeless(cells_of(out)).items()
    same(out, whole)


async def test_interrupted_and_taken_up(tmp_path: Path, straight: tuple[str, Path]) -> None:
    spec, whole = straight
    out = tmp_path / "run"
    with begun(out, *command(spec, out)) as process:
        wait_for_cells(out, 2)
        status = read(out)
        assert status.running
        assert not status.complete
        with pytest.raises(UsageError, match=f"is being run by process {process.pid}"):
            await ran(out, None)
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopping" in told
    assert f"go on with: thinkharder bench resume {out}" in printed
    ended = thinkharder("bench", "resume", str(out), "--json", "--at-once", "12")
    assert ended.code == 0, ended.err
    assert (ended.json["done"], ended.json["failed"]) == (PROBLEMS, 0)
    same(out, whole)


async def test_a_full_disk(tmp_path: Path, straight: tuple[str, Path]) -> None:
    """Files may not grow beyond 400 kB: as on a full disk, writing fails in the middle."""
    spec, whole = straight
    out = tmp_path / "run"

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    with begun(out, *command(spec, out), before=little) as process:
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "disk" in told
    assert f"thinkharder bench resume {out}" in told
    assert "Traceback" not in told
    with Store.open(out) as store:
        assert 0 < sum(group.samples for group in store.groups()) < 3 * PROBLEMS
    await ran(out, None, at_once=PROBLEMS)
    same(out, whole)


async def test_watched_from_a_second_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, out = sums(tmp_path, PROBLEMS), tmp_path / "run"
    with begun(out, *command(spec, out)) as process:
        wait_for_cells(out, 1)
        bench_status.show(out, watch=True, every=0.1, as_json=False)
        process.wait(timeout=60)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert lines[0].endswith("; running")
    assert "cells a minute" in lines[-1]
    assert read(out).complete
    assert os.path.getsize(out / "bench.json") < 10_000
