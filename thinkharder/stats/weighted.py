"""Weighted maj@k: how often a vote whose samples weigh differently is right."""

import math
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, Ints, at_least, class_ids, floats, same_shape, shares

MOST_SUBSETS = 50_000
"""Subsets of one problem's samples up to which all are counted."""
_LIMBS, _BITS = 3, 30
"""A weight is added up exactly, as whole numbers: 90 bits from the highest of the largest weight on."""


def weighted_maj_at_k(
    classes: ArrayLike,
    weights: ArrayLike,
    right: ArrayLike,
    k: int,
    *,
    trials: int = 20_000,
    seed: int = 0,
) -> Floats:
    """The chance that the weighted vote of k of the recorded samples, drawn without replacement, is right; [problems].

    All arrays are [problems, samples]: `classes` as in `voting.tally` (-1 abstains, -2 nothing recorded), `weights` (a
    score, or a power of one; negative counts 0, and so does NaN: unscored), `right` in [0, 1]. The class whose samples'
    weights have the largest sum wins; tied classes share (sums are exact: rounding neither makes nor breaks a tie); where every weight of the k is 0 their plain majority
    decides; where all k abstain the result is wrong. These are the rules of the selection `weighted-vote`.
    Exact over all subsets where there are at most 50,000 of them, else the mean of `trials` seeded draws, whose standard
    error is at most 0.5 / sqrt(trials). NaN where fewer than k samples are recorded or a voting sample's `right` is NaN.

    Reference: Li et al. 2022, arXiv:2206.02336 ("Voting Verifier").
    """
    at_least("k", k, 1)
    at_least("trials", trials, 1)
    of, heavy, good = class_ids(classes), floats("weights", weights), shares("right", right)
    same_shape(classes=of, weights=heavy, right=good)
    if np.isposinf(heavy).any():
        raise BadOption("weights must be finite, NaN where a sample is not scored; one of them is inf")
    heavy = np.maximum(np.nan_to_num(heavy, nan=0.0, neginf=0.0), 0.0)
    found = []
    for i, row in enumerate(of):
        held = row >= -1
        found.append(
            _one(row[held], heavy[i, held], good[i, held], k, np.random.default_rng([seed, i]), trials)
        )
    return np.array(found, dtype=np.float64)


def _one(
    classes: Ints, weights: Floats, right: Floats, k: int, rng: np.random.Generator, trials: int
) -> float:
    n = len(classes)
    if n < k or np.isnan(right[classes >= 0]).any():
        return math.nan
    if math.comb(n, k) <= MOST_SUBSETS:
        chosen = np.array(list(combinations(range(n), k)), dtype=np.int64)
    else:
        chosen = np.argsort(rng.random((trials, n)), axis=1)[:, :k]
    return float(_vote(chosen, classes, weights, right).mean())


def _vote(chosen: NDArray[np.int64], classes: Ints, weights: Floats, right: Floats) -> Floats:
    """For each subset [subsets, k] the share of right classes among the tied winners."""
    names, of = np.unique(classes, return_inverse=True)
    truth = np.array([0.0 if name < 0 else right[classes == name].mean() for name in names])
    limbs = _exact(np.where(classes >= 0, weights, 0.0))
    votes = np.zeros((len(chosen), len(names)), dtype=np.int64)
    sums = np.zeros((_LIMBS, len(chosen), len(names)), dtype=np.int64)
    rows = np.arange(len(chosen))
    for place in chosen.T:
        votes[rows, of[place]] += classes[place] >= 0
        sums[:, rows, of[place]] += limbs[:, place]
    weightless = ~sums.any(axis=(0, 2))
    sums[0, weightless] = votes[weightless]
    won = (votes > 0) & _largest(sums)
    found: Floats = won @ truth / np.maximum(won.sum(axis=1), 1)
    return found


def _exact(weights: Floats) -> Ints:
    """The weights [samples] as whole numbers in base 2**30, highest limb first; [limbs, samples]."""
    _, exponent = np.frexp(weights.max(initial=0.0))
    rest = np.ldexp(weights, _BITS - int(exponent))
    limbs = []
    for _ in range(_LIMBS):
        limbs.append(np.floor(rest).astype(np.int64))
        rest = np.ldexp(rest - np.floor(rest), _BITS)  # both steps are exact in floating point
    return np.stack(limbs)


def _largest(sums: Ints) -> NDArray[np.bool_]:
    """Which sums [limbs, subsets, classes] are the largest of their subset, exactly; [subsets, classes]."""
    for limb in range(_LIMBS - 1, 0, -1):
        sums[limb - 1] += sums[limb] >> _BITS
        sums[limb] &= (1 << _BITS) - 1
    left = np.ones(sums.shape[1:], dtype=np.bool_)
    for limb in sums:
        among = np.where(left, limb, -1)
        left &= among == among.max(axis=1, keepdims=True)
    return left
