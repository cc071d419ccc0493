"""A run's folder: what it says, what it refuses, who may work on it."""

import json
from pathlib import Path

import pytest

from tests.bench.places import grid_of
from thinkharder.bench.folder import Machine, RunFolder, Settings
from thinkharder.core.errors import BadOption, ConfigError, UsageError
from thinkharder.core.types import Sampling


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    settings = Settings(
        Sampling(temperature=0.5, max_tokens=100), "tokens", 2, roles={"judge": "toy:scripted"}
    )
    folder = RunFolder.create(tmp_path / "a" / "run", settings, Machine({"threads": 2}, {}, 3))
    folder.plan = folder.plan.with_grid(grid_of("t")).with_problems("t", ["x", "y"])
    folder.save()
    assert RunFolder.open(folder.path).plan == folder.plan


def test_the_same_settings_take_it_up_and_others_do_not(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, Settings(Sampling(max_tokens=100))).save()
    RunFolder.create(tmp_path, Settings(Sampling(max_tokens=100)), Machine(at_once=2))
    with pytest.raises(UsageError, match="max-tokens 100, and now it is 50"):
        RunFolder.create(tmp_path, Settings(Sampling(max_tokens=50)))
    with pytest.raises(UsageError, match="record 'summary', and now it is 'tokens'"):
        RunFolder.create(tmp_path, Settings(Sampling(max_tokens=100), "tokens"))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("mine")
    with pytest.raises(UsageError, match="holds no run"):
        RunFolder.create(tmp_path, Settings())
    with pytest.raises(ConfigError, match="holds no run"):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"format": 1}', '{"format": 99}'])
def test_a_document_that_is_none_is_refused(tmp_path: Path, body: str) -> None:
    (tmp_path / "bench.json").write_text(body)
    with pytest.raises(ConfigError):
        RunFolder.open(tmp_path)


def test_one_works_on_it_at_a_time(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, Settings())
    folder.save()
    assert not folder.running()
    with folder.locked():
        assert folder.running()
        with pytest.raises(UsageError, match="is being run by process"), RunFolder.open(tmp_path).locked():
            pass
    assert not folder.running()
    with folder.locked():
        pass


def test_other_problems_under_the_same_name_are_refused(tmp_path: Path) -> None:
    plan = RunFolder.create(tmp_path, Settings()).plan.with_problems("t", ["a", "b"])
    assert plan.with_problems("t", ["a"]) is plan
    assert plan.with_problems("t", ["a", "b", "c"]).problems["t"] == ("a", "b", "c")
    with pytest.raises(UsageError, match="not those that the run began with"):
        plan.with_problems("t", ["a", "c"])


def test_settings_out_of_range_are_refused() -> None:
    for make in (lambda: Settings(record="all"), lambda: Settings(tops=2), lambda: Machine(at_once=0)):
        with pytest.raises(BadOption):
            make()


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.create(tmp_path, Settings())
    folder.save()
    before = (tmp_path / "bench.json").read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    folder.plan = folder.plan.with_grid(grid_of("t"))
    with pytest.raises(ConfigError, match="No space left"):
        folder.save()
    assert (tmp_path / "bench.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]
    assert json.loads(before)["grids"] == []
