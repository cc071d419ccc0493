"""Stop when one answer is far enough ahead."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate


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

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        counts = Counter(c.answer_class for c in draws if c.error is None and c.answer_class is not None)
        leaders = [votes for _, votes in counts.most_common(2)] + [0, 0]
        return max(0, min(self.m - (leaders[0] - leaders[1]), cap - len(draws)))
