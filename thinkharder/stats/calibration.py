"""Is a stated confidence an honest probability? Reliability diagram, ECE, Brier score, AUROC.

All take `confidence` [answers] in [0, 1] (NaN: none stated; such answers are left out of every measure here, and
`Reliability.stated` says how many are in), `right` [answers] in [0, 1] (1 right, 0 wrong; a share where an answer is an
expectation over tied picks; NaN is refused), and optional `weights` [answers] of at least 0. What has no value is NaN.
"""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, at_least, floats, same_shape, shares


@final
@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability diagram, bin by bin.

    `edges` [bins + 1]; per bin [bins] the `weight` in it, its mean `confidence` and its `accuracy` (NaN where it is empty).
    A bin holds low < confidence <= high, the first also its low edge. `stated` is the share of the weight with a confidence.
    """

    edges: Floats
    weight: Floats
    confidence: Floats
    accuracy: Floats
    stated: float

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean over answers of |accuracy - confidence| of their bin."""
        total = float(self.weight.sum())
        if total == 0:
            return float("nan")
        return float(np.nansum(self.weight * np.abs(self.accuracy - self.confidence)) / total)


def reliability(
    confidence: ArrayLike,
    right: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    bins: int = 10,
    by: Literal["width", "mass"] = "width",
) -> Reliability:
    """The reliability diagram with `bins` bins of equal width, or with equally many answers in each (`by="mass"`).

    With mass, equal confidences stay together, so there may be fewer bins.

    Reference: Guo et al. 2017, arXiv:1706.04599, section 2 (the diagram, and ECE with equal widths); equal mass: Nixon et
    al. 2019, arXiv:1904.01685.
    """
    at_least("bins", bins, 1)
    if by not in ("width", "mass"):
        raise BadOption(f"by={by!r} must be 'width' or 'mass'")
    stated, good, heavy, share = _read(confidence, right, weights)
    edges = np.linspace(0.0, 1.0, bins + 1)
    if by == "mass" and len(stated):
        cuts = np.quantile(stated, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
        edges = np.unique(np.concatenate([[0.0], cuts, [1.0]]))
    count = len(edges) - 1
    of = np.clip(np.searchsorted(edges, stated, side="left") - 1, 0, count - 1)
    mass: Floats = np.bincount(of, heavy, minlength=count).astype(np.float64)
    sums = (np.bincount(of, heavy * x, minlength=count) for x in (stated, good))
    empty = np.full(count, np.nan)
    means = [np.divide(total, mass, out=empty.copy(), where=mass > 0) for total in sums]
    return Reliability(edges, mass, means[0], means[1], share)


def ece(
    confidence: ArrayLike, right: ArrayLike, *, weights: ArrayLike | None = None, bins: int = 10
) -> float:
    """Expected calibration error over bins of equal width; see `reliability`. It is biased upwards on few answers."""
    return reliability(confidence, right, weights=weights, bins=bins).ece


def brier(confidence: ArrayLike, right: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """The mean squared difference between confidence and outcome, 0 to 1, lower is better.

    For an expectation over picks (`right` a share r) it is the expected score of the pick: r (1 - c)² + (1 - r) c².

    Reference: Brier 1950, Monthly Weather Review 78, 1-3 (here with one term for two outcomes, half of his).
    """
    stated, good, heavy, _ = _read(confidence, right, weights)
    total = float(heavy.sum())
    if total == 0:
        return float("nan")
    return float((heavy * (good * (1 - stated) ** 2 + (1 - good) * stated**2)).sum() / total)


def auroc(confidence: ArrayLike, right: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """The chance that a right answer has a higher confidence than a wrong one, ties counting half.

    An answer with a share r counts as r of a right and 1 - r of a wrong one. `confidence` may be any score here, not only one
    in [0, 1]. NaN where nothing is right or nothing is wrong.

    Reference: Hanley and McNeil 1982, Radiology 143, 29-36.
    """
    stated, good, heavy, _ = _read(confidence, right, weights, unit=False)
    _, of = np.unique(stated, return_inverse=True)
    positive, negative = np.bincount(of, heavy * good), np.bincount(of, heavy * (1 - good))
    total = float(positive.sum() * negative.sum())
    if total == 0:
        return float("nan")
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / total)


def _read(
    confidence: ArrayLike, right: ArrayLike, weights: ArrayLike | None, unit: bool = True
) -> tuple[Floats, Floats, Floats, float]:
    """Confidence, right and weight of the answers that state one, and the share of the weight that they are."""
    stated = shares("confidence", confidence) if unit else floats("confidence", confidence)
    good = shares("right", right)
    heavy = np.ones(stated.shape) if weights is None else floats("weights", weights)
    same_shape(confidence=stated, right=good, weights=heavy)
    if stated.ndim != 1 or np.isnan(good).any():
        raise BadOption(
            "confidence and right must be lists [answers], and right known for each: leave out the others"
        )
    if not (np.isfinite(heavy) & (heavy >= 0)).all():
        raise BadOption("weights must be finite, 0 or more")
    known = ~np.isnan(stated)
    total = float(heavy.sum())
    share = float(heavy[known].sum()) / total if total else float("nan")
    return stated[known], good[known], heavy[known], share
