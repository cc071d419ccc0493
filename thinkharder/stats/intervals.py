"""Intervals for means over problems: `mean_interval` is the front door.

The unit is the problem. Samples of one problem are not independent, so a problem's samples are averaged first and the
problems are what varies: an interval says what other problems of the same kind would give.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.bootstrap import studentised_bootstrap
from thinkharder.stats.checks import Floats, floats, level_of, shares

_WHOLE, _DOUBT = 1.25, 2.0
"""Of `effective_size`: problems' worth of the rarer side that count as seen, and the weight of what is not known."""
_FEW, _MANY = 2.0, 4.0
"""Expected failures up to which the near bound takes most of the other's share, and from which on none."""


@final
@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate, the bounds of its interval (NaN where undefined), the level in (0, 1), and which method gave it."""

    estimate: float
    low: float
    high: float
    level: float
    method: str


def problem_means(values: ArrayLike) -> Floats:
    """One value a problem: [problems] as it is; [problems, samples] averaged over the samples that are not NaN.

    NaN where a problem has no sample. BadOption for any other shape.
    """
    found = floats("values", values)
    if found.ndim == 1:
        return found
    if found.ndim != 2:
        raise BadOption(f"values must be [problems] or [problems, samples], not of shape {found.shape}")
    known = ~np.isnan(found)
    means: Floats = np.divide(
        np.where(known, found, 0.0).sum(axis=1),
        known.sum(axis=1),
        out=np.full(len(found), np.nan),
        where=known.any(axis=1),
    )
    return means


def mean_interval(
    values: ArrayLike,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    seed: int = 0,
) -> Interval:
    """The interval of the mean over problems; each problem weighs the same.

    `values` [problems] or [problems, samples] (NaN: not recorded), within `bounds`: accuracies, pass@k, shares. With
    `bounds=None` any numbers: tokens, seconds. The method is picked by what the values are, and named in the result:
    - 0/1 outcomes, one a problem: Wilson's score interval;
    - bounded values between: Wilson's interval at an effective sample size (`effective_size`);
    - unbounded values: studentised bootstrap over problems (seeded).
    NaN where there is no problem, where a problem's value is NaN, or (unbounded) where the values show no spread: a mean
    over the problems that happen to be defined would be a mean of something else. Values out of bounds raise BadOption.

    Coverage, measured at 30, 100 and 500 problems and rates .05, .5, .95: docs/results/statistics.md.
    """
    level_of(level)
    means = problem_means(values)
    n = len(means)
    if n == 0 or np.isnan(means).any():
        return Interval(np.nan, np.nan, np.nan, level, "undefined: no problem, or one without a value")
    if bounds is None:
        low, high = studentised_bootstrap(means, level=level, seed=seed)
        return Interval(float(means.mean()), low, high, level, "studentised bootstrap over problems")
    bottom, top = bounds
    if not bottom < top:
        raise BadOption(f"bounds={bounds} must be (low, high) with low < high, or None")
    unit = shares(f"values, scaled from bounds={bounds} (None for none),", (means - bottom) / (top - bottom))
    mean = float(unit.mean())
    if np.isin(unit, (0.0, 1.0)).all():
        (low, high), method = _score(mean, n, level), "Wilson"
    else:
        (low, high), method = (
            _shared_score(mean, n, effective_size(unit), level),
            "Wilson, effective sample size",
        )
    scale = top - bottom
    return Interval(bottom + scale * mean, bottom + scale * low, bottom + scale * high, level, method)


def effective_size(values: Floats, *, unseen: bool = True) -> float:
    """How many independent 0/1 outcomes would give a mean as precise as the mean of these values in [0, 1]; [problems].

    n / f, where f is the design effect: f = s² / (m (1 - m)) for the mean m and the variance s² over problems, at most 1,
    drawn towards 1 (0/1 outcomes) where the data say little about it: (E f + 2) / (E + 2). The evidence E is
    (K min(1, S / 1.25)²)². S is the sum of the rarer side, of the values or of 1 - values, in problems: with hardly one whole
    failure (or success) seen, nobody knows whether failures come whole or in crumbs. K = S² / (sum of squares) of that
    side is how many problems share it. Without evidence it is n itself.

    The Wilson interval at an effective sample size is what Franco, Little, Louis and Slud 2019 (Journal of Survey
    Statistics and Methodology 7, 334-364) recommend for clustered proportions, with a better estimate of the design effect
    than the plain one. The estimate here is our own; its constants were chosen by simulation (docs/results/statistics.md
    says on what). `unseen=False` leaves S out, for differences of which most are 0.
    """
    n = len(values)
    mean = float(values.mean())
    spread = mean * (1 - mean)
    if n < 2 or spread <= 0:
        return float(n)
    effect = min(1.0, float(values.var(ddof=1)) / spread)
    sides = (values, 1 - values)
    shared = min(float(side.sum()) ** 2 / float((side**2).sum()) for side in sides)
    whole = min(1.0, *(float(side.sum()) / _WHOLE for side in sides)) if unseen else 1.0
    evidence = (shared * whole**2) ** 2
    return n * (evidence + _DOUBT) / (evidence * effect + _DOUBT)


def difference_interval(
    a: ArrayLike,
    b: ArrayLike,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    seed: int = 0,
) -> Interval:
    """The interval of the mean of a - b over the same problems, in the same order; shapes and `bounds` as in `mean_interval`.

    Bounded values: the gains and the losses (the positive and negative parts of a - b) each get their Wilson interval at
    their effective sample size, and the two are combined by MOVER with the correlation of the two parts (Zou and Donner
    2008, Statistics in Medicine 27, 1693-1702; the same construction as Newcombe 1998, Statistics in Medicine 17, 2635-2650).
    It does not collapse where no problem differs, and is wider than 95% where fewer than about five do. Unbounded:
    studentised bootstrap. NaN where a value of either is NaN.
    """
    level_of(level)
    one, two = problem_means(a), problem_means(b)
    if one.shape != two.shape:
        raise BadOption(
            f"a has {len(one)} problems and b {len(two)}: compare the same problems in the same order"
        )
    if bounds is None:
        return mean_interval(one - two, level=level, bounds=None, seed=seed)
    for name, side in (("a", one), ("b", two)):
        shares(f"{name} scaled from {bounds}", (side - bounds[0]) / (bounds[1] - bounds[0]))
    scale = bounds[1] - bounds[0]
    d = (one - two) / scale
    if len(d) == 0 or np.isnan(d).any():
        return Interval(np.nan, np.nan, np.nan, level, "undefined: no problem, or one without a value")
    gains, losses = np.maximum(d, 0.0), np.maximum(-d, 0.0)
    up, down = float(gains.mean()), float(losses.mean())
    up_low, up_high = _score(up, effective_size(gains, unseen=False), level)
    down_low, down_high = _score(down, effective_size(losses, unseen=False), level)
    both = float(gains.std() * losses.std())
    r = (
        -up * down / both if both > 0 else 0.0
    )  # gains and losses exclude each other: their covariance is -up * down
    low = up - down - _joined(up - up_low, down_high - down, r)
    high = up - down + _joined(up_high - up, down - down_low, r)
    return Interval(
        scale * (up - down), scale * max(low, -1.0), scale * min(high, 1.0), level, "MOVER, Wilson"
    )


def _score(mean: float, size: float, level: float) -> tuple[float, float]:
    """Wilson's bounds for a mean at a sample size that need not be whole."""
    tail = (1 - level) / 2
    return _bound(mean, size, tail), 1 - _bound(1 - mean, size, tail)


