"""`thinkharder bench`: run a grid into a folder; resume it, watch it, compare two."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from thinkharder.cli.bench_flags import ResumeFlags, RunFlags
from thinkharder.cli.flags import examples, pretty_help, takes

EXAMPLES = examples(
    "thinkharder bench gsm8k --limit 100 -m smollm2-135m -s self-consistency:n=32 --out runs/gsm8k",
    "thinkharder bench gsm8k countdown:n=50 -s direct -s self-consistency -s best-of-n --n 1..16*2 --out runs/grid",
    "thinkharder bench gsm8k -m smollm2-135m -s adaptive --tokens 1k,2k,4k --seeds 1..3 --out runs/budgets",
    "thinkharder bench resume runs/gsm8k",
    "thinkharder bench status runs/gsm8k --watch",
    "thinkharder bench compare runs/small runs/large",
)
Debug = Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document")]
Run = Annotated[Path, typer.Argument(metavar="RUN", readable=False, help="A run's folder, as --out named it")]


class _RunsByDefault(TyperGroup):
    """A group that takes words which are no sub-command's name for those of `run`, and a bare `--ray` for `--ray local`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` in front where a task or an option of it comes first."""
        args = _ray_named(args)
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


def _ray_named(args: list[str]) -> list[str]:
    """The words with an address behind every `--ray` that has none."""
    said: list[str] = []
    for word, behind in zip(args, [*args[1:], "-"], strict=False):
        said += [word, "local"] if word == "--ray" and behind.startswith("-") else [word]
    return said


def add(app: typer.Typer) -> None:
    """Put the commands into the application."""
    group = typer.Typer(
        cls=_RunsByDefault,
        help="Run tasks x models x strategies x budgets x seeds; every sample is kept and every run resumes."
        " `thinkharder bench TASK …` is `thinkharder bench run TASK …`.",
        rich_markup_mode=pretty_help(),
    )
    group.callback(invoke_without_command=True, epilog=EXAMPLES)(_default)
    group.command("run", epilog=EXAMPLES)(run)
    group.command("resume", epilog=examples("thinkharder bench resume runs/gsm8k --at-once 8"))(resume)
    group.command(
        "status",
        epilog=examples("thinkharder bench status runs/gsm8k --watch", "thinkharder bench status RUN --json"),
    )(status)
    group.command(
        "compare",
        epilog=examples(
            "thinkharder bench compare runs/small runs/large",
            "thinkharder bench compare runs/gsm8k --against direct",
        ),
    )(compare)
    app.add_typer(group, name="bench")


def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@takes(RunFlags)
def run(flags: RunFlags) -> None:
    """Run every task with every model, strategy, budget and seed, and keep all that comes of it in the folder --out.

    What the folder holds is not done again. Exit codes: 0 all cells done, 1 some failed or the run broke off, 2 usage,
    4 the model is gone, 130 interrupted.
    """
    from thinkharder.cli.bench_running import begin

    raise typer.Exit(begin(flags))


@takes(ResumeFlags)
def resume(flags: ResumeFlags) -> None:
    """Do what is left of a run: unfinished cells and failed ones. Draws that are in its store are not asked for again."""
    from thinkharder.cli.bench_running import again

    raise typer.Exit(again(flags))


def status(
    path: Run,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Look again every second until it ends")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="S", min=0.1, help="Seconds between two looks")
    ] = 1.0,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """How far a run is, read from its store: it may be running in another terminal, or be long over."""
    from thinkharder.cli.bench_status import show

    show(path, watch=watch, every=every, as_json=as_json)


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN [RUN]", readable=False, help="One run, or two")],
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="STRATEGY", help="Of one run: what the others are compared with"),
    ] = None,
    alpha: Annotated[
        float, typer.Option("--alpha", metavar="P", help="The chance of a false finding that is accepted")
    ] = 0.05,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the resampling")] = 0,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Compare strategies or models on the same problems, in pairs, corrected for how many comparisons there are.

    Two runs: rows that differ in the run alone. One run: every row with the first one, or with the row `--against`.
    """
    from thinkharder.cli.bench_compare import show

    show(runs, against=against, alpha=alpha, seed=seed, as_json=as_json)
