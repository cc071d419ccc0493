"""Early-stopping self-consistency: a window in which all agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.seen import Count, Seen, ask, choose


@final
@register("rule", "esc")
@dataclass(frozen=True)
class Esc:
    """Draw windows of `w` (2 or more) samples, one request each; stop at the first window whose answers are all the same.

    Certifies: nothing. The paper bounds how often the vote of the whole cap would differ, where the answers are drawn
    from known rates.

    Reference: Li et al. 2024, "Escape Sky-high Cost: Early-stopping Self-Consistency", arXiv:2401.10480, section 2: `w` is
    the paper's window size (5 for most tasks there); windows do not overlap.
    Departure: an abstaining or failed draw in a window is not agreement.
    """

    w: int = 5

    def __post_init__(self) -> None:
        if self.w < 2:
            raise BadOption(f"esc: w={self.w} must be at least 2")

    def wants(self, seen: Seen) -> Count:
        """The rest of the window, or 0 where one that is complete agrees; integers or arrays."""
        done = seen.drawn % self.w
        agree = (seen.run >= self.w) & (done == 0)
        return choose(agree, 0, self.w - done)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)
