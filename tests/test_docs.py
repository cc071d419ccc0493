"""Every page of the documentation is true: its code runs, its commands exit 0, its settings load, its links lead somewhere.

The blocks of a page run in order, in one namespace and one temporary directory. What a reader sees decides what happens:

- a Python block runs (`await` at its top works); one whose first line is `# NAME.py` is also written to that file;
- `print(…)  # -> TEXT` in it must print TEXT;
- in a console block the lines that begin with `$` and one of COMMANDS run in bash and must exit 0, with a toy as the
  model; `# -> TEXT` behind one must be in what it prints;
- a TOML block loads as thinkharder.toml, unless it is a pyproject.toml.

`<!-- default model -->` before a block lets it use the real default model; `<!-- not run: REASON -->` leaves it out;
`<!-- pending -->` on a line says that a number, a picture or a page of results there is not made yet.
"""

import ast
import asyncio
import inspect
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cli.shell import ROOT, environment, shell
from thinkharder import config, prompts, tasks
from thinkharder.assemble import load_built_in
from thinkharder.core import registry
from thinkharder.core.errors import SandboxUnavailable
from thinkharder.models import catalog

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = ("thinkharder", "./run", "cat", "echo", "head", "printf")
TOY = "toy:categorical(answers=[18, 20, 16], weights=[0.6, 0.3, 0.1], tokens=[20, 60])"
MOST_NOT_RUN = 8
_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*(\w*)")
_TARGET = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)|\b(?:src|href)=\"([^\"]+)\"")
_PRINTS = re.compile(r"^\s*print\(.*\)\s+# -> (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line where the text begins, and the comment before it."""

    page: Path
    line: int
    language: str
    text: str
    comment: str

    @property
    def where(self) -> str:
        """PAGE:LINE."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def skipped(self) -> str | None:
        """Why it is not run, where a comment says so."""
        match = re.fullmatch(r"<!--\s*not run:\s*(\S.*?)\s*-->", self.comment)
        return match[1] if match else None

    @property
    def real(self) -> bool:
        """Whether it may use the default model."""
        return self.comment == "<!-- default model -->"


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    """All fenced blocks of a page."""
    found: list[Block] = []
    body: list[str] = []
    comment, fence, start, language = "", "", 0, ""
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        match = _FENCE.match(line)
        if fence:
            if match and match[2].startswith(fence) and not match[3]:
                text = textwrap.dedent("\n".join(body))
                found.append(Block(page, start, language, text, comment))
                fence, comment = "", ""
            else:
                body.append(line)
        elif match:
            fence, language, start, body = match[2], match[3], number + 1, []
        elif line.strip():
            comment = line.strip()
    assert not fence, f"{page}: the block of line {start - 1} has no end"
    return tuple(found)


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page outside its blocks, code spans blanked."""
    inside = {number for b in blocks(page) for number in range(b.line - 1, b.line + b.text.count("\n") + 2)}
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if number not in inside:
            yield number, re.sub(r"`[^`]*`", "``", line)


def runnable() -> list[Any]:
    """The pages with something to run, those that need the default model marked."""
    languages = {"python", "console", "toml"}
    pages = [p for p in PAGES if any(b.language in languages for b in blocks(p))]
    return [
        pytest.param(
            page,
            id=str(page.relative_to(ROOT)),
            marks=[pytest.mark.model, pytest.mark.slow] if any(b.real for b in blocks(page)) else [],
        )
        for page in pages
    ]


class Reader:
    """One who works through a page: a namespace, a directory with `thinkharder` and `./run` in it, an environment."""

    def __init__(self, place: Path, env: dict[str, str], capture: pytest.CaptureFixture[str]) -> None:
        self.place, self.env, self.capture = place, env, capture
        self.module = ModuleType("documentation")
        self.runner = asyncio.Runner()

    def python(self, block: Block) -> None:
        """Run a Python block, and compare what it prints with what it says that it prints."""
        name = re.match(r"# ([\w/]+\.py)\n", block.text)
        if name:
            (self.place / name[1]).write_text(block.text, "utf-8")
        source = "\n" * (block.line - 1) + block.text
        code = compile(source, block.where, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        self.capture.readouterr()
        if code.co_flags & inspect.CO_COROUTINE:
            self.runner.run(eval(code, self.module.__dict__))
        else:
            exec(code, self.module.__dict__)
        printed = self.capture.readouterr().out
        for wanted in _PRINTS.findall(block.text):
            assert wanted in printed, f"{block.where} prints\n{printed}and not {wanted!r}"

    def console(self, block: Block) -> None:
        """Run the commands of a console block."""
        env = {**self.env, "THINKHARDER_MODEL": "" if block.real else TOY}
        for line in commands(block.text):
            said, _, wanted = line.partition("  # -> ")
            ran = shell(said, self.place, env)
            assert ran.code == 0, f"{block.where}: $ {said}\n{ran.out}{ran.err}"
            assert wanted in ran.out, f"{block.where}: $ {said}\nprints\n{ran.out}and not {wanted!r}"

    def toml(self, block: Block) -> None:
        """Load a TOML block."""
        tables = tomllib.loads(block.text)
        if {"project", "build-system"} & tables.keys():
            return
        path = self.place / "settings-of-the-page.toml"
        path.write_text(block.text, "utf-8")
        settings = config.read_file(path)
        if "strategy" in settings.values:
            registry.build("strategy", settings.values["strategy"])
        with prompts.override(settings.prompts):
            pass


def commands(text: str) -> list[str]:
    """The lines of a console block that are run, continuations joined, without the `$`."""
    joined = re.sub(r"\\\n\s*(?:>\s)?", " ", text)
    lines = [line[2:] for line in joined.splitlines() if line.startswith("$ ")]
    first = [next((word for word in line.split() if not re.match(r"\w+=", word)), "") for line in lines]
    return [line for line, word in zip(lines, first, strict=True) if word in COMMANDS]


def cache_with(model: Path, place: Path) -> Path:
    """A cache directory that holds the default model's weights, wherever they lie."""
    usual = catalog.show(catalog.DEFAULT).path
    if usual == model:
        return model.parents[2]
    folder = place / "cache" / "models" / catalog.DEFAULT
    folder.mkdir(parents=True)
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").symlink_to(model)
    return place / "cache"


@pytest.fixture
def reader(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Iterator[Reader]:
    """A reader without settings, keys or network, whose registrations are forgotten at the end."""
    place = tmp_path / "page"
    place.mkdir()
    real = request.node.get_closest_marker("model") is not None
    kept = cache_with(request.getfixturevalue("default_model_path"), tmp_path) if real else tmp_path / "cache"
    for folder, name, default in (
        ("bin", "thinkharder", ""),
        ("page", "run", "[ $# -gt 0 ] || set -- demo; "),
    ):
        script = tmp_path / folder / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\n{default}exec "{sys.executable}" -m thinkharder "$@"\n', "utf-8")
        script.chmod(0o755)
    own = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "THINKHARDER_CACHE": str(kept),
        "PIP_NO_INDEX": "1",
        "HF_HUB_OFFLINE": "1",
    }
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HF_TOKEN", "THINKHARDER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(place)
    load_built_in(), tasks.task_names()  # before the copy: imported once, they register once
    monkeypatch.setattr(registry, "_factories", {k: dict(v) for k, v in registry._factories.items()})
    path = f"{tmp_path / 'bin'}:{environment()['PATH']}"
    made = Reader(place, environment(PATH=path, PYTHONWARNINGS="error", **own), capsys)
    monkeypatch.setitem(sys.modules, made.module.__name__, made.module)
    with made.runner:
        yield made


@pytest.mark.parametrize("page", runnable())
def test_a_page_runs(page: Path, reader: Reader) -> None:
    steps = {"python": reader.python, "console": reader.console, "toml": reader.toml}
    for block in blocks(page):
        if block.language in steps and block.skipped is None:
            try:
                steps[block.language](block)
            except SandboxUnavailable as error:
                pytest.skip(f"{block.where}: {error}")
            except Exception as error:
                error.add_note(f"in the {block.language} block at {block.where}")
                raise


def test_few_blocks_are_not_run() -> None:
    left = {b.where: b.skipped for page in PAGES for b in blocks(page) if b.skipped is not None}
    assert len(left) <= MOST_NOT_RUN, left


def slug(heading: str) -> str:
    """The anchor that a heading gets on GitHub."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().casefold()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page."""
    raw = page.read_text("utf-8").splitlines()
    outside = [raw[number - 1] for number, _ in prose(page)]
    return {slug(line.lstrip("#")) for line in outside if re.match(r"#{1,6} ", line)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    raw = page.read_text("utf-8").splitlines()
    for number, line in prose(page):
        for match in _TARGET.finditer(line):
            target = match[1] or match[2]
            if re.match(r"https?://|mailto:", target):
                continue
            path, _, anchor = target.partition("#")
            goal = (page.parent / path).resolve() if path else page
            there = goal.exists() and not path.startswith("/") and goal.is_relative_to(ROOT)
            pending = "<!-- pending -->" in raw[number - 1]
            if not there and not pending:
                broken.append(f"line {number}: {target}")
            if there and anchor and goal.suffix == ".md" and anchor not in anchors(goal):
                broken.append(f"line {number}: {target} (no such heading)")
    assert not broken, "\n".join(broken)


def test_what_is_missing_is_marked_as_pending() -> None:
    readme = (ROOT / "README.md").read_text("utf-8").splitlines()
    for line in readme:
        assert "<!-- pending -->" in line or not re.search(r"\b(?:TIME|DISK)\b", line), line
        for image in re.findall(r"\]\((docs/images/[^)]+)\)", line):
            toy = b"so&#160;so&#160;so" in (ROOT / image).read_bytes()
            assert not toy or "<!-- pending -->" in line, f"{image} shows a toy: make it from a real run"


def test_the_readme_names_every_strategy_and_verifier() -> None:
    load_built_in()
    readme = (ROOT / "README.md").read_text("utf-8")
    for kind in ("strategy", "verifier"):
        made = registry._factories[kind]
        own = [name for name, factory in made.items() if factory.__module__.startswith("thinkharder.")]
        assert own
        assert not [name for name in own if f"`{name}`" not in readme]


def test_the_models_page_names_every_model() -> None:
    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    assert not [model.name for model in catalog.list_models() if f"`{model.name}`" not in page]
