"""Many problems on one budget, simulated: draws are made beforehand, allocators only decide who gets the next ones."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thinkharder.allocate import Allocator, Board, Profiles, deal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CAP: Final = 64
"""Most samples of one problem, unless said otherwise."""


@dataclass(frozen=True, eq=False)
class Draws:
    """P problems: `classes` and `right` [P, N] of each draw in order (class -1 abstains)."""

    classes: Ints
    right: Floats


@dataclass(frozen=True, eq=False)
class Answers:
    """A known population's problems: `chances` [P, K] of the answers; the right one is `gold` [P]."""

    chances: Floats
    gold: Ints

    def draw(self, n: int, rng: np.random.Generator) -> Draws:
        """n draws of each problem."""
        bounds = np.cumsum(self.chances, axis=1)[:, None, :-1]
        classes = (rng.random((len(self.gold), n))[:, :, None] > bounds).sum(axis=2)
        return Draws(classes, (classes == self.gold[:, None]).astype(np.float64))


def population(a: float, b: float, size: int, rng: np.random.Generator, wrong: int = 6) -> Answers:
    """The right answer's chance is Beta(a, b), the rest is spread over `wrong` answers by Dirichlet(0.5)."""
    right = rng.beta(a, b, size)
    rest = rng.dirichlet(np.full(wrong, 0.5), size) * (1 - right)[:, None]
    return Answers(np.column_stack([right, rest]), np.zeros(size, np.int64))


def run(
    allocator: Allocator,
    draws: Draws,
    budget: int,
    *,
    wave: int = 16,
    checked: bool = False,
    chance: Floats | None = None,
    watch: Callable[[int, Board], None] | None = None,
) -> Board:
    """Share `budget` samples out in waves; one sample costs 1. `watch` sees the board after each wave."""
    size, most = draws.classes.shape
    board = Board(size, checked=checked, cap=most, chance=chance, cost=1.0)
    spent = 0
    while spent < budget:
        counts = deal(allocator, board.state(spent / budget), min(wave, budget - spent)).counts
        rows = np.repeat(np.arange(size), counts)
        if not len(rows):
            break
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        places = board.drawn[rows] + within
        right = draws.right[rows, places] == 1
        board.order(counts)
        board.tell(rows, draws.classes[rows, places], right=right & checked, scores=right.astype(np.float64))
        spent += len(rows)
        if watch is not None:
            watch(spent, board)
    return board


def votes(board: Board, gold: Ints) -> Floats:
    """How right each problem's vote is [P]: of tied leaders one is picked; without a vote it is wrong."""
    counts = board.counts
    top = counts == np.maximum(counts.max(axis=1), 1)[:, None]
    inside = gold < counts.shape[1]
    won = top[np.arange(len(gold)), np.where(inside, gold, 0)] & inside
    found: Floats = np.where(won, 1.0 / np.maximum(top.sum(axis=1), 1), 0.0)
    return found


def learned(answers: Answers, rng: np.random.Generator, n: int = 40) -> Profiles:
    """The prior that a recording of n draws of each problem gives."""
    draws = answers.draw(n, rng)
    return Profiles.of(draws.classes, draws.right)


def fixed_allocation(pick: Floats, judge: Floats, budgets: Sequence[float]) -> list[float]:
    """Accuracy of the best fixed allocation where every problem's rates are known, at each mean number of samples.

    `pick` and `judge` [P, N + 1] are the chances that a vote of k is right (`vote_curve`), from different draws: k is
    picked by one and judged by the other, so that picking the luckiest adds nothing. The budget's multiplier picks each
    problem's k; between two multipliers the accuracy is interpolated.
    """
    ks, rows = np.arange(pick.shape[1]), np.arange(len(pick))
    points = []
    for price in np.geomspace(1e-6, 1.0, 300):
        best = (pick - price * ks).argmax(axis=1)
        points.append((ks[best].mean(), judge[rows, best].mean()))
    spent, reached = np.array(sorted(points)).T
    return [float(np.interp(budget, spent, reached)) for budget in budgets]


def vote_curve(draws: Iterable[Draws], gold: Ints) -> Floats:
    """[P, N + 1]: how often the vote of the first k draws is right, over trials."""
    total, trials = None, 0
    for one in draws:
        size, most = one.classes.shape
        rows, counts = np.arange(size), np.zeros((size, int(max(one.classes.max(), gold.max())) + 1))
        found = np.zeros((size, most + 1))
        for k in range(most):
            voting = one.classes[:, k] >= 0
            counts[rows[voting], one.classes[voting, k]] += 1
            top = counts == np.maximum(counts.max(axis=1), 1)[:, None]
            found[:, k + 1] = top[rows, gold] / np.maximum(top.sum(axis=1), 1)
        total, trials = (found if total is None else total + found), trials + 1
    assert total is not None
    averaged: Floats = total / trials
    return averaged


# ---- a checker: optima that are exact in the mean over the draws -----------------------------------------------------


def solved_by(rates: Floats, a: Floats, b: Floats, budgets: Sequence[float], most: int = CAP) -> list[float]:
    """Problems solved for a mean number of samples by the policy that is optimal where each problem's rate is Beta(a, b)
    [P] and no more is known: the largest a / (a + b + k) first, solved problems leave. That gain falls with k, so taking
    the largest first is optimal; with one a and b for all it is one sample for each unsolved problem in turn.

    `rates` [P] are the true ones, on which the policy is judged: the mean over all draws is exact, for many problems.
    """
    k = np.arange(most)
    gain = a[:, None] / ((a + b)[:, None] + k)
    unsolved = (1 - rates[:, None]) ** np.arange(most + 1)
    order = np.argsort(-gain, axis=None, kind="stable")  # by gain; within a problem k rises
    cost = unsolved[:, :-1].ravel()[order].cumsum() / len(rates)
    solved = (unsolved[:, :-1] - unsolved[:, 1:]).ravel()[order].cumsum() / len(rates)
    spent, reached = np.concatenate([[0.0], cost]), np.concatenate([[0.0], solved])
    return [float(np.interp(budget, spent, reached)) for budget in budgets]


def best_of_n(rates: Floats, budgets: Sequence[float]) -> list[float]:
    """Problems solved when each gets n samples whatever happens."""
    return [float((1 - (1 - rates) ** n).mean()) for n in budgets]
