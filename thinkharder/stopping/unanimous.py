"""Stop early where the first samples all agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.seen import REST, Count, Seen, ask


@final
@register("rule", "unanimous")
@dataclass(frozen=True)
class Unanimous:
    """Draw `k` (2 or more) samples; stop where all of them give one answer, else go on to the cap.

    Reference: the unanimous stopping criterion over one window of size `k` of Li et al. 2024, "Escape Sky-high Cost:
    Early-stopping Self-Consistency", arXiv:2401.10480.
    Departure: one window only, then everything up to the cap at once (their later windows would serialise the run).
    An abstaining or failed draw among the first k is not agreement.
    """

    k: int = 3

    def __post_init__(self) -> None:
        if self.k < 2:
            raise BadOption(f"unanimous: k={self.k} must be at least 2")

    def wants(self, seen: Seen) -> Count:
        """How many more draws it would like; integers or arrays."""
        later = np.where(seen.opening >= self.k, 0, REST)
        return np.where(seen.drawn < self.k, self.k - seen.drawn, later)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)
