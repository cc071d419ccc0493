"""Forecasts of the majority vote, and its limit: the problems that a vote gets right however many samples it has.

As k grows the vote becomes the most frequent answer of the problem's distribution. Where that is a wrong one, more samples
make the vote surer of it: accuracy tends to the share of problems whose mode is right, which may be below pass@1.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.answers import AnswerLaw, Ballots, fit_answers
from thinkharder.stats.scaling.forecast import Forecast
from thinkharder.stats.scaling.lib import Floats, Ints, whole_budgets

TIMES = 100
"""Bootstrap fits of an answer law."""
SUBSETS = 16
"""Random subsets of an imagined pool over which its maj@k is averaged."""
CELLS = 20_000
"""Problems times draws of a distribution that a point forecast is averaged over, at most."""


@final
@dataclass(frozen=True, slots=True)
class FittedAnswers:
    """An answer law fitted to ballots, and again to bootstrap samples of the problems."""

    law: AnswerLaw
    again: tuple[AnswerLaw, ...]
    seen: Ballots


@final
@dataclass(frozen=True, slots=True)
class VoteLimit:
    """Where a vote ends: `chance` [P] that each problem's right answer is its mode; accuracy at infinitely many samples."""

    chance: Floats
    value: float
    low: float
    high: float

    def never(self, sure: float = 0.95) -> Ints:
        """The problems whose right answer is with at least this probability not the mode: no vote will get them."""
        return np.flatnonzero(self.chance <= 1 - sure)

    def always(self, sure: float = 0.95) -> Ints:
        """The problems whose right answer is with at least this probability the mode."""
        return np.flatnonzero(self.chance >= sure)


def fit_answers_bootstrap(
    seen: Ballots, law: str = "beta-binomial", times: int = TIMES, seed: int = 0
) -> FittedAnswers:
    """Fit the answer law with a law of the rates by name, and again to `times` bootstrap samples of the problems."""
    rng = np.random.default_rng(seed)
    size = len(seen.n)
    again = [fit_answers(seen.select(rng.integers(0, size, size)), law) for _ in range(times)]
    return FittedAnswers(fit_answers(seen, law), tuple(again), seen)


def forecast_vote(
    fitted: FittedAnswers, k: Any, *, pool: int | None = None, level: float = 0.95, seed: int = 0
) -> Forecast:
    """maj@k at budgets k [K] on the sampled problems; ties are the expectation over a random pick, abstentions never vote.

    By default the expectation; with `pool` what these problems' pools will show when each has grown to `pool` draws, those
    already seen among them. The interval holds the law's numbers, each problem's distribution given its draws, and with
    `pool` the pool's own draws. Raises BadOption for a pool smaller than what was seen or than k.
    """
    budgets = whole_budgets(k)
    seen, rng = fitted.seen, np.random.default_rng(seed)
    if pool is not None and (pool < seen.n.max() or pool < budgets.max()):
        raise BadOption(
            f"a pool of {pool} draws a problem is smaller than what was seen ({seen.n.max()}) or than k = {budgets.max()}"
        )
    laws = fitted.again or (fitted.law,) * TIMES
    rounds = int(np.clip(CELLS // len(seen.n), 20, 200))

    def once(law: AnswerLaw, sets: int) -> Floats:
        shares = law.draw_given(seen, rng)
        if pool is not None:
            return grown_votes(shares, seen, budgets, pool, rng)
        return np.asarray(np.mean([fresh_votes(shares, budgets, rng) for _ in range(sets)], axis=0))

    value = np.mean([once(fitted.law, 1) for _ in range(rounds)], axis=0)
    # a set of k draws stands for the expectation: several of them, so that their own noise does not widen the interval
    drawn = np.array([once(law, 4) for law in laws])
    told = Forecast.of_draws("vote", fitted.law.name, budgets, value, drawn, level)
    return told if pool is not None else told.at_the_edge(seen.n, seen.right, level)


def vote_limit(fitted: FittedAnswers, level: float = 0.95, seed: int = 0) -> VoteLimit:
    """The vote's accuracy with infinitely many samples on the sampled problems, and each problem's chance to be in it."""
    seen, rng = fitted.seen, np.random.default_rng(seed)
    laws = fitted.again or (fitted.law,) * TIMES
    ends = np.array([_mode_is_right(law.draw_given(seen, rng)) for law in laws])
    rounds = int(np.clip(CELLS // len(seen.n), 100, 1000))
    chance = np.mean([_mode_is_right(fitted.law.draw_given(seen, rng)) for _ in range(rounds)], axis=0)
    low, high = np.quantile(ends.mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return VoteLimit(chance, float(chance.mean()), float(low), float(high))


def _mode_is_right(shares: Floats) -> Floats:
    return np.asarray(shares[:, 0] > shares[:, 2:].max(axis=1), dtype=np.float64)


def wins(right: Ints, wrong: Ints) -> Floats:
    """The vote's chance to be right from votes for the right answer [...] and for the wrong ones [..., M]; 0 without a vote."""
    top = np.maximum(right, wrong.max(axis=-1))
    tied = (wrong == top[..., None]).sum(axis=-1) + (right == top)
    return np.where((right == top) & (top > 0), 1.0 / np.maximum(tied, 1), 0.0)


def fresh_votes(shares: Floats, k: Ints, rng: np.random.Generator) -> Floats:
    """maj@k of one new set of draws a problem, the larger budgets extending the smaller ones, [K]."""
    order = np.argsort(k)
    votes = np.zeros(shares.shape, dtype=np.int64)
    found, drawn = np.zeros(len(k)), 0
    exact = shares / shares.sum(axis=1, keepdims=True)
    for i in order:
        votes += rng.multinomial(int(k[i]) - drawn, exact)
        drawn = int(k[i])
        found[i] = wins(votes[:, 0], votes[:, 2:]).mean()
    return found


def grown_votes(shares: Floats, seen: Ballots, k: Ints, pool: int, rng: np.random.Generator) -> Floats:
    """maj@k, over random subsets, of one imagined pool of `pool` draws a problem that begins with those seen, [K]."""
    labels = _labels(shares, seen, pool, rng)
    size, wide = len(labels), shares.shape[1]
    offset = (np.arange(size) * wide)[:, None]
    total = np.zeros(len(k))
    for _ in range(SUBSETS):
        mixed = rng.permuted(labels, axis=1)
        for i, budget in enumerate(k):
            votes = np.bincount((mixed[:, :budget] + offset).ravel(), minlength=size * wide).reshape(
                size, wide
            )
            total[i] += wins(votes[:, 0], votes[:, 2:]).mean()
    return total / SUBSETS


def _labels(shares: Floats, seen: Ballots, pool: int, rng: np.random.Generator) -> Ints:
    """A pool's answers as columns of `shares`, [P, pool]: those seen, then new draws."""
    upto = np.cumsum(shares, axis=1)
    labels = np.empty((len(shares), pool), dtype=np.int64)
    for p, row in enumerate(upto):
        known = np.concatenate([[seen.right[p], seen.abstained[p]], seen.wrong[p]])
        old = np.repeat(np.arange(len(known)), known)
        new = np.searchsorted(row, rng.random(pool - len(old)) * row[-1], side="right")
        labels[p] = np.concatenate([old, np.minimum(new, shares.shape[1] - 1)])
    return labels
