"""The Python in a problem's text: the function to be written, and what it may lean on."""

import ast
import re

from thinkharder.sandbox.suite import helpers

_FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?:python3?|py)?[ \t]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
_START = re.compile(r"^(?:from|import|def|async def|class|@)\b|^@", re.MULTILINE)
_FUTURE = re.compile(r"^from[ \t]+__future__[ \t]+import\b", re.MULTILINE)


def stub_of(text: str) -> str:
    """The last Python in a text that defines a function: a fenced block, the whole, or what begins with the first
    import or definition. Empty where there is none."""
    starts = [text[match.start() :] for match in _START.finditer(text)][:20]
    fenced: list[str] = _FENCE.findall(text)
    for candidate in [*reversed(fenced), text, *starts]:
        try:
            body = ast.parse(candidate).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in body):
            return candidate
    return ""


def with_stub(code: str, text: str) -> str:
    """The code with the imports and the complete helper functions of the problem's text that it does not define itself.

    A model that is asked to complete a function often gives that function alone and leans on what it was shown.
    """
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return code
    defined = {
        node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    added = "\n".join(helpers(stub_of(text), defined))
    if not added:
        return code
    # imports from __future__ come first; with them annotations are not evaluated, so the end does as well
    return f"{code}\n{added}\n" if _FUTURE.search(code) else f"{added}\n{code}"
