"""Sharing one budget out on recorded draws.

python -m benchmarks.allocation_pools POOL…

Draws come in a new order in each trial; the prior of `greedy, learned` is learned on the other half of the problems.
"""

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.allocation import BUDGETS, allocators, share, table
from benchmarks.allocation_sim import Draws, Floats, Ints, fixed_allocation, run, vote_curve, votes
from thinkharder.allocate import Elimination, Greedy, Profiles
from thinkharder.records.pool import read_pool
from thinkharder.replay import classed


def pools(paths: Sequence[str], trials: int = 60) -> None:
    """The same on recorded draws, in a new order in each trial; the prior is learned on the other half of the problems."""
    for path in paths:
        pool = classed(read_pool(path))
        width = int(pool.counts.min())
        classes, right = pool.classes[:, :width].astype(np.int64), pool.right[:, :width]
        print(f"{pool.name}: {len(classes)} problems, {width} draws each, {trials} trials\n")
        budgets = [n for n in BUDGETS if n < width]
        if pool.pool.golds[0] is not None:
            _pool_votes(classes, right, budgets, trials)
        _pool_checker(classes, right, budgets, trials)


def _shuffled(classes: Ints, right: Floats, seed: int, trials: int) -> Iterator[Draws]:
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        order = rng.random(classes.shape).argsort(axis=1)
        yield Draws(np.take_along_axis(classes, order, 1), np.take_along_axis(right, order, 1))


def _pool_votes(classes: Ints, right: Floats, budgets: Sequence[int], trials: int) -> None:
    gold = np.zeros(len(classes), np.int64)  # with a gold answer its class is 0
    curves = [vote_curve(_shuffled(classes, right, seed, 200), gold) for seed in (1, 2)]
    oracle = fixed_allocation(curves[0], curves[1], budgets)
    halves = np.arange(len(classes)) % 2
    found: dict[tuple[str, int], list[float]] = {}
    sides = [(halves == half, halves != half) for half in (0, 1)]
    priors = [Profiles.of(classes[others], right[others]) for _, others in sides]
    for draws in _shuffled(classes, right, 3, trials):
        for (mine, _), learned in zip(sides, priors, strict=True):
            prior = Greedy(profiles=learned, hopeless=0)
            part = Draws(draws.classes[mine], draws.right[mine])
            for name, allocator in allocators(prior).items():
                for n in budgets:
                    board = run(allocator, part, int(mine.sum()) * n, wave=4)
                    found.setdefault((name, n), []).append(float(votes(board, gold[mine]).mean()))
    names, rows = list(allocators(Greedy())), []
    for place, n in enumerate(budgets):
        base = found["uniform", n]
        cells = [
            f"{np.mean(found[name, n]):.3f} ({share(found[name, n], base, oracle[place])})"
            for name in names[1:]
        ]
        rows.append([n, f"{np.mean(base):.3f}", f"{oracle[place]:.3f}", *cells])
    table(("votes: budget", "uniform", "oracle", *names[1:]), rows)


def _pool_checker(classes: Ints, right: Floats, budgets: Sequence[int], trials: int) -> None:
    rows = []
    for n in budgets:
        cells: list[list[float]] = [[], [], []]
        for draws in _shuffled(classes, right, 4, trials):
            cells[0].append(float((draws.right[:, :n] == 1).any(axis=1).mean()))
            for place, allocator in ((1, Greedy()), (2, Elimination())):
                cells[place].append(
                    float(run(allocator, draws, len(classes) * n, wave=4, checked=True).solved.mean())
                )
        rows.append(
            [n, *(f"{np.mean(cell):.3f}" for cell in cells), f"{(right == 1).any(axis=1).mean():.3f}"]
        )
    table(("checker: budget", "n for each", "greedy", "elimination", "all draws"), rows)


if __name__ == "__main__":
    pools(sys.argv[1:])
