"""A worker that was started ahead is the one that is taken, once, and ends when nobody takes it."""

import os
from collections.abc import Iterator

import pytest

from thinkharder.cli import main as command
from thinkharder.models import engine_start

IDLE = "timeit"  # a module with a main(): it stands in for an engine's worker
OTHER = "pdb"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    engine_start.drop_spare()


def stop(started: engine_start.Started) -> None:
    started.process.kill()
    started.process.wait()
    for pipe in (started.process.stdin, started.process.stdout, started.log):
        assert pipe is not None
        pipe.close()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def spare_pid() -> int:
    assert engine_start._spare is not None
    return engine_start._spare.process.pid


def test_the_spare_is_taken_once() -> None:
    engine_start.start_ahead(OTHER)
    ahead = spare_pid()
    first, second = engine_start.start(OTHER), engine_start.start(OTHER)
    assert first.process.pid == ahead != second.process.pid
    stop(first)
    stop(second)


def test_a_spare_of_another_module_is_ended_and_not_taken() -> None:
    engine_start.start_ahead(OTHER)
    ahead = spare_pid()
    started = engine_start.start(IDLE)
    assert started.module == IDLE
    assert gone(ahead)
    stop(started)


def test_a_dead_spare_is_not_taken() -> None:
    engine_start.start_ahead(OTHER)
    assert engine_start._spare is not None
    ahead = engine_start._spare.process
    ahead.kill()
    ahead.wait()
    started = engine_start.start(OTHER)
    assert started.process.pid != ahead.pid
    stop(started)


def test_dropping_ends_it() -> None:
    engine_start.start_ahead(OTHER)
    ahead = spare_pid()
    engine_start.drop_spare()
    engine_start.drop_spare()
    assert gone(ahead)


@pytest.mark.parametrize(
    ("words", "model", "wanted"),
    [
        (["solve", "2+2"], "", True),
        (["demo"], "", True),
        (["solve", "2+2", "--model", "smollm2-135m"], "", True),
        (["solve", "2+2", "--model", "toy:scripted"], "", False),
        (["solve", "2+2", "--model", "openai:x@http://localhost:1/v1"], "", False),
        (["solve", "2+2"], "openai:gpt", False),
        (["solve", "2+2", "--dry-run"], "", False),
        (["solve", "--help"], "", False),
        (["strategies"], "", False),
        ([], "", False),
    ],
)
def test_the_command_line_starts_one_only_where_it_looks_needed(
    words: list[str], model: str, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino_genai")
    started: list[str] = []
    monkeypatch.setenv("THINKHARDER_MODEL", model)
    monkeypatch.setattr(engine_start, "start_ahead", lambda: started.append("one"))
    with command._engine_ahead(words):
        assert bool(started) == wanted
