"""Boundaries of rules on two counts as tables: how many votes the leader needs against so many of its rival.

A table is made once for each rule's parameters and grows with what is asked for, so that a decision is a look-up. Everything
here is for whole counts; the only quantity of a Beta distribution that is needed is its share above one half.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

LOG_HALF = math.log(0.5)
_FIRST = 64
_NEAR = 64
_FAR = 1 << 20
"""More than any count: no lead is enough."""


def share_above_half(a: int, b: int) -> float:
    """P(p > 1/2) for p ~ Beta(a, b), whole a >= b >= 1; that is 1 - I_½(a, b).

    It is P(X <= a - 1) for X ~ Binomial(a + b - 1, ½), which is symmetric: half of 1 and of the mass from b to a - 1;
    where the lead is large, 1 less the mass from a on.
    """
    n = a + b - 1
    near = a - b <= _NEAR
    start = b if near else a
    stop = a - 1 if near else min(n, a + _NEAR + 12 * math.isqrt(n))
    log_first = math.lgamma(n + 1) - math.lgamma(start + 1) - math.lgamma(n - start + 1) + n * LOG_HALF
    k = np.arange(start, stop)
    mass = math.exp(log_first) * (1.0 + float(np.cumprod((n - k) / (k + 1)).sum())) if a > b else 0.0
    return 0.5 + 0.5 * min(1.0, mass) if near else 1.0 - mass


def log_beta(a: float, b: float) -> float:
    """Logarithm of the Beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@final
class Boundary:
    """The least count of the leader, at least the rival's, at which `stops(leader, rival)` holds.

    `stops` is monotone: it holds for more votes of the leader, and not for more of the rival where it did not before.
    """

    def __init__(self, stops: Callable[[int, int], bool]) -> None:
        self.stops = stops
        self.need: NDArray[np.int64] = np.empty(0, np.int64)

    def __call__(self, rival: Any) -> Any:
        """The leader's least count for this count of the rival; numbers or arrays."""
        if isinstance(rival, np.ndarray):
            most = int(rival.max()) if rival.size else 0
            if most >= len(self.need):
                self._grow(most)
            return self.need.take(rival)
        if rival >= len(self.need):
            self._grow(rival)
        return int(self.need[rival])

    def _grow(self, most: int) -> None:
        need = self.need.tolist()
        for rival in range(len(need), max(_FIRST, most + 1, 2 * len(need))):
            leader = max(rival, need[-1] if need else 0)
            while leader < _FAR and not self.stops(leader, rival):
                leader += 1
            need.append(leader)
        self.need = np.array(need, np.int64)


@cache
def beta_boundary(threshold: float) -> Boundary:
    """1 - I_½(a + 1, b + 1) >= threshold: the posterior probability that the leader is the likelier of the two."""
    return Boundary(lambda a, b: share_above_half(a + 1, b + 1) >= threshold)


@cache
def density_boundary(level: float) -> Boundary:
    """The density of Beta(a + 1, b + 1) at one half is at most `level`."""
    limit = math.log(level)
    return Boundary(lambda a, b: (a + b) * LOG_HALF - log_beta(a + 1, b + 1) <= limit)


@cache
def bet_boundary(level: float) -> Boundary:
    """The capital of a bettor on the leader, mixed uniformly over the shares in [0, 1] that are staked on each vote, is at
    least 1 / `level`: 2^(n+1) B(a + 1, b + 1) (1 - I_½(a + 1, b + 1))."""
    limit = -math.log(level)
    return Boundary(lambda a, b: log_bet(a, b) >= limit)


def log_bet(a: int, b: int) -> float:
    """Log of the mixture capital after a votes for and b against, a >= b: the mean over s in [0, 1] of (1+s)^a (1-s)^b."""
    whole = log_beta(a + 1, b + 1) - (a + b + 1) * LOG_HALF
    return whole + math.log(share_above_half(a + 1, b + 1))


__all__ = [
    "Boundary",
    "bet_boundary",
    "beta_boundary",
    "density_boundary",
    "log_bet",
    "log_beta",
    "share_above_half",
]
