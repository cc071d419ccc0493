"""The entry point: finds the command, and turns every way to fail into one line and an exit code.

Exit codes: 0 answered; 1 another failure (the output could not be written, a bug); 2 usage; 3 nothing found within the
budget; 4 model unreachable; 130 interrupted; 141 the reader of the output went away; 143 terminated.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

FAILED, USAGE, INTERRUPTED, READER_GONE = 1, 2, 130, 141
_NOT_EMBEDDED = ("openai:", "toy:", "llamacpp:")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    try:
        code = _run(words)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        _forget_stdout()
        return READER_GONE
    except OSError as error:
        _forget_stdout()
        _say(f"cannot write the output: {error.strerror or error}; free space, or write elsewhere")
        return FAILED


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        from thinkharder.cli.version import version

        print(f"thinkharder {version()}")
        return 0
    try:
        with _engine_ahead(words):
            return _command(words)
    except KeyboardInterrupt as error:
        return _fail(words, error, INTERRUPTED, "interrupted")


@contextlib.contextmanager
def _engine_ahead(words: list[str]) -> Iterator[None]:
    """Start the embedded engine's process before anything else is imported, where the words look like a solve on it.

    It is half a second's start for nothing; one that turns out not to be needed is ended with the command.
    """
    model = next((value for flag, value in pairwise([*words, ""]) if flag == "--model"), "")
    model = model or os.environ.get("THINKHARDER_MODEL", "")
    others = {"--help", "--dry-run"}.intersection(words) or model.startswith(_NOT_EMBEDDED)
    if words[:1] not in (["solve"], ["demo"]) or others or find_spec("openvino_genai") is None:
        yield
        return
    from thinkharder.models import engine_start

    engine_start.start_ahead()
    try:
        yield
    finally:
        engine_start.drop_spare()


def _command(words: list[str]) -> int:
    from thinkharder.cli.app import application
    from thinkharder.core.errors import ThinkharderError

    app, usage_error, click_error = application(words[0] if words else None)
    try:
        outcome = app(args=words, prog_name="thinkharder", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except ThinkharderError as error:
        return _fail(words, error, error.exit_code)
    except usage_error as error:
        return _fail(words, error, USAGE, _usage_line(error))
    except click_error as error:
        return _fail(words, error, getattr(error, "exit_code", FAILED), str(error.format_message()))
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None:
            raise  # standard output: `main` knows what to do
        hint = (
            "this is a bug in thinkharder or in a plugin: run it again with --debug and report what it prints"
        )
        return _fail(words, error, FAILED, f"{type(error).__name__}: {error} ({hint})")


def _usage_line(error: Any) -> str:
    """A parser's complaint as one line, with the command whose help answers it."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "thinkharder"
    text = str(error.format_message()).strip().rstrip(".")
    if "unexpected extra argument" in text:
        text += ": put the problem in quotes"
    return f"{text}; see: {path} --help"


def _fail(words: list[str], error: BaseException, code: int, message: str = "") -> int:
    """Say what went wrong: a line on standard error, with --json the document too, with --debug the traceback."""
    from thinkharder.cli.text import clean, dumps, redact

    told = " ".join(redact(clean(message or str(error) or type(error).__name__)).split())
    before = words[: words.index("--")] if "--" in words else words
    if "--debug" in before or os.environ.get("THINKHARDER_DEBUG"):
        import traceback

        sys.stderr.write(redact(clean("".join(traceback.format_exception(error)))))
    if "--json" in before:
        document = {"error": {"type": type(error).__name__, "message": told, "exit_code": code}}
        for name in ("nearest", "limit"):
            if hasattr(error, name):
                document["error"][name] = getattr(error, name)
        print(dumps(document, ascii_only=True))
    _say(told)
    return code


def _say(line: str) -> None:
    name = "thinkharder:"
    with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody reads standard error any more
        if (
            sys.stderr.isatty()
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM", "dumb") != "dumb"
        ):
            name = f"\x1b[1;31m{name}\x1b[0m"
        encoding = sys.stderr.encoding or "ascii"
        sys.stderr.write(f"{name} {line}\n".encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()


def _forget_stdout() -> None:
    """Point standard output away, so that the interpreter's own last flush does not fail again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
