"""Run a grid into a folder, or what is left of it: the front door of the bench."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from thinkharder import assemble
from thinkharder.bench.desk import Progress
from thinkharder.bench.folder import RunFolder
from thinkharder.bench.grid import Grid, groups
from thinkharder.bench.local import Executor, Local, Order, Screen
from thinkharder.bench.work import Job
from thinkharder.core.errors import ModelLoadError, ThinkharderError, UsageError
from thinkharder.records.schema import StoreError
from thinkharder.tasks.base import Task
from thinkharder.tasks.load import load_task


class RunBroken(ThinkharderError):
    """The run ended early on something that is not about a single cell, such as a full disk. What had ended is stored."""


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its last progress, and whether it was stopped before its end."""

    progress: Progress
    stopped: bool

    @property
    def failed(self) -> int:
        """Cells that failed; a resumed run tries them again."""
        return self.progress.failed


async def run(
    folder: RunFolder,
    grid: Grid | None = None,
    *,
    executor: Executor | None = None,
    screen: Screen | None = None,
) -> Ended:
    """Run `grid` into the folder, or (None) all grids that it has; cells that are finished are left out.

    What is in the store is not drawn again. Raises the UsageErrors of tasks, strategies, verifiers and models (before
    anything is spent where that can be known), RunBroken for a full disk and the like.
    """
    screen = screen or Screen()
    assemble.load_built_in()
    with folder.locked():
        before = folder.plan
        if grid is not None:
            folder.plan = folder.plan.with_grid(grid)
        grids = folder.plan.grids if grid is None else (grid,)
        if not grids:
            raise UsageError(f"{folder.path} has no grid; run: thinkharder bench TASK --out {folder.path}")
        for entry in (entry for one in grids for entry in one.strategies):
            entry.build()
        tasks = await asyncio.to_thread(_tasks, grids)
        for (spec, _), task in tasks.items():
            folder.plan = folder.plan.with_problems(spec, [item.id for item in task.items])
        folder.save()
        try:
            order = _order(folder, grids, tasks)
            progress = await (executor or Local()).run(order, screen)
        except (OSError, StoreError) as error:
            raise RunBroken(broken(folder.path, error)) from error
        except (UsageError, ModelLoadError):
            folder.take_back(before)
            raise
    return Ended(progress, screen.stop.is_set() and progress.before + progress.done < progress.total)


def broken(path: Path, error: Exception) -> str:
    """What to say of an error that ended a run."""
    return (
        f"the run ended early: {error}; what had ended is stored; go on with: thinkharder bench resume {path}"
    )


def _tasks(grids: Collection[Grid]) -> dict[tuple[str, int | None], Task]:
    """The tasks of the grids by spec and limit; each spec is loaded once. Blocks."""
    found: dict[tuple[str, int | None], Task] = {}
    for spec in dict.fromkeys(task for grid in grids for task in grid.tasks):
        limits = {grid.limit for grid in grids if spec in grid.tasks}
        known = [limit for limit in limits if limit is not None]
        whole = load_task(spec, None if None in limits else max(known))
        if whole.environment is not None:
            raise UsageError(
                f"the task {spec} is acted out in several turns, which no strategy does; see docs/tasks.md for its protocol"
            )
        found.update({(spec, limit): whole.first(limit) for limit in limits})
    return found


def _order(folder: RunFolder, grids: Collection[Grid], tasks: Mapping[tuple[str, int | None], Task]) -> Order:
    """What is left to do. States the problems in the store."""
    with folder.store() as store:
        for (spec, _), task in tasks.items():
            store.put_problems(spec, [(item.id, item.gold, item.level) for item in task.items])
        left = groups(tuple(grids), tasks, store.cell_keys(failed=False))
    rows = {row.key(""): row for group in left for row in group.rows}
    largest = {spec: task for (spec, _), task in sorted(tasks.items(), key=lambda pair: len(pair[1].items))}
    job = Job(folder.plan.settings, folder.plan.machine, largest, tuple(rows.values()))
    total = len(replace(folder.plan, grids=tuple(grids)).cells())
    return Order(job, tuple(left), total, folder.records)
