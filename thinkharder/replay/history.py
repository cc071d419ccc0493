"""What rules with a state see beside the counts, for many runs at once: whose vote is newest, and who leads.

Made only where such a rule asks. int16 [K + 1, R] each; see stopping.seen.
"""

from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.replay.block import Block
from thinkharder.stopping.seen import NOBODY


@final
@dataclass(eq=False)
class History:
    """After k = 0 … K draws: the newest draw's answer and its votes, the leader and its rival. Answers are the classes of
    each run's problem."""

    block: Block
    latest: NDArray[np.int16] = field(init=False)
    votes: NDArray[np.int16] = field(init=False)
    leader: NDArray[np.int16] = field(init=False)
    rival: NDArray[np.int16] = field(init=False)

    def __post_init__(self) -> None:
        block = self.block
        shape = (block.depth + 1, block.runs)
        self.latest, self.leader, self.rival = (np.full(shape, NOBODY, np.int16) for _ in range(3))
        self.votes = np.zeros(shape, np.int16)
        self.latest[1:] = block.raw
        cells = np.zeros(block.runs * block.slots, np.int16)
        first, second = np.zeros(block.runs, np.int16), np.zeros(block.runs, np.int16)
        for t in range(block.depth):
            answer, leader = self.latest[t + 1], self.leader[t]
            slot = block.base + block.classes[t]
            votes = cells.take(slot)
            votes += block.voter[t]
            cells[slot] = votes
            votes *= block.voter[t]
            self.votes[t + 1] = votes
            apart = answer != leader
            passes, nears = apart & (votes > first), apart & (votes > second)
            self.leader[t + 1] = np.where(passes, answer, leader)
            # Who was passed had more votes than any other, or as many.
            self.rival[t + 1] = np.where(passes, leader, np.where(nears, answer, self.rival[t]))
            second = np.where(passes, first, np.where(nears, votes, second))
            first = np.maximum(first, votes)
