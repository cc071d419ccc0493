"""The fast path: whole tables of strategies, budgets and resamplings as array arithmetic on one classed pool."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import Select
from thinkharder.replay.block import Block, Tables
from thinkharder.replay.borda import Ranking, borda, ranking
from thinkharder.replay.classed import Classed
from thinkharder.replay.exact import Weights
from thinkharder.replay.picks import Picked, Picks, at
from thinkharder.replay.plan import Plan, at_random, best_of_all
from thinkharder.replay.spend import Ints, Spent, Waves, budgeted, drawn, waves
from thinkharder.replay.votes import Standings, majority
from thinkharder.replay.weighted import any_of, highest, oracle, place, powers, weighted
from thinkharder.select import Borda, WeightedVote, first, highest_score, last
from thinkharder.stopping.seen import REST, CountRule

Told = Callable[[int, int], None]
"""Hears of progress: blocks done, of how many."""


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """One strategy at one budget: at most `n` draws, and at most `tokens` tokens a problem where that is set; `scores`
    names the verifier whose scores it reads."""

    plan: Plan
    n: int
    tokens: int | None = None
    scores: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Setting:
    """How a pool is resampled: `trials` from `seed`; the whole vote is that of the first `cap` draws; `most` is the full
    cap of one draw in tokens, which a token budget reserves."""

    trials: int
    seed: int
    cap: int
    most: int = 1


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one cell, float64 [P]: each problem's means over the trials. `accuracy` and `agreement` in [0, 1]; `output` are
    tokens, `requests` times the prompt's tokens is the input."""

    accuracy: NDArray[np.float64]
    agreement: NDArray[np.float64]
    samples: NDArray[np.float64]
    requests: NDArray[np.float64]
    output: NDArray[np.float64]


def evaluate(
    classed: Classed,
    cells: Sequence[Cell],
    setting: Setting,
    told: Told | None = None,
    workers: int | None = None,
) -> list[Outcome]:
    """Every cell on the same draws. Deterministic: neither `workers` (threads, by default one a core) nor the other cells
    change a number."""
    tables = Tables(classed, setting.seed, setting.cap)
    names = ("accuracy", "agreement", "samples", "requests", "output")
    sums = np.zeros((len(cells), len(names), len(classed.problems)))
    draws = max([setting.cap, *(cell.n for cell in cells)])
    if draws >= REST:
        raise BadOption(f"a replay of {draws} draws a problem: the most is {REST - 1}; take a smaller budget")
    blocks = tables.blocks(setting.trials, draws)
    total, done, lock = tables.block_count(setting.trials), 0, Lock()
    shared = {key: powers(tables, *key) for key in {_powers(cell) for cell in cells} if key is not None}

    def work(make: Callable[[], Block]) -> tuple[Ints, list[NDArray[np.float64]]]:
        nonlocal done
        block = make()
        side = _Side(block, setting, shared)
        shape = (len(names), len(block.problems), len(block.trials))
        found = [np.stack(side.cell(cell)).reshape(shape).sum(axis=2) for cell in cells]
        with lock:
            done += 1
            if told is not None:
                told(done, total)
        return block.problems, found

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        # In the order of the blocks, so that no rounding depends on which thread was first.
        for problems, found in pool.map(work, blocks):
            for number, of_cell in enumerate(found):
                sums[number][:, problems] += of_cell
    sums /= setting.trials
    return [Outcome(*sums[number]) for number in range(len(cells))]


_SIMPLE: dict[Any, Callable[[Block], Picks]] = {
    first: partial(place, last=False),
    last: partial(place, last=True),
    best_of_all: oracle,
    at_random: any_of,
}


def _powers(cell: Cell) -> tuple[str, float] | None:
    select = cell.plan.select
    if cell.scores is None or not isinstance(select, WeightedVote):
        return None
    return cell.scores, select.power


