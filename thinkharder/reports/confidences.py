"""Calibration of every confidence that a classed pool has: the vote's share, and each verifier's scores."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinkharder.replay.classed import Classed
from thinkharder.reports.findings import NAN, Calibration, Reliability
from thinkharder.stats.calibration import auroc, brier, reliability
from thinkharder.stats.proportions import wilson
from thinkharder.stats.selective import risk_coverage
from thinkharder.stats.voting import tally

BINS = 10
RISKS = 60
"""Points of a risk-coverage curve that are drawn, at most."""


def calibrations(classed: Classed) -> tuple[Calibration, ...]:
    """The vote's share (one case a problem), then each verifier's scores (one case a sample). Empty where nothing is known."""
    votes = tally(classed.classes, np.where(classed.recorded, classed.right, np.nan))
    cast = votes.counts.sum(axis=1)
    top = votes.counts.max(axis=1, initial=0)
    winners = (votes.counts == top[:, None]) & (votes.counts > 0)
    with np.errstate(invalid="ignore"):
        share = np.where(cast > 0, top / np.maximum(cast, 1), np.nan)
        right = np.where(winners, votes.right, 0).sum(axis=1) / winners.sum(axis=1)
    problems = np.arange(len(share))
    found = [_one("vote share", share, right, problems)]
    place = np.nonzero(classed.recorded)
    for name, column in classed.scores.items():
        found.append(_one(f"score of {name}", column[place], classed.right[place], place[0]))
    return tuple(one for one in found if one is not None)


def _one(
    name: str, confidence: NDArray[np.float64], right: NDArray[np.float64], problem: NDArray[np.int64]
) -> Calibration | None:
    known = ~np.isnan(confidence) & ~np.isnan(right)
    stated, good, of = np.clip(confidence[known], 0, 1), right[known], problem[known]
    if len(stated) < 2:
        return None
    diagram = reliability(stated, good, bins=BINS)
    cells = np.clip(np.searchsorted(diagram.edges, stated, side="left") - 1, 0, BINS - 1)
    bins = []
    for i in range(BINS):
        inside = cells == i
        if inside.any():
            low, high = clustered(good[inside], of[inside])
            accuracy, count = float(diagram.accuracy[i]), int(inside.sum())
            bins.append(Reliability(float(diagram.confidence[i]), accuracy, low, high, count))
    curve = risk_coverage(stated, good)
    at = np.unique(np.linspace(0, len(stated) - 1, min(RISKS, len(stated))).round().astype(np.int64))
    risk = tuple(zip(curve.coverage[at].tolist(), curve.risk[at].tolist(), strict=True))
    return Calibration(name, tuple(bins), risk, diagram.ece, brier(stated, good), auroc(stated, good))


def clustered(right: NDArray[np.float64], problem: NDArray[np.int64]) -> tuple[float, float]:
    """The 95% interval of a share of right samples where samples of one problem are alike.

    Wilson's at an effective number of samples: p (1 - p) over the variance of the ratio of sums over problems (Cochran
    1977, Sampling Techniques, section 11.8); with no variance to see, the number of problems. NaN without samples.
    """
    if not len(right):
        return NAN, NAN
    _, of = np.unique(problem, return_inverse=True)
    size = np.bincount(of).astype(np.float64)
    share, problems = float(right.mean()), len(size)
    rest = np.bincount(of, right) - share * size
    spread = float((rest**2).sum()) * problems / max(problems - 1, 1) / len(right) ** 2
    even = share * (1 - share)
    effective = even / spread if spread > 0 and even > 0 else float(problems)
    effective = min(max(effective, 1.0), float(len(right)))
    ends: Any = wilson(share * effective, effective)
    return float(ends[0]), float(ends[1])