def _bound(mean: float, size: float, tail: float) -> float:
    """Wilson's lower bound, which misses in a share `tail`; the upper one is that of 1 - mean, from above."""
    z = NormalDist().inv_cdf(1 - tail)
    middle = mean + z * z / (2 * size)
    half = z * math.sqrt(max(mean * (1 - mean), 0.0) / size + z * z / (4 * size * size))
    return max(0.0, (middle - half) / (1 + z * z / size)) if mean > 0 else 0.0


def _shared_score(mean: float, n: int, size: float, level: float) -> tuple[float, float]:
    """Wilson's bounds at an effective size, where the bound nearer to an edge takes some of the other's share.

    If the truth is fewer than about four failures in n problems (at the bound near that edge), the other bound hardly ever
    misses: it must allow for failures that were not seen at all. So the near bound may miss up to half as often again.
    """
    tail, found = (1 - level) / 2, []
    for side in (mean, 1 - mean):
        expected = n * _bound(side, size, tail)
        more = min(1.0, max(0.0, (_MANY - expected) / (_MANY - _FEW)))
        found.append(_bound(side, size, tail * (1 + more / 2)))
    return found[0], 1 - found[1]


def _joined(one: float, two: float, r: float) -> float:
    return math.sqrt(max(one * one + two * two - 2 * r * one * two, 0.0))
