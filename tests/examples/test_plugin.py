"""A third-party strategy comes in by the entry point that its pyproject.toml declares."""

import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.strategies.toys import ByKind, bench
from thinkharder.core import registry
from thinkharder.core.errors import UnknownName
from thinkharder.core.registry import build, names, spec_of

PLUGIN = Path(__file__).parents[2] / "examples" / "plugin"
NAME = "universal-self-consistency"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin as an installer leaves it: the module, and the metadata made of its pyproject.toml."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copy(PLUGIN / "universal_self_consistency.py", tmp_path)
    info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    registry._plugins.cache_clear()
    yield
    registry._factories["strategy"].pop(NAME, None)
    registry._plugins.cache_clear()
    sys.modules.pop("universal_self_consistency", None)


@pytest.mark.usefixtures("installed")
def test_it_is_found_by_its_name() -> None:
    assert NAME in names("strategy")
    built = build("strategy", f"{NAME}:n=3")
    assert built.n == 3
    assert str(spec_of(built)) == f"{NAME}(n=3)"


@pytest.mark.usefixtures("installed")
async def test_it_solves_on_the_runs_budget() -> None:
    texts = ByKind({"answer": ("rain falls", "rain fell", "sun"), "judgement": ("Response 2.",)})
    found = await bench(f"{NAME}:n=3", texts, answer_type="text", problem="Write a line about rain.")
    assert found.result.text == "rain fell"
    assert found.result.usage.calls == 4
    assert "takes response 2 of 3" in found.result.decisions[0]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("said", ["none of them", "9", "0", ""])
async def test_a_useless_judgement_leaves_the_first(said: str) -> None:
    texts = ByKind({"answer": ("rain falls", "rain fell"), "judgement": (said or " ",)})
    found = await bench(f"{NAME}:n=2", texts, answer_type="text", problem="Write a line about rain.")
    assert found.result.text == "rain falls"


@pytest.mark.usefixtures("installed")
async def test_it_can_stand_inside_another_strategy() -> None:
    texts = ByKind({"answer": tuple("abcd"), "judgement": ("1",)})
    spec = f"adaptive(very-high={NAME}(n=2))"
    found = await bench(spec, texts, answer_type="text", problem="Write a line about rain.")
    assert f"going on with {NAME}" in found.result.decisions[0]
    assert len(found.result.candidates) == 6


def test_without_it_the_name_is_unknown() -> None:
    with pytest.raises(UnknownName):
        build("strategy", NAME)
