"""Every test of the command line starts without the user's settings, with a toy as the model."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import TOY, Ran
from thinkharder.cli.main import main


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS") or name.startswith("THINKHARDER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("THINKHARDER_MODEL", TOY)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command line in this process; its exit code and output."""

    def run(*words: str) -> Ran:
        code = main(list(words))
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run
