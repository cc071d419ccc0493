"""Small random pools, and every subset of one put through the selections that live runs use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from thinkharder.core.types import Candidate

Select = Callable[[Sequence[Candidate]], Sequence[Candidate]]
CLASSES = 4


@dataclass(frozen=True)
class Samples:
    """One problem's samples: answer classes (-1 abstains), scores (NaN: none), and which classes are right."""

    classes: list[int]
    scores: list[float]
    truth: list[float]

    @property
    def right(self) -> list[float]:
        return [self.truth[c] if c >= 0 else 0.0 for c in self.classes]

    def by_subsets(self, select: Select, k: int) -> float:
        """The mean over all subsets of k of the chance that a random pick of the winners is right; abstaining is wrong."""
        every = [
            replace(
                Candidate(str(i), "", draw=i),
                answer=None if c < 0 else str(c),
                answer_class=None if c < 0 else c,
                score=None if np.isnan(s) else s,
            )
            for i, (c, s) in enumerate(zip(self.classes, self.scores, strict=True))
        ]
        found = []
        for chosen in combinations(every, k):
            winners = select(chosen)
            found.append(
                np.mean([0.0 if w.answer_class is None else self.truth[w.answer_class] for w in winners])
            )
        return float(np.mean(found))


@st.composite
def samples(draw: st.DrawFn, most: int = 7) -> Samples:
    """Up to `most` samples, with ties, abstentions and unscored ones."""
    n = draw(st.integers(1, most))
    classes = draw(st.lists(st.integers(-1, CLASSES - 1), min_size=n, max_size=n))
    score = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 1.0, float("nan")])
    scores = draw(st.lists(score, min_size=n, max_size=n))
    truth = draw(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=CLASSES, max_size=CLASSES))
    return Samples(classes, scores, truth)
