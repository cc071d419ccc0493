"""The exact chance that a vote is right, by counting; `voting` is the door to it.

Counts of k draws without replacement are independent binomials given that they sum to k (any success rate does; k/N keeps
the numbers large), and counts of k independent draws are independent Poissons given their sum. So for each number of votes
v with which the winner can win, a polynomial product over the classes gives, by how many votes were cast and how many
classes tie at v, the chance and the right classes among the tied. All terms are positive: nothing cancels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from thinkharder.stats.checks import Floats

Voted = tuple[tuple[float, float], ...]
"""The classes that have votes: (count or probability, right), most first."""

MOST_WORK = 4e9
"""Multiplications above which a vote is resampled; about a second."""


@final
@dataclass(frozen=True, slots=True)
class _Class:
    """What one class adds where the winner has v votes: the chances of 0 … v - 1 votes, that of v, and whether it is right."""

    below: Floats
    top: float
    right: float


def recorded_vote(voted: Voted, abstained: int, k: int, trials: int, seed: int) -> float:
    """The chance that the vote of k of the recorded samples is right; see `voting.maj_at_k`."""
    samples = int(sum(count for count, _ in voted)) + abstained
    if samples < k or any(math.isnan(right) for _, right in voted):
        return math.nan
    if not any(right for _, right in voted):
        return 0.0
    most = int(max(count for count, _ in voted))
    if samples == k:
        return float(np.mean([right for count, right in voted if count == most]))
    steps = sum(sum(count >= v for count, _ in voted) for v in range(1, min(most, k) + 1))
    if _work(steps, len(voted), k) > MOST_WORK:
        counts = [int(count) for count, _ in voted] + [abstained]
        rng = np.random.default_rng(seed)
        return _mean_of(rng.multivariate_hypergeometric(counts, k, size=trials, method="marginals"), voted)
    rate, total = k / samples, 0.0
    pmf = {c: _binomial(c, rate) for c in {int(count) for count, _ in voted}}
    for v in range(1, min(most, k) + 1):
        able = [_Class(pmf[int(c)][:v], pmf[int(c)][v], right) for c, right in voted if c >= v]
        # Classes with fewer than v samples can neither win nor tie: together with the abstaining they are one binomial.
        rest = abstained + int(sum(c for c, _ in voted if c < v))
        total += _won_with(v, k, _cut(_binomial(rest, rate), k), able)
    return min(1.0, total / float(_binomial(samples, rate)[k]))


def population_vote(voted: Voted, k: int, trials: int, seed: int) -> float:
    """The chance that the vote of k independent samples is right; see `voting.maj_at_k_of`."""
    if any(math.isnan(chance) or math.isnan(right) for chance, right in voted):
        return math.nan
    if not any(right for _, right in voted):
        return 0.0
    silent = max(0.0, 1.0 - sum(chance for chance, _ in voted))
    if _work(k * len(voted), len(voted), k) > MOST_WORK:
        rng = np.random.default_rng(seed)
        chances = [*(chance for chance, _ in voted), silent]
        return _mean_of(rng.multinomial(k, np.array(chances) / sum(chances), size=trials), voted)
    pmf, quiet, total = [_poisson(k * chance, k) for chance, _ in voted], _poisson(k * silent, k), 0.0
    for v in range(1, k + 1):
        able = [_Class(p[:v], p[v], right) for p, (_, right) in zip(pmf, voted, strict=True)]
        total += _won_with(v, k, quiet, able)
    return min(1.0, total / float(_poisson(float(k), k)[k]))


def _won_with(v: int, k: int, rest: Floats, classes: Sequence[_Class]) -> float:
    """The chance (times that of the sum) that the winner has v votes and a random pick of those tied is right.

    State [2, ties, votes cast]: the chance, and the chance times the number of right classes among the tied.
    """
    if not any(one.right for one in classes):
        return 0.0
    ties = min(len(classes), k // v)
    state = np.zeros((2, ties + 1, k + 1))
    state[0, 0] = rest
    shift = np.subtract.outer(np.arange(k + 1), np.arange(k + 1)).T
    for one in classes:
        kernel = np.zeros(2 * k + 2)
        kernel[: len(one.below)] = one.below
        grown = state @ kernel[shift]
        moved = one.top * state[:, :-1, : k + 1 - v]
        grown[:, 1:, v:] += moved
        grown[1, 1:, v:] += one.right * moved[0]
        state = grown
    return float((state[1, 1:, k] / np.arange(1, ties + 1)).sum())


def _work(steps: int, classes: int, k: int) -> float:
    return 2.0 * steps * (math.sqrt(min(classes, k)) + 1) * (k + 1) ** 2


def _binomial(n: int, rate: float) -> Floats:
    """P(0), …, P(n) of a binomial."""
    i = np.arange(n + 1, dtype=np.float64)
    steps = np.log(n - i[:-1]) - np.log(i[1:])
    logs = np.concatenate([[0.0], np.cumsum(steps)]) + i * math.log(rate) + (n - i) * math.log1p(-rate)
    found: Floats = np.exp(logs)
    return found


def _poisson(mean: float, most: int) -> Floats:
    """P(0), …, P(most) of a Poisson."""
    i = np.arange(1, most + 1, dtype=np.float64)
    if mean == 0:
        return _cut(np.ones(1), most)
    found: Floats = np.exp(np.concatenate([[0.0], np.cumsum(math.log(mean) - np.log(i))]) - mean)
    return found


def _cut(values: Floats, k: int) -> Floats:
    """The values for 0 … k, zeros where there are fewer."""
    found = np.zeros(k + 1)
    found[: min(len(values), k + 1)] = values[: k + 1]
    return found


def _mean_of(counts: np.ndarray[tuple[int, int], np.dtype[np.int64]], voted: Voted) -> float:
    """The mean over drawn counts [trials, classes + 1] (the last abstains) of the share of right classes among the tied."""
    votes = counts[:, :-1]
    right = np.array([right for _, right in voted])
    won = (votes == votes.max(axis=1, keepdims=True)) & (votes > 0)
    return float((won @ right / np.maximum(won.sum(axis=1), 1)).mean())
