"""Sample where the vote is least certain, by two rankings that change places as the budget goes."""

from dataclasses import dataclass
from typing import final

import numpy as np

from thinkharder.allocate.beta import MOST_VOTES, leads
from thinkharder.allocate.board import Floats, Ints, State
from thinkharder.core.errors import BadOption


@final
@dataclass(frozen=True)
class Blend:
    """All problems are ranked by how sure their vote is, in two ways; the next sample goes to the least sure by the
    weighted mean of the ranks, whose weight moves from the first to the second with the share of the budget spent.

    Reference: Feng et al. 2025, arXiv:2511.12309 (Blend-ASC): Adaptive-Consistency's posterior is good while samples are
    few, PPR-1v1's is asymptotically optimal.
    Names: the first ranking is by 1 - I_1/2(a + 1, b + 1) (Adaptive-Consistency), the second by the density of
    Beta(a + 1, b + 1) at 1/2 (PPR-1v1, Jain et al. 2022, arXiv:2109.05047).
    Departures: written from the abstract and summaries of the paper, not from its code; ranks are recomputed for each wave.
    `stop`, ours, is the posterior error of the leader at which a problem leaves (0: never).
    """

    stop: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.stop < 0.5:
            raise BadOption(f"blend: stop={self.stop} must be at least 0 and below 0.5")

    def worth(self, state: State) -> Floats:
        """From just above 0 (surest) to 1 (least sure)."""
        first = np.minimum(state.first, MOST_VOTES)
        second = np.minimum(
            first, state.second + state.pending
        )  # as if what is under way went to the runner-up
        key = first * (MOST_VOTES + 1) + second
        many = np.bincount(key)
        states = np.flatnonzero(many)  # few, however many problems there are
        a, b = np.divmod(states, MOST_VOTES + 1)
        sure = leads(a, b)
        ranks = (1.0 - state.gone) * _ranks(sure, many[states])
        ranks += state.gone * _ranks(-_log_density(a, b), many[states])
        worth = np.where(1.0 - sure < self.stop, 0.0, 1.0 - ranks / (len(state) + 1.0))
        table = np.zeros(len(many))
        table[states] = worth
        return np.where(state.voted > 0, table[key], 1.0)


def _ranks(values: Floats, many: Ints) -> Floats:
    """0 for the smallest; each value stands for `many` problems, and equal values share the rank of the first."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    below = np.concatenate([[0], np.cumsum(many[order])[:-1]]).astype(np.float64)
    ranks = np.empty(len(values))
    ranks[order] = below[np.searchsorted(ordered, ordered)]
    return ranks


_LOG_FACTORIAL = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, 2.0 * MOST_VOTES + 2)))])


def _log_density(a: Ints, b: Ints) -> Floats:
    """ln of the density of Beta(a + 1, b + 1) at 1/2."""
    table = _LOG_FACTORIAL
    found: Floats = table[a + b + 1] - table[a] - table[b] - (a + b) * np.log(2.0)
    return found
