"""The package's front: every public name is there, lazily, and the type checker sees the same ones."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import thinkharder
from thinkharder.core import registry


@pytest.mark.parametrize("name", thinkharder.__all__)
def test_every_public_name_is_its_modules_own(name: str) -> None:
    value = getattr(thinkharder, name)
    assert value is getattr(import_module(f"thinkharder.{thinkharder._MODULE[name]}"), name)
    assert value.__doc__


def test_the_type_checker_sees_the_same_names() -> None:
    tree = ast.parse(Path(thinkharder.__file__).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"thinkharder.{module}" for name, module in thinkharder._MODULE.items()}


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="solver"):
        _ = thinkharder.solver


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, thinkharder; print([m for m in ('numpy', 'openai', 'rich', 'pydantic') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_the_registry_holds_what_the_documentation_names() -> None:
    from thinkharder.assemble import load_built_in

    load_built_in()
    strategies = {
        *("direct", "cot", "best-of-n", "self-consistency", "weighted-vote", "multiple-attempts"),
        *("self-refine", "deep-reasoning", "hybrid", "adaptive"),
    }
    assert strategies <= set(registry.names("strategy"))
    assert {"judge", "compare", "confidence", "tests", "codet", "python"} <= set(registry.names("verifier"))
    assert {"fixed", "unanimous", "margin"} <= set(registry.names("rule"))
    for kind in registry.GROUPS:
        for name in registry.names(kind):
            assert registry.factory(kind, name).__doc__, f"{kind} {name} has no docstring"
