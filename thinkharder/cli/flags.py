"""The flags of `solve` and `demo`, each stated once; a value that is not given is None and falls to the settings."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

import typer

from thinkharder.config import ENGINE, SETTINGS
from thinkharder.readers import Read

T = TypeVar("T")
BUDGET, SAMPLING, ENGINES, OUTPUT = "Budget (hard limits)", "Sampling", "Local models", "Output"


def parsed(read: Read) -> Callable[[Any], Any]:
    """A reader as typer takes it: what it refuses becomes a usage error that names the flag."""

    def parse(value: Any) -> Any:
        try:
            return read(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


def _flag(key: str, help: str, metavar: str, panel: str | None = None, *names: str) -> Any:
    read = parsed({**SETTINGS, **ENGINE}[key])
    return typer.Option(f"--{key}", *names, parser=read, help=help, metavar=metavar, rich_help_panel=panel)


@dataclass(frozen=True, slots=True)
class RunFlags:
    """What `solve` and `demo` share."""

    model: Annotated[
        str | None,
        _flag(
            "model", "smollm2-135m (default), gguf:PATH, hf:REPO/FILE, openai:MODEL@URL …", "SPEC", None, "-m"
        ),
    ] = None
    strategy: Annotated[
        str | None,
        _flag("strategy", "Such as self-consistency:n=16; see thinkharder strategies", "SPEC", None, "-s"),
    ] = None
    verifier: Annotated[str | None, _flag("verifier", "Who scores: judge, tests, confidence …", "SPEC")] = (
        None
    )
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", metavar="ROLE=SPEC", help="Another model for a role, such as judge=openai:gpt-5"
        ),
    ] = None
    tokens: Annotated[
        int | None, _flag("tokens", "Input and output tokens of everything; 20k", "N", BUDGET)
    ] = None
    output_tokens: Annotated[int | None, _flag("output-tokens", "Output tokens", "N", BUDGET)] = None
    calls: Annotated[int | None, _flag("calls", "Completions asked for", "N", BUDGET)] = None
    seconds: Annotated[float | None, _flag("seconds", "Wall time, the model loaded", "S", BUDGET)] = None
    usd: Annotated[float | None, _flag("usd", "US dollars", "USD", BUDGET)] = None
    seed: Annotated[
        int | None, _flag("seed", "Makes sampling repeatable where the model can", "N", SAMPLING)
    ] = None
    max_tokens: Annotated[int | None, _flag("max-tokens", "Most tokens of one sample", "N", SAMPLING)] = None
    temperature: Annotated[
        float | None, _flag("temperature", "Where the strategy spec does not say one", "T", SAMPLING)
    ] = None
    context: Annotated[int | None, _flag("context", "Most tokens of prompt and answer", "N", ENGINES)] = None
    threads: Annotated[int | None, _flag("threads", "Processor threads", "N", ENGINES)] = None
    memory: Annotated[
        float | None, _flag("memory", "GB for the cache of attention keys and values", "GB", ENGINES)
    ] = None
    gpu_layers: Annotated[int | None, _flag("gpu-layers", "Layers on the GPU (llama.cpp)", "N", ENGINES)] = (
        None
    )
    parallel: Annotated[int | None, _flag("parallel", "Sequences decoded together", "N", ENGINES)] = None
    json: Annotated[bool, typer.Option("--json", help="One JSON document", rich_help_panel=OUTPUT)] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The answer alone", rich_help_panel=OUTPUT)] = (
        False
    )
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="FILE",
            readable=False,
            help="Every event as JSON lines",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="The worst case; spends nothing", rich_help_panel=OUTPUT)
    ] = False
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on errors", rich_help_panel=OUTPUT)] = (
        False
    )

    def given(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """The flags that were given, of those that `known` has, by their setting's name."""
        named = {key: getattr(self, key.replace("-", "_"), None) for key in known}
        return {key: value for key, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class SolveFlags(RunFlags):
    """All that `solve` takes."""

    problem: Annotated[
        str | None,
        typer.Argument(metavar="TEXT | -", show_default=False, help="The problem, or - for stdin"),
    ] = None
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", metavar="FILE", readable=False, help="Read the problem from a file (UTF-8)"
        ),
    ] = None
    answer_type: Annotated[
        str | None, _flag("answer-type", "math, number, choice, text, json, code or auto (default)", "TYPE")
    ] = None
    system: Annotated[str | None, _flag("system", "A system message", "TEXT")] = None
    tests: Annotated[
        Path | None,
        typer.Option(
            "--tests", metavar="FILE", readable=False, help="Python asserts that a strategy may see and run"
        ),
    ] = None
    sandbox: Annotated[
        str | None, _flag("sandbox", "auto, bubblewrap, landlock, monty, or none (unprotected!)", "NAME")
    ] = None


def takes(kind: type[T]) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """Decorator: a command whose one argument is a dataclass of flags, as a function that typer can read."""

    def wrap(command: Callable[[T], None]) -> Callable[..., None]:
        hints = get_type_hints(kind, include_extras=True)
        named = [f for f in fields(kind) if f.init]  # type: ignore[arg-type]
        ordered = sorted(named, key=lambda f: f.name != "problem")

        def call(**values: Any) -> None:
            command(kind(**values))

        call.__doc__, call.__name__ = command.__doc__, command.__name__
        call.__annotations__ = {f.name: hints[f.name] for f in ordered}
        call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(
                    f.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=inspect.Parameter.empty if f.default is MISSING else f.default,
                    annotation=hints[f.name],
                )
                for f in ordered
            ]
        )
        return call

    return wrap


def pretty_help() -> Literal["rich"] | None:
    """How typer writes help: with frames and colour on a terminal, plain elsewhere."""
    return "rich" if sys.stdout is not None and sys.stdout.isatty() else None


def examples(*lines: str) -> str:
    """The examples of a command, for the end of its --help."""
    if pretty_help() is None:
        return "Examples:\n\n" + "\n\n".join(lines)
    return "\n\n".join(["[bold]Examples[/bold]", *(line.replace("[", chr(92) + "[") for line in lines)])
