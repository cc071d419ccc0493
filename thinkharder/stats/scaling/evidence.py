"""What was recorded of a task, as arrays: the one argument of a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.lib import Floats, Ints

T = TypeVar("T", bound=np.generic)


@final
@dataclass(frozen=True, eq=False)
class Evidence:
    """P problems with up to N draws each.

    - `right` [P, N] in [0, 1], NaN where no draw is recorded or whether it is right is not known; 1 counts as right;
    - `classes` [P, N] answer classes (-1 abstained, -2 not recorded), or None: no answers;
    - `votable`: whether equal classes mean equal answers; programs are not the same by their text, for one;
    - `prompt_tokens` [P] and `completion_tokens` [P, N], NaN where not known; `scores` by verifier [P, N], NaN unscored;
    - `problems` [P] their names.
    """

    problems: tuple[str, ...]
    right: Floats
    classes: NDArray[np.int64] | None = None
    prompt_tokens: Floats | None = None
    completion_tokens: Floats | None = None
    scores: Mapping[str, Floats] = field(default_factory=dict)
    votable: bool = True

    def __post_init__(self) -> None:
        shape = self.right.shape
        if len(shape) != 2 or len(self.problems) != shape[0]:
            raise BadOption(f"right {shape} must be [problems, samples] for {len(self.problems)} problems")
        others = {"classes": self.classes, "completion_tokens": self.completion_tokens, **self.scores}
        for name, value in others.items():
            if value is not None and value.shape != shape:
                raise BadOption(f"{name} {value.shape} must have the shape of right, {shape}")
        if self.prompt_tokens is not None and self.prompt_tokens.shape != shape[:1]:
            raise BadOption(
                f"prompt_tokens {self.prompt_tokens.shape} must hold one number for each of {shape[0]} problems"
            )
        if np.any(self.n == 0):
            bare = self.problems[int(np.flatnonzero(self.n == 0)[0])]
            raise BadOption(
                f"problem {bare!r} has no draw that is known to be right or wrong; leave it out, or give gold answers"
            )

    @property
    def n(self) -> Ints:
        """Draws of each problem whose rightness is known, [P]."""
        return np.asarray(np.isfinite(self.right).sum(axis=1), dtype=np.int64)

    @property
    def c(self) -> Ints:
        """Right draws of each problem, [P]: those of value 1; a partial score is not right."""
        return np.asarray((self.right >= 1).sum(axis=1), dtype=np.int64)

    @property
    def votes(self) -> bool:
        """Whether there is anything to vote over."""
        return self.classes is not None and self.votable

    def answered(self, scores: Floats) -> Floats:
        """The scores [P, N] with those of abstaining draws taken away: they rank below all that have an answer."""
        return scores if self.classes is None else np.where(self.classes == -1, np.nan, scores)

    @property
    def prompt(self) -> float:
        """Mean prompt tokens; NaN not known."""
        return float("nan") if self.prompt_tokens is None else _mean(self.prompt_tokens)

    @property
    def completion(self) -> float:
        """Mean completion tokens over problems of each one's mean; NaN not known."""
        if self.completion_tokens is None:
            return float("nan")
        there = np.isfinite(self.completion_tokens)
        some = there.any(axis=1)
        total = np.where(there, self.completion_tokens, 0).sum(axis=1)[some]
        return _mean(total / there.sum(axis=1)[some])

    def thin(self, draws: int, rng: np.random.Generator) -> "Evidence":
        """So many of each problem's recorded draws, at random without replacement. Raises BadOption where one has fewer."""
        if draws < 1 or draws > self.n.min():
            raise BadOption(
                f"{draws} draws a problem were asked for; the one with the fewest has {self.n.min()}"
            )
        # recorded draws first, in random order
        order = np.argsort(np.where(np.isfinite(self.right), rng.random(self.right.shape), 2.0), axis=1)[
            :, :draws
        ]

        def kept(values: NDArray[T]) -> NDArray[T]:
            return np.asarray(np.take_along_axis(values, order, axis=1))

        return replace(
            self,
            right=kept(self.right),
            classes=None if self.classes is None else kept(self.classes),
            completion_tokens=None if self.completion_tokens is None else kept(self.completion_tokens),
            scores={name: kept(value) for name, value in self.scores.items()},
        )


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
