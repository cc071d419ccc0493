"""All commands in one typer application."""

from importlib import import_module
from typing import Annotated, Any

import typer

from thinkharder.cli.flags import examples, pretty_help
from thinkharder.cli.version import version

ABOUT = (
    "Spend inference compute where it pays: more samples, votes, checks and refinement under one hard budget."
)
COMMANDS = (
    "solve",
    "solve-many",
    "demo",
    "strategies",
    "doctor",
    "models",
    "tasks",
    "bench",
    "records",
    "replay",
    "scale",
    "report",
)
EXAMPLES = examples(
    "thinkharder demo",
    'thinkharder solve "What is 17 * 24?" --strategy self-consistency:n=16',
    "thinkharder doctor",
)


def application(first: str | None = None) -> tuple[Any, type[Any], type[Any]]:
    """The command, and the classes of its usage errors and of all its errors (typer brings its own click).

    Where `first`, the first word of the command line, is a command, the others are left out: it starts the sooner.
    """
    app = typer.Typer(
        help=ABOUT,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=pretty_help(),
        add_completion=True,
    )
    app.callback(invoke_without_command=True, epilog=EXAMPLES)(_root)
    for name in (first,) if first in COMMANDS else COMMANDS:
        import_module(f"thinkharder.cli.{name.replace('-', '_')}").add(app)
    usage_error = typer.BadParameter.__mro__[1]
    return typer.main.get_command(app), usage_error, usage_error.__mro__[1]


def _root(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", "-V", help="Print the version")] = False,
) -> None:
    if show_version:
        typer.echo(f"thinkharder {version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
