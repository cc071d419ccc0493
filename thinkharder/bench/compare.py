"""Comparing rows of one run or of two on the same problems, corrected for how many comparisons the table holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

import numpy as np

from thinkharder.bench.folder import RunFolder
from thinkharder.core.errors import BadOption, UnknownName, UsageError
from thinkharder.core.identity import canonical_json
from thinkharder.records.cell import Cell
from thinkharder.records.store import Store
from thinkharder.stats.compare import Comparison
from thinkharder.stats.compare import compare as compare_values
from thinkharder.stats.multiple import holm

MATCHES: Final = (
    ("model", "strategy", "budget"),
    ("strategy", "budget"),
    ("model", "budget"),
    ("budget",),
    (),
)
"""What rows of two runs must share, besides the task, to be compared: the first of these that pairs any."""


@final
@dataclass(frozen=True, slots=True)
class Side:
    """One row of a run, over its seeds: `scores` by problem, the mean of its seeds in [0, 1]; tokens, a mean a cell."""

    run: str
    task: str
    model: str
    strategy: str
    budget: str
    scores: dict[str, float]
    tokens: float

    def name(self, parts: Sequence[str]) -> str:
        """What tells it from others: these of its fields."""
        return ", ".join(str(getattr(self, part)) for part in parts if getattr(self, part))


@final
@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows and what their comparison says; `a_score` and `b_score` are means over the problems that both have."""

    a: Side
    b: Side
    a_score: float
    b_score: float
    found: Comparison


def sides(path: str | Path, name: str | None = None) -> list[Side]:
    """The rows of a run, in the order of its grids, with the cells that ended without an error. Raises ConfigError."""
    folder = RunFolder.open(path)
    asked = folder.plan.cells()
    rows: dict[tuple[str, str, str, str], list[Cell]] = {
        (one["task"], one["model"], one["strategy"], _limits(one["budget"])): [] for one in asked.values()
    }
    if folder.records.exists():
        with Store.open(folder.records) as store:
            for cell in store.cells():
                if cell.key in asked and cell.error is None and cell.correct is not None:
                    rows[cell.task, cell.model, cell.strategy, _limits(cell.budget)].append(cell)
    return [_side(name or str(path), identity, cells) for identity, cells in rows.items()]


def _side(run: str, identity: tuple[str, str, str, str], cells: Sequence[Cell]) -> Side:
    by_problem: dict[str, list[float]] = {}
    for cell in cells:
        by_problem.setdefault(cell.problem, []).append(cell.correct or 0.0)
    scores = {problem: sum(values) / len(values) for problem, values in by_problem.items()}
    tokens = sum(cell.tokens for cell in cells) / len(cells) if cells else math.nan
    return Side(run, *identity, scores=scores, tokens=tokens)


def _limits(budget: object) -> str:
    """A budget as a name has it: `tokens 2000`."""
    if not isinstance(budget, dict):
        return canonical_json(budget)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in budget.items())


def compare_runs(
    first: Sequence[Side], second: Sequence[Side], *, alpha: float = 0.05, seed: int = 0
) -> list[Pair]:
    """Rows of one run with those of another: of the same task, and as alike otherwise as any pair is (MATCHES).

    Raises UsageError where no task is in both.
    """
    for parts in MATCHES:
        found = [
            (a, b)
            for a in first
            for b in second
            if a.task == b.task and all(getattr(a, part) == getattr(b, part) for part in parts)
        ]
        if found:
            return _compared(found, alpha, seed)
    raise UsageError("the two runs have no task in common, so there is nothing to compare")


def compare_rows(
    rows: Sequence[Side], against: str | None = None, *, alpha: float = 0.05, seed: int = 0
) -> list[Pair]:
    """Every row of a run with one of the same task: with the first of them, or with the one whose strategy is `against`
    (as a cell has it, or its beginning), and of the same model and budget where there is such a one.

    Raises UnknownName where no strategy is `against`, UsageError where there is one row only.
    """
    found: list[tuple[Side, Side]] = []
    for task in dict.fromkeys(row.task for row in rows):
        members = [row for row in rows if row.task == task]
        bases = [row for row in members if against is None or row.strategy.startswith(against)]
        if not bases:
            raise UnknownName("strategy of the run", against or "", sorted({row.strategy for row in members}))
        base = bases[:1] if against is None else bases
        for row in members:
            if row not in base:
                found.append((row, _nearest(row, base)))
    if not found:
        raise UsageError(
            "the run has one row only, so there is nothing to compare; give a second run, or add a strategy"
        )
    return _compared(found, alpha, seed)


def _nearest(row: Side, bases: Sequence[Side]) -> Side:
    return max(bases, key=lambda base: (base.model == row.model, base.budget == row.budget))


def _compared(pairs: Sequence[tuple[Side, Side]], alpha: float, seed: int) -> list[Pair]:
    if not 0 < alpha < 1:
        raise BadOption(f"alpha={alpha} must lie between 0 and 1, such as 0.05")
    made = [_compare(a, b, _parts(pairs), alpha, seed) for a, b in pairs]
    corrected = holm([pair.found.p for pair in made])
    tested = int((~np.isnan(corrected)).sum())
    return [
        replace(pair, found=replace(pair.found, adjusted=float(p), comparisons=tested))
        for pair, p in zip(made, corrected, strict=True)
    ]


def _parts(pairs: Sequence[tuple[Side, Side]]) -> list[str]:
    """The fields by which the rows of the table differ, at least one: what names them."""
    every = [side for pair in pairs for side in pair]
    found = [
        part
        for part in ("run", "task", "model", "strategy", "budget")
        if len({getattr(s, part) for s in every}) > 1
    ]
    return found or ["run"]


def _compare(a: Side, b: Side, parts: Sequence[str], alpha: float, seed: int) -> Pair:
    problems = list(dict.fromkeys([*a.scores, *b.scores]))
    one = np.array([a.scores.get(problem, math.nan) for problem in problems])
    two = np.array([b.scores.get(problem, math.nan) for problem in problems])
    both = ~(np.isnan(one) | np.isnan(two))
    found = compare_values(one, two, names=(a.name(parts), b.name(parts)), alpha=alpha, seed=seed)
    a_score, b_score = (float(v[both].mean()) if both.any() else math.nan for v in (one, two))
    return Pair(a, b, a_score, b_score, found)
