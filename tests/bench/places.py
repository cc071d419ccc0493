"""What the tests of the bench share: a task of a few sums, toys that answer it, grids and runs on them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from thinkharder.bench.folder import Machine, RunFolder, Settings
from thinkharder.bench.grid import Grid, entries
from thinkharder.bench.local import Executor, Screen
from thinkharder.bench.run import Ended, run
from thinkharder.records.cell import Cell

TOY = "toy:categorical(answers=[18, 20, 16], weights=[0.6, 0.3, 0.1], tokens=[20, 60])"
SLOW = "toy:categorical(answers=[18, 20, 16], weights=[0.6, 0.3, 0.1], tokens=[20, 60], token_seconds=0.002)"
SUMS = ((9, 9), (10, 10), (8, 8), (7, 11), (15, 3), (4, 16))


def sums(folder: Path, count: int = 3) -> str:
    """The spec of a task of `count` sums, whose file lies in `folder`."""
    path = folder / "sums.jsonl"
    rows = [
        {"id": f"{a}+{b}.{i}", "question": f"What is {a} + {b}? (number {i})", "answer": str(a + b)}
        for i, (a, b) in ((i, SUMS[i % len(SUMS)]) for i in range(count))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return f"jsonl:{path}"


def grid_of(task: str, *specs: str, model: str = TOY, ns: Sequence[int] = (), **more: Any) -> Grid:
    """A grid of one task and one model."""
    verifier = more.get("verifier")
    strategies = entries(specs or ("self-consistency:n=4",), ns=ns, verifier=verifier)
    return Grid(tasks=(task,), models=(model,), strategies=strategies, **more)


async def ran(
    out: Path,
    grid: Grid | None,
    settings: Settings | None = None,
    *,
    at_once: int | None = None,
    screen: Screen | None = None,
    executor: Executor | None = None,
) -> Ended:
    """Run a grid into a folder (None: what is left of those that it has)."""
    if grid is None:
        folder = RunFolder.open(out)
        folder.plan = replace(folder.plan, machine=Machine(at_once=at_once))
    else:
        folder = RunFolder.create(out, settings or Settings(), Machine(at_once=at_once))
    return await run(folder, grid, executor=executor, screen=screen)


def cells_of(out: Path) -> list[Cell]:
    """The cells in a run's store."""
    with RunFolder.open(out).store() as store:
        return list(store.cells())


def timeless(cells: Sequence[Cell]) -> dict[str, Cell]:
    """The cells by key, without what the clock decides."""
    return {cell.key: replace(cell, seconds=0.0) for cell in cells}
