"""`bench status`: a run as its store has it, once or again and again."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from thinkharder.bench.status import Line, Status, read
from thinkharder.cli.bench_show import amount, duration
from thinkharder.cli.printing import console
from thinkharder.cli.text import dumps, one_line, redact

PATIENCE: Final = 10.0
"""A large store takes long to read; it is looked at again after so many times what the last look took."""
WINDOW: Final = 60.0
"""Seconds over which the rate of a watched run is measured."""


def show(path: Path, *, watch: bool, every: float, as_json: bool) -> None:
    """Print the status; with `watch` until the run is complete, or nobody works on it any more, or Ctrl-C."""
    if as_json:
        print(dumps(document(read(path))))
        return
    out = console()
    if not watch:
        out.print(
            picture(read(path)) if out.is_terminal else "\n".join(plain(read(path))),
            soft_wrap=not out.is_terminal,
        )
        return
    if not out.is_terminal:
        for status, rate in _looks(path, every):
            print(headline(status, rate), flush=True)
        return
    with Live(console=out, auto_refresh=False) as live:
        for status, rate in _looks(path, every):
            live.update(picture(status, rate), refresh=True)


def _looks(path: Path, every: float) -> Iterator[tuple[Status, float | None]]:
    """The status again and again, with the rate in cells a second (None at first)."""
    seen: list[tuple[float, int]] = []
    try:
        while True:
            began = time.monotonic()
            status = read(path)
            now = time.monotonic()
            seen = [*[one for one in seen if one[0] >= now - WINDOW], (now, status.done)]
            span = now - seen[0][0]
            yield status, (status.done - seen[0][1]) / span if span > 0 else None
            if status.complete or not status.running:
                return
            time.sleep(max(every, PATIENCE * (now - began)))
    except KeyboardInterrupt:
        return


def headline(status: Status, rate: float | None = None) -> str:
    """The whole run on one line."""
    parts = [f"{status.path}: {status.done}/{status.cells} cells"]
    if status.failed:
        parts.append(f"{status.failed} failed")
    parts += [f"{status.samples} samples", f"{amount(status.input_tokens + status.output_tokens)} tokens"]
    if status.usd:
        parts.append(f"${status.usd:.4f}")
    if rate:
        parts.append(f"{rate * 60:.1f} cells a minute")
        parts.append(f"{duration((status.cells - status.done) / rate)} left")
    state = "complete" if status.complete else "running" if status.running else "not running"
    return f"{', '.join(parts)}; {state}"


def plain(status: Status) -> list[str]:
    """The status as plain lines."""
    lines = [headline(status)]
    lines += [
        f"{line.task} | {line.model} | {label(line)} | {line.done}/{line.cells} cells"
        f" | accuracy {share(line.accuracy)} | {number(line.input_tokens + line.output_tokens)} tokens a problem"
        for line in status.lines
    ]
    return [one_line(line, 400) for line in [*lines, *_advice(status)]]


def picture(status: Status, rate: float | None = None) -> RenderableType:
    """The status as a table."""
    table = Table(
        box=None, padding=(0, 2, 0, 0), caption=Text("\n".join(_advice(status))), caption_justify="left"
    )
    table.title, table.title_justify = Text(headline(status, rate)), "left"
    for title in ("task", "model", "strategy"):
        table.add_column(title, overflow="fold")
    for title in ("cells", "accuracy", "tokens", "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in status.lines:
        table.add_row(
            Text(one_line(line.task, 40)),
            Text(one_line(line.model, 40)),
            Text(one_line(label(line), 80)),
            f"{line.done}/{line.cells}",
            share(line.accuracy),
            number(line.input_tokens + line.output_tokens),
            number(line.seconds),
        )
    return table


def label(line: Any) -> str:
    """Strategy and budget of a line: `best-of-n(n=4), tokens 2000`."""
    limits = [f"{name.replace('_', ' ')} {value}" for name, value in line.budget.items()]
    return ", ".join([line.strategy, *limits])


def share(value: float) -> str:
    """A share in percent; – where it is not known."""
    return "–" if math.isnan(value) else f"{value:.1%}"


def number(value: float) -> str:
    """A mean; – where there is none."""
    return "–" if math.isnan(value) else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _advice(status: Status) -> list[str]:
    lines = []
    if status.last_error:
        lines.append(f"last failure: {one_line(redact(status.last_error), 300)}")
    if not status.complete and not status.running:
        lines.append(f"go on with: thinkharder bench resume {status.path}")
    return lines


def document(status: Status) -> dict[str, Any]:
    """The status as JSON has it."""
    found = asdict(status)
    lines: tuple[Line, ...] = status.lines
    return {
        **found,
        "path": str(status.path),
        "complete": status.complete,
        "lines": [asdict(line) for line in lines],
    }
