"""PPR-1v1: the mode with a guarantee, by prior-posterior-ratio martingales."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping import checks
from thinkharder.stopping.seen import REST, Count, Seen, ask, choose
from thinkharder.stopping.tables import density_boundary


@final
@register("rule", "ppr-1v1")
@dataclass(frozen=True)
class Ppr:
    """Stop when the confidence sequence of the leading answer against each other answer lies above one half: the density
    of Beta(a + 1, b + 1) at 1/2 is at most delta / (answers - 1) for the counts a and b of the leading two.

    Certifies: that the leader where it stops is the unique mode of the answers, wrong with probability at most `delta` at
    any stopping time, whoever leads, where draws are independent with fixed rates and there are at most `answers`
    different answers. `answers` is said beforehand: the number seen so far will not do. Where more are seen than that,
    nothing can be claimed, and it draws to the cap.

    Reference: Jain et al. 2022, "PAC Mode Estimation using PPR Martingale Confidence Sequences", arXiv:2109.05047; the
    sequences are those of Waudby-Smith and Ramdas 2020.
    Names: `delta` is the paper's mistake probability, `answers` its K.
    Departures: abstaining draws are left out: what is certified is the mode among those that answer. It asks for the least
    number of draws that can satisfy it.
    """

    delta: float = 0.05
    answers: int = 10

    def __post_init__(self) -> None:
        checks.probability("ppr-1v1", delta=self.delta)
        checks.answers("ppr-1v1", self.answers)

    def wants(self, seen: Seen) -> Count:
        """The least number of draws that can satisfy it; integers or arrays."""
        need = density_boundary(self.delta / (self.answers - 1))(seen.second)
        return choose(seen.distinct > self.answers, REST, need - seen.first)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)
