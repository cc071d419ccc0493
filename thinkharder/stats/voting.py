"""maj@k: how often the vote of k samples is right, as an exact expectation.

The rules of a vote, the same wherever a vote is meant: each sample with an answer casts one vote for its answer's class;
a sample that abstains (also one cut before its answer) uses up a draw and casts none; the class with the most votes wins;
of tied classes one is picked at random, so the value is the mean over the tied; where all k abstain the result is wrong.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import ROUNDING, Floats, Ints, at_least, class_ids, same_shape, shares, whole
from thinkharder.stats.plurality import Voted, population_vote, recorded_vote

ABSTAINS, NOTHING = -1, -2
"""Classes of a sample without an answer, and of a place where no sample is recorded."""


@final
@dataclass(frozen=True, slots=True)
class Tally:
    """The answers of each problem, counted: what a vote sees.

    `counts` [problems, classes] samples of each class; `right` [problems, classes] whether the class is right (a share
    where its samples differ, NaN where unknown or the class is not used); `abstained` [problems].
    """

    counts: Ints
    right: Floats
    abstained: Ints

    @property
    def samples(self) -> Ints:
        """Samples recorded of each problem, abstaining ones included; [problems]."""
        found: Ints = self.counts.sum(axis=1) + self.abstained
        return found


def tally(classes: ArrayLike, right: ArrayLike) -> Tally:
    """Count answers: `classes` [problems, samples] (0 and up an answer's class, -1 abstains, -2 nothing recorded) and
    `right` of the same shape, in [0, 1] or NaN.

    A class is right as its samples are in the mean; samples whose `right` is unknown are left out of that mean.
    """
    classed, good = class_ids(classes), shares("right", right)
    same_shape(classes=classed, right=good)
    width = max(int(classed.max(initial=-1)) + 1, 1)
    rows = np.broadcast_to(np.arange(len(classed))[:, None], classed.shape)
    voting = classed >= 0
    counts = np.zeros((len(classed), width), dtype=np.int64)
    np.add.at(counts, (rows[voting], classed[voting]), 1)
    known = voting & ~np.isnan(good)
    sums, sizes = np.zeros(counts.shape), np.zeros(counts.shape)
    np.add.at(sums, (rows[known], classed[known]), good[known])
    np.add.at(sizes, (rows[known], classed[known]), 1.0)
    of_class = np.divide(sums, sizes, out=np.full(counts.shape, np.nan), where=sizes > 0)
    return Tally(counts, of_class, (classed == ABSTAINS).sum(axis=1))


def maj_at_k(
    counts: ArrayLike,
    right: ArrayLike,
    k: int,
    *,
    abstained: ArrayLike = 0,
    trials: int = 20_000,
    seed: int = 0,
) -> Floats:
    """The chance that the vote of k of the recorded samples, drawn without replacement, is right; [...].

    `counts` [..., classes] and `right` [..., classes] as in `Tally`, `abstained` [...]. Exact: the expectation over all
    subsets of k, by counting (`plurality`), wherever that takes under about a second a problem; beyond it (thousands of
    samples) the mean of `trials` seeded draws, whose standard error is at most 0.5 / sqrt(trials).
    NaN where fewer than k samples are recorded, or where whether a voted class is right is unknown.

    Reference: majority voting of k samples, Wang et al. 2022, arXiv:2203.11171; maj@k is the name of Lewkowycz et al.
    2022, arXiv:2206.14858.
    """
    at_least("k", k, 1)
    at_least("trials", trials, 1)
    votes, good = whole("counts", counts), shares("right", right)
    same_shape(counts=votes, right=good)
    silent = np.broadcast_to(whole("abstained", abstained), votes.shape[:-1]).ravel()
    width = votes.shape[-1]
    done: dict[tuple[Voted, int], float] = {}
    found = []
    for row, truth, quiet in zip(
        votes.reshape(-1, width), good.reshape(-1, width), silent.tolist(), strict=True
    ):
        key = (_voted(row, truth), quiet)
        if key not in done:
            done[key] = recorded_vote(*key, k, trials, seed)
        found.append(done[key])
    return np.array(found, dtype=np.float64).reshape(votes.shape[:-1])


def maj_at_k_of(
    probabilities: ArrayLike,
    right: ArrayLike,
    k: int,
    *,
    trials: int = 20_000,
    seed: int = 0,
) -> Floats:
    """The chance that the vote of k independent samples is right, where the chance of every answer is known; [...].

    `probabilities` [..., classes] of the answers; what is missing to a sum of 1 is the chance to abstain. `right` as in
    `maj_at_k`. Exact by multinomial counting, beyond about a second a problem the mean of `trials` seeded draws.
    NaN where a probability is NaN, or where whether a possible class is right is unknown. BadOption where a sum exceeds 1.
    """
    at_least("k", k, 1)
    at_least("trials", trials, 1)
    chances, good = shares("probabilities", probabilities), shares("right", right)
    same_shape(probabilities=chances, right=good)
    if (chances.sum(axis=-1) > 1 + ROUNDING).any():
        raise BadOption(f"probabilities of one problem sum to {np.nanmax(chances.sum(axis=-1))}, more than 1")
    width = chances.shape[-1]
    rows = zip(chances.reshape(-1, width), good.reshape(-1, width), strict=True)
    found = [population_vote(_voted(row, truth), k, trials, seed) for row, truth in rows]
    return np.array(found, dtype=np.float64).reshape(chances.shape[:-1])


def _voted(counts: NDArray[Any], right: Floats) -> Voted:
    """The classes that have votes, most first, so that problems with the same counts are worked out once."""
    pairs = zip(counts.tolist(), right.tolist(), strict=True)
    return tuple(sorted((pair for pair in pairs if pair[0] != 0), reverse=True))
