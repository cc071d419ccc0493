"""What every file keeps to: lengths, docstrings, no registry hosts, no paths of a machine, no keys."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES, FUNCTION_LINES, PARAMETERS = 300, 50, 8
SKIPPED = {
    ".git",
    ".venv",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "__pycache__",
    "dist",
}

REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|extra-index-url|--index-url", re.I)
MACHINE = re.compile(
    r"/(?:home|Users)/[a-z]\w*/|[A-Z]:\\Users\\\w|/root/\.(?!ssh|bash|profile|netrc|aws|env)|file:///(?:opt|home|work|root|srv)/"
)
SECRET = re.compile(
    r"\b(?:sk-[A-Za-z0-9]{32,}|hf_[A-Za-z0-9]{30,}|ghp_\w{30,})\b|-----BEGIN [A-Z ]*PRIVATE KEY"
)


@cache
def files() -> tuple[Path, ...]:
    """The repository's text files: what git tracks or would, else all that is no cache."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0 and listing.stdout:
        names = [ROOT / name for name in listing.stdout.split("\0") if name]
    else:
        names = [path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in names if path.is_file() and not path.is_symlink()))


@cache
def text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def python_files(*folders: str) -> list[Path]:
    return [
        path
        for path in files()
        if path.suffix == ".py" and (not folders or path.relative_to(ROOT).parts[0] in folders)
    ]


def hits(pattern: re.Pattern[str], *, besides: Path = Path(__file__)) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in files()
        if path != besides
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if (match := pattern.search(line))
    ]


def definitions(tree: ast.AST, prefix: str = "", public: bool = True) -> Iterator[tuple[str, ast.AST, bool]]:
    """Every class and function with its dotted name, and whether it is public: it and all around it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            shown = public and not node.name.startswith("_")
            yield prefix + node.name, node, shown
            inner = shown and isinstance(node, ast.ClassDef)
            yield from definitions(node, f"{prefix}{node.name}.", inner)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from definitions(node, prefix, public)


def only_declared(node: ast.AST) -> bool:
    """Whether a function has no body of its own: a protocol's member or an overload."""
    body = getattr(node, "body", [])
    last = body[-1] if body else None
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and last.value.value is ...


def test_there_is_something_to_check() -> None:
    assert len(python_files("thinkharder")) > 20


def test_no_registry_hosts() -> None:
    assert not hits(REGISTRY)


def test_no_paths_of_a_machine() -> None:
    assert not hits(MACHINE)
    here = [str(ROOT), sys.base_prefix] if len(sys.base_prefix) > len("/usr/local") else [str(ROOT)]
    if len(str(ROOT)) > 6:
        assert not hits(re.compile("|".join(re.escape(place) + r"\b" for place in here)))


def test_no_keys() -> None:
    assert not hits(SECRET)


def test_files_are_short() -> None:
    long = {str(path.relative_to(ROOT)): text_of(path).count("\n") for path in python_files()}
    assert not {name: count for name, count in long.items() if count > LINES}


def test_functions_are_short() -> None:
    long = []
    for path in python_files():
        for name, node, _ in definitions(ast.parse(text_of(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or 0) - node.lineno + 1
                long += [f"{path.relative_to(ROOT)}:{name}: {count} lines"] if count > FUNCTION_LINES else []
    assert not long, "\n".join(long)


def test_public_calls_take_few_parameters() -> None:
    many = []
    for path in python_files("thinkharder"):
        for name, node, public in definitions(ast.parse(text_of(path))):
            if public and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                count = len([one for one in arguments if one.arg not in {"self", "cls"}])
                many += [f"{path.relative_to(ROOT)}:{name}: {count}"] if count > PARAMETERS else []
    assert not many, "\n".join(many)


def test_public_definitions_have_docstrings() -> None:
    bare = []
    for path in python_files("thinkharder"):
        tree = ast.parse(text_of(path))
        if tree.body and not ast.get_docstring(tree):
            bare.append(f"{path.relative_to(ROOT)}: the module")
        for name, node, public in definitions(tree):
            assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if public and not only_declared(node) and not ast.get_docstring(node):
                bare.append(f"{path.relative_to(ROOT)}:{name}")
    assert not bare, "\n".join(bare)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (REGISTRY, "see https://" + "pypi.org/project/x"),
        (MACHINE, "open('/" + "home/ann/x')"),
        (MACHINE, "file:" + "///opt/index"),
        (SECRET, "key = 'sk-" + "a" * 40 + "'"),
    ],
)
def test_the_patterns_see_what_they_are_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)
