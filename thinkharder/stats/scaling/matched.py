"""Models of different size on one axis: what each reaches at the same compute.

Two questions, after Snell et al. 2024, arXiv:2408.03314:

- inference alone: at the compute that the larger model takes without search, does the smaller one with search do better?
- training included (their section 7): with D_train training and D_serve served tokens a model of N parameters takes
  6 N D_train + 2 N D_serve FLOPs. For the price of one `scale` times larger, the smaller one may serve `exchange` times as
  many tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.lib import Floats


@final
@dataclass(frozen=True, eq=False)
class Curve:
    """One model with one strategy: compute a problem, rising, in the axis's unit, and each problem's accuracy there.

    `values` [P, K]: problems in the same order in every curve that is compared. `compute` [K].
    """

    name: str
    compute: Floats
    values: Floats

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.compute.shape != (self.values.shape[1],) or not len(self.compute):
            raise BadOption(
                f"{self.name}: values {self.values.shape} must be [problems, {len(self.compute)} budgets]"
            )
        if np.any(np.diff(self.compute) <= 0) or self.compute[0] <= 0:
            raise BadOption(f"{self.name}: compute must be above 0 and rise from point to point")

    def at(self, compute: float) -> Floats:
        """Each problem's accuracy at so much compute, [P]: linear in log compute between points, NaN below the first one.

        Beyond the last point it is that of the last point: what is there can be had for less.
        """
        if compute < self.compute[0] * (1 - 1e-9):
            return np.full(len(self.values), np.nan)
        place = np.interp(
            np.log(compute), np.log(self.compute), np.arange(len(self.compute), dtype=np.float64)
        )
        low = int(place)
        high = min(low + 1, len(self.compute) - 1)
        return np.asarray(self.values[:, low] + (place - low) * (self.values[:, high] - self.values[:, low]))


@final
@dataclass(frozen=True, slots=True)
class Matched:
    """At one compute: accuracy of both, and first minus second with an interval over the problems. NaN: out of reach."""

    compute: float
    first: float
    second: float
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Which is better as far as the data support it: first, second, none, or unreachable."""
        if np.isnan(self.difference):
            return "unreachable"
        return "first" if self.low > 0 else "second" if self.high < 0 else "none"


def matched(
    first: Curve, second: Curve, at: Any = None, *, times: int = 2000, level: float = 0.95, seed: int = 0
) -> list[Matched]:
    """Both curves at the same compute (the second's points by default), the differences paired over the problems.

    Intervals are percentile bootstraps over problems. Raises BadOption where the problems are not as many.
    """
    if len(first.values) != len(second.values):
        raise BadOption(
            f"{first.name} has {len(first.values)} problems and {second.name} {len(second.values)}; compare on the same ones"
        )
    places = second.compute if at is None else np.atleast_1d(np.asarray(at, dtype=np.float64))
    size = len(first.values)
    pick = np.random.default_rng(seed).integers(0, size, (times, size))
    found = []
    for place in places:
        one, two = first.at(float(place)), second.at(float(place))
        gap = one - two
        ends = (
            np.quantile(gap[pick].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
            if np.isfinite(gap).all()
            else (np.nan,) * 2
        )
        found.append(
            Matched(
                float(place),
                float(one.mean()),
                float(two.mean()),
                float(gap.mean()),
                float(ends[0]),
                float(ends[1]),
            )
        )
    return found


def best_of_all(curves: Sequence[Curve], compute: float) -> tuple[str, float]:
    """The curve with the highest mean accuracy at so much compute, and that accuracy. Raises BadOption: none reaches."""
    reached = [(float(curve.at(compute).mean()), curve.name) for curve in curves]
    there = [pair for pair in reached if np.isfinite(pair[0])]
    if not there:
        least = min(float(curve.compute[0]) for curve in curves)
        raise BadOption(f"no curve reaches down to {compute:g}; the cheapest point is at {least:g}")
    value, name = max(there)
    return name, value


def exchange(scale: float, served: float) -> float:
    """How many times as many tokens the smaller model may serve for the FLOPs of one `scale` times larger.

    `served` is D_serve / D_train, tokens served over tokens trained on. From 6 N D_train + 2 N D_serve x = scale (6 N D_train +
    2 N D_serve): x = scale + 3 (scale - 1) / served. Raises BadOption for scale < 1 or served <= 0.
    """
    if not (scale >= 1 and served > 0):
        raise BadOption(f"scale={scale:g} must be at least 1 and served={served:g} above 0")
    return scale + 3 * (scale - 1) / served
