"""The mixture sequential probability ratio test between the two leading answers, as in ConSol."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.checks import probability
from thinkharder.stopping.seen import Count, Seen, ask, at_least, choose
from thinkharder.stopping.tables import LOG_HALF, Boundary, log_beta, share_above_half

_MOST = 10**8
"""Beyond this prior the logarithms of its Gamma functions no longer tell one vote from the next."""


@final
@register("rule", "msprt")
@dataclass(frozen=True)
class Msprt:
    """The test of sprt with the likelihood ratio averaged over the leader's share p ~ Beta(prior, prior) above one half.

    Certifies: nothing, as the leader is whoever leads; see ppr-1v1 and cite for what that takes.

    Reference: Lee et al. 2025, arXiv:2503.17587 (ConSol); mixtures of tests: Robbins 1970.
    Names: `prior` is both of the authors' prior_alpha and prior_beta; the defaults are those of their code, at which it is
    the rule of a constant lead, as sprt is. With `prior=1` and a `beta` near 0 it is a test of level alpha for two answers
    that were fixed beforehand.
    Departures: where a tie may be accepted soon it asks for one draw at a time, else for the least number that can
    satisfy it.
    """

    prior: int = 1_000_000
    alpha: float = 0.05
    beta: float = 0.94994

    def __post_init__(self) -> None:
        if not 1 <= self.prior <= _MOST:
            raise BadOption(f"msprt: prior={self.prior} must be from 1 to {_MOST}")
        probability("msprt", alpha=self.alpha, beta=self.beta)

    def wants(self, seen: Seen) -> Count:
        """How many more draws can satisfy it; integers or arrays."""
        wins, ties = _boundaries(self.prior, self.alpha, self.beta)
        least = wins(seen.second) - seen.first
        # After `least` votes the rival has at most so many; a tie is accepted where level counts are below its boundary.
        most = seen.second + at_least(least, 0)
        soon = ties(most) > most
        ends = (least <= 0) | (seen.first < ties(seen.second))
        return choose(ends, 0, choose(soon, 1, least))

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)


def log_ratio(a: int, b: int, prior: int) -> float:
    """Log likelihood ratio of p ~ Beta(prior, prior) above one half to p = 1/2, after a votes for the leader and b against."""
    if prior > 1000 * (a + b + 1):
        # Differences of large logarithms lose what is wanted: the same as sums over the votes.
        mixed = sum(math.log1p(i / prior) for i in range(a)) + sum(math.log1p(i / prior) for i in range(b))
        mixed -= sum(math.log1p(i / (2 * prior)) for i in range(a + b))
    else:
        mixed = log_beta(a + prior, b + prior) - log_beta(prior, prior) - (a + b) * LOG_HALF
    return mixed + math.log(2 * share_above_half(a + prior, b + prior))


@cache
def _boundaries(prior: int, alpha: float, beta: float) -> tuple[Boundary, Boundary]:
    """The least counts of the leader at which it wins, and at which it is no longer a tie."""
    high, low = math.log((1 - beta) / alpha), math.log(beta / (1 - alpha))
    wins = Boundary(lambda a, b: log_ratio(a, b, prior) >= high)
    return wins, Boundary(lambda a, b: log_ratio(a, b, prior) > low)
