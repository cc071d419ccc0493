"""The examples in a function's docstring, as asserts: the only tests that a problem's own text gives."""

import ast
import builtins
import re
from collections.abc import Iterator

RELATION = re.compile(
    r"[ \t]*(?:#[ \t]*)?(?:==>|=>|-->|->|➞|→|⇒|===?|=|:=|should return|should be|returns?|evaluates to)[ \t]*"
)
WORDS = {"true": "True", "false": "False", "none": "None", "null": "None"}
CONSTANT_NODES = (
    ast.Expression, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.BinOp, ast.Load,
    ast.unaryop, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
)  # fmt: skip
GOES_ON = re.compile(r"\s*(?:[-+*/%&|^<>@]|(?:and|or|if|in|is|not)\b)")
MAX_CALL = 2000
"""Characters in which the closing bracket of an example's call is looked for."""


def docstring_examples(stub: str) -> list[str]:
    """Asserts from the docstring of the function to be written: the last one whose body is its docstring alone.

    Understands doctest (`>>> f(x)` and the value below it, or an exception's traceback, or `>>> f(x) == y`) and the
    forms `f(x) == y`, `f(x) -> y`, `=>`, `==>`, `➞`, `= y`, `returns y`, `# returns y`. Examples whose arguments are
    no plain values, or whose values are no constants, are left out. An empty list where there are none, or where the
    text is not Python.
    """
    found = _function(stub)
    if found is None:
        return []
    name, known, texts = found
    # a docstring that is not raw has its escapes taken twice by whoever wrote `f("a\nb")` in it: its source is meant
    candidates = [list(dict.fromkeys(_examples(text, name, known))) for text in texts]
    return max(candidates, key=len)


def _function(stub: str) -> tuple[str, set[str], list[str]] | None:
    """The function's name, the names that an example may use, and its docstring evaluated and as written."""
    try:
        tree = ast.parse(stub)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    documented = [node for node in functions if ast.get_docstring(node)]
    if not documented:
        return None
    open_ones = [node for node in documented if len(node.body) == 1]
    function = (open_ones or documented)[-1]
    known = {node.name for node in functions} | set(dir(builtins))
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            known |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    written = ast.get_source_segment(stub, function.body[0]) or ""
    return function.name, known, [ast.get_docstring(function, clean=True) or "", written.strip("rRuU\"'")]


def _examples(text: str, name: str, known: set[str]) -> Iterator[str]:
    lines = text.splitlines()
    prose: list[str] = []
    setup: list[str] = []
    index = 0
    while index < len(lines):
        if not lines[index].lstrip().startswith(">>>"):
            prose.append(lines[index])
            index += 1
            continue
        prose.append("")
        source = [_after_prompt(lines[index])]
        index += 1
        while index < len(lines) and lines[index].lstrip().startswith("..."):
            source.append(_after_prompt(lines[index]))
            index += 1
        wanted: list[str] = []
        while index < len(lines) and lines[index].strip() and not lines[index].lstrip().startswith(">>>"):
            wanted.append(lines[index])
            index += 1
        yield from _doctest("\n".join(source), wanted, name, known, setup)
    yield from _in_prose("\n".join(prose), name, known)


def _after_prompt(line: str) -> str:
    stripped = line.lstrip()[3:]
    return stripped[1:] if stripped.startswith(" ") else stripped


def _doctest(source: str, wanted: list[str], name: str, known: set[str], setup: list[str]) -> Iterator[str]:
    """An assert from one doctest; statements are kept in `setup` for the doctests after them."""
    expression = _expression(source)
    if expression is None:
        if _parses(source):
            setup.append(source)
            known |= {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        return
    if not _calls(expression, name) or not _uses_only(expression, known):
        return
    shown = ast.unparse(expression.body)
    first = wanted[0].strip() if wanted else ""
    test = ""
    if first.startswith("Traceback (most recent call last)"):
        kind = wanted[-1].strip().partition(":")[0]
        if isinstance(getattr(builtins, kind, None), type):
            test = (
                f"try:\n    {shown}\nexcept {kind}:\n    pass\nelse:\n    raise AssertionError('no {kind}')"
            )
    elif isinstance(expression.body, ast.Compare) and (not wanted or first == "True"):
        test = f"assert {shown}"
    elif (value := _constant("\n".join(line.strip() for line in wanted)) or _constant(first)) is not None:
        test = f"assert {shown} == {value}"
    elif not wanted:
        comment = source.rpartition("#")[2] if "#" in source else ""
        value = _constant_prefix(RELATION.sub("", comment.strip(), count=1)) if comment else None
        # a doctest that shows nothing returned None; with a remark beside it, it may only be unfinished
        if value:
            test = f"assert {shown} == {value}"
        elif not comment and isinstance(expression.body, ast.Call):
            test = f"assert {shown} is None"
    if test:
        yield "\n".join([*setup, test])


def _in_prose(text: str, name: str, known: set[str]) -> Iterator[str]:
    """Asserts from calls followed by a relation and a constant, as in `f(1) -> 2`."""
    for match in re.finditer(rf"(?<![\w.]){re.escape(name)}[ \t]*\(", text):
        call = _call_at(text, match.start())
        if call is None or not _uses_only(call[0], known):
            continue
        expression, end = call
        relation = RELATION.match(text, end)
        if relation is None:
            continue
        value = _constant_prefix(text[relation.end() : relation.end() + MAX_CALL])
        if value is not None:
            yield f"assert {ast.unparse(expression.body)} == {value}"


def _call_at(text: str, start: int) -> tuple[ast.Expression, int] | None:
    """The call that begins at `start`, and where it ends; None where no closing bracket makes it one."""
    end = start
    while (end := text.find(")", end + 1, start + MAX_CALL)) != -1:
        expression = _expression(text[start : end + 1])
        if expression is not None:
            return (expression, end + 1) if isinstance(expression.body, ast.Call) else None
    return None


def _constant_prefix(text: str) -> str | None:
    """The longest beginning of the first line that is a constant; further lines only within brackets."""
    first, _, rest = text.partition("\n")
    first = first.strip()
    word = re.match(r"\w+", first)
    if word and word[0] in WORDS:
        first = WORDS[word[0]] + first[word.end() :]
    for end in range(len(first), 0, -1):
        if end < len(first) and (first[end].isalnum() or first[end] in "_\"'"):
            continue  # within a word, or with a quotation mark too many
        if (value := _constant(first[:end])) is not None:
            # what goes on is no constant as a whole: its beginning would be a wrong value
            return None if GOES_ON.match(first, end) else value
    if first[:1] in "[({":
        joined = first
        for line in rest.splitlines()[:20]:
            joined += " " + line.strip()
            if (value := _constant(joined)) is not None:
                return value
    return None


def _constant(text: str) -> str | None:
    """The text in Python's own spelling where it is a constant, else None."""
    expression = _expression(text.strip())
    if expression is None or not all(isinstance(node, CONSTANT_NODES) for node in ast.walk(expression)):
        return None
    if any(isinstance(node, ast.Constant) and node.value is Ellipsis for node in ast.walk(expression)):
        return None
    return ast.unparse(expression.body)


def _expression(text: str) -> ast.Expression | None:
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _calls(expression: ast.Expression, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(expression))


def _uses_only(expression: ast.Expression, known: set[str]) -> bool:
    bound = {n.id for n in ast.walk(expression) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(expression) if isinstance(node, ast.arg)}
    return all(n.id in known or n.id in bound for n in ast.walk(expression) if isinstance(n, ast.Name))
