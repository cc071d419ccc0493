"""The problem and its tests, from the command line, a file or standard input."""

import ast
import sys
from pathlib import Path

from thinkharder.core.errors import BadProblem, UsageError
from thinkharder.core.types import MAX_PROBLEM_BYTES

HOW = "give it as text, with --file FILE, or '-' for standard input"


def problem_text(text: str | None, file: Path | None) -> str:
    """The problem's text. Raises UsageError for none or two, BadProblem for what cannot be read as text."""
    if text is not None and file is not None:
        raise UsageError(f"the problem is given twice, as text and with --file {file}; give one of them")
    if file is not None and str(file) != "-":
        return read_text(file)
    if text == "-" or file is not None:
        if sys.stdin is None or sys.stdin.closed:
            raise BadProblem(f"standard input is closed; {HOW}")
        try:
            return _decoded(sys.stdin.buffer.read(MAX_PROBLEM_BYTES + 1), "standard input")
        except OSError as error:
            raise BadProblem(f"cannot read standard input: {error.strerror or error}; {HOW}") from error
    if text is None:
        raise UsageError(f"there is no problem to solve; {HOW} (see: thinkharder solve --help)")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadProblem(
            "the problem on the command line is not valid UTF-8; save it as UTF-8 and use --file FILE"
        )
    return text


def read_text(path: Path, what: str = "problem") -> str:
    """A file's text. Raises BadProblem with what to do."""
    try:
        with path.open("rb") as file:
            return _decoded(file.read(MAX_PROBLEM_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise BadProblem(f"there is no file {path}; check the path of the {what}") from error
    except IsADirectoryError as error:
        raise BadProblem(f"{path} is a directory; name a text file") from error
    except OSError as error:
        raise BadProblem(
            f"cannot read {path}: {error.strerror or error}; check the path and its rights"
        ) from error


def public_tests(path: Path) -> tuple[str, ...]:
    """The tests of a Python file, one for each assert at its top level, each behind the file's other statements.

    Raises BadProblem where it is no Python, or asserts nothing.
    """
    source = read_text(path, "tests")
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f" (line {line}: {getattr(error, 'msg', error)})" if line else ""
        raise BadProblem(f"the tests in {path} are not valid Python{where}; correct them") from error
    asserts = [node for node in body if isinstance(node, ast.Assert)]
    if not asserts:
        raise BadProblem(f"{path} has no assert at its top level; write tests such as: assert add(2, 3) == 5")
    others = [ast.unparse(node) for node in body if not isinstance(node, ast.Assert)]
    return tuple(
        "\n".join([*others, ast.get_source_segment(source, node) or ast.unparse(node)]) for node in asserts
    )


def _decoded(data: bytes, where: str) -> str:
    if len(data) > MAX_PROBLEM_BYTES:
        raise BadProblem(f"{where} has more than the {MAX_PROBLEM_BYTES:,} bytes that are read; shorten it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadProblem(f"{where} is not valid UTF-8 (byte {error.start:,}); save it as UTF-8") from error
    if "\0" in text:
        raise BadProblem(f"{where} holds a NUL character, so it is no text; name a text file")
    return text
