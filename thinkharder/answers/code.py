"""Python code: the last block that holds what was asked for; the same where its syntax tree is, or where it behaves so."""

import ast
import hashlib
import re
import threading
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import final

from thinkharder.answers.base import Answer
from thinkharder.answers.extract import final_part
from thinkharder.answers.json import fenced

MAX_CHARS = 40_000
"""Characters of the longest program that is taken."""
MAX_NESTING = 60
"""Operators and brackets in a row beyond which a text is refused before Python's parser sees it."""

Behaves = Callable[[str, str], Awaitable[bool]]
"""Says whether two programs behave the same on the caller's inputs; runs them in the caller's sandbox."""

_LANGUAGES = ("python", "py", "python3", "py3", "")
_DEFINED = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)
_CHAIN = re.compile(
    r"(?:[-+~([{]\s?|\bnot\s|\blambda:\s?){60}|(?:\.\w{1,40}|\[\w{0,20}\]|\(\)){300}|(?:\*\*|\+|-)(?:\w{1,8}(?:\*\*|\+|-)){400}"
)
# The parser reports odd literals as warnings, and the filters are the process's own: one thread at a time changes them.
_filters = threading.Lock()


@final
@dataclass(frozen=True, slots=True)
class CodeAnswers:
    """Python programs. `entry`: the function that must be defined, where known. `behaves` decides what keys cannot.

    The key is the syntax tree without comments, docstrings and layout. Without `behaves` the key alone decides.
    """

    entry: str = ""
    behaves: Behaves | None = None
    reason: str = ""
    name: str = field(default="code", init=False)

    @property
    def semantic(self) -> bool:
        """True where the caller gave a way to compare behaviour."""
        return self.behaves is not None

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        """The last closed Python block that defines the entry (else: anything; else: any program), or the whole text."""
        body = final_part(text)
        if body is None:
            return None
        body = body[-1_000_000:]
        blocks = [block for block in fenced(body, _LANGUAGES)[-32:] if block.strip()]
        ranked = [b for b in blocks if self.entry in _DEFINED.findall(b)] if self.entry else []
        ranked = ranked or [b for b in blocks if _DEFINED.search(b)] or blocks
        for block in reversed(ranked):
            if (answer := self.read(block)) is not None:
                return answer
        if blocks or not complete:
            return None
        return (
            self.read(body)
            if _DEFINED.search(body) or "=" in body or "print(" in body or "import " in body
            else None
        )

    def read(self, code: str) -> Answer | None:
        """The program that this text is, or None where it does not parse."""
        tree = parse(code)
        if tree is None or not tree.body:
            return None
        try:
            dump = ast.dump(_Bare().visit(tree))
        except (RecursionError, MemoryError):
            return None
        key = "sha256:" + hashlib.sha256(dump.encode("utf-8", "surrogatepass")).hexdigest()
        shown = code.strip("\n").rstrip()
        return Answer(key, shown, shown)

    async def same(self, a: Answer, b: Answer) -> bool:
        """Equal trees, or equal behaviour, asked with the smaller key first so that the answer is symmetric."""
        if a.key == b.key:
            return True
        if self.behaves is None:
            return False
        first, second = (a, b) if a.key < b.key else (b, a)
        return await self.behaves(str(first.value), str(second.value))


def parse(code: str) -> ast.Module | None:
    """The syntax tree of a program, or None. Refuses what could exhaust the parser."""
    if len(code) > MAX_CHARS or _CHAIN.search(code):
        return None
    for text in (code, _dedented(code)):
        try:
            with _filters, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _dedented(code: str) -> str:
    import textwrap

    return textwrap.dedent(code.strip("\n"))


class _Bare(ast.NodeTransformer):
    """Removes docstrings."""

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])
        return node
