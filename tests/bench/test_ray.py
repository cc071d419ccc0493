"""The Ray executor on a real local cluster of worker processes, one of which is killed."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.bench.places import SLOW, TOY, cells_of, grid_of, ran, sums, timeless
from thinkharder.bench import ray as bench_ray
from thinkharder.bench.desk import Progress
from thinkharder.bench.folder import RunFolder
from thinkharder.bench.local import Screen
from thinkharder.bench.ray import Cluster, RayExecutor
from thinkharder.core.errors import BadOption, ConfigError, MissingExtra
from thinkharder.records.pool import read_pool

WORKER = b"ray::_WorkerActor"


def workers() -> list[int]:
    """The worker processes of clusters that this process started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and (entry / "cmdline").read_bytes().startswith(WORKER)
                and _ours(int(entry.name))
            ):
                found.append(int(entry.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def _ours(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


def test_a_ray_client_is_refused() -> None:
    with pytest.raises(BadOption, match="on a node of the cluster"):
        Cluster("ray://head:10001")
    with pytest.raises(BadOption, match="workers=0"):
        Cluster(workers=0)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:nine", "127.0.0.1:99999"])
async def test_an_address_where_nobody_is_fails_soon(tmp_path: Path, address: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(ConfigError, match="no Ray cluster at"):
        await ran(tmp_path / "run", grid_of(sums(tmp_path)), executor=RayExecutor(Cluster(address)))
    assert list((tmp_path / "run").iterdir()) == []


async def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"thinkharder\[ray\]"):
        await ran(tmp_path / "run", grid_of(sums(tmp_path)), executor=RayExecutor())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the worker to kill is found by /proc")
async def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    """Two workers; one is killed in the middle of its problems: the same cells and samples as in one process."""
    pytest.importorskip("ray")
    spec, out = sums(tmp_path, 10), tmp_path / "ray"
    model = SLOW.replace("0.002", "0.05")
    grid = grid_of(spec, "self-consistency", "best-of-n", ns=(1, 4), model=model)
    killed: list[int] = []
    seen: list[Progress] = []

    def show(progress: Progress) -> None:
        seen.append(progress)
        if not killed and progress.fresh >= 4 and len(workers()) == 2:
            killed.append(workers()[0])
            os.kill(killed[0], signal.SIGKILL)

    executor = RayExecutor(Cluster(workers=2, cpus=0.5))
    ended = await asyncio.wait_for(
        ran(out, grid, executor=executor, at_once=2, screen=Screen(show=show)), timeout=120
    )
    assert len(killed) == 1
    assert (ended.progress.done, ended.failed) == (40, 0)
    await ran(tmp_path / "local", grid, at_once=10)
    assert timeless(cells_of(out)) == timeless(cells_of(tmp_path / "local"))
    assert read_pool(out).answers == read_pool(tmp_path / "local").answers
    with RunFolder.open(out).store() as store:
        assert store.verify() == []
    drawn = seen[-1].fresh
    assert drawn <= 40 + 2 * 4, "drawn again is at most what the lost worker had under way"
    assert not workers()


def test_an_error_of_a_worker_is_raised_here() -> None:
    class Wrapped(Exception):
        cause = BadOption("from there")

    assert bench_ray.first_line(Wrapped.cause) == "from there"
    assert bench_ray.first_line(ValueError("")) == "ValueError"
    assert TOY
