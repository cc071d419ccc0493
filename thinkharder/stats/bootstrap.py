"""The bootstrap over problems, for statistics that have no interval of their own.

Problems are resampled, never single samples: samples of one problem are not independent. For means of accuracies use
`intervals.mean_interval`: near 0 and 1 and with few problems a bootstrap covers far too little (measured in
docs/results/statistics.md), because the resamples cannot hold a failure that the data do not.
"""

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, at_least, floats, level_of, scipy_stats

Statistic = Callable[..., float]


def cluster_bootstrap(
    data: Sequence[ArrayLike],
    statistic: Statistic,
    *,
    method: Literal["bca", "percentile"] = "bca",
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """(low, high) of `statistic(*data)`, by resampling problems.

    `data` arrays of which each has problems on its first axis, as many in all; `statistic` takes arrays of that shape and
    returns a number. `bca` corrects for bias and skew (Efron 1987, Journal of the American Statistical Association 82,
    171-185), by scipy; `percentile` takes the quantiles. Seeded: the same call gives the same bounds.
    (NaN, NaN) where there are fewer than 2 problems, where the statistic is NaN on the data or on a resample (a resample
    without any wrong answer has no AUROC), or where it is the same on every resample: that shows no spread, not none.
    """
    level_of(level)
    at_least("resamples", resamples, 2)
    if method not in ("bca", "percentile"):
        raise BadOption(f"method={method!r} must be 'bca' or 'percentile'")
    arrays, n = _rows(data)
    if n < 2:
        return np.nan, np.nan
    lost = False

    def over(chosen: NDArray[np.int64]) -> float:
        nonlocal lost
        value = float(statistic(*(array[chosen] for array in arrays)))
        lost = lost or np.isnan(value)
        return 0.0 if np.isnan(value) else value

    stats: Any = scipy_stats()
    rng = np.random.default_rng(seed)
    named = (
        "rng" if "rng" in inspect.signature(stats.bootstrap).parameters else "random_state"
    )  # before scipy 1.15
    given = {"vectorized": False, "confidence_level": level, named: rng}
    found = stats.bootstrap((np.arange(n),), over, n_resamples=resamples, method="percentile", **given)
    if lost or np.ptp(found.bootstrap_distribution) == 0:
        return np.nan, np.nan
    if method == "bca":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # its bounds are NaN then
            found = stats.bootstrap(
                (np.arange(n),), over, n_resamples=0, bootstrap_result=found, method="BCa", **given
            )
    bounds = found.confidence_interval
    return (np.nan, np.nan) if lost else (float(bounds.low), float(bounds.high))


def _rows(data: Sequence[ArrayLike]) -> tuple[list[NDArray[Any]], int]:
    """The arrays, and how many problems each holds."""
    arrays = [np.asarray(array) for array in data]
    sizes = {len(array) for array in arrays}
    if len(sizes) != 1:
        raise BadOption(f"the arrays hold {sorted(sizes)} problems: give one row a problem in each")
    return arrays, sizes.pop()


def studentised_bootstrap(
    values: ArrayLike, *, level: float = 0.95, resamples: int = 4000, seed: int = 0
) -> tuple[float, float]:
    """(low, high) of the mean of `values` [problems], any finite numbers: tokens, seconds, costs.

    Quantiles of (resampled mean - mean) / (resampled standard error) in place of Student's: unlike the percentile bootstrap
    it follows skew, such as lengths have, to second order. A resample of equal values counts as infinitely far out, and
    a bound that would be infinite is NaN: so few values, or one that carries all of the spread, do not give one.
    (NaN, NaN) where there are fewer than 2 values, one is NaN, or all are the same.

    Reference: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 12.5.
    """
    level_of(level)
    at_least("resamples", resamples, 2)
    x = floats("values", values)
    if x.ndim != 1:
        raise BadOption(f"values must be [problems], not of shape {x.shape}")
    n = len(x)
    if n < 2 or np.isnan(x).any() or np.ptp(x) == 0:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    mean, error = float(x.mean()), float(x.std(ddof=1)) / n**0.5
    parts = []
    rows = max(1, 2_000_000 // n)  # so that a million values need no gigabytes
    for start in range(0, resamples, rows):
        drawn = x[rng.integers(n, size=(min(rows, resamples - start), n))]
        spread = drawn.std(axis=1, ddof=1) / n**0.5
        flat = np.ptp(drawn, axis=1) == 0
        gap: Floats = drawn.mean(axis=1) - mean
        far = np.where(gap == 0, 0.0, np.copysign(np.inf, gap))
        parts.append(np.where(flat, far, gap / np.where(flat, 1.0, spread)))
    low, high = np.quantile(np.concatenate(parts), [(1 - level) / 2, (1 + level) / 2], method="higher")
    ends = (mean - float(high) * error, mean - float(low) * error)
    return ends[0] if np.isfinite(ends[0]) else np.nan, ends[1] if np.isfinite(ends[1]) else np.nan
