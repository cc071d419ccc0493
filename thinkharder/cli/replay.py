"""`thinkharder replay`: accuracy against budget on recorded samples, for every strategy at once, without a model."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thinkharder.cli.flags import examples, takes

if TYPE_CHECKING:
    from thinkharder.replay import Row

EXAMPLES = examples(
    "thinkharder replay POOL.jsonl --strategy self-consistency --budgets 1,2,4,8,16",
    "thinkharder replay POOL.jsonl -s direct -s 'self-consistency(n=40,until=margin(m=3))' --json",
    "thinkharder replay RUN -s best-of-n --verifier judge --budgets tokens=2000,tokens=8000",
)
DEFAULT = ("direct", "self-consistency")
RECORDED, RESAMPLING = "The record", "Resampling"


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("replay", epilog=EXAMPLES)(replay)


@dataclass(frozen=True, slots=True)
class ReplayFlags:
    """All that `replay` takes."""

    pool: Annotated[
        str,
        typer.Argument(
            metavar="RUN|POOL",
            show_default=False,
            help="A run's folder, or recorded samples: JSONL, Parquet, SQLite",
        ),
    ]
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", "-s", metavar="SPEC", help="Such as self-consistency; may be given again"),
    ] = None
    budgets: Annotated[
        str | None,
        typer.Option(
            "--budgets",
            metavar="N,…",
            help="Samples a problem, or tokens=N; without: each strategy at its own n",
        ),
    ] = None
    trials: Annotated[
        int,
        typer.Option("--trials", metavar="N", help="Resamplings of the record", rich_help_panel=RESAMPLING),
    ] = 1000
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Of the resamplings", rich_help_panel=RESAMPLING)
    ] = 0
    cap: Annotated[
        int | None,
        typer.Option(
            "--cap",
            metavar="N",
            help="Draws of the full vote that agreement is with (40, or what every problem has)",
            rich_help_panel=RESAMPLING,
        ),
    ] = None
    ragged: Annotated[
        str,
        typer.Option(
            "--ragged",
            metavar="cap|refuse",
            help="Problems with too few samples: use what they have, or refuse",
            rich_help_panel=RESAMPLING,
        ),
    ] = "refuse"
    answer_type: Annotated[
        str,
        typer.Option(
            "--answer-type",
            metavar="TYPE",
            help="math, number, choice, text, json, code or auto",
            rich_help_panel=RECORDED,
        ),
    ] = "auto"
    verifier: Annotated[
        str | None,
        typer.Option(
            "--verifier", metavar="NAME", help="Whose recorded scores to read", rich_help_panel=RECORDED
        ),
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens", metavar="N", help="Cap each sample: longer ones abstain", rich_help_panel=RECORDED
        ),
    ] = None
    task: Annotated[
        str | None,
        typer.Option("--task", metavar="NAME", help="Of a run with several tasks", rich_help_panel=RECORDED),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME", help="Of a run with several models", rich_help_panel=RECORDED
        ),
    ] = None
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document: a list of rows, one a strategy and budget")
    ] = False
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")] = False


@takes(ReplayFlags)
def replay(flags: ReplayFlags) -> None:
    """Replay strategies on recorded samples: accuracy, agreement and cost at every budget, without asking a model."""
    from thinkharder.records.pool import read_pool
    from thinkharder.replay import Replaying, classed

    pool = classed(read_pool(flags.pool, task=flags.task, model=flags.model), flags.answer_type)
    if flags.max_tokens is not None:
        pool = pool.capped(flags.max_tokens)
    job = Replaying(
        pool,
        flags.strategy or DEFAULT,
        None if flags.budgets is None else [part for part in re.split(r"[,\s]+", flags.budgets) if part],
        flags.trials,
        flags.seed,
        flags.cap,
        flags.ragged,  # type: ignore[arg-type]
        flags.verifier,
    )
    told = _Progress()
    try:
        rows = job.run(told)
        if flags.as_json:
            print(json.dumps([row.row() for row in rows], indent=2, allow_nan=False))
            return
        between = job.baselines()
    finally:
        told.close()
    _show(rows, between)


class _Progress:
    """On a terminal a line that counts up, on standard error; elsewhere nothing: a replay takes seconds."""

    def __init__(self) -> None:
        self.shown = False

    def __call__(self, done: int, total: int) -> None:
        if sys.stderr is not None and sys.stderr.isatty() and total > 1:
            self.shown = True
            sys.stderr.write(f"\rreplaying: {done * 100 // total}%")
            sys.stderr.flush()

    def close(self) -> None:
        """Leave no trace."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _show(rows: Sequence["Row"], between: Sequence["Row"]) -> None:
    """The table for people; plain tab-separated lines where nobody looks."""
    from rich.table import Table
    from rich.text import Text

    from thinkharder.cli.printing import console

    out = console()
    first = rows[0]
    about = (
        f"{first.problems} problem{'s' * (first.problems != 1)}, {first.trials} resamplings of their samples; the full vote is that of"
        f" {first.cap} draws; intervals are 95%, over problems"
    )
    titles = ("strategy", "budget", "samples", "input", "output", "accuracy", "95%", "agreement")
    if not out.is_terminal:
        for line in ("\t".join(titles), *("\t".join(_cells(row)) for row in (*rows, *between))):
            out.print(line, soft_wrap=True)
        out.print(about, soft_wrap=True)
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, justify="left" if title == "strategy" else "right")
    for row in rows:
        cells = _cells(row)
        table.add_row(Text(cells[0], style="bold cyan"), *map(Text, cells[1:]))
    table.add_section()
    for row in between:
        table.add_row(*(Text(cell, style="dim") for cell in _cells(row)))
    out.print(table)
    out.print(Text(about, style="dim"))


def _cells(row: "Row") -> list[str]:
    interval = "–" if row.low is None or row.high is None else f"{row.low:.1%} to {row.high:.1%}"
    return [
        row.strategy,
        str(row.budget),
        f"{row.samples:.2f}",
        _shown(row.input_tokens, ",.0f"),
        _shown(row.output_tokens, ",.0f"),
        _shown(row.accuracy, ".2%"),
        interval,
        _shown(row.agreement, ".1%"),
    ]


def _shown(value: Any, form: str) -> str:
    return "–" if value is None else format(value, form)
