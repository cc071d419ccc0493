"""Sums of floats compared exactly, many at once: ties are made and broken by neither order nor rounding.

A weight w is an integer number of units u (a power of two), so sums are exact in integers. Of that integer 64 bits are
added up beside the float sum, modulo 2^64. Two float sums that differ by more than their rounding are ordered by that; of
two that do not, the integers differ by less than 2^63 (where the weights' range of bits allows it), so their difference is
the difference of the 64 bits. Where it does not, the weights themselves are added up by math.fsum, whose sign is exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

_HEADROOM = 62
"""Bits that a difference may have."""


@final
@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of some groups: `values` and `units` [groups, draws]; `safe` [groups]: the 64 bits decide."""

    values: NDArray[np.float64]
    units: NDArray[np.int64]
    safe: NDArray[np.bool_]
    tolerance: float
    """Two sums whose difference is at most this share of the larger may be equal."""


def weights(values: NDArray[np.float64]) -> Weights:
    """Prepare weights (finite, 0 or more), [groups, draws]: sums are over a group."""
    draws = values.shape[1]
    slack = max(8, (4 * draws).bit_length() + 1)
    mantissa, exponent = np.frexp(values)
    whole = (mantissa * 2.0**53).astype(np.int64)
    low = exponent - 53 + _trailing(whole)
    some = values > 0
    lowest = np.where(some, low, 1 << 20).min(axis=1, initial=1 << 20)
    highest = np.where(some, exponent, -(1 << 20)).max(axis=1, initial=-(1 << 20))
    safe = highest + slack - lowest + slack - 53 < _HEADROOM
    shift = np.clip(np.where(some, exponent - 53 - lowest[:, None], 0), -53, 64)
    right = whole >> np.maximum(-shift, 0)
    units = np.where(shift >= 64, 0, right.astype(np.uint64) << np.clip(shift, 0, 63).astype(np.uint64))
    units = np.where(some, units, np.uint64(0)).astype(np.uint64).view(np.int64)
    return Weights(values, units, safe, 2.0 ** (slack - 53))


def _trailing(whole: NDArray[np.int64]) -> NDArray[np.int64]:
    """Zero bits at the end, 0 for 0."""
    low = whole & -whole
    return np.where(low > 0, np.frexp(low.astype(np.float64))[1] - 1, 0).astype(np.int64)


def sign(plus: Sequence[float], minus: Sequence[float]) -> int:
    """The exact sign of sum(plus) - sum(minus)."""
    total = math.fsum([*plus, *(-value for value in minus)])
    return (total > 0) - (total < 0)
