"""Difficulty-adaptive self-consistency, as far as it is a rule on one problem."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.checks import probability
from thinkharder.stopping.seen import Count, Seen, ask, choose
from thinkharder.stopping.tables import beta_boundary


@final
@register("rule", "dsc")
@dataclass(frozen=True)
class Dsc:
    """Draw `first` samples at once, then `window` more at a time, until the leading answer is the likelier of the leading
    two with probability `threshold`; with `first=1, easy=true` a single sample, for a problem known to be easy.

    Certifies: nothing (see adaptive-consistency).

    Reference: Wang et al. 2024, "Make Every Penny Count: Difficulty-Adaptive Self-Consistency", arXiv:2408.13457. There a
    whole batch of problems is needed for what comes before: the model ranks them by difficulty; from the hardest down they
    are sampled until many in a row are unanimous, and those that are easier still get one sample; and a hard problem's
    `first` is the mean number of samples that the problems ranked next to it took. Who has a batch sets `easy` and
    `first` for each problem; this rule is the last step.
    Names: `first` is the pre-allocated sample size, `window` the expansion window.
    Departures: the two leading answers are compared by a Beta posterior; the rule looks at the end of each window only.
    The paper's text was not at hand when this was written, only summaries of it: the sizes here are not the paper's.
    """

    first: int = 4
    window: int = 4
    threshold: float = 0.95
    easy: bool = False

    def __post_init__(self) -> None:
        for name in ("first", "window"):
            if getattr(self, name) < 1:
                raise BadOption(f"dsc: {name}={getattr(self, name)} must be at least 1")
        probability("dsc", 0.5, threshold=self.threshold)

    def wants(self, seen: Seen) -> Count:
        """The rest of the window, or 0 where one that is complete satisfies it; integers or arrays."""
        if self.easy:
            return self.first - seen.drawn
        start = seen.drawn < self.first
        done = 0 if start else (seen.drawn - self.first) % self.window
        left = self.first - seen.drawn if start else self.window - done
        sure = seen.first >= beta_boundary(self.threshold)(seen.second)
        return choose(sure & (not start and done == 0), 0, left)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)
