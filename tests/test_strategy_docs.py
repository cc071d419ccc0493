"""The pages of docs/strategies are those that the docstrings make."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from thinkharder.core.registry import build

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The generator as a module."""
    spec = importlib.util.spec_from_file_location("strategy_docs", ROOT / "scripts" / "strategy_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_current(script: ModuleType) -> None:
    folder = ROOT / "docs" / "strategies"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert written == script.pages(), "run: python scripts/strategy_docs.py"


def test_the_examples_are_specs_of_their_strategies(script: ModuleType) -> None:
    assert set(script.EXAMPLES) == set(script.built_in("strategy"))
    for name, spec in script.EXAMPLES.items():
        assert build("strategy", spec).__spec_name__ == name


def test_every_option_is_told(script: ModuleType) -> None:
    page = script.pages()["adaptive.md"]
    rows = re.findall(r"^\| `([\w-]+)` \|", page, flags=re.MULTILINE)
    assert rows == ["probes", "temperature", "thresholds", "trust", "medium", "high", "very-high", "select"]
