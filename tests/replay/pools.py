"""Pools for tests: random ones for hypothesis, and rules that want anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from hypothesis import strategies as st

from thinkharder.core.types import Candidate
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.stopping import Seen, ask

SCORES = (None, 0.0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 1.0)
"""Among them sums that differ only in how they are rounded: 0.1 + 0.2 and 0.3."""


@dataclass(frozen=True)
class AnyRule:
    """Wants what a table says, by draws and lead: waves of any size, in any order."""

    table: tuple[int, ...]
    reads_cap: ClassVar[bool] = True
    __spec_name__: ClassVar[str] = "any-rule"

    def wants(self, seen: Seen) -> Any:
        """A number of the table."""
        at = (3 * seen.drawn + 5 * (seen.first - seen.second) + 7 * seen.run + seen.cap) % len(self.table)
        return np.take(np.array(self.table), at)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """The same for one run."""
        return ask(self, draws, cap)


any_rules = st.lists(st.integers(0, 4), min_size=1, max_size=7).map(lambda table: AnyRule(tuple(table)))


@st.composite
def pools(draw: st.DrawFn, *, shares: bool = True, ragged: bool = True, width: int = 8) -> Pool:
    """One to three problems of one to `width` draws: ties, abstentions, scores that are missing or equal.

    With `shares` each draw is right to a share of its own, so that an expectation tells which draws it was taken over;
    else the gold decides.
    """
    samples = []
    scores = draw(st.lists(st.sampled_from(SCORES), min_size=1, max_size=4))
    width = draw(st.integers(1, width))
    for problem in range(draw(st.integers(1, 3))):
        for number in range(draw(st.integers(1, width)) if ragged else width):
            answer = draw(st.sampled_from((None, "1", "2", "3")))
            samples.append(
                Sample(
                    f"p{problem}",
                    number,
                    answer=answer,
                    gold=None if shares else "2",
                    correct=draw(st.integers(0, 4096)) / 4096 if shares else None,
                    prompt_tokens=problem * 7,
                    completion_tokens=draw(st.integers(1, 30)),
                    scores={"v": draw(st.sampled_from(scores))},
                )
            )
    return Pool.of(samples, "random")
