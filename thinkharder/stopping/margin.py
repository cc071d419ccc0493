"""Stop when one answer is far enough ahead."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.seen import Count, Seen, ask


@final
@register("rule", "margin")
@dataclass(frozen=True)
class Margin:
    """Stop when the leading answer is `m` (1 or more) votes ahead of the next; each time ask for the least number of
    draws that can bring that about.

    Reference: the sequential probability ratio test for the more probable of two answers (Wald 1945, "Sequential Tests
    of Statistical Hypotheses", Annals of Mathematical Statistics 16): its boundary is a constant vote difference.
    Departure: with more than two answers only the leading two are compared. Where the cap no longer lets the margin be
    reached, the rest is drawn all the same: the vote still gains by it.
    """

    m: int = 3

    def __post_init__(self) -> None:
        if self.m < 1:
            raise BadOption(f"margin: m={self.m} must be at least 1")

    def wants(self, seen: Seen) -> Count:
        """How many more draws it would like; integers or arrays."""
        return self.m - (seen.first - seen.second)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)
