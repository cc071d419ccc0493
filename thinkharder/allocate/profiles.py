"""What answers look like across problems: the prior under which a vote is worth something.

A profile is one kind of problem: the chance of its likeliest answer, of the next, and of each of `tail` further ones, and
how probable it is that each of these is the right one.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thinkharder.allocate.board import Floats
from thinkharder.core.errors import BadOption

_TAIL = 6.0
"""Further answers of a default profile: about what 40 samples of a word problem show besides the first two."""


@final
@dataclass(frozen=True, eq=False)
class Profiles:
    """J kinds of problems; arrays [J].

    `weight` (sums to 1); `first` >= `second` the chances of the two likeliest answers among samples that answer; `tail`
    (above 0) the number of further ones, which share the rest; `right_first`, `right_second`, `right_tail` the chances
    that the first, the second, and each of the further ones is right.
    """

    weight: Floats
    first: Floats
    second: Floats
    tail: Floats
    right_first: Floats
    right_second: Floats
    right_tail: Floats

    def __post_init__(self) -> None:
        rest = 1.0 - self.first - self.second
        if (rest < -1e-9).any() or (self.second > self.first + 1e-9).any() or (self.tail <= 0).any():
            raise BadOption(
                "profiles: chances must have first >= second, a sum of at most 1, and a tail above 0"
            )

    @classmethod
    def of(cls, classes: ArrayLike, right: ArrayLike) -> Self:
        """The profiles of recorded draws, one a problem that has votes: `classes` and `right` [problems, draws] as in a
        classed pool (0 and up an answer's class, negative none; `right` in [0, 1], NaN unknown).

        Frequencies are shrunk as if each of the answers seen and one more had been seen half a time more; where it is not
        known which answer is right, the default's relation is used.
        """
        answers, good = np.asarray(classes), np.asarray(right, np.float64)
        rows = [row for row in map(_profile, answers, good) if row is not None]
        if not rows:
            raise BadOption("profiles: no recorded draw has an answer, so nothing can be learned")
        table = np.array(rows)
        return cls(np.full(len(rows), 1.0 / len(rows)), *table.T)


def _profile(classes: NDArray[np.int64], right: Floats) -> list[float] | None:
    voting = classes >= 0
    if not voting.any():
        return None
    seen, counts = np.unique(classes[voting], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    seen, counts = seen[order], counts[order]
    shares = np.append(counts + 0.5, 0.5) / (counts.sum() + 0.5 * (len(counts) + 1))
    first, second, tail = float(shares[0]), float(shares[1]), max(1, len(shares) - 2)
    good = [float(right[classes == one].mean()) for one in seen]
    if np.isnan(good).any():
        chance = float(_right(first))
        others = (1.0 - chance) / max(1e-9, 1.0 - first)
        return [first, second, tail, chance, others * second, others * (1 - first - second) / tail]
    good += [0.0] * (2 - len(good))
    return [first, second, tail, good[0], good[1], sum(good[2:]) / tail]


@lru_cache(maxsize=1)
def default_profiles() -> Profiles:
    """The documented default, for when nothing was recorded: the likeliest answer's chance is uniform on (0, 1), the next
    takes 15, 35 or 70 in 100 of what it leaves (never more than itself), the rest is spread over 6. The likeliest is right
    with the square root of its chance, the others in proportion to theirs."""
    first = np.repeat((np.arange(16) + 0.5) / 16, 3)
    second = np.minimum(first, np.tile([0.15, 0.35, 0.7], 16) * (1 - first))
    chance = _right(first)
    others = (1 - chance) / (1 - first)
    return Profiles(
        weight=np.full(48, 1 / 48),
        first=first,
        second=second,
        tail=np.full(48, _TAIL),
        right_first=chance,
        right_second=others * second,
        right_tail=others * (1 - first - second) / _TAIL,
    )


def _right(first: ArrayLike) -> Floats:
    found: Floats = np.sqrt(np.asarray(first, np.float64))
    return found
