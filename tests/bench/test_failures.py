"""What goes wrong in a run: failing models, one that is gone, a disk that is full; and what a resumed run makes of it."""

from pathlib import Path

import pytest

from tests.bench.places import cells_of, grid_of, ran, sums
from thinkharder.bench import work
from thinkharder.bench.desk import FAILURES_IN_A_ROW
from thinkharder.bench.folder import RunFolder
from thinkharder.bench.run import RunBroken
from thinkharder.core.errors import ModelUnavailable
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import ToyModel, toy_model
from thinkharder.records.pool import read_pool
from thinkharder.records.schema import StoreError
from thinkharder.records.store import Store


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models without retries, and each spec the same object whenever it is loaded: its faults go on where they were."""
    kept: dict[str, ToyModel] = {}

    def load(spec: str, *_: object, **__: object) -> Loaded:
        return Loaded(kept.setdefault(spec, toy_model(spec.partition(":")[2])))

    monkeypatch.setattr(work.assemble, "load_model", load)


@pytest.mark.usefixtures("bare")
async def test_failures_are_kept_and_tried_again(tmp_path: Path) -> None:
    """A model that fails often: the run goes on, a resumed one asks for what is missing alone, until nothing is."""
    spec, out = sums(tmp_path, 8), tmp_path / "run"
    model = (
        "toy:failing(inner=categorical(answers=[18], max_n=1), kinds=[malformed, connect], rate=0.2, seed=5)"
    )
    first = await ran(out, grid_of(spec, "self-consistency:n=3", model=model))
    assert 0 < first.failed < 8
    failed = {cell.key: cell for cell in cells_of(out) if cell.error is not None}
    assert len(failed) == first.failed
    assert all("toy: " in (cell.error or "") for cell in failed.values())
    good = {cell.key: cell for cell in cells_of(out) if cell.error is None}
    again = first
    for _ in range(20):
        if not again.failed:
            break
        again = await ran(out, None)
        assert again.progress.before >= len(good)
    assert again.failed == 0
    cells = {cell.key: cell for cell in cells_of(out)}
    assert len(cells) == 8
    assert all(cells[key] == cell for key, cell in good.items()), "what was done is not touched"
    pool = read_pool(out)
    assert list(pool.counts) == [3] * 8


@pytest.mark.usefixtures("bare")
async def test_a_model_that_is_gone_stops_the_run(tmp_path: Path) -> None:
    spec, out = sums(tmp_path, 40), tmp_path / "run"
    model = "toy:failing(inner=categorical(answers=[18]), kinds=[connect], rate=1)"
    with pytest.raises(ModelUnavailable, match="bench resume"):
        await ran(out, grid_of(spec, model=model), at_once=2)
    assert FAILURES_IN_A_ROW <= len(cells_of(out)) < 40


async def test_a_full_disk_ends_the_run_and_not_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, out = sums(tmp_path, 6), tmp_path / "run"
    put, count = Store.put, 0

    def full(self: Store, *arguments: object) -> str:
        nonlocal count
        count += 1
        if count > 7:
            raise StoreError("the disk is full")
        return put(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "put", full)
    with pytest.raises(RunBroken, match=r"the disk is full.*bench resume"):
        await ran(out, grid_of(spec, "self-consistency:n=3"), at_once=2)
    monkeypatch.undo()
    before = len(cells_of(out))
    ended = await ran(out, None)
    assert (ended.progress.before, before + ended.progress.done) == (before, 6)
    assert ended.progress.fresh == 18 - 7
    with RunFolder.open(out).store() as store:
        assert store.verify() == []
