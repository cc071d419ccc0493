"""Intervals for the rate behind independent 0/1 outcomes: x successes of n.

`wilson` is what `intervals.mean_interval` uses; the others are for comparison and for one who must have at least the
nominal coverage (`clopper_pearson`). Shapes broadcast; x may be fractional for `wilson` (an effective sample size).
Each returns (low, high), NaN where n = 0. How often each covers, exactly: docs/results/statistics.md.
"""

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, floats, level_of, scipy_stats

Bounds = tuple[Floats, Floats]
_HALVINGS = 60


def wilson(successes: ArrayLike, n: ArrayLike, level: float = 0.95) -> Bounds:
    """The rates that a score test does not reject.

    Reference: Wilson 1927, Journal of the American Statistical Association 22, 209-212; Brown, Cai and DasGupta 2001,
    Statistical Science 16, 101-133, recommend it.
    """
    x, size = _counts(successes, n)
    z = NormalDist().inv_cdf((1 + level_of(level)) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = x / size
        middle = p + z * z / (2 * size)
        half = z * np.sqrt(p * (1 - p) / size + z * z / (4 * size * size))
        scale = 1 + z * z / size
        # At the edges rounding could move a bound that is 0 or 1 exactly.
        low = np.where(x == 0, 0.0, np.maximum((middle - half) / scale, 0.0))
        high = np.where(x == size, 1.0, np.minimum((middle + half) / scale, 1.0))
    return np.where(size > 0, low, np.nan), np.where(size > 0, high, np.nan)


def clopper_pearson(successes: ArrayLike, n: ArrayLike, level: float = 0.95) -> Bounds:
    """The exact interval: it covers at least `level` at every rate, and mostly more.

    Reference: Clopper and Pearson 1934, Biometrika 26, 404-413.
    """
    x, size = _counts(successes, n)
    return _beta(x, size, level, 0.0, 1.0)


def jeffreys(successes: ArrayLike, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Equal tails of the posterior under the prior Beta(1/2, 1/2), the low bound 0 at x = 0 and the high one 1 at x = n.

    Reference: Brown, Cai and DasGupta 2001, Statistical Science 16, section 4.1.2.
    """
    x, size = _counts(successes, n)
    return _beta(x, size, level, 0.5, 0.5)


def mid_p(successes: ArrayLike, n: ArrayLike, level: float = 0.95) -> Bounds:
    """The rates at which neither tail, with half of the outcome's own chance, is under (1 - level)/2.

    Reference: Lancaster 1961, Journal of the American Statistical Association 56, 223-234; for this interval Berry and
    Armitage 1995, The Statistician 44, 417-423.
    """
    x, size = _counts(successes, n)
    law, tail = scipy_stats().binom, (1 - level_of(level)) / 2
    above = _bisect(lambda p: law.sf(x, size, p) + law.pmf(x, size, p) / 2 > tail, x.shape)
    below = _bisect(lambda p: law.cdf(x - 1, size, p) + law.pmf(x, size, p) / 2 < tail, x.shape)
    low, high = np.where(x == 0, 0.0, above), np.where(x == size, 1.0, below)
    return np.where(size > 0, low, np.nan), np.where(size > 0, high, np.nan)


def _counts(successes: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    x, size = np.broadcast_arrays(floats("successes", successes), floats("n", n))
    if ((size < 0) | (x < 0) | (x > size)).any():
        raise BadOption("successes must lie between 0 and n")
    return x, size


def _beta(x: Floats, n: Floats, level: float, own: float, other: float) -> Bounds:
    """Quantiles of Beta(x + own, n - x + other) below and of Beta(x + other, n - x + own) above."""
    law, tail = scipy_stats().beta, (1 - level_of(level)) / 2
    low = np.where(x == 0, 0.0, law.ppf(tail, np.where(x == 0, 1.0, x + own), n - x + other))
    high = np.where(x == n, 1.0, law.ppf(1 - tail, x + other, np.where(x == n, 1.0, n - x + own)))
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def _bisect(over: Any, shape: tuple[int, ...]) -> Floats:
    """The rate in [0, 1] from which on `over` holds."""
    low, high = np.zeros(shape), np.ones(shape)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        found = over(middle)
        low, high = np.where(found, low, middle), np.where(found, middle, high)
    return high
