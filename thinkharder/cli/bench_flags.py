"""The flags of `bench run`, `bench resume` and what they share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from thinkharder.cli.flags import ENGINES, OUTPUT, SAMPLING, parsed
from thinkharder.config import ENGINE, SETTINGS
from thinkharder.readers import Read, whole

GRID, RAY = "Grid (each problem is solved once for every combination)", "Ray"
MOST_VALUES = 1000
"""Values that one range may stand for."""


def grid(least: int) -> Read:
    """A reader of whole numbers as a grid: `1,2,4`, `1..5` (every one) and `1..64*2` (each twice the last). Gives the
    numbers as text, which typer can hold; `numbers` splits it. Raises ValueError."""
    one = whole(least)

    def read(value: Any) -> str:
        found: list[int] = []
        for part in str(value).split(","):
            span = re.fullmatch(r"\s*([\w.]*?\w)\.\.(\w+?)(?:\*(\d+))?\s*", part)
            found += _span(one(span[1]), one(span[2]), span[3]) if span else [one(part.strip())]
            if len(found) > MOST_VALUES:
                raise ValueError(f"stands for more than {MOST_VALUES} values")
        return ",".join(map(str, dict.fromkeys(found)))

    return read


def _span(low: int, high: int, factor: str | None) -> list[int]:
    if high < low:
        raise ValueError(f"{low}..{high} must go upwards")
    if factor is None:
        return list(range(low, min(high, low + MOST_VALUES) + 1))
    if int(factor) < 2 or low < 1:
        raise ValueError(f"{low}..{high}*{factor} must begin at 1 or more and grow by a factor of 2 or more")
    found = [low]
    while found[-1] * int(factor) <= high:
        found.append(found[-1] * int(factor))
    return found


def numbers(text: str | None) -> tuple[int, ...]:
    """The numbers of a grid as `grid` gives it."""
    return tuple(map(int, text.split(","))) if text else ()


def _flag(key: str, help: str, metavar: str, panel: str, read: Read | None = None, *names: str) -> Any:
    read = parsed(read or {**SETTINGS, **ENGINE}[key])
    return typer.Option(f"--{key}", *names, parser=read, help=help, metavar=metavar, rich_help_panel=panel)


@dataclass(frozen=True, slots=True)
class MachineFlags:
    """How a run is run; its results do not depend on it. Shared by `run` and `resume`."""

    at_once: Annotated[
        int | None,
        _flag(
            "at-once", "Problems at a time; default: enough to fill the model's batch", "N", ENGINES, whole(1)
        ),
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
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="[ADDRESS]",
            help="Spread over a Ray cluster: HOST:PORT, auto (the one this machine is of), or local: one of its own,"
            " also where no address follows",
            rich_help_panel=RAY,
        ),
    ] = None
    workers: Annotated[
        int | None, _flag("workers", "Ray workers; default: one for each node", "N", RAY, whole(1))
    ] = None
    worker_cpus: Annotated[
        float | None,
        typer.Option(
            "--worker-cpus", metavar="N", min=0, help="Cores of each Ray worker", rich_help_panel=RAY
        ),
    ] = None
    worker_gpus: Annotated[
        float | None,
        typer.Option(
            "--worker-gpus", metavar="N", min=0, help="GPUs of each Ray worker", rich_help_panel=RAY
        ),
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress", rich_help_panel=OUTPUT)] = False
    json: Annotated[bool, typer.Option("--json", help="One JSON document", rich_help_panel=OUTPUT)] = False
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on errors", rich_help_panel=OUTPUT)] = (
        False
    )

    def given(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """The flags that were given, of those that `known` has, by their setting's name."""
        named = {key: getattr(self, key.replace("-", "_"), None) for key in known}
        return {key: value for key, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeFlags(MachineFlags):
    """All that `bench resume` takes."""

    path: Annotated[Path, typer.Argument(metavar="RUN", readable=False, help="The run's folder")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFlags(MachineFlags):
    """All that `bench run` takes."""

    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="TASK…", show_default=False, help="Such as gsm8k, countdown:n=100, jsonl:FILE,…"
        ),
    ]
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="RUN", readable=False, help="The run's folder", rich_help_panel=OUTPUT
        ),
    ]
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="SPEC", help="A model; may be repeated", rich_help_panel=GRID),
    ] = None
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy", "-s", metavar="SPEC", help="A strategy; may be repeated", rich_help_panel=GRID
        ),
    ] = None
    n: Annotated[
        str | None,
        _flag(
            "n", "Samples, for strategies whose spec leaves n open: 1,4,16 or 1..64*2", "GRID", GRID, grid(1)
        ),
    ] = None
    tokens: Annotated[
        str | None,
        _flag("tokens", "Hard limits of tokens a problem: 2k,4k or 1k..16k*2", "GRID", GRID, grid(1)),
    ] = None
    seeds: Annotated[str | None, _flag("seeds", "Seeds: 1,2,3 or 1..3; default 1", "GRID", GRID, grid(0))] = (
        None
    )
    limit: Annotated[int | None, _flag("limit", "The first N problems of each task", "N", GRID, whole(1))] = (
        None
    )
    verifier: Annotated[
        str | None, _flag("verifier", "Who scores: judge, tests, confidence …", "SPEC", GRID)
    ] = None
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", metavar="ROLE=SPEC", help="Another model for a role, such as judge=openai:gpt-5"
        ),
    ] = None
    output_tokens: Annotated[
        int | None,
        _flag("output-tokens", "Output tokens a problem", "N", "Budget of each problem (hard limits)"),
    ] = None
    calls: Annotated[
        int | None, _flag("calls", "Completions a problem", "N", "Budget of each problem (hard limits)")
    ] = None
    seconds: Annotated[
        float | None, _flag("seconds", "Wall time a problem", "S", "Budget of each problem (hard limits)")
    ] = None
    usd: Annotated[
        float | None, _flag("usd", "US dollars a problem", "USD", "Budget of each problem (hard limits)")
    ] = None
    temperature: Annotated[
        float | None, _flag("temperature", "Where the strategy spec does not say one", "T", SAMPLING)
    ] = None
    top_p: Annotated[
        float | None,
        typer.Option("--top-p", metavar="P", min=0, max=1, help="Nucleus", rich_help_panel=SAMPLING),
    ] = None
    top_k: Annotated[
        int | None,
        typer.Option("--top-k", metavar="K", min=0, help="Likeliest tokens", rich_help_panel=SAMPLING),
    ] = None
    max_tokens: Annotated[int | None, _flag("max-tokens", "Most tokens of one sample", "N", SAMPLING)] = None
    system: Annotated[str | None, _flag("system", "A system message", "TEXT", SAMPLING)] = None
    record_logprobs: Annotated[
        str,
        typer.Option(
            "--record-logprobs",
            metavar="WHAT",
            help="none, summary, or tokens (each token's; some replays need them)",
            rich_help_panel=SAMPLING,
        ),
    ] = "summary"
    top_logprobs: Annotated[
        int | None,
        _flag(
            "top-logprobs",
            "Alternatives of each token, with --record-logprobs tokens",
            "K",
            SAMPLING,
            whole(1),
        ),
    ] = None
    sandbox: Annotated[
        str | None,
        _flag("sandbox", "auto, bubblewrap, landlock, monty, or none (unprotected!)", "NAME", SAMPLING),
    ] = None
