"""`bench compare`: which rows differ, as far as the data say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from thinkharder.bench.compare import Pair, Side, compare_rows, compare_runs, sides
from thinkharder.cli.bench_status import number, share
from thinkharder.cli.printing import console
from thinkharder.cli.text import dumps, one_line
from thinkharder.core.errors import BadOption


def show(runs: Sequence[Path], *, against: str | None, alpha: float, seed: int, as_json: bool) -> None:
    """Print the comparisons of one run's rows, or of two runs'. Raises BadOption for another number of runs."""
    if len(runs) > 2:
        raise BadOption(f"compare takes one run or two, not {len(runs)}")
    if len(runs) == 2 and against is not None:
        raise BadOption("--against chooses a row of one run; leave it out, or give one run")
    if len(runs) == 2 and runs[0].resolve() == runs[1].resolve():
        raise BadOption(f"both runs are {runs[0]}; give it once to compare its rows")
    if len(runs) == 2:
        first, second = (sides(path) for path in runs)
        pairs = compare_runs(first, second, alpha=alpha, seed=seed)
    else:
        pairs = compare_rows(sides(runs[0]), against, alpha=alpha, seed=seed)
    if as_json:
        print(dumps([document(pair) for pair in pairs]))
        return
    out = console()
    if out.is_terminal:
        out.print(_table(pairs))
    for pair in pairs:
        out.print(Text(one_line(pair.found.verdict, 600)), soft_wrap=not out.is_terminal)


def _table(pairs: Sequence[Pair]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("a", overflow="fold")
    table.add_column("b", overflow="fold")
    for title in ("a right", "b right", "a tokens", "b tokens", "difference", "p", ""):
        table.add_column(title, justify="right", no_wrap=True)
    for pair in pairs:
        found = pair.found
        table.add_row(
            Text(one_line(found.a, 80)),
            Text(one_line(found.b, 80)),
            share(pair.a_score),
            share(pair.b_score),
            number(pair.a.tokens),
            number(pair.b.tokens),
            f"{100 * found.difference:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]",
            f"{found.adjusted:.3f}",
            Text("differ", style="bold green") if found.shown else Text("no difference shown", style="dim"),
        )
    return table


def document(pair: Pair) -> dict[str, Any]:
    """A comparison as JSON has it; `adjusted` is p by Holm over the whole table."""
    found = pair.found
    names = (
        "difference",
        "low",
        "high",
        "p",
        "adjusted",
        "problems",
        "left_out",
        "method",
        "comparisons",
        "alpha",
    )
    return {
        "a": _side(pair.a, pair.a_score),
        "b": _side(pair.b, pair.b_score),
        **{name: getattr(found, name) for name in names},
        "shown": found.shown,
        "verdict": found.verdict,
    }


def _side(side: Side, score: float) -> dict[str, Any]:
    fields = {name: getattr(side, name) for name in ("run", "task", "model", "strategy", "budget", "tokens")}
    return {**fields, "accuracy": score}
