"""`thinkharder models`: the catalogue of local models; bring one, look at one."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from thinkharder.cli.flags import examples, pretty_help

EXAMPLES = examples(
    "thinkharder models", "thinkharder models pull qwen2.5-1.5b", "thinkharder models show smollm2-135m"
)
SPECS = {
    "NAME": "a model of this list, downloaded on first use",
    "gguf:PATH": "a GGUF file; the faster engine that can read it is chosen",
    "hf:OWNER/REPO/FILE.gguf": "a file on Hugging Face; hf:OWNER/REPO is a folder of a converted OpenVINO model",
    "openvino:…, llamacpp:…": "any of these, on that engine",
    "openai:MODEL[@BASE_URL]": "an OpenAI-compatible endpoint; the key is read from OPENAI_API_KEY",
    "toy:…": "a deterministic model for tests, such as toy:categorical(answers=[18,20])",
}
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document")]
Debug = Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")]


def add(app: typer.Typer) -> None:
    """Put the commands into the application."""
    group = typer.Typer(help="List, bring and describe local models.", rich_markup_mode=pretty_help())
    group.callback(invoke_without_command=True, epilog=EXAMPLES)(_default)
    group.command("list", epilog=examples("thinkharder models list --json"))(list_)
    group.command(
        "pull",
        epilog=examples(
            "thinkharder models pull smollm2-135m", "thinkharder models pull --check smollm2-135m"
        ),
    )(pull)
    group.command("show", epilog=examples("thinkharder models show qwen2.5-0.5b"))(show)
    app.add_typer(group, name="models")


def _default(context: typer.Context) -> None:
    """List, bring and describe local models."""
    if context.invoked_subcommand is None:
        list_()


def list_(as_json: AsJson = False, debug: Debug = False) -> None:
    """The models that have a name here, and every other way to name a model."""
    from thinkharder.models import catalog

    found = catalog.list_models()
    if as_json:
        print(json.dumps([_plain(model) for model in found], indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    from thinkharder.cli.printing import console

    out = console()
    if not out.is_terminal:
        for model in found:
            here = "here" if model.cached else "not here"
            out.print(
                f"{model.name}: {model.about} ({size(model.bytes)}, {model.licence}, {here})", soft_wrap=True
            )
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("model", "what it is", "size", "licence", "here"):
        table.add_column(
            title, no_wrap=title in ("model", "size"), justify="right" if title == "size" else "left"
        )
    for model in found:
        mark = Text("yes", style="green") if model.cached else Text("–", style="dim")
        table.add_row(
            Text(model.name, style="bold cyan"), Text(model.about), size(model.bytes), model.licence, mark
        )
    out.print(table)
    out.print()
    grid = Table.grid(padding=(0, 2))
    for spec, about in SPECS.items():
        grid.add_row(Text(spec, style="cyan"), Text(about, style="dim"))
    out.print(Text("--model takes", style="bold"))
    out.print(grid)


def pull(
    name: Annotated[str, typer.Argument(help="A name of the list, or hf:OWNER/REPO/FILE.gguf")],
    check: Annotated[bool, typer.Option("--check", help="Read the whole file and compare its hash")] = False,
    debug: Debug = False,
) -> None:
    """Bring a model now, so that the first solve need not."""
    from thinkharder.cli import display
    from thinkharder.models import catalog

    shown = display.choose(quiet=False)
    try:
        file = catalog.pull(
            name, check=check, progress=lambda what, done, total: shown.loading(f"{what} {name}", done, total)
        )
    finally:
        shown.close()
    typer.echo(file.path)


def show(
    name: Annotated[str, typer.Argument(help="A name of the list")],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """What is known of a model: size, licence, source, where its file lies."""
    from thinkharder.models import catalog

    model = catalog.show(name)
    told = _plain(model)
    if as_json:
        print(json.dumps(told, indent=2))
        return
    told["bytes"] = size(model.bytes)
    told["path"] = told["path"] or f"not here yet: thinkharder models pull {name}"
    for key, value in told.items():
        print(f"{key.replace('bytes', 'size'):8} {value}")


def size(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _plain(model: Any) -> dict[str, Any]:
    return {**asdict(model), "path": None if model.path is None else str(model.path)}
