"""pass@k and coverage: how often at least one of k samples is right."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, whole

_STRIDE = 1 << 16
_UNDERFLOW = -800.0


def none_of(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Floats:
    """The chance that k draws without replacement out of n hit none of c marked ones: C(n-c, k) / C(n, k).

    The arguments broadcast, e.g. n and c [problems, 1] with k [budgets]; the result has the broadcast shape.
    NaN where k > n, 1 where k = 0. Raises BadOption for fractions, negative numbers and c > n.

    Summed as logarithms over min(c, k) factors, so that no n overflows and relative precision is kept near 0.
    """
    numbers, marked, drawn = np.broadcast_arrays(whole("n", n), whole("c", c), whole("k", k))
    if (marked > numbers).any():
        at = int(np.argmax((marked > numbers).ravel()))
        raise BadOption(f"c={marked.flat[at]} of n={numbers.flat[at]} samples: c cannot be more than n")
    triples = np.stack([numbers.ravel(), marked.ravel(), drawn.ravel()], axis=1)
    unique, where = np.unique(triples, axis=0, return_inverse=True)
    values = np.array([_none(*(int(v) for v in row)) for row in unique], dtype=np.float64)
    found: Floats = values[where.ravel()].reshape(numbers.shape)
    return found


def pass_at_k(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Floats:
    """The chance that at least one of k samples is right, estimated without bias from n samples with c right.

    1 - C(n-c, k) / C(n, k): the mean over all subsets of k of the n samples. The arguments broadcast (see `none_of`);
    the mean over problems is the benchmark's pass@k. NaN where n < k: k samples say nothing about more than k.
    Abstaining and truncated samples count in n and are not right.

    Reference: Chen et al. 2021, arXiv:2107.03374, section 2.1, equation 1.
    """
    found: Floats = 1.0 - none_of(n, c, k)
    return found


def coverage(n: ArrayLike, c: ArrayLike) -> Floats:
    """1 where at least one of the n recorded samples is right, else 0; NaN where nothing is recorded (n = 0).

    It is pass@n, and grows with n: to compare problems with different n take `pass_at_k` at one k.
    """
    numbers, right = np.broadcast_arrays(whole("n", n), whole("c", c))
    found: Floats = np.where(numbers > 0, pass_at_k(numbers, right, numbers), np.nan)
    return found


@lru_cache(maxsize=1 << 16)
def _none(n: int, c: int, k: int) -> float:
    if k > n:
        return math.nan
    if k > n - c:
        return 0.0
    factors, other = sorted((c, k))
    total = 0.0
    for start in range(0, factors, _STRIDE):
        i = np.arange(start, min(start + _STRIDE, factors), dtype=np.float64)
        total += float(np.log1p(-other / (n - i)).sum())
        if total < _UNDERFLOW:
            return 0.0
    return math.exp(total)
