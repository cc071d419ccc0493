"""The sequential probability ratio test between the two leading answers, as in ConSol."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.checks import probability
from thinkharder.stopping.seen import REST, Count, Seen, ask, at_least, at_most, choose


@final
@register("rule", "sprt")
@dataclass(frozen=True)
class Sprt:
    """Stop when the likelihood ratio of p = `p1` to p = 1/2, for the share p of the leader among the votes of the leading
    two, is at least (1 - beta) / alpha (the leader leads) or at most beta / (1 - alpha) (they tie, and the vote decides).

    Certifies: nothing. Wald's limits hold for two answers fixed beforehand and p = 1/2 against p = `p1`, and even there
    an error of alpha needs a beta that is not near 1 - alpha; the leader here is whoever leads.

    Reference: Lee et al. 2025, "ConSol: Sequential Probability Ratio Testing to Find Consistent LLM Reasoning Paths
    Efficiently", arXiv:2503.17587; the test is Wald's (1945).
    Names: `p1`, `alpha`, `beta` as in the authors' code, and its defaults. With these the upper limit is hardly above 1
    and the ratio hardly moves: up to some thousand draws it is the rule "3 votes ahead".
    Departures: it asks for the least number of draws that can satisfy it.
    """

    p1: float = 0.5001
    alpha: float = 0.05
    beta: float = 0.949976

    def __post_init__(self) -> None:
        probability("sprt", 0.5, p1=self.p1)
        probability("sprt", alpha=self.alpha, beta=self.beta)

    def wants(self, seen: Seen) -> Count:
        """The least number of draws that can satisfy it; integers or arrays."""
        up, down = math.log(2 * self.p1), math.log(2 * (1 - self.p1))
        high, low = math.log((1 - self.beta) / self.alpha), math.log(self.beta / (1 - self.alpha))
        ratio = seen.first * up + seen.second * down
        ends = (ratio >= high) | (ratio <= low)
        # Towards a tie the rival draws level first; after that each of its votes has one of the leader's beside it.
        gap, both = seen.first - seen.second, up + down
        level = (seen.first * both - low) / -both
        tied = choose(ratio - low <= gap * -down, (ratio - low) / -down, gap + level)
        fewest = at_most(at_most((high - ratio) / up, tied), REST)
        return choose(ends, 0, at_least(-((1e-9 - fewest) // 1), 1))

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)
