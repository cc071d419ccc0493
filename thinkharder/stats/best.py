"""best@k: how often the sample that a scorer ranks first among k is right."""

import math

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.stats.checks import Floats, Ints, at_least, class_ids, floats, same_shape, shares
from thinkharder.stats.passk import none_of
from thinkharder.stats.voting import NOTHING, maj_at_k, tally


def best_at_k(scores: ArrayLike, right: ArrayLike, k: int, *, classes: ArrayLike | None = None) -> Floats:
    """The chance that the best-scored of k of the recorded samples, drawn without replacement, is right; [problems].

    `scores` [problems, samples] (any scale, higher is better, NaN: not scored), `right` of the same shape in [0, 1].
    Exact by order statistics: the chance that the best score drawn is s, times the mean of `right` at s, because equal
    scores are picked from at random. Unscored samples rank below all scored ones.

    Without `classes` every sample counts, and among k unscored ones one is picked at random. With `classes` (as in
    `voting.tally`: -1 abstains, -2 nothing recorded) the rules are those of the selection `highest-score`: a sample without
    an answer ranks below all with one, whatever its score, and is wrong; among k unscored the vote decides.
    Without `classes`, a sample whose `right` is NaN makes the problem's value NaN. NaN where fewer than k are recorded.

    Reference: best-of-n, Cobbe et al. 2021, arXiv:2110.14168, section 4.2.
    """
    at_least("k", k, 1)
    value, good = floats("scores", scores), shares("right", right)
    of = class_ids(np.zeros(value.shape) if classes is None else classes)
    same_shape(scores=value, right=good, classes=of)
    found = []
    for row, truth, names in zip(value, good, of, strict=True):
        held = names > NOTHING
        found.append(_one(row[held], truth[held], names[held], k, vote=classes is not None))
    return np.array(found, dtype=np.float64)


def _one(scores: Floats, right: Floats, classes: Ints, k: int, vote: bool) -> float:
    n = len(scores)
    voter = classes >= 0
    if n < k or np.isnan(right[voter]).any():
        return math.nan
    levels, of = np.unique(
        np.where(voter, -scores, np.nan), return_inverse=True
    )  # best first; NaN is one level, last
    scored = ~np.isnan(levels)
    sizes = np.bincount(of, minlength=len(levels))[scored]
    means = np.bincount(of, np.where(voter, right, 0.0), minlength=len(levels))[scored] / np.maximum(sizes, 1)
    above = np.concatenate([[0], np.cumsum(sizes)])
    missed = none_of(n, above, k)  # the chance that no draw is among the best-scored so far
    total = float(-np.diff(missed) @ means)
    unscored = voter & np.isnan(scores)
    if not missed[-1] or not unscored.any():
        return total
    if not vote:
        return total + float(missed[-1]) * float(right[unscored].mean())
    left = np.where(unscored | ~voter, np.where(voter, classes, -1), NOTHING)[None]
    votes = tally(left, right[None])
    return total + float(missed[-1]) * float(
        maj_at_k(votes.counts, votes.right, k, abstained=votes.abstained)[0]
    )
