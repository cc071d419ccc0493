"""`thinkharder demo`: a built-in problem, solved before your eyes."""

import tomllib
from importlib.resources import files
from typing import Any

import typer

from thinkharder.cli.flags import RunFlags, examples, takes

EXAMPLES = examples(
    "thinkharder demo", "thinkharder demo --strategy direct", "thinkharder demo --model qwen2.5-0.5b"
)


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("demo", epilog=EXAMPLES)(demo)


def problem() -> dict[str, Any]:
    """The built-in problem: its `text`, its right `answer`, and the settings that it is solved with."""
    return tomllib.loads(files("thinkharder.cli").joinpath("demo.toml").read_text("utf-8"))


@takes(RunFlags)
def demo(flags: RunFlags) -> None:
    """Solve a built-in problem with the default model, and show how."""
    from thinkharder import config
    from thinkharder.cli.solve import answer

    given = problem()
    if not (flags.quiet or flags.json or flags.dry_run):
        from thinkharder.cli.printing import console

        out = console()
        out.print(
            given["text"].strip(), style="italic", soft_wrap=not out.is_terminal, width=min(out.width, 100)
        )
        out.print()
    code = answer(flags, given["text"].strip(), config.load(), given["settings"])
    if code in (0, 3) and not (flags.quiet or flags.json or flags.dry_run):
        typer.echo(f"\nThe right answer is {given['answer']}.")
    raise typer.Exit(code)
