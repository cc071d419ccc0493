"""`thinkharder solve-many`: a file of problems on one budget, results as they come."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from thinkharder.cli.flags import OUTPUT, RunFlags, examples, parsed, takes
from thinkharder.config import SETTINGS
from thinkharder.readers import whole

EXAMPLES = examples(
    "thinkharder solve-many problems.jsonl --tokens 200k --out answers.jsonl",
    "thinkharder solve-many problems.jsonl --tokens 400k --out answers.jsonl --resume",
    'thinkharder solve-many problems.jsonl --question "{story} {ask}" --allocator blend --tokens 50k > answers.jsonl',
    'thinkharder solve-many humaneval --strategy "best-of-n(n=32)" --verifier tests --tokens 1M',
)
SHARE = "Shares (of the one budget)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyFlags(RunFlags):
    """All that `solve-many` takes; limits are those of the whole batch."""

    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", show_default=False, help="JSONL, JSON, CSV or Parquet; or a task such as gsm8k"
        ),
    ]
    question: Annotated[
        str,
        typer.Option(
            "--question", metavar="FIELD", help="The problem's field, or a template such as '{a} {b}'"
        ),
    ] = "question"
    answer_type: Annotated[
        str | None,
        typer.Option(
            "--answer-type", parser=parsed(SETTINGS["answer-type"]), metavar="TYPE", help="As in solve"
        ),
    ] = None
    limit: Annotated[
        int | None, typer.Option("--limit", parser=parsed(whole(1)), metavar="N", help="The first N problems")
    ] = None
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", readable=False, help="Results, JSONL", rich_help_panel=OUTPUT
        ),
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with --out; what it spent counts", rich_help_panel=OUTPUT)
    ] = False
    allocator: Annotated[
        str,
        typer.Option(
            "--allocator",
            metavar="SPEC",
            help="greedy, uniform, predicted, elimination or blend",
            rich_help_panel=SHARE,
        ),
    ] = "greedy"
    floor: Annotated[
        int,
        typer.Option(
            "--floor",
            parser=parsed(whole(0)),
            metavar="N",
            help="Samples for each, first",
            rich_help_panel=SHARE,
        ),
    ] = 1
    cap: Annotated[
        int | None,
        typer.Option(
            "--cap",
            parser=parsed(whole(1)),
            metavar="N",
            help="Most samples of one; default: the strategy's n",
            rich_help_panel=SHARE,
        ),
    ] = None
    each_tokens: Annotated[
        int | None,
        typer.Option(
            "--each-tokens",
            parser=parsed(SETTINGS["tokens"]),
            metavar="N",
            help="Hard limit of one problem",
            rich_help_panel=SHARE,
        ),
    ] = None
    wave: Annotated[
        int | None,
        typer.Option(
            "--wave",
            parser=parsed(whole(1)),
            metavar="N",
            help="Samples decided on at once; default: the model's batch",
            rich_help_panel=SHARE,
        ),
    ] = None
    solved: Annotated[
        float,
        typer.Option(
            "--solved", metavar="S", help="The score that a checker's right sample has", rich_help_panel=SHARE
        ),
    ] = 1.0
    json: bool = field(default=False, init=False)
    trace: Path | None = field(default=None, init=False)
    dry_run: bool = field(default=False, init=False)


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("solve-many", epilog=EXAMPLES)(solve_many)


@takes(ManyFlags)
def solve_many(flags: ManyFlags) -> None:
    """Solve a file of problems on one budget, which goes where it helps most.

    Each result is a line of JSON as soon as a problem is done. Ctrl-C, or the end of the budget, gives every problem its
    best so far. Exit codes: 0, 1 some problems failed, 2 usage, 3 nothing was found, 130 interrupted.
    """
    from thinkharder.cli.many_running import run

    raise typer.Exit(asyncio.run(run(flags)))
