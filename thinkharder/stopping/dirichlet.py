"""How probable it is that the leading answer is the most probable one, under a uniform prior over its and its rivals' rates."""

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

_NODES = 160


@cache
def _legendre() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _log_pmf(count: int, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of Poisson(x) at `count`, which is the density of Gamma(count + 1) at x."""
    return count * np.log(x) - x - math.lgamma(count + 1)


def _below(count: int, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(Gamma(count + 1) <= x) = 1 - P(Poisson(x) <= count)."""
    total = sum(np.exp(_log_pmf(k, x)) for k in range(count + 1))
    return np.clip(1.0 - total, 0.0, 1.0)


@lru_cache(maxsize=1 << 16)
def leads(*counts: int) -> float:
    """P(p_1 > p_j for all j) for p ~ Dirichlet(counts + 1), the leader's count first.

    The rates are independent Gamma variables over their sum: the integral of the leader's density times the others'
    distribution functions, by Gauss-Legendre over where that density is not negligible.
    """
    leader = counts[0]
    spread = 12.0 * math.sqrt(leader + 1.0)
    low, high = max(0.0, leader - spread), leader + spread + 24.0
    nodes, weights = _legendre()
    x = low + (high - low) * (nodes + 1.0) / 2.0
    value = np.exp(_log_pmf(leader, x)) * weights
    for count in counts[1:]:
        value = value * _below(count, x)
    return float(value.sum() * (high - low) / 2.0)


__all__ = ["leads"]
