"""What a selection picks after each draw of many runs, and how right the pick is."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.replay.block import Block


@final
@dataclass(frozen=True, slots=True)
class Picks:
    """After k = 0 … K draws of R runs, the tied winners: all arrays are [K + 1, R].

    `right / ways` is the expectation of how right a random one of the `ways` tied candidates is. `answers` is the number
    of different answers among them, `shared` the number of those that win the whole vote too. With k = 0: none.
    """

    right: NDArray[np.floating]
    ways: NDArray[np.int16]
    answers: NDArray[np.int16]
    shared: NDArray[np.int16]

    @classmethod
    def empty(cls, block: Block) -> "Picks":
        """To be filled; ways are 0 where nothing was drawn."""
        shape = (block.depth + 1, block.runs)
        right = np.zeros(shape, block.tables.exact)
        return cls(right, np.zeros(shape, np.int16), np.zeros(shape, np.int16), np.zeros(shape, np.int16))


@final
@dataclass(frozen=True, slots=True)
class Picked:
    """Of R runs that have ended: how right the pick is (the expectation over ties), and its agreement with the whole
    vote, |A and W| / |A or W| over the sets of tied answers; both [R] in [0, 1]."""

    right: NDArray[np.float64]
    agreement: NDArray[np.float64]


def at(picks: Picks, block: Block, prefix: NDArray[np.int64]) -> Picked:
    """What is picked after `prefix` draws, [R]."""
    flat = prefix * block.runs + np.arange(block.runs)
    ways = picks.ways.ravel().take(flat)
    right = picks.right.ravel().take(flat).astype(np.float64)
    right /= np.maximum(ways, 1)
    answers, shared = picks.answers.ravel().take(flat), picks.shared.ravel().take(flat)
    return Picked(right, agreement(block.whole_vote[1], answers, shared))


def agreement(
    whole: NDArray[np.integer], answers: NDArray[np.integer], shared: NDArray[np.integer]
) -> NDArray[np.float64]:
    """|A and W| / |A or W|, [R], from the sizes of W, of A, and of what they share."""
    both = shared.astype(np.float64)
    either = answers.astype(np.float64)
    either += whole
    either -= both
    both /= either
    return both
