"""A block of runs: some trials of some problems side by side, their draws in the order of the trial, draw by draw.

Arrays are time-major, [draws, runs], so that one numpy call advances all runs by one draw; a block is small enough that
what such a call touches stays in the processor's cache.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.replay.classed import Classed
from thinkharder.replay.orders import orders, roots

RUNS = 8192
"""Runs of a block, at most."""
DRAWS = 1 << 20
"""Draws of a block in all, about: problems with very many draws get smaller blocks."""


@final
class Tables:
    """A classed pool as flat look-up tables, shared by all blocks."""

    def __init__(self, classed: Classed, seed: int, cap: int) -> None:
        self.classed, self.cap = classed, cap
        self.roots = roots(seed, classed.problems)
        self.counts = classed.counts
        self.problems, self.width = classed.classes.shape
        self.classes_of = np.maximum(classed.classes.max(axis=1).astype(np.int64) + 1, 1)
        self.right = np.nan_to_num(classed.right, nan=0.0)
        whole = bool(np.isin(self.right, (0.0, 1.0)).all())
        self.exact = np.dtype(np.float32 if whole else np.float64)
        """Sums of rights are exact in this type (shares of 1 are not, but then they are added up in 64 bits)."""
        self.abstained_right = bool((self.right * (classed.classes == -1)).any())
        self.consistent = self._consistent()

    @cached_property
    def by_class(self) -> NDArray[np.floating]:
        """How right each class is, [P x (classes + 1)], where that is one number; 0 in the last place."""
        size = int(self.classes_of.max()) + 1
        table = np.zeros((self.problems, size), self.exact)
        problem, draw = np.nonzero(self.classed.classes >= 0)
        table[problem, self.classed.classes[problem, draw]] = self.right[problem, draw]
        return table

    def _consistent(self) -> bool:
        """Whether all draws of a class are equally right, so that its representative need not be known."""
        at = np.arange(self.problems)[:, None] * (int(self.classes_of.max()) + 1) + self.classed.classes
        votes = self.classed.classes >= 0
        low = np.full(self.problems * (int(self.classes_of.max()) + 1), np.inf)
        high = -low
        np.minimum.at(low, at[votes], self.right[votes])
        np.maximum.at(high, at[votes], self.right[votes])
        return bool(np.all((high <= low)[at[votes]]))

    def blocks(self, trials: int, draws: int) -> Iterator[Callable[[], "Block"]]:
        """All runs, [problems x trials], in blocks of about RUNS; each is made where it is worked on."""
        some, beside = _shape(trials, self.width)
        for first in range(0, self.problems, beside):
            for start in range(0, trials, some):
                problems = np.arange(first, min(first + beside, self.problems))
                yield partial(Block, self, problems, np.arange(start, min(start + some, trials)), draws)

    def block_count(self, trials: int) -> int:
        """How many blocks there are."""
        some, beside = _shape(trials, self.width)
        return int(math.ceil(self.problems / beside) * math.ceil(trials / some))


def _shape(trials: int, width: int) -> tuple[int, int]:
    """Trials and problems of a block."""
    runs = max(1, min(RUNS, DRAWS // width))
    some = min(trials, runs)
    return some, max(1, runs // some)


@final
@dataclass(eq=False)
class Block:
    """Runs of `problems` x `trials`, problem by problem, with their first `draws` draws (K)."""

    tables: Tables
    problems: NDArray[np.int64]
    trials: NDArray[np.int64]
    draws: int

    def __post_init__(self) -> None:
        tables, problems = self.tables, self.problems
        order = orders(tables.roots[problems], self.trials, tables.counts[problems], tables.width)
        self.runs = len(problems) * len(self.trials)
        self.of = np.repeat(problems, len(self.trials))
        """The problem of each run, [R]."""
        self.places = order.shape[-1]
        self.draws = min(self.draws, tables.width)
        flat = order[:, :, : self.draws] + (problems * tables.width)[:, None, None]
        self.at = np.ascontiguousarray(flat.reshape(self.runs, -1).T)
        """Where each draw stands in the tables' flat arrays, [K, R]."""
        self.slots = int(tables.classes_of[problems].max()) + 1
        """Classes of a run, and one slot for what casts no vote."""
        self.raw = tables.classed.classes.ravel().take(self.at).astype(np.int64)
        self.voter = self.raw >= 0
        self.classes = np.where(self.voter, self.raw, self.slots - 1)
        """The class of each draw, [K, R]; the last slot where it casts no vote."""
        self.base = np.arange(self.runs, dtype=np.int64) * self.slots
        self.most = tables.counts[self.of]
        """Draws recorded of each run's problem, [R]."""

    @property
    def depth(self) -> int:
        """K, or the fewer that any of its problems has."""
        return int(self.at.shape[0])

    @cached_property
    def right(self) -> NDArray[np.floating]:
        """How right each draw is, [K, R]."""
        return self.tables.right.ravel().take(self.at).astype(self.tables.exact)

    @cached_property
    def output(self) -> NDArray[np.int64]:
        """Output tokens of the first k draws, [K + 1, R]."""
        lengths = self.tables.classed.output_tokens.ravel().take(self.at)
        total = np.zeros((self.depth + 1, self.runs), np.int64)
        np.cumsum(lengths, axis=0, out=total[1:])
        return total

    @cached_property
    def prompt(self) -> NDArray[np.int64]:
        """Input tokens of each run's prompt, [R]."""
        return self.tables.classed.input_tokens[self.of]

    def scores(self, verifier: str) -> NDArray[np.float64]:
        """A verifier's scores, [K, R], NaN where there is none."""
        return self.tables.classed.scores[verifier].ravel().take(self.at)

    @cached_property
    def whole_vote(self) -> tuple[NDArray[np.bool_], NDArray[np.int16]]:
        """The answers that win the vote of all draws up to the cap: [R x slots] (the last slot: all abstain), and how
        many of them tie, [R]."""
        upto = min(self.tables.cap, self.depth)
        votes = (self.base + self.classes[:upto]).ravel()
        counts = np.bincount(votes, minlength=self.runs * self.slots).reshape(self.runs, self.slots)
        counts[:, -1] = 0
        best = counts.max(axis=1, keepdims=True)
        won = counts == best
        won[:, -1] = False
        won[best[:, 0] == 0] = False
        won[best[:, 0] == 0, -1] = True
        return won.ravel(), won.sum(axis=1).astype(np.int16)
