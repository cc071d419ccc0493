"""Tests as values: what is asked of a candidate, split into as many independent tests as its text allows."""

import ast
import builtins
import json
import symtable
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from thinkharder.core.errors import BadOption


@dataclass(frozen=True, slots=True)
class TestSuite:
    """Tests of one problem.

    `asserts`: each entry is Python code and one test, usually a single assert. `setup` runs before them in the judge's
    process: imports, helpers, constants; what it defines is not taken from the candidate. `io`: pairs of standard input
    and expected standard output, each a test of the candidate as a whole program.
    """

    asserts: tuple[str, ...] = ()
    setup: str = ""
    io: tuple[tuple[str, str], ...] = ()

    __test__ = False  # not a test class, whatever pytest thinks of the name

    def __len__(self) -> int:
        return len(self.asserts) + len(self.io)

    @classmethod
    def from_check(cls, source: str, entry_point: str, stub: str = "") -> "TestSuite":
        """HumanEval's form: `source` defines `check(candidate)`, which is called with the function `entry_point`.

        One test per assert where the body of `check` is plain asserts (those that name nothing, as `assert True`, are
        left out), else one test in all. Complete helper functions and imports of `stub`, the problem's own text, go
        into the setup, so that a candidate cannot bring helpers of its own. Raises BadOption where there is no `check`.
        """
        tree = _parse(source, "the tests")
        check = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "check"), None)
        if check is None or len(check.args.args) != 1:
            raise BadOption("the tests define no function check(candidate); give asserts instead")
        given = helpers(stub, {entry_point})
        rest = [ast.unparse(node) for node in tree.body if node is not check]
        body = [node for node in check.body if not _is_idle(node)]
        parameter = check.args.args[0].arg
        if body and all(isinstance(node, ast.Assert) for node in body):
            bind = [] if parameter == entry_point else [f"{parameter} = {entry_point}"]
            asserts = [ast.unparse(node) for node in body if _names(node)]
            return cls(tuple(asserts), "\n".join([*given, *rest, *bind]))
        return cls((f"check({entry_point})",), "\n".join([*given, *rest, ast.unparse(check)]))

    @classmethod
    def of(cls, tests: "TestSuite | Sequence[str] | Sequence[tuple[str, str]]") -> "TestSuite":
        """A suite as it is, or from a sequence of asserts, of (standard input, expected output) pairs, or of such pairs
        as JSON objects `{"stdin": …, "stdout": …}`. Raises BadOption for a plain string."""
        if isinstance(tests, TestSuite):
            return tests
        if isinstance(tests, str):
            raise BadOption("tests are one string; give a sequence of asserts, or split the text first")
        asserts, pairs = [], []
        for test in tests:
            pair = _io_pair(test) if isinstance(test, str) else (test[0], test[1])
            if pair is not None:
                pairs.append(pair)
            elif isinstance(test, str):
                asserts.append(test)
        return cls(tuple(asserts), io=tuple(pairs))


def _io_pair(test: str) -> tuple[str, str] | None:
    if not test.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(test)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or set(found) != {"stdin", "stdout"}:
        return None
    return str(found["stdin"]), str(found["stdout"])


def free_names(sources: Iterable[str], setup: str = "") -> list[str]:
    """Names that the tests use and neither they, nor the setup, nor Python's builtins define: the candidate's.

    Code that does not parse has none; running it says why.
    """
    used: set[str] = set()
    own = set(dir(builtins)) | _module_names(setup)[1]
    for source in [setup, *sources]:
        referenced, defined = _module_names(source)
        used |= referenced - defined - own
    return sorted(used - own)


def _module_names(source: str) -> tuple[set[str], set[str]]:
    """Global names that the code refers to, and those that it defines."""
    try:
        top = symtable.symtable(source, "tests", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set()
    referenced: set[str] = set()
    defined = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                referenced.add(symbol.get_name())
    return referenced, defined


def _parse(source: str, what: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadOption(f"{what} are not Python: {error}") from None


def helpers(stub: str, defined: Collection[str]) -> list[str]:
    """Imports and complete functions and classes of the problem's text, without those of the names in `defined`.

    Raises BadOption where the text is not Python.
    """
    kept = []
    for node in _parse(stub, "the problem's functions").body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            wanted = node.name not in defined and not all(map(_is_idle, node.body))
        else:
            wanted = isinstance(node, ast.Import) or (
                isinstance(node, ast.ImportFrom) and node.module != "__future__"
            )
        if wanted:
            kept.append(ast.unparse(node))
    return kept


def _is_idle(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _names(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Name) for inner in ast.walk(node))
