"""P(p1 > p2) of two answers by their votes, tabulated: a tail of the fair binomial, so that nothing is integrated."""

from functools import lru_cache
from typing import Final

import numpy as np

from thinkharder.allocate.board import Floats, Ints

MOST_VOTES: Final = 512
"""Votes of an answer up to which the table reaches; beyond, both counts are scaled down to it."""


@lru_cache(maxsize=1)
def _table() -> Floats:
    """[a, b] = 1 - I_1/2(a + 1, b + 1), by the recursion P(a, b) = (P(a - 1, b) + P(a, b - 1)) / 2."""
    found = np.empty((MOST_VOTES + 1, MOST_VOTES + 1))
    edge = 1.0 - 0.5 ** np.arange(1.0, MOST_VOTES + 2)
    found[:, 0], found[0, :] = edge, 1.0 - edge
    for total in range(2, 2 * MOST_VOTES + 1):
        a = np.arange(max(1, total - MOST_VOTES), min(MOST_VOTES, total - 1) + 1)
        found[a, total - a] = (found[a - 1, total - a] + found[a, total - a - 1]) / 2
    return found


def leads(first: Ints, second: Ints) -> Floats:
    """The posterior chance that the leading answer is the likelier of the two, [...]; 1 - I_1/2(a + 1, b + 1), the
    criterion of Adaptive-Consistency (Aggarwal et al. 2023, arXiv:2305.11860, section 3)."""
    most = int(first.max(initial=0))
    if most > MOST_VOTES:
        scale = np.minimum(1.0, MOST_VOTES / np.maximum(first, 1))
        first, second = (first * scale).astype(np.int64), (second * scale).astype(np.int64)
    found: Floats = _table()[first, second]
    return found
