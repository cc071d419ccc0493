"""Scripted agents, one for each environment: what can be reached without a model, and a test that it can be reached."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from thinkharder.tasks.environment import Action, Observation, Turn


@final
@dataclass(frozen=True, slots=True)
class SingleEdits:
    """For `repair`: tries every single edit of the function's syntax tree until the tests pass.

    Edits: a comparison or an operator for another, a whole number one up or down, `and` for `or`, `while` for `if`, the end of a `range`. It
    finds bugs that are one such edit, and gives up on others. As a way to repair programs: Weimer et al. 2009 and others
    after them search such edits (ICSE 2009, doi:10.1109/ICSE.2009.5070536).
    """

    async def act(
        self, tools: Sequence[Mapping[str, Any]], opening: Observation, turns: Sequence[Turn]
    ) -> Action | None:
        """The next edit of the function that was shown at the beginning, None when all were tried."""
        found = re.search(r"```python\n(.*?)\n```", opening.text, re.DOTALL)
        edits = list(dict.fromkeys(single_edits(found[1]))) if found else []
        return Action("replace", {"source": edits[len(turns)]}) if len(turns) < len(edits) else None


_SWAPS: Mapping[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.FloorDiv: (ast.Mod,),
    ast.Mod: (ast.FloorDiv,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}


def single_edits(source: str) -> Iterator[str]:
    """Programs that differ from the source by one edit; none where it is not Python."""
    try:
        count = sum(1 for _ in ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return
    for place in range(count):
        for which in range(4):
            tree = ast.parse(source)
            node = list(ast.walk(tree))[place]
            if _edit(node, which):
                yield ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _edit(node: ast.AST, which: int) -> bool:
    """Make the edit number `which` on a node in place; False where there is none."""
    if isinstance(node, ast.Compare):
        swaps = _SWAPS.get(type(node.ops[0]), ())
        if which < len(swaps):
            node.ops[0] = swaps[which]()  # type: ignore[call-overload]
            return True
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        swaps = _SWAPS.get(type(node.op), ())
        if which < len(swaps):
            node.op = swaps[which]()  # type: ignore[assignment]
            return True
    elif isinstance(node, ast.Constant) and type(node.value) is int and which < 2:
        node.value += 1 if which == 0 else -1
        return True
    elif isinstance(node, ast.If) and not node.orelse and which == 0:
        node.__class__ = ast.While  # type: ignore[assignment]
        return True
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range" and which < 2:
        end = min(len(node.args), 2) - 1
        node.args[end] = ast.BinOp(node.args[end], (ast.Add, ast.Sub)[which](), ast.Constant(1))
        return True
    return False


@final
@dataclass(frozen=True, slots=True)
class ArchiveReader:
    """For `documents` with its own archive: searches a name, reads the best document, follows the works and the town that
    the question leads over, and answers with what stands at the place that is asked for. It knows the archive's wording."""

    async def act(
        self, tools: Sequence[Mapping[str, Any]], opening: Observation, turns: Sequence[Turn]
    ) -> Action | None:
        """Search, read, search, read, … answer; None where nothing is found."""
        question = opening.text.partition("\n")[0]
        if not turns:
            names = re.findall(r"\b[A-Z]\w+", question[2:])
            return Action("search", {"query": " ".join(names)}) if names else None
        last = turns[-1]
        if last.action.tool == "search":
            name = re.match(r"(\S+\.txt): ", last.observation.text)
            return Action("read", {"document": name[1]}) if name else None
        text = last.observation.text
        onward = _onward(question, text)
        if onward:
            return Action("search", {"query": onward})
        found = _asked(question, text)
        return Action("answer", {"text": found}) if found else None


def _onward(question: str, text: str) -> str | None:
    """What to look up next: the employer of a person, the town of a works or of a birth, where the question goes on."""
    employer = re.search(r"at the (\w+ Works)", text)
    if employer and " works " in question:
        return employer[1]
    place = re.search(r"Works stand in (\w+)|was born in (\w+)", text)
    if place and re.search(r"river|charter", question):
        return place[1] or place[2]
    return None


def _asked(question: str, text: str) -> str | None:
    patterns = {
        "river": r"the river (\w+)",
        "charter": r"charter in (\d+)",
        " open": r"opened in (\d+)",
        "make": r"make ([\w ]+)\.",
        "born": r"born in (\w+)",
        "As what": r"employed as ([\w ]+) at",
    }
    for word, pattern in patterns.items():
        if word in question:
            found = re.search(pattern, text)
            return found[1] if found else None
    return None
