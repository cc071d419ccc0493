"""Laws of a curve: accuracy against samples or compute, without a model of the problems under it.

They are what the literature fits, and they extrapolate worse than the laws of rates.py where those apply: compare.py measures
that. x [K] is samples or any compute above 0, y [K] an accuracy in [0, 1].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from thinkharder.core.errors import BadOption, UnknownName
from thinkharder.stats.scaling.lib import Floats, optimize

TINY = 1e-12


@final
@dataclass(frozen=True, slots=True)
class CurveLaw:
    """A fitted curve: its name, its numbers, and the root mean square error on what it was fitted to."""

    name: str
    parameters: Mapping[str, float]
    rmse: float

    def __call__(self, x: Floats) -> Floats:
        """The accuracy at x, [K], held inside [0, 1]."""
        return np.clip(SHAPES[self.name](np.asarray(x, dtype=np.float64), **self.parameters), 0.0, 1.0)


def exponential(x: Floats, c: float) -> Floats:
    """1 - e^(-cx): one rate for all problems."""
    return -np.expm1(-c * x)


def coverage_power(x: Floats, a: float, b: float) -> Floats:
    """exp(-a x^(-b)). Reference: Brown et al. 2024, arXiv:2407.21787, section 3.1 (their log c = a k^b, signs drawn out)."""
    return np.asarray(np.exp(-a * x**-b))


def failure_power(x: Floats, a: float, b: float) -> Floats:
    """1 - a x^(-b): a straight line of log failure against log k."""
    return np.asarray(1 - a * x**-b)


def plateau_power(x: Floats, a: float, alpha: float, stop: float) -> Floats:
    """a min(x, stop)^alpha: performance grows as a power of compute up to a saturation point `stop` (N*), then not at all."""
    return np.asarray(a * np.minimum(x, stop) ** alpha)


def ceiling_exponential(x: Floats, top: float, start: float, c: float) -> Floats:
    """top - (top - start) e^(-c (x - 1)): from `start` at one sample to a ceiling below 1, as votes have.

    The form of the saturating laws of Wang et al. 2025, arXiv:2505.20522 (F_max (1 - (1 - p)^N)), with a free start.
    """
    return np.asarray(top - (top - start) * np.exp(-c * (x - 1)))


SHAPES: Mapping[str, Callable[..., Floats]] = {
    "exponential": exponential,
    "coverage-power": coverage_power,
    "failure-power": failure_power,
    "plateau-power": plateau_power,
    "ceiling-exponential": ceiling_exponential,
}


def fit_curve(name: str, x: Floats, y: Floats) -> CurveLaw:
    """Fit the curve of that name by least squares on y ("failure-power": on log(1 - y), the straight line).

    Points at which y is NaN are left out. Raises UnknownName; BadOption with fewer points than numbers to fit, x <= 0, or y
    outside [0, 1].
    """
    if name not in SHAPES:
        raise UnknownName("curve", name, list(SHAPES))
    x, y = (np.asarray(one, dtype=np.float64) for one in (x, y))
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    need = 1 if name == "exponential" else 2 if name.endswith("power") and name != "plateau-power" else 3
    if len(x) < need:
        raise BadOption(f"{name} has {need} numbers to fit and got {len(x)} points; give more budgets")
    if np.any(x <= 0) or np.any((y < 0) | (y > 1)):
        raise BadOption(
            f"{name} takes compute above 0 and accuracies in [0, 1]; got x from {x.min():g}, y up to {y.max():g}"
        )
    found = _FITS[name](x, y)
    rmse = float(np.sqrt(np.mean((np.clip(SHAPES[name](x, **found), 0, 1) - y) ** 2)))
    return CurveLaw(name, found, rmse)


def fit_curve_bootstrap(
    name: str, x: Floats, values: Floats, times: int = 100, seed: int = 0, level: float = 0.95
) -> tuple[CurveLaw, Mapping[str, tuple[float, float]]]:
    """Fit a curve to the mean over problems of values [P, K] at x [K]; intervals of its numbers by resampling problems."""
    found = fit_curve(name, x, np.nanmean(values, axis=0))
    rng = np.random.default_rng(seed)
    size = len(values)
    again = [
        fit_curve(name, x, np.nanmean(values[rng.integers(0, size, size)], axis=0)) for _ in range(times)
    ]
    ends = [(1 - level) / 2, (1 + level) / 2]
    spread = {key: np.quantile([one.parameters[key] for one in again], ends) for key in found.parameters}
    return found, {key: (float(low), float(high)) for key, (low, high) in spread.items()}


def _fit_exponential(x: Floats, y: Floats) -> dict[str, float]:
    start = float(np.median(-np.log(np.clip(1 - y, 1e-6, 1 - 1e-6)) / x))
    return dict(zip("c", _least(exponential, x, y, [start], "+"), strict=True))


def _fit_coverage(x: Floats, y: Floats) -> dict[str, float]:
    slope, level = _line(np.log(x), np.log(np.clip(-np.log(np.clip(y, TINY, 1)), TINY, None)))
    start = [float(np.exp(level)), max(-slope, 1e-3)]
    return dict(zip("ab", _least(coverage_power, x, y, start, "++"), strict=True))


def _fit_failure(x: Floats, y: Floats) -> dict[str, float]:
    there = y < 1  # a failure of 0 has no logarithm
    if there.sum() < 2:
        return {"a": float(np.mean(1 - y)), "b": 0.0}
    slope, level = _line(np.log(x[there]), np.log(1 - y[there]))
    return {"a": float(np.exp(level)), "b": -slope}


def _fit_plateau(x: Floats, y: Floats) -> dict[str, float]:
    """For each candidate N* a straight line in logarithms; candidates first over the whole range, then around the best."""

    def line(stop: float) -> tuple[float, dict[str, float]]:
        slope, level = _line(np.log(np.minimum(x, stop)), np.log(np.clip(y, 1e-6, None)))
        found = {"a": float(np.exp(level)), "alpha": max(slope, 0.0), "stop": stop}
        return float(np.sum((plateau_power(x, **found) - y) ** 2)), found

    order = np.sort(np.unique(x))
    low, high = float(order[min(1, len(order) - 1)]), float(order[-1])
    best = line(high)  # where several are as good, the one that claims the least
    for _ in range(4):
        for stop in np.geomspace(low, high, 17):
            tried = line(float(stop))
            if tried[0] < best[0] - TINY:
                best = tried
        step = (high / low) ** (1 / 16)
        low, high = max(low, best[1]["stop"] / step), min(high, best[1]["stop"] * step)
    return best[1]


def _fit_ceiling(x: Floats, y: Floats) -> dict[str, float]:
    spread = max(float(x.max() - 1), 1e-9)
    start = [float(y.max()), float(y[np.argmin(x)]), 3 / spread]
    return dict(zip(("top", "start", "c"), _least(ceiling_exponential, x, y, start, "11+"), strict=True))


_FITS: Mapping[str, Callable[[Floats, Floats], dict[str, float]]] = {
    "exponential": _fit_exponential,
    "coverage-power": _fit_coverage,
    "failure-power": _fit_failure,
    "plateau-power": _fit_plateau,
    "ceiling-exponential": _fit_ceiling,
}


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope and level of the least-squares line."""
    gap = x - x.mean()
    square = float(gap @ gap)
    slope = float(gap @ (y - y.mean())) / square if square > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def _least(shape: Callable[..., Floats], x: Floats, y: Floats, start: list[float], kinds: str) -> list[float]:
    """Least squares on y; numbers of kind + are above 0, of kind 1 in [0, 1], and are searched as logarithms or log odds."""

    def outside(value: float, kind: str) -> float:
        if kind == "+":
            return float(np.log(max(value, 1e-9)))
        inside = min(max(value, 1e-6), 1 - 1e-6)
        return float(np.log(inside / (1 - inside)))

    def inside(free: Floats) -> list[float]:
        held = np.clip(free, -60, 60)
        return [
            float(np.exp(v) if kind == "+" else 1 / (1 + np.exp(-v)))
            for v, kind in zip(held, kinds, strict=True)
        ]

    begin = np.array([outside(value, kind) for value, kind in zip(start, kinds, strict=True)])
    found = optimize().least_squares(
        lambda free: shape(x, *inside(free)) - y, begin, method="lm", max_nfev=200
    )
    return inside(found.x)