@final
class _Side:
    """All that cells share on one block, made when it is first asked for."""

    def __init__(self, block: Block, setting: Setting, powers: dict[tuple[str, float], Weights]) -> None:
        self.block, self.setting, self.powers = block, setting, powers
        self._picks: dict[object, Picks] = {}
        self._waves: dict[object, Waves] = {}
        self._scores: dict[str, NDArray[np.float64]] = {}
        self._rankings: dict[str, Ranking] = {}
        self._standings: Standings | None = None

    def cell(self, cell: Cell) -> tuple[NDArray[np.generic], ...]:
        """Accuracy, agreement, samples, requests and output tokens of each run, [R] each."""
        block = self.block
        cap = np.minimum(cell.n, block.most)
        rule = None if cell.plan.rule is None else self.waves(cell.plan.rule, cap)
        if cell.tokens is None:
            spent = drawn(block, cap, rule)
        else:
            spent = budgeted(block, cap, rule, cell.tokens, self.setting.most)
        found = self.picked(cell.plan.select, cell.scores, spent)
        return found.right, found.agreement, spent.paid, spent.requests, spent.output

    def waves(self, rule: CountRule, cap: Ints) -> Waves:
        """The rule's waves; the same for every cap, unless the rule reads it."""
        key = (rule, cap.tobytes() if getattr(rule, "reads_cap", False) else b"")
        if key not in self._waves:
            self.picks(None, None)
            assert self._standings is not None
            self._waves[key] = waves(rule, self._standings, cap.astype(np.int16))
        return self._waves[key]

    def picked(self, select: Select, scores: str | None, spent: Spent) -> Picked:
        """What the runs pick in the end."""
        block, prefix = self.block, spent.prefix - spent.cut
        if isinstance(select, Borda) and scores is not None:
            other = at(self.majority(scores), block, prefix)
            if scores not in self._rankings:
                self._rankings[scores] = ranking(block, self.scores(scores))
            found = borda(self._rankings[scores], select.exponent, prefix, other)
        else:
            found = at(self.picks(select, scores), block, prefix)
        if spent.cut.any():
            self._cut(select, scores, spent, found)
        return found

    def _cut(self, select: Select, scores: str | None, spent: Spent, found: Picked) -> None:
        """A draw that the budget cut is one more that abstains, wrong and unscored: it matters where nobody votes."""
        block, before = self.block, spent.prefix - spent.cut
        runs = np.arange(block.runs)
        voted = np.cumsum(block.voter, axis=0)
        some = (before > 0) & (voted[np.maximum(before, 1) - 1, runs] > 0)
        alone = np.flatnonzero(spent.cut & ~some)
        whole, size = block.whole_vote
        silent = whole[block.base + block.slots - 1]
        found.agreement[alone] = silent[alone] / size[alone]
        if select is last:
            found.right[alone] = 0.0
        elif select is not first:
            ways = before.copy()
            if scores is not None:
                ways = ways * np.isnan(self.scores(scores)).cumprod(axis=0).astype(bool)[before - 1, runs]
            found.right[alone] *= (ways / (ways + 1) + (before > 0) * (ways == 0))[alone]

    def scores(self, verifier: str) -> NDArray[np.float64]:
        """The scores of every draw, [K, R]."""
        if verifier not in self._scores:
            self._scores[verifier] = self.block.scores(verifier)
        return self._scores[verifier]

    def majority(self, scores: str | None) -> Picks:
        """The vote; scores only decide in it which draw stands for an answer."""
        tables = self.block.tables
        if tables.consistent and not tables.abstained_right:
            scores = None
        key = ("majority", scores)
        if key not in self._picks:
            found, standings = majority(self.block, None if scores is None else self.scores(scores))
            self._picks[key] = found
            self._standings = standings
        return self._picks[key]

    def picks(self, select: Select | None, scores: str | None) -> Picks:
        """What a selection picks after every draw."""
        if select in _SIMPLE:
            key: object = select
        elif scores is None or not (select is highest_score or isinstance(select, WeightedVote)):
            return self.majority(scores)
        else:
            key = (select, scores)
        if key not in self._picks:
            if select in _SIMPLE:
                self._picks[key] = _SIMPLE[select](self.block)
            else:
                assert scores is not None
                values, other = self.scores(scores), self.majority(scores)
                if isinstance(select, WeightedVote):
                    weights = self.powers[scores, select.power]
                    self._picks[key] = weighted(self.block, weights, values, other)
                else:
                    self._picks[key] = highest(self.block, values, other)
        return self._picks[key]
