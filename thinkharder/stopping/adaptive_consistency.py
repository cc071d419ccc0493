"""Adaptive-Consistency: stop where the posterior is sure enough of the leader."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.checks import probability
from thinkharder.stopping.dirichlet import leads
from thinkharder.stopping.seen import Count, Seen, ask, choose
from thinkharder.stopping.tables import beta_boundary

TOP = 5
"""Answers that the Dirichlet posterior compares; those behind them are left out, as in the authors' code."""
_BITS = 12


@final
@register("rule", "adaptive-consistency")
@dataclass(frozen=True)
class AdaptiveConsistency:
    """Stop when the leading answer is the most probable one with posterior probability `threshold` (0.95 in the paper).

    Certifies: nothing. The posterior is looked at after every draw, so that the chance of stopping at a wrong leader is
    much more than 1 - threshold where two answers are nearly equal (docs/results/stopping.md).

    Reference: Aggarwal et al. 2023, "Let's Sample Step by Step: Adaptive-Consistency for Efficient Reasoning and Coding
    with LLMs", arXiv:2305.11860, section 3.
    Names: `threshold` is the paper's C_thresh. `prior=beta`: the leading two alone, 1 - I_½(a + 1, b + 1) for their counts
    a and b. `prior=dirichlet`: the leading five against each other.
    Departures: it asks for the least number of draws that can satisfy it, which stops where asking one by one does, in
    fewer requests; the Dirichlet integral is exact, not by simulation.
    """

    threshold: float = 0.95
    prior: Literal["beta", "dirichlet"] = "beta"

    def __post_init__(self) -> None:
        probability("adaptive-consistency", 0.5, threshold=self.threshold)

    def start(self) -> tuple[Any, ...]:
        """The counts of the leading five, for the Dirichlet posterior."""
        return (0,) * TOP if self.prior == "dirichlet" else ()

    def step(self, state: tuple[Any, ...], before: Seen, now: Seen) -> tuple[Any, ...]:
        """An answer that has one vote more takes the place of the first with as many votes as it had."""
        counts, open_ = [], now.votes > 0
        for count in state:
            counts.append(choose(open_ & (count == now.votes - 1), now.votes, count))
            open_ = open_ & (count != now.votes - 1)
        return tuple(counts)

    def wants(self, seen: Seen) -> Count:
        """The least number of draws that can satisfy it; integers or arrays."""
        need = beta_boundary(self.threshold)(seen.second)
        if self.prior == "beta":
            return need - seen.first
        # More rivals only lower the probability: where the leading two do not suffice, neither do all.
        close = seen.first >= need
        return choose(close, 1 - self._sure(seen.state, close), need - seen.first)

    def _sure(self, counts: tuple[Any, ...], where: Any) -> Any:
        if not isinstance(where, np.ndarray):
            return int(where and leads(*(count for count in counts if count)) >= self.threshold)
        sure = np.zeros(where.shape, np.int64)
        at = np.flatnonzero(where)
        packed = np.zeros(len(at), np.int64)
        for count in counts:
            packed = (packed << _BITS) | np.minimum(np.broadcast_to(count, where.shape)[at], (1 << _BITS) - 1)
        different, which = np.unique(packed, return_inverse=True)
        found = [leads(*_unpacked(int(value))) >= self.threshold for value in different]
        sure[at] = np.array(found, np.int64)[which]
        return sure

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)


def _unpacked(value: int) -> tuple[int, ...]:
    counts = [(value >> (_BITS * place)) & ((1 << _BITS) - 1) for place in reversed(range(TOP))]
    return tuple(count for count in counts if count)
