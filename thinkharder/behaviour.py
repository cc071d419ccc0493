"""When are two programs the same answer? When they behave alike on the inputs of the problem's public tests."""

import ast
from collections import Counter
from collections.abc import Sequence
from typing import Any, final

from thinkharder.core.errors import SandboxUnavailable
from thinkharder.core.types import Problem
from thinkharder.sandbox import Sandbox, call_function, choose
from thinkharder.sandbox.stubs import with_stub

Outcomes = tuple[tuple[str | None, str | None], ...]


@final
class Behaviour:
    """Compares programs by what `entry` returns (or raises) on `inputs`; each program runs once, in the sandbox.

    Imports and helpers that the problem's `text` shows are there, as they are when its tests run.
    """

    def __init__(
        self, sandbox: Sandbox, entry: str, inputs: Sequence[tuple[Any, ...]], text: str = ""
    ) -> None:
        self.sandbox, self.entry, self.inputs, self.text = sandbox, entry, tuple(inputs), text
        self._known: dict[str, Outcomes] = {}

    async def __call__(self, first: str, second: str) -> bool:
        """Whether two programs behave alike; two that fail in the same way do."""
        return await self.of(first) == await self.of(second)

    async def of(self, code: str) -> Outcomes:
        """What the program does on each input: (value, error)."""
        if code not in self._known:
            found = await call_function(self.sandbox, with_stub(code, self.text), self.entry, self.inputs)
            self._known[code] = tuple((outcome.value, outcome.error) for outcome in found)
        return self._known[code]


def behaviour_of(problem: Problem, sandbox: str = "auto") -> Behaviour | None:
    """How to compare programs for a problem; None where its tests give no inputs or no sandbox works."""
    entry, inputs = calls(problem.public_tests)
    if not inputs:
        return None
    try:
        return Behaviour(choose(sandbox), entry, inputs, problem.text)
    except SandboxUnavailable:
        return None


def calls(tests: Sequence[str]) -> tuple[str, list[tuple[Any, ...]]]:
    """The function that the asserts call most, and the literal arguments that they call it with, each once.

    An assert whose arguments are no literals gives none; ("", []) where there is none at all.
    """
    found: list[tuple[str, tuple[Any, ...]]] = []
    for test in tests:
        try:
            tree = ast.parse(test)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
                try:
                    found.append((node.func.id, tuple(ast.literal_eval(argument) for argument in node.args)))
                except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                    continue
    if not found:
        return "", []
    entry = Counter(name for name, _ in found).most_common(1)[0][0]
    unique = {repr(arguments): arguments for name, arguments in found if name == entry}
    return entry, list(unique.values())
