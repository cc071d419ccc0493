"""How far a run is, read from its folder alone: by another process while it runs, or long afterwards."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from thinkharder.bench.folder import RunFolder
from thinkharder.core.identity import canonical_json
from thinkharder.records.cell import Cell
from thinkharder.records.store import Store

LINE = ("task", "model", "strategy", "budget")
"""What makes a line of a table: a row of the grid, its seeds taken together."""


@final
@dataclass(frozen=True, slots=True)
class Line:
    """The cells of one task, model, strategy and budget, over problems and seeds.

    `cells` were asked for, `done` of them ended without an error and `failed` with one. `accuracy` is the mean score of
    those done, NaN before the first; tokens, seconds and `usd` (None: unknown) are means a cell.
    """

    task: str
    model: str
    strategy: str
    budget: Mapping[str, Any]
    cells: int
    done: int
    failed: int
    accuracy: float
    input_tokens: float
    output_tokens: float
    seconds: float
    usd: float | None


@final
@dataclass(frozen=True, slots=True)
class Status:
    """A run as it stands. `running`: a process on this machine works on it. Sums are over the finished cells; `usd`
    None: a price is not known. `samples` are the generations in the store, whatever they are for."""

    path: Path
    running: bool
    cells: int
    done: int
    failed: int
    samples: int
    input_tokens: int
    output_tokens: int
    usd: float | None
    lines: tuple[Line, ...]
    last_error: str = ""

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return self.done >= self.cells


def read(path: str | Path) -> Status:
    """The status of the run in a folder. Raises ConfigError where there is none, StoreError where it cannot be read."""
    folder = RunFolder.open(path)
    asked = folder.plan.cells()
    found: list[Cell] = []
    samples = 0
    if folder.records.exists():
        with Store.open(folder.records) as store:
            found = [cell for cell in store.cells() if cell.key in asked]
            samples = sum(group.samples for group in store.groups())
    good = [cell for cell in found if cell.error is None]
    bad = [cell for cell in found if cell.error is not None]
    return Status(
        path=folder.path,
        running=folder.running(),
        cells=len(asked),
        done=len(good),
        failed=len(bad),
        samples=samples,
        input_tokens=sum(cell.input_tokens for cell in found),
        output_tokens=sum(cell.output_tokens for cell in found),
        usd=_total(cell.usd for cell in found),
        lines=tuple(_lines(asked, found)),
        last_error=bad[-1].error or "" if bad else "",
    )


def _lines(asked: Mapping[str, Mapping[str, Any]], found: Iterable[Cell]) -> list[Line]:
    wanted: dict[str, list[Mapping[str, Any]]] = {}
    for identity in asked.values():
        wanted.setdefault(_line(identity), []).append(identity)
    by_line: dict[str, list[Cell]] = {}
    for cell in found:
        by_line.setdefault(_line({name: getattr(cell, name) for name in LINE}), []).append(cell)
    return [_summed(members[0], len(members), by_line.get(line, [])) for line, members in wanted.items()]


def _summed(identity: Mapping[str, Any], cells: int, found: list[Cell]) -> Line:
    done = [cell for cell in found if cell.error is None]
    usd = _total(cell.usd for cell in done)
    return Line(
        **{name: identity[name] for name in LINE},
        cells=cells,
        done=len(done),
        failed=len(found) - len(done),
        accuracy=_mean([cell.correct for cell in done if cell.correct is not None]),
        input_tokens=_mean([cell.input_tokens for cell in done]),
        output_tokens=_mean([cell.output_tokens for cell in done]),
        seconds=_mean([cell.seconds for cell in done]),
        usd=None if usd is None or not done else usd / len(done),
    )


def _line(identity: Mapping[str, Any]) -> str:
    return canonical_json([identity[name] for name in LINE])


def _mean(values: list[Any]) -> float:
    return sum(values) / len(values) if values else math.nan


def _total(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if None in known else float(sum(value for value in known if value is not None))
