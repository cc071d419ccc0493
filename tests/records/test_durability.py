"""What is acknowledged stays: processes killed at any moment, several writers at once, a disk that is full."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.records.made import generation
from thinkharder import Problem
from thinkharder.api import solve
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import toy_model
from thinkharder.records.recorder import Recorded
from thinkharder.records.schema import StoreError
from thinkharder.records.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills and limits processes as POSIX does")
ROOT = Path(__file__).parents[2]
ROUNDS = 4


def writer(folder: Path, first: int, count: int, most_bytes: int = 0) -> subprocess.Popen[str]:
    """A process that puts draws."""
    words = [
        sys.executable,
        "-m",
        "tests.records.writer",
        str(folder),
        str(first),
        str(count),
        str(most_bytes),
    ]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_killed_writer_loses_nothing_it_was_told_is_stored(tmp_path: Path) -> None:
    chance, told = random.Random(1), set[str]()
    for round_ in range(ROUNDS):
        process = writer(tmp_path / "run", 0, 10**6)
        assert process.stdout is not None
        told.add(process.stdout.readline().strip())
        time.sleep(chance.uniform(0, 0.2))
        process.kill()
        out, _ = process.communicate()
        told |= {line for line in out.splitlines() if len(line) == 32}
        with Store.open(tmp_path / "run") as store:
            assert store.verify() == []
            stored = [row[0] for row in store._db.execute("SELECT key FROM generations")]
        assert told <= set(stored)
        assert len(stored) - len(told) <= round_ + 1, (
            "at most what was in flight is stored without being told"
        )


@pytest.mark.slow
def test_writers_at_once_are_safe(tmp_path: Path) -> None:
    """They also make the store at once, and overlap."""
    processes = [writer(tmp_path / "run", first, 160) for first in (0, 80, 0, 240)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert len(set(out.split())) == 160
    with Store.open(tmp_path / "run") as store:
        assert store._db.execute("SELECT count(*), count(DISTINCT draw_key) FROM generations").fetchone()[
            :
        ] == (
            400,
            400,
        )
        assert store.verify() == []


def test_a_full_disk_stops_the_writer_and_leaves_a_good_store(tmp_path: Path) -> None:
    full = writer(tmp_path / "run", 0, 10**6, most_bytes=2_000_000)
    out, err = full.communicate(timeout=120)
    assert full.returncode == 7, err
    assert "full" in err
    assert "what was stored before is safe" in err
    assert len(err.splitlines()) == 1
    told = out.split()
    assert len(told) > 20
    with Store.open(tmp_path / "run") as store:
        assert store.verify() == []
        assert all(store.generation(key) is not None for key in told)
    again = writer(tmp_path / "run", 0, len(told) + 50)
    out, err = again.communicate(timeout=120)
    assert (again.returncode, out.split()[: len(told)]) == (0, told), "with room it goes on"


async def test_a_full_disk_ends_the_run_with_a_clear_error(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run", create=True, power_safe=False) as store:
        store.put(generation("four"))
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        model = Loaded(Recorded(toy_model("categorical(answers=[1, 2], tokens=[400, 400])"), store))
        with pytest.raises(StoreError, match="the disk is full"):
            await solve(Problem.of("What is 1 + 1?"), model=model, strategy="self-consistency(n=64)")
        store._db.execute("PRAGMA max_page_count = 1000000")
        assert store.verify() == []
        await solve(Problem.of("What is 1 + 1?"), model=model, strategy="self-consistency(n=64)")
